// Deliveries as JSON: what is shown in which state, every attempt, and that it is JSON whatever a receiver answered.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include "denrei/domain/delivery.hpp"
#include "denrei/domain/json.hpp"
#include "unit/sample_deliveries.hpp"

namespace denrei {
namespace {

Delivery young_delivery() {
  auto delivery = samples::full_delivery();
  auto& head = delivery.head;
  head.key = "EMP-1";
  head.attempts = head.round_attempts = head.resends = 0;
  head.round = 1;
  head.last_status = 0;
  head.last_error = AttemptError::none;
  head.dead = DeadReason::alive;
  head.blocks_lane = head.alert_due = head.waits_for_batch = false;
  head.ended_at = {};
  delivery.attempts.clear();
  return delivery;
}

std::shared_ptr<const JsonDocument> parsed(const std::string& text) {
  auto document = parse_json(text);
  EXPECT_TRUE(document.has_value()) << text;
  return document ? *document : std::make_shared<const JsonDocument>();
}

// The document behind a value must outlive it: callers keep the text's document themselves.
struct Shown {
  explicit Shown(const std::string& text) : document(parsed(text)) {}
  [[nodiscard]] const json::value& at(std::string_view pointer) const {
    static const json::value none;
    const auto* value = find(document->root(), pointer);
    EXPECT_NE(value, nullptr) << pointer;
    return value == nullptr ? none : *value;
  }
  [[nodiscard]] bool has(std::string_view pointer) const { return find(document->root(), pointer) != nullptr; }
  std::shared_ptr<const JsonDocument> document;
};

TEST(DeliveryJson, PendingOneSaysWhenItIsDue) {
  const auto delivery = young_delivery();
  EXPECT_EQ(delivery_json(delivery.head, "pending"),
            R"({"id":")" + delivery.head.id.text() + R"(","eventId":")" + delivery.head.event.text() +
                R"(","destination":"voicedrive-employee","route":"employee-out","source":"employee","type":"employee.created",)"
                R"("key":"EMP-1","sequence":5,"state":"pending","attempts":0,"round":1,"receivedAt":"2025-11-20T03:20:00.000Z",)"
                R"("due":"2025-11-20T03:20:00.005Z"})");
}

TEST(DeliveryJson, SupersededOneSaysSoAndSinceWhen) {
  auto delivery = young_delivery();
  delivery.head.dead = DeadReason::superseded;
  delivery.head.ended_at = from_unix_ms(1'763'608'800'000);
  const Shown left(delivery_json(delivery, "superseded", true));
  EXPECT_EQ(left.at("/state"), "superseded");
  EXPECT_EQ(left.at("/reason"), "superseded");
  EXPECT_EQ(left.at("/endedAt"), "2025-11-20T03:20:00.000Z");
  EXPECT_FALSE(left.has("/due"));
}

TEST(DeliveryJson, DeadOneSaysWhyAndSinceWhen) {
  auto head = samples::full_delivery().head;
  const Shown dead(delivery_json(head, "dead"));
  EXPECT_EQ(dead.at("/endedAt"), "2025-11-20T03:20:00.007Z");
  EXPECT_FALSE(dead.has("/due"));
  EXPECT_EQ(dead.at("/reason"), "exhausted");
  EXPECT_EQ(dead.at("/lastStatus"), 503);
  EXPECT_EQ(dead.at("/lastError"), attempt_error_name(AttemptError::broken).data());
  EXPECT_EQ(dead.at("/resends"), 3);
  EXPECT_EQ(dead.at("/round"), 2);
  EXPECT_EQ(dead.at("/attempts"), 9);
  EXPECT_EQ(dead.at("/blocksLane"), true);
}

TEST(DeliveryJson, ResentOneIsDueThoughItWasDeadOnce) {
  auto head = young_delivery().head;
  head.ended_at = from_unix_ms(samples::noon_ms);
  const Shown pending(delivery_json(head, "pending"));
  EXPECT_TRUE(pending.has("/due"));
  EXPECT_FALSE(pending.has("/endedAt"));
}

TEST(DeliveryJson, DeliveredOneSaysSinceWhenAndGivesNoReason) {
  auto head = young_delivery().head;
  head.ended_at = from_unix_ms(samples::noon_ms);
  head.last_status = 200;
  const Shown delivered(delivery_json(head, "delivered"));
  EXPECT_EQ(delivered.at("/endedAt"), "2025-11-20T03:20:00.000Z");
  for (const auto* absent : {"/due", "/reason", "/lastError", "/resends", "/blocksLane"}) EXPECT_FALSE(delivered.has(absent)) << absent;
}

TEST(DeliveryJson, ShowsEveryAttempt) {
  const auto delivery = samples::full_delivery();
  const auto text = delivery_json(delivery, "dead", false);
  EXPECT_NE(text.find(R"({"number":8,"startedAt":"2025-11-20T03:20:08.000Z","status":500,"address":"192.0.2.7",)"
                      R"("timing":{"dnsMs":1.200,"connectMs":2.345,"tlsMs":7.000,"firstByteMs":31.007,"totalMs":31.050},)"
                      R"("answer":{"headers":["Content-Type: application/json","Server: x"],"body":"{\"error\":\"二\"}"},)"
                      R"("nextAt":"2025-11-20T03:21:00.000Z"})"),
            std::string::npos)
      << text;
  const Shown shown(text);
  EXPECT_EQ(shown.at("/history").as_array().size(), 2u);
  EXPECT_EQ(shown.at("/history/1/error"), attempt_error_name(AttemptError::timeout).data());
  EXPECT_EQ(shown.at("/history/1/errorText"), "no answer within 30000 ms");
  EXPECT_DOUBLE_EQ(shown.at("/history/1/timing/totalMs").as_double(), 30'000.123);
  for (const auto* absent : {"/history/1/status", "/history/1/address", "/history/1/timing/dnsMs", "/history/1/answer", "/history/1/nextAt"})
    EXPECT_FALSE(shown.has(absent)) << absent;
  EXPECT_FALSE(shown.has("/body"));
}

TEST(DeliveryJson, ViewWithoutAnAttemptHasAnEmptyHistory) {
  const Shown shown(delivery_json(young_delivery(), "pending", false));
  EXPECT_TRUE(shown.at("/history").as_array().empty());
}

TEST(DeliveryJson, BodyThatIsJsonIsShownAsItWasReceived) {
  auto delivery = young_delivery();
  delivery.body = "{ \"n\": 1.0,\n\"b\": [] }";
  const auto text = delivery_json(delivery, "pending", true);
  EXPECT_TRUE(text.ends_with(",\"body\":" + delivery.body + "}")) << text;
  (void)parsed(text);
}

TEST(DeliveryJson, OtherBodyIsShownAsText) {
  auto delivery = young_delivery();
  delivery.body = "a=1&b={\"";
  EXPECT_EQ(Shown(delivery_json(delivery, "pending", true)).at("/body"), "a=1&b={\"");
  delivery.body.clear();
  EXPECT_FALSE(Shown(delivery_json(delivery, "delivered", true)).has("/body"));
}

TEST(DeliveryJson, AnswerThatIsNoUtf8IsStillJson) {
  auto delivery = samples::full_delivery();
  auto& attempt = delivery.attempts[0];
  attempt.answer_body = "\x80\xff\x1b[31m \"quoted\"";
  attempt.answer_headers = "X: \xfe\r\n\r\nY: \x01";
  attempt.error_text = "\xc3";
  attempt.address = "\xff";
  const Shown shown(delivery_json(delivery, "dead", true));
  EXPECT_EQ(shown.at("/history/0/answer/body"), "\xEF\xBF\xBD\xEF\xBF\xBD\x1b[31m \"quoted\"");
  EXPECT_EQ(shown.at("/history/0/answer/headers").as_array().size(), 2u);
}

TEST(DeliveryJson, AnswerThatWasCutInsideACharacterKeepsTheOthers) {
  auto delivery = samples::full_delivery();
  delivery.attempts[0].answer_body = std::string("エラー").substr(0, 8);
  EXPECT_EQ(Shown(delivery_json(delivery, "dead", false)).at("/history/0/answer/body"), "エラ");
  delivery.attempts[0].answer_body = std::string("ok 😀").substr(0, 6);
  EXPECT_EQ(Shown(delivery_json(delivery, "dead", false)).at("/history/0/answer/body"), "ok ");
}

}  // namespace
}  // namespace denrei
