// Dialects: each sender gets its answers to the letter.
#include "denrei/domain/dialect.hpp"

#include <gtest/gtest.h>

#include <set>

#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

constexpr Dialect every_dialect[] = {Dialect::employee, Dialect::acknowledgement, Dialect::analytics, Dialect::stats, Dialect::problem};
constexpr std::size_t refusals = static_cast<std::size_t>(Refusal::address_denied) + 1;

EventId sample_id() { return parse_event_id("evt_00112233445566778899aabbccddeeff").value(); }

AcceptedFacts accepted(std::string_view identity = "analytics-1728450000-abc123xyz") {
  return {.id = sample_id(), .identity = identity, .received_at = from_unix_ms(1'759'846'753'950), .repeat = false};
}

std::string body_of(Dialect dialect, Refusal why, std::string detail = {}) {
  return render_refusal(dialect, {.why = why, .detail = std::move(detail)}).body;
}

RefusalFacts two_violations() {
  RefusalFacts facts{.why = Refusal::invalid};
  facts.violations = {{"stats.delivered", Rule::required, ""}, {"", Rule::type, "object"}};
  return facts;
}

TEST(Dialect, AcceptedBodiesAreToTheLetter) {
  EXPECT_EQ(render_accepted(Dialect::employee, accepted()).body, R"({"success":true})");
  EXPECT_EQ(render_accepted(Dialect::acknowledgement, accepted()).body,
            R"({"success":true,"notificationId":"NOTIF-0011223344556677","receivedAt":"2025-10-07T14:19:13.950Z"})");
  EXPECT_EQ(render_accepted(Dialect::analytics, accepted()).body,
            R"({"success":true,"message":"通知を受信しました","notificationId":"analytics-1728450000-abc123xyz","receivedAt":"2025-10-07T14:19:13.950Z"})");
  EXPECT_EQ(render_accepted(Dialect::stats, accepted()).body,
            R"({"success":true,"receivedAt":"2025-10-07T14:19:13.950Z","processed":true,"message":"統計情報を正常に受信しました"})");
  EXPECT_EQ(render_accepted(Dialect::problem, accepted()).body,
            R"({"success":true,"eventId":"evt_00112233445566778899aabbccddeeff","receivedAt":"2025-10-07T14:19:13.950Z"})");
}

TEST(Dialect, RepeatHasTheSameBodyAndSaysSo) {
  for (const auto dialect : every_dialect) {
    auto facts = accepted();
    const auto first = render_accepted(dialect, facts);
    facts.repeat = true;
    const auto repeat = render_accepted(dialect, facts);
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(repeat.status, 200);
    EXPECT_EQ(first.body, repeat.body);
    EXPECT_EQ(first.headers, "");
    EXPECT_EQ(repeat.headers, "Idempotent-Replayed: true\r\n");
    EXPECT_EQ(repeat.content_type, "application/json; charset=utf-8");
  }
}

TEST(Dialect, HostileIdentityStaysInsideItsString) {
  constexpr std::string_view hostile("\",\"success\":false,\"\\\n\0ん", 25);
  const auto body = render_accepted(Dialect::analytics, accepted(hostile)).body;
  const auto parsed = parse_json(body);
  ASSERT_TRUE(parsed.has_value()) << body;
  EXPECT_EQ(find_string((*parsed)->root(), "/notificationId"), hostile);
  EXPECT_TRUE(find((*parsed)->root(), "/success")->as_bool());
}

TEST(EmployeeDialect, RefusalsAreToTheLetter) {
  const auto d = Dialect::employee;
  EXPECT_EQ(body_of(d, Refusal::bad_signature), R"({"error":"Invalid signature"})");
  EXPECT_EQ(body_of(d, Refusal::expired), R"({"error":"Timestamp expired"})");
  EXPECT_EQ(body_of(d, Refusal::malformed, "duplicate key \"a\""), R"({"error":"Invalid JSON: duplicate key \"a\""})");
  EXPECT_EQ(body_of(d, Refusal::invalid, "key too long"), R"({"error":"Validation failed: key too long"})");
  EXPECT_EQ(body_of(d, Refusal::not_found), R"({"error":"Not found"})");
  EXPECT_EQ(body_of(d, Refusal::too_large), R"({"error":"Payload too large"})");
  EXPECT_EQ(body_of(d, Refusal::internal, "redis said NO"), R"({"error":"Internal server error"})");
  EXPECT_EQ(render_refusal(d, two_violations()).body,
            R"({"error":"Validation failed: stats.delivered is required; body )" + violation_text_en({"", Rule::type, "object"}) + "\"}");
}

TEST(EmployeeDialect, OverloadIsTheStatusItsSenderRepeatsOn) {
  const auto answer = render_refusal(Dialect::employee, {.why = Refusal::overloaded, .retry_after = std::chrono::seconds{7}});
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.headers, "Retry-After: 7\r\n");
  EXPECT_EQ(answer.body, R"({"error":"Temporarily overloaded"})");
}

TEST(AcknowledgementDialect, RefusalsAreToTheLetter) {
  const auto d = Dialect::acknowledgement;
  EXPECT_EQ(body_of(d, Refusal::bad_signature), R"({"success":false,"error":{"code":"INVALID_SIGNATURE","message":"Signature verification failed"}})");
  EXPECT_EQ(body_of(d, Refusal::expired), R"({"success":false,"error":{"code":"TIMESTAMP_EXPIRED","message":"Timestamp too old"}})");
  EXPECT_EQ(body_of(d, Refusal::malformed, "at 3"), R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"Invalid JSON: at 3"}})");
  EXPECT_EQ(body_of(d, Refusal::not_found), R"({"success":false,"error":{"code":"NOT_FOUND","message":"Not found"}})");
  EXPECT_EQ(body_of(d, Refusal::overloaded), R"({"success":false,"error":{"code":"OVERLOADED","message":"Temporarily overloaded"}})");
  RefusalFacts facts{.why = Refusal::invalid};
  facts.violations = {{"reportId", Rule::required, ""}};
  EXPECT_EQ(render_refusal(d, facts).body,
            R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"Validation failed: reportId is required",)"
            R"("details":[{"field":"reportId","message":"is required"}]}})");
}

TEST(AnalyticsDialect, RefusalsAreToTheLetter) {
  const auto d = Dialect::analytics;
  EXPECT_EQ(body_of(d, Refusal::bad_signature),
            R"({"success":false,"error":{"code":"INVALID_SIGNATURE","message":"HMAC署名が無効です","details":"署名検証に失敗しました"}})");
  EXPECT_EQ(body_of(d, Refusal::forbidden),
            R"({"success":false,"error":{"code":"INVALID_ACCOUNT_LEVEL","message":"accountLevelが99ではありません","details":"accountLevelは99固定です"}})");
  EXPECT_EQ(body_of(d, Refusal::internal),
            R"({"success":false,"error":{"code":"INTERNAL_ERROR","message":"内部エラーが発生しました","details":"時間をおいて再送してください"}})");
  EXPECT_EQ(body_of(d, Refusal::malformed, "at 3"),
            R"({"success":false,"error":{"code":"INVALID_PAYLOAD","message":"ペイロード形式が不正です","details":"JSONとして解釈できません: at 3"}})");
  EXPECT_EQ(find_string(parse_json(body_of(d, Refusal::expired)).value()->root(), "/error/code"), "EXPIRED_TIMESTAMP");
  EXPECT_EQ(find_string(parse_json(body_of(d, Refusal::tls_required)).value()->root(), "/error/code"), "FORBIDDEN");
  RefusalFacts facts{.why = Refusal::invalid};
  facts.violations = {{"type", Rule::required, ""}, {"title", Rule::not_empty, ""}};
  EXPECT_EQ(render_refusal(d, facts).body,
            R"({"success":false,"error":{"code":"INVALID_PAYLOAD","message":"ペイロード形式が不正です","details":"type: 必須フィールドです; title: )" +
                violation_text_ja(facts.violations[1]) + R"("}})");
}

TEST(StatsDialect, RefusalsAreToTheLetter) {
  const auto d = Dialect::stats;
  EXPECT_EQ(body_of(d, Refusal::unauthorized), R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"認証トークンが無効です"}})");
  EXPECT_EQ(body_of(d, Refusal::bad_signature), R"({"success":false,"error":{"code":"INVALID_SIGNATURE","message":"HMAC署名が無効です"}})");
  EXPECT_EQ(body_of(d, Refusal::internal), R"({"success":false,"error":{"code":"INTERNAL_ERROR","message":"サーバー内部エラーが発生しました"}})");
  EXPECT_EQ(body_of(d, Refusal::malformed, "at 3"),
            R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"リクエストボディが不正です",)"
            R"("details":[{"field":"body","message":"JSONとして解釈できません: at 3"}]}})");
  EXPECT_EQ(render_refusal(d, two_violations()).body,
            R"({"success":false,"error":{"code":"VALIDATION_ERROR","message":"リクエストボディが不正です",)"
            R"("details":[{"field":"stats.delivered","message":"必須フィールドです"},{"field":"body","message":")" +
                violation_text_ja({"", Rule::type, "object"}) + R"("}]}})");
}

TEST(ProblemDialect, RefusalsAreProblemDetails) {
  const auto answer = render_refusal(Dialect::problem, two_violations());
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_EQ(answer.body,
            R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"Validation failed","code":"VALIDATION_ERROR",)"
            R"("errors":[{"field":"stats.delivered","message":"is required"},{"field":"body","message":")" +
                violation_text_en({"", Rule::type, "object"}) + R"("}]})");
  EXPECT_EQ(body_of(Dialect::problem, Refusal::not_found, "/x"),
            R"({"type":"about:blank","title":"Not Found","status":404,"detail":"Not found: /x","code":"NOT_FOUND"})");
}

TEST(Refusal, HasAnAnswerInEveryDialect) {
  constexpr int statuses[refusals] = {404, 405, 413, 415, 401, 401, 401, 400, 400, 403, 429, 503, 500, 403, 403};
  for (const auto dialect : every_dialect)
    for (std::size_t i = 0; i < refusals; ++i) {
      const auto why = static_cast<Refusal>(i);
      const auto answer = render_refusal(dialect, {.why = why, .detail = "d\"\\\n\xff", .allow = "POST", .policy = "p"});
      const bool employee_overload = dialect == Dialect::employee && why == Refusal::overloaded;
      EXPECT_EQ(answer.status, employee_overload ? 500 : statuses[i]) << refusal_name(why);
      EXPECT_TRUE(parse_json(answer.body).has_value()) << answer.body;
      EXPECT_EQ(answer.headers.find("Retry-After: ") != std::string::npos, why == Refusal::rate_limited || why == Refusal::overloaded);
      if (!answer.headers.empty()) { EXPECT_TRUE(answer.headers.ends_with("\r\n")); }
    }
}

TEST(Refusal, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < refusals; ++i) names.insert(refusal_name(static_cast<Refusal>(i)));
  EXPECT_EQ(names.size(), refusals);
  EXPECT_EQ(refusal_name(Refusal::bad_signature), "bad_signature");
  EXPECT_EQ(refusal_name(static_cast<Refusal>(200)), "internal");
}

TEST(Refusal, HeadersSayWhatToDo) {
  EXPECT_EQ(render_refusal(Dialect::stats, {.why = Refusal::unauthorized}).headers, "WWW-Authenticate: Bearer\r\n");
  EXPECT_EQ(render_refusal(Dialect::stats, {.why = Refusal::method_not_allowed, .allow = "POST"}).headers, "Allow: POST\r\n");
  EXPECT_EQ(render_refusal(Dialect::stats, {.why = Refusal::overloaded, .retry_after = std::chrono::seconds{0}}).headers, "Retry-After: 1\r\n");
  EXPECT_EQ(render_refusal(Dialect::stats, {.why = Refusal::invalid}).headers, "");
}

TEST(Refusal, RateLimitFollowsTheDraft) {
  RefusalFacts facts{.why = Refusal::rate_limited, .retry_after = std::chrono::seconds{12}};
  EXPECT_EQ(render_refusal(Dialect::stats, facts).headers, "Retry-After: 12\r\n");
  facts.policy = "stats.updated";
  facts.quota = 100;
  facts.window = std::chrono::seconds{60};
  const auto answer = render_refusal(Dialect::stats, facts);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers,
            "Retry-After: 12\r\nRateLimit-Policy: \"stats.updated\";q=100;w=60\r\nRateLimit: \"stats.updated\";r=0;t=12\r\n");
}

TEST(Refusal, PolicyNameCannotBreakTheHeader) {
  const auto headers = render_refusal(Dialect::stats, {.why = Refusal::rate_limited, .policy = "a\"b\\\r\nX: 1日"}).headers;
  EXPECT_NE(headers.find(R"(RateLimit: "a\"b\\X: 1";r=0;t=1)"), std::string::npos) << headers;
}

TEST(Dialect, HasNames) {
  EXPECT_EQ(parse_dialect("employee"), Dialect::employee);
  EXPECT_EQ(parse_dialect("acknowledgement"), Dialect::acknowledgement);
  EXPECT_EQ(parse_dialect("analytics"), Dialect::analytics);
  EXPECT_EQ(parse_dialect("stats"), Dialect::stats);
  EXPECT_EQ(parse_dialect("problem"), Dialect::problem);
  EXPECT_FALSE(parse_dialect("").has_value());
  EXPECT_FALSE(parse_dialect("Stats").has_value());
}

TEST(NotificationNumber, FollowsFromTheEvent) {
  EXPECT_EQ(notification_number(sample_id()), "NOTIF-0011223344556677");
  EXPECT_EQ(notification_number(parse_event_id("evt_deadbeefcafef00d0000000000000000").value()), "NOTIF-DEADBEEFCAFEF00D");
}

}  // namespace
}  // namespace denrei
