// Alert texts: the seeds' own texts to the byte, what the slots stand for, and that a value cannot forge the text around it.
#include "denrei/domain/alert_text.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/json.hpp"
#include "unit/sample_deliveries.hpp"

namespace denrei {
namespace {

const WallTime now = from_unix_ms(1'763'615'130'000);  // 2025-11-20 14:05:30 JST

Destination employee_destination() {
  Destination d;
  d.name = "voicedrive-employee";
  d.channels = {"slack"};
  d.alert_text = "🚨 Webhook送信失敗アラート\n\nイベントタイプ: {eventType}\nstaffId: {key}\nエラー内容: {error}\nリトライ状況: {retryState}\n"
                 "タイムスタンプ: {time}\n\n対応が必要です。";
  return d;
}

Destination acknowledgement_destination() {
  Destination d;
  d.name = "voicedrive-acknowledgement";
  d.alert_subject = "【警告】受付確認通知の配信に失敗しました";
  d.alert_text = "ケース番号 {/caseNumber} の受付確認通知が{attempts}回の試行後も配信できませんでした。\n手動での確認が必要です。";
  d.audit_fields = {{"reportId", "/reportId"}, {"caseNumber", "/caseNumber"}};
  return d;
}

Attempt answered(int status) { return {.status = status}; }
Attempt failed(AttemptError error, std::string text = {}) { return {.error = error, .error_text = std::move(text)}; }

// Dead after so many attempts, the last of which ended like this.
Delivery dead_delivery(DeadReason reason, std::uint32_t attempts, const Attempt& last) {
  Delivery d;
  d.head = {.event = make_event_id("employee", "1"), .destination = "voicedrive-employee", .source = "employee", .key = "EMP-2024-001",
            .type = "employee.created", .attempts = attempts, .round_attempts = attempts, .last_status = last.status,
            .last_error = last.error, .dead = reason, .ended_at = now};
  d.head.id = make_delivery_id(d.head.event, "voicedrive-employee", "r");
  d.attempts.assign(attempts, last);
  d.body = R"({"reportId":"VD-2025-1234","caseNumber":"MED-2025-0001","count":3,"open":true,"nested":{"a":[1,"二"]},"nothing":null})";
  return d;
}

Delivery exhausted_delivery() { return dead_delivery(DeadReason::exhausted, 4, answered(500)); }

// What a template becomes.
std::string filled(std::string text, const Delivery& delivery) {
  auto destination = employee_destination();
  destination.alert_text = std::move(text);
  return make_alert(destination, delivery, Severity::error, now).text;
}

TEST(Alert, EmployeeTextIsThatOfTheSeed) {
  const auto alert = make_alert(employee_destination(), exhausted_delivery(), Severity::critical, now);
  EXPECT_EQ(alert.text,
            "🚨 Webhook送信失敗アラート\n"
            "\n"
            "イベントタイプ: employee.created\n"
            "staffId: EMP-2024-001\n"
            "エラー内容: 500 Internal Server Error\n"
            "リトライ状況: 3回失敗（最大リトライ回数に到達）\n"
            "タイムスタンプ: 2025-11-20 14:05:30 JST\n"
            "\n"
            "対応が必要です。");
  EXPECT_EQ(alert.destination, "voicedrive-employee");
  EXPECT_EQ(alert.severity, Severity::critical);
  EXPECT_EQ(alert.channels, std::vector<std::string>{"slack"});
}

TEST(Alert, AcknowledgementTextIsThatOfTheSeed) {
  const auto alert = make_alert(acknowledgement_destination(), dead_delivery(DeadReason::exhausted, 4, failed(AttemptError::timeout)),
                                Severity::warning, now);
  EXPECT_EQ(alert.subject, "【警告】受付確認通知の配信に失敗しました");
  EXPECT_EQ(alert.text, "ケース番号 MED-2025-0001 の受付確認通知が4回の試行後も配信できませんでした。\n手動での確認が必要です。");
}

TEST(Alert, GeneralTextsSayWhatIsKnown) {
  Destination destination;
  destination.name = "voicedrive-employee";
  const auto delivery = exhausted_delivery();
  const auto alert = make_alert(destination, delivery, Severity::critical, now);
  EXPECT_EQ(alert.subject, "【重大】voicedrive-employee への配信に失敗しました: employee.created");
  EXPECT_TRUE(alert.text.starts_with("【重大】voicedrive-employee への配信に失敗しました\nDelivery to voicedrive-employee has failed"));
  for (const auto& said : {std::string("EMP-2024-001"), std::string("500 Internal Server Error"), std::string("試行回数: 4\n"),
                           delivery.head.id.text(), delivery.head.event.text(), std::string("2025-11-20 14:05:30 JST")})
    EXPECT_NE(alert.text.find(said), std::string::npos) << said;
  EXPECT_EQ(alert.text.find('{'), std::string::npos) << alert.text;
}

TEST(Alert, HasEnglishTextsThatSayTheSame) {
  Destination destination;
  destination.name = "voicedrive-employee";
  const auto delivery = exhausted_delivery();
  const auto alert = make_alert(destination, delivery, Severity::critical, now);
  EXPECT_EQ(alert.subject_en, "[CRITICAL] Delivery to voicedrive-employee has failed: employee.created");
  EXPECT_EQ(alert.text_en, "[CRITICAL] Delivery to voicedrive-employee has failed and waits among the dead letters\n"
                           "\n"
                           "Event type: employee.created\n"
                           "Key: EMP-2024-001\n"
                           "Error: 500 Internal Server Error\n"
                           "Attempts: 4\n"
                           "Retries: 3 retries failed (no more are planned)\n"
                           "Delivery: " + delivery.head.id.text() + "\n"
                           "Event: " + delivery.head.event.text() + "\n"
                           "Time: 2025-11-20 14:05:30 JST\n"
                           "\n"
                           "Please re-send or discard it in the list of dead letters.");
}

TEST(Alert, EnglishTextsOfADestinationAreItsOwnOrTheGeneralOnes) {
  auto destination = acknowledgement_destination();
  const auto text = [&] { return make_alert(destination, exhausted_delivery(), Severity::error, now); };
  EXPECT_TRUE(text().subject_en.starts_with("[ERROR] Delivery to voicedrive-employee has failed")) << "a Japanese text of its own has no English";
  destination.alert_subject_en = "{mark}Acknowledgement\r\nof {/caseNumber}";
  destination.alert_text_en = "Case {/caseNumber} after {attempts} attempts: {retryState}";
  EXPECT_EQ(text().subject_en, "[ERROR] Acknowledgement  of MED-2025-0001") << "one line";
  EXPECT_EQ(text().text_en, "Case MED-2025-0001 after 4 attempts: 3 retries failed (no more are planned)");
  EXPECT_EQ(text().subject, "【警告】受付確認通知の配信に失敗しました") << "the other language stays";
}

TEST(Alert, RetryStateInEnglishSaysHowItEnded) {
  const auto state = [](DeadReason reason, std::uint32_t attempts) {
    auto destination = employee_destination();
    destination.alert_text_en = "{retryState}";
    return make_alert(destination, dead_delivery(reason, attempts, answered(400)), Severity::error, now).text_en;
  };
  EXPECT_EQ(state(DeadReason::given_up, 1), "no retry (such an answer is not retried)");
  EXPECT_EQ(state(DeadReason::given_up, 2), "stopped after 1 retry (such an answer is not retried)");
  EXPECT_EQ(state(DeadReason::pending_limit, 0), "no retry (as many deliveries as may be are pending)");
  EXPECT_EQ(state(DeadReason::alive, 3), "2 retries so far (going on)");
}

TEST(Alert, GeneralSubjectBeginsWithTheSeverity) {
  const auto subject = [](Severity severity) { return make_alert(employee_destination(), exhausted_delivery(), severity, now).subject; };
  EXPECT_TRUE(subject(Severity::urgent).starts_with("【緊急】voicedrive"));
  EXPECT_TRUE(subject(Severity::critical).starts_with("【重大】voicedrive"));
  EXPECT_TRUE(subject(Severity::error).starts_with("【エラー】voicedrive"));
  EXPECT_TRUE(subject(Severity::warning).starts_with("【警告】voicedrive"));
  EXPECT_TRUE(subject(Severity::none).starts_with("voicedrive"));
}

TEST(Alert, UrgentOneAboutCredentialsSaysThatTheSecretMayHaveLeaked) {
  const auto text = [](int status, Severity severity) {
    return make_alert(employee_destination(), dead_delivery(DeadReason::given_up, 1, answered(status)), severity, now).text;
  };
  EXPECT_TRUE(text(401, Severity::urgent).starts_with("【緊急】署名の秘密鍵が誤っているか、漏洩した可能性があります。\n\n🚨"));
  EXPECT_TRUE(text(401, Severity::error).starts_with("🚨"));
  EXPECT_TRUE(text(400, Severity::urgent).starts_with("🚨"));
  const auto english = make_alert(employee_destination(), dead_delivery(DeadReason::given_up, 1, answered(401)), Severity::urgent, now).text_en;
  EXPECT_TRUE(english.starts_with("[URGENT] The signing secret may be wrong or leaked.\n\n[URGENT] Delivery to"));
}

TEST(Alert, ErrorIsTheLastAttemptAsTheSeedsWordIt) {
  const auto error = [](const Attempt& last) { return filled("{error}", dead_delivery(DeadReason::given_up, 1, last)); };
  EXPECT_EQ(error(answered(400)), "400 Bad Request");
  EXPECT_EQ(error(answered(511)), "511 Network Authentication Required");
  EXPECT_EQ(error(answered(599)), "599");
  EXPECT_EQ(error(answered(200)), "200 OK (the answer does not confirm success)");
  EXPECT_EQ(error(failed(AttemptError::timeout, "no answer within 30 s")), "Network timeout");
  EXPECT_EQ(error(failed(AttemptError::connect, "connection refused")), "Network error: connection refused");
  EXPECT_EQ(error(failed(AttemptError::dns)), "Network error: dns");
}

TEST(Alert, DeliveryThatWasNeverTriedSaysSo) {
  auto delivery = dead_delivery(DeadReason::pending_limit, 0, {});
  EXPECT_EQ(filled("{error}|{attempts}|{retries}|{retryState}", delivery),
            "Too many deliveries are pending|0|0|リトライなし（配信待ち件数の上限に到達）");
  delivery.head.dead = DeadReason::given_up;
  EXPECT_EQ(filled("{error}", delivery), "Not attempted");
}

TEST(Alert, RetryStateSaysHowItEnded) {
  EXPECT_EQ(filled("{retryState}", dead_delivery(DeadReason::given_up, 1, answered(400))), "リトライなし（再試行の対象外の応答）");
  EXPECT_EQ(filled("{retryState}", dead_delivery(DeadReason::given_up, 3, answered(400))), "2回リトライ後に中止（再試行の対象外の応答）");
  auto third_round = dead_delivery(DeadReason::exhausted, 12, answered(503));
  third_round.head.round_attempts = 4;
  EXPECT_EQ(filled("{attempts} {retries} {retryState}", third_round), "12 3 3回失敗（最大リトライ回数に到達）");
}

TEST(Alert, SlotsAreFilledFromTheHead) {
  const auto delivery = exhausted_delivery();
  EXPECT_EQ(filled("{destination} {deliveryId} {eventId} {mark}", delivery),
            "voicedrive-employee " + delivery.head.id.text() + " " + delivery.head.event.text() + " 【エラー】");
}

TEST(Alert, SlotsAreFilledFromTheBody) {
  const auto delivery = exhausted_delivery();
  EXPECT_EQ(filled("{/count} {/open} {/nested/a/1} {/nested} {/nothing}", delivery), R"(3 true 二 {"a":[1,"二"]} null)");
}

TEST(Alert, UnknownSlotsStayAsTheyAre) {
  auto delivery = exhausted_delivery();
  EXPECT_EQ(filled("{unknown} {/absent} {} { {key} } {key", delivery), "{unknown} {/absent} {} { EMP-2024-001 } {key");
  delivery.body = "no JSON";
  EXPECT_EQ(filled("{/caseNumber}{key}", delivery), "{/caseNumber}EMP-2024-001");
}

TEST(Alert, ValueIsNeverReadAsASlot) {
  auto delivery = exhausted_delivery();
  delivery.head.key = "{eventType}";
  EXPECT_EQ(filled("{key}", delivery), "{eventType}");
}

TEST(Alert, ValueCannotForgeLines) {
  auto delivery = exhausted_delivery();
  delivery.head.key = std::string("a\nb\r\x1b\x7f\tc\0d", 10) + "\xc2\x85" "e\xe2\x80\xa8" "f\xe2\x80\xae" "g\xe2\x81\xa9" "h\xe2\x80\x8f";
  EXPECT_EQ(filled("{key}", delivery), "a b    c d e f g h ");
  delivery.head.key = "é。“😀\xe2\x80\xa7";
  EXPECT_EQ(filled("{key}", delivery), "é。“😀\xe2\x80\xa7") << "these are harmless";
}

TEST(Alert, ValueThatIsNoUtf8IsMadeReadable) {
  const auto text = filled("{error}", dead_delivery(DeadReason::given_up, 1, failed(AttemptError::broken, "エ\xff" "a\xe3\x82")));
  EXPECT_EQ(text, "Network error: エ\xEF\xBF\xBD" "a\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Alert, LongValueIsCutToTwoHundredCharacters) {
  auto delivery = exhausted_delivery();
  std::string key;
  for (int i = 0; i < 200; ++i) key += "鍵";
  delivery.head.key = key;
  EXPECT_EQ(filled("{key}", delivery), key);
  delivery.head.key = key + "x";
  const auto text = filled("{key}", delivery);
  EXPECT_EQ(count_code_points(text), 200u);
  EXPECT_EQ(text, key.substr(0, 199 * 3) + "…");
}

TEST(Alert, SubjectIsOneLine) {
  auto destination = employee_destination();
  destination.alert_subject = "a\r\nBcc: x {key}";
  EXPECT_EQ(make_alert(destination, exhausted_delivery(), Severity::error, now).subject, "a  Bcc: x EMP-2024-001");
}

TEST(Digest, SaysHowManyMoreAndShowsTheLast) {
  const auto last = make_alert(employee_destination(), exhausted_delivery(), Severity::critical, now);
  const auto digest = make_digest(last, 41, now);
  EXPECT_EQ(digest.subject, "【重大】voicedrive-employee: アラートがさらに41件あります");
  EXPECT_NE(digest.text.find("41 more alerts about voicedrive-employee"), std::string::npos);
  EXPECT_NE(digest.text.find("2025-11-20 14:05:30 JST"), std::string::npos);
  EXPECT_TRUE(digest.text.ends_with(last.text));
  EXPECT_EQ(digest.severity, Severity::critical);
  EXPECT_EQ(digest.channels, last.channels);
  EXPECT_EQ(digest.destination, last.destination);
  EXPECT_NE(make_digest({}, 2, now).subject.find("Denrei: "), std::string::npos);
  EXPECT_EQ(digest.subject_en, "[CRITICAL] voicedrive-employee: 41 more alerts");
  EXPECT_TRUE(digest.text_en.starts_with("[CRITICAL] 41 more alerts about voicedrive-employee since the last one"));
  EXPECT_TRUE(digest.text_en.ends_with(last.text_en));
  auto without_english = last;
  without_english.text_en.clear();
  EXPECT_TRUE(make_digest(without_english, 41, now).text_en.ends_with(last.text));
}

TEST(DisabledAlert, SaysWhyAndThatNothingIsLost) {
  const auto alert = make_disabled_alert(employee_destination(), "the receiver answered 410\nGone", now);
  EXPECT_EQ(alert.subject, "【重大】voicedrive-employee への配信を停止しました");
  EXPECT_TRUE(alert.text.starts_with(alert.subject));
  EXPECT_NE(alert.text.find("理由: the receiver answered 410 Gone\n"), std::string::npos);
  EXPECT_NE(alert.text.find("its events are kept"), std::string::npos);
  EXPECT_EQ(alert.subject_en, "[CRITICAL] Deliveries to voicedrive-employee have stopped");
  EXPECT_TRUE(alert.text_en.starts_with(alert.subject_en + "\n\nReason: the receiver answered 410 Gone\n")) << alert.text_en;
  EXPECT_EQ(alert.severity, Severity::critical);
  EXPECT_EQ(alert.channels, std::vector<std::string>{"slack"});
}

TEST(AttemptLine, IsTheAttemptInOneLine) {
  EXPECT_EQ(attempt_line(answered(503)), "503 Service Unavailable");
  EXPECT_EQ(attempt_line(answered(200)), "200 OK");
  EXPECT_EQ(attempt_line(answered(0)), "No answer");
  EXPECT_EQ(attempt_line(failed(AttemptError::connect, "connection\nrefused")), "connect: connection refused");
  EXPECT_EQ(attempt_line(failed(AttemptError::tls)), "tls");
}

TEST(AuditEntry, HasTheSixMembersOfTheSeed) {
  const auto delivery = dead_delivery(DeadReason::exhausted, 4, failed(AttemptError::timeout, "no answer within 30 s"));
  EXPECT_EQ(make_audit_entry(acknowledgement_destination(), delivery, now),
            R"({"action":"webhook_delivery_failed","destination":"voicedrive-employee","deliveryId":")" + delivery.head.id.text() +
                R"(","eventId":")" + delivery.head.event.text() +
                R"(","key":"EMP-2024-001","caseNumber":"MED-2025-0001","reportId":"VD-2025-1234","reason":"exhausted","attempts":4,)"
                R"("lastError":"Network timeout","timestamp":"2025-11-20T05:05:30.000Z"})");
}

TEST(AuditEntry, FieldsKeepTheirTypeAndLeaveOutWhatIsNotThere) {
  auto destination = acknowledgement_destination();
  destination.audit_fields = {{"count", "/count"}, {"nested", "/nested"}, {"gone", "/absent"}, {"attempts", "/count"}};
  const auto entry = make_audit_entry(destination, dead_delivery(DeadReason::exhausted, 4, answered(500)), now);
  const auto document = parse_json(entry);
  ASSERT_TRUE(document.has_value()) << entry;  // a member twice would not parse
  EXPECT_EQ(*find((*document)->root(), "/count"), 3);
  EXPECT_EQ(find_string((*document)->root(), "/nested"), R"({"a":[1,"二"]})");
  EXPECT_EQ(find((*document)->root(), "/gone"), nullptr);
  EXPECT_EQ(*find((*document)->root(), "/attempts"), 4);
}

TEST(AuditEntry, IsJsonWhateverTheBodyIs) {
  auto delivery = dead_delivery(DeadReason::given_up, 1, failed(AttemptError::broken, "\xff\"\n"));
  delivery.body = "\x80 no JSON";
  delivery.head.key.clear();
  const auto entry = make_audit_entry(acknowledgement_destination(), delivery, now);
  const auto document = parse_json(entry);
  ASSERT_TRUE(document.has_value()) << entry;
  EXPECT_EQ(find_string((*document)->root(), "/lastError"), "Network error: \xEF\xBF\xBD\" ");
  EXPECT_EQ(find((*document)->root(), "/caseNumber"), nullptr);
  EXPECT_EQ(find((*document)->root(), "/key"), nullptr);
}

}  // namespace
}  // namespace denrei
