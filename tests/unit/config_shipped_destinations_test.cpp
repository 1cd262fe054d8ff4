// The shipped configuration: its destinations are the table of protocol §3, and nothing of it is on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/domain/alert_text.hpp"
#include "denrei/domain/route.hpp"
#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class ShippedDestinations : public ConfigTest {
 protected:
  ShippedDestinations() { inputs_.file = std::filesystem::path(DENREI_ROOT) / "config" / "denrei.toml"; }

  void set_all() {
    environment_ = {{"MEDICAL_WEBHOOK_SECRET", good_secret}, {"MEDICAL_SYSTEM_WEBHOOK_SECRET", good_secret},
                    {"ANALYTICS_NOTIFICATION_HMAC_SECRET", good_secret}, {"VOICEDRIVE_WEBHOOK_SECRET", good_secret},
                    {"VOICEDRIVE_API_TOKEN", good_token}, {"MAIL_PASSWORD", "password"}, {"SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/x"},
                    {"VOICEDRIVE_EMPLOYEE_URL", "https://voicedrive.example.com/api/webhooks/medical-system/employee"},
                    {"VOICEDRIVE_ACKNOWLEDGEMENT_URL", "https://voicedrive.example.com/api/webhook/compliance/acknowledgement"},
                    {"VOICEDRIVE_ANALYTICS_URL", "https://voicedrive.example.com/api/webhook/analytics-notification"},
                    {"RECORDS_STATS_URL", "https://records.example.com/api/v1/voicedrive/stats"}};
  }

  Destination shipped(const std::string& name) {
    set_all();
    const auto config = load_built_in();
    if (!config) throw std::runtime_error(config.error().detail);
    for (const auto& destination : config->destinations)
      if (destination.name == name) return destination;
    throw std::runtime_error("no " + name);
  }
};

// What an answer or an error comes to.
Judgement judge(const Destination& destination, int status, std::string_view body = "{}") {
  return judge_attempt(destination, {.status = status, .body = body});
}
Judgement judge(const Destination& destination, AttemptError error) { return judge_attempt(destination, {.error = error}); }

void expect_signed_by(const Destination& destination, const SignatureSpec& spec) {
  EXPECT_EQ(destination.signature.scheme, spec.scheme);
  EXPECT_EQ(destination.signature.signature_header, spec.signature_header);
  EXPECT_EQ(destination.signature.timestamp_header, spec.timestamp_header);
  EXPECT_EQ(destination.signature.timestamp_format, spec.timestamp_format);
}

TEST_F(ShippedDestinations, AreOffUntilUrlAndSecretAreThere) {
  const auto bare = load_built_in();
  ASSERT_TRUE(bare) << bare.error().detail;
  EXPECT_THAT(bare->destinations, IsEmpty());
  EXPECT_THAT(bare->routes, IsEmpty());
  EXPECT_THAT(bare->channels, ElementsAre(Field(&Channel::name, "ops-inbox"), Field(&Channel::name, "ops-live"))) << "they need no secret";
  for (const auto* notice : {"destination voicedrive-employee is off: VOICEDRIVE_EMPLOYEE_URL and MEDICAL_WEBHOOK_SECRET are not set",
                             "destination voicedrive-acknowledgement is off: VOICEDRIVE_ACKNOWLEDGEMENT_URL and MEDICAL_SYSTEM_WEBHOOK_SECRET are not set",
                             "destination voicedrive-analytics is off: VOICEDRIVE_ANALYTICS_URL and ANALYTICS_NOTIFICATION_HMAC_SECRET are not set",
                             "destination records-stats is off: RECORDS_STATS_URL and VOICEDRIVE_WEBHOOK_SECRET and VOICEDRIVE_API_TOKEN are not set",
                             "channel ops-slack is off: SLACK_WEBHOOK_URL is not set", "route records-stats is off: destination records-stats is off"})
    EXPECT_THAT(bare->notices, Contains(notice));
}

TEST_F(ShippedDestinations, WithTheSecretsOfTheSourcesAloneNothingIsSentAnywhere) {
  set_all();
  std::erase_if(environment_, [](const auto& variable) { return variable.first.ends_with("_URL"); });
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->sources, SizeIs(4));
  EXPECT_THAT(config->destinations, IsEmpty());
}

TEST_F(ShippedDestinations, AreFourWithARouteEach) {
  set_all();
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  std::vector<std::string> names;
  for (const auto& destination : config->destinations) {
    names.push_back(destination.name);
    EXPECT_EQ(destination.order, LaneOrder::fifo_skip);
    EXPECT_EQ(destination.rate, 0);
    EXPECT_THAT(destination.disable_on, IsEmpty()) << "410 is an answer like any other in these contracts";
    EXPECT_FALSE(destination.plain_http);
  }
  EXPECT_THAT(names, ElementsAre("voicedrive-employee", "voicedrive-acknowledgement", "voicedrive-analytics", "records-stats"));
  EXPECT_THAT(config->channels, SizeIs(4));
  EXPECT_THAT(config->services, SizeIs(1));
  EXPECT_THAT(config->alert_rules, SizeIs(7));
  EXPECT_THAT(config->notices, ElementsAre(HasSubstr("nobody can read records"), HasSubstr("nobody can hand in events")));
}

TEST_F(ShippedDestinations, GetWhatIsHandedInByType) {
  set_all();
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  const auto ends = [&](const std::string& source, const std::string& type) {
    Event event;
    event.source = source;
    event.type = type;
    std::string names;
    for (const auto& route : config->routes)
      if (matches(route, event)) names += route.name + ">" + route.destination + " ";
    return names;
  };
  EXPECT_EQ(ends("api", "employee.photo.updated"), "voicedrive-employee>voicedrive-employee ");
  EXPECT_EQ(ends("api", "compliance.acknowledged"), "voicedrive-acknowledgement>voicedrive-acknowledgement ");
  EXPECT_EQ(ends("api", "analytics.error"), "voicedrive-analytics>voicedrive-analytics ");
  EXPECT_EQ(ends("api", "stats.hourly"), "records-stats>records-stats ");
  EXPECT_EQ(ends("employee", "employee.created"), "") << "what comes in is not sent out again";
  EXPECT_EQ(ends("api", "other.type"), "");
}

TEST_F(ShippedDestinations, EmployeeIsTheTablesFirstColumn) {
  const auto out = shipped("voicedrive-employee");
  EXPECT_EQ(out.url, "https://voicedrive.example.com/api/webhooks/medical-system/employee");
  expect_signed_by(out, {.scheme = "hmac_timestamp_body", .signature_header = "x-webhook-signature", .timestamp_header = "x-webhook-timestamp",
                         .timestamp_format = TimestampFormat::unix_ms});
  EXPECT_EQ(out.secret, "MEDICAL_WEBHOOK_SECRET");
  EXPECT_THAT(out.schedule, ElementsAre(Millis(1min), Millis(5min), Millis(30min)));
  EXPECT_EQ(out.timeout, 30s);
  EXPECT_EQ(out.rounds, 1u);
  EXPECT_EQ(judge(out, 200), Judgement::delivered);
  for (const int status : {201, 204, 302, 400, 401, 403, 404, 408, 410, 422}) EXPECT_EQ(judge(out, status), Judgement::give_up) << status;
  for (const int status : {429, 500, 501, 503, 599}) EXPECT_EQ(judge(out, status), Judgement::retry) << status;
  for (const auto error : {AttemptError::timeout, AttemptError::connect, AttemptError::tls, AttemptError::dns})
    EXPECT_EQ(judge(out, error), Judgement::retry);
  EXPECT_EQ(out.exhausted, Severity::critical);
  EXPECT_EQ(give_up_severity(out, 400, AttemptError::none), Severity::error);
  EXPECT_EQ(give_up_severity(out, 401, AttemptError::none), Severity::urgent);
  EXPECT_EQ(give_up_severity(out, 404, AttemptError::none), Severity::error);
  EXPECT_EQ(give_up_severity(out, 302, AttemptError::none), Severity::error);
  EXPECT_THAT(out.channels, ElementsAre("ops-inbox", "ops-live", "ops-slack"));
}

TEST_F(ShippedDestinations, AcknowledgementIsTheTablesSecondColumn) {
  const auto out = shipped("voicedrive-acknowledgement");
  expect_signed_by(out, {.scheme = "hmac_body", .signature_header = "X-Webhook-Signature", .timestamp_header = "X-Webhook-Timestamp",
                         .timestamp_format = TimestampFormat::iso8601});
  EXPECT_EQ(out.request_id_header, "X-Request-Id");
  EXPECT_EQ(out.secret, "MEDICAL_SYSTEM_WEBHOOK_SECRET");
  EXPECT_THAT(out.schedule, ElementsAre(5s, 15s, 45s));
  EXPECT_EQ(out.timeout, 30s);
  for (const int status : {200, 202, 204}) EXPECT_EQ(judge(out, status), Judgement::delivered) << status;
  for (const int status : {302, 400, 401, 404, 410, 500}) EXPECT_EQ(judge(out, status), Judgement::retry) << status;
  EXPECT_EQ(judge(out, AttemptError::timeout), Judgement::retry);
  EXPECT_EQ(out.exhausted, Severity::warning);
  EXPECT_THAT(out.alerts, IsEmpty()) << "nothing is given up at once";
  EXPECT_EQ(out.audit_action, "webhook_delivery_failed");
  EXPECT_EQ(out.audit_fields, (std::map<std::string, std::string>{{"caseNumber", "/caseNumber"}, {"reportId", "/reportId"}}));
}

TEST_F(ShippedDestinations, AnalyticsIsTheTablesThirdColumn) {
  const auto out = shipped("voicedrive-analytics");
  expect_signed_by(out, {.scheme = "hmac_body", .signature_header = "X-Signature", .timestamp_header = "X-Timestamp",
                         .timestamp_format = TimestampFormat::unix_s});
  EXPECT_EQ(out.secret, "ANALYTICS_NOTIFICATION_HMAC_SECRET");
  EXPECT_EQ(out.success_pointer, "/success");
  EXPECT_THAT(out.schedule, ElementsAre(1s, 2s));
  EXPECT_EQ(out.timeout, 30s);
  for (const int status : {400, 401, 403}) EXPECT_EQ(judge(out, status), Judgement::give_up) << status;
  for (const int status : {302, 404, 410, 429, 500, 503}) EXPECT_EQ(judge(out, status), Judgement::retry) << status;
  EXPECT_EQ(judge(out, AttemptError::connect), Judgement::retry);
  EXPECT_EQ(out.exhausted, Severity::none);
  EXPECT_THAT(out.alerts, IsEmpty());
}

TEST_F(ShippedDestinations, StatsAreTheTablesFourthColumn) {
  const auto out = shipped("records-stats");
  expect_signed_by(out, {.scheme = "hmac_body", .signature_header = "X-VoiceDrive-Signature"});
  EXPECT_EQ(out.secret, "VOICEDRIVE_WEBHOOK_SECRET");
  EXPECT_EQ(out.bearer, "VOICEDRIVE_API_TOKEN");
  EXPECT_THAT(out.schedule, ElementsAre(1s, 2s, 4s));
  EXPECT_EQ(out.timeout, 5s);
  EXPECT_EQ(out.connect_timeout, 5s);
  EXPECT_EQ(out.rounds, 3u);
  EXPECT_THAT(out.coalesce, ElementsAre("stats.updated"));
  ASSERT_THAT(out.limits, SizeIs(2));
  EXPECT_EQ(out.limits.front().count, 100u) << "stats.updated in a minute, as the receiver allows";
  EXPECT_EQ(out.limits.back().count, 10u) << "stats.hourly";
  EXPECT_EQ(out.round_wait, 1h);
  EXPECT_EQ(judge(out, 202), Judgement::delivered);
  for (const int status : {429, 500, 502, 503, 504}) EXPECT_EQ(judge(out, status), Judgement::retry) << status;
  for (const int status : {400, 401, 404, 410, 501}) EXPECT_EQ(judge(out, status), Judgement::give_up) << status;
  EXPECT_EQ(judge(out, AttemptError::timeout), Judgement::retry);
  EXPECT_EQ(judge(out, AttemptError::dns), Judgement::retry);
  EXPECT_EQ(out.exhausted, Severity::error);
  EXPECT_EQ(give_up_severity(out, 400, AttemptError::none), Severity::error);
}

TEST_F(ShippedDestinations, EmployeeAlertIsTheSeedsToTheLetter) {
  Delivery delivery;
  delivery.head.type = "employee.created";
  delivery.head.key = "EMP-2024-001";
  delivery.head.dead = DeadReason::exhausted;
  delivery.head.attempts = delivery.head.round_attempts = 4;
  delivery.head.last_status = 500;
  delivery.attempts.push_back({.number = 4, .status = 500});
  delivery.body = "{}";
  const auto now = parse_iso8601("2025-11-20T05:05:30Z").value();
  const auto alert = make_alert(shipped("voicedrive-employee"), delivery, Severity::critical, now);
  EXPECT_EQ(alert.text, R"(🚨 Webhook送信失敗アラート

イベントタイプ: employee.created
staffId: EMP-2024-001
エラー内容: 500 Internal Server Error
リトライ状況: 3回失敗（最大リトライ回数に到達）
タイムスタンプ: 2025-11-20 14:05:30 JST

対応が必要です。)");
}

TEST_F(ShippedDestinations, AcknowledgementAlertIsTheSeedsToTheLetter) {
  Delivery delivery;
  delivery.head.attempts = 4;
  delivery.body = R"({"reportId":"VD-2025-1234","caseNumber":"MED-2025-0001"})";
  const auto alert = make_alert(shipped("voicedrive-acknowledgement"), delivery, Severity::warning, WallTime{});
  EXPECT_EQ(alert.subject, "【警告】受付確認通知の配信に失敗しました");
  EXPECT_EQ(alert.text, "ケース番号 MED-2025-0001 の受付確認通知が4回の試行後も配信できませんでした。\n手動での確認が必要です。");
}

}  // namespace
}  // namespace denrei
