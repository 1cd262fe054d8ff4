// The case file: every acknowledgement is counted and becomes one notification to the reporter.
#include "denrei/domain/acknowledgement.hpp"

#include <gtest/gtest.h>

#include "denrei/domain/dialect.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Event acknowledgement(std::string body, std::string identity = "1", std::int64_t received_ms = 1'760'000'000'000) {
  return samples::make_event({.effect = Effect::acknowledgement, .type = "compliance.acknowledged", .body = std::move(body),
                              .identity = std::move(identity), .received_ms = received_ms});
}

constexpr auto* plain = R"({"timestamp":"2025-10-03T10:30:00Z","reportId":"VD-2025-1234","caseNumber":"MED-2025-0001"})";

Decision decide(std::string& state, const Event& event) {
  auto logic = make_key_logic(Effect::acknowledgement, "MED-2025-0001", state).value();
  auto decision = logic->decide(event);
  state = logic->encode_state();
  return decision;
}

TEST(Acknowledgement, BecomesANotificationToTheReporter) {
  std::string state;
  const auto event = acknowledgement(plain);
  const auto decision = decide(state, event);
  EXPECT_EQ(decision.outcome, Outcome::applied);
  EXPECT_EQ(decision.note, "");
  ASSERT_EQ(decision.notifications.size(), 1u);
  const auto& n = decision.notifications[0];
  EXPECT_EQ(n.inbox, "acknowledgements");
  EXPECT_EQ(n.id, event.id);
  EXPECT_EQ(n.created_at, event.received_at);
  EXPECT_EQ(n.json, R"({"notificationId":")" + notification_number(event.id) +
                        R"(","reportId":"VD-2025-1234","caseNumber":"MED-2025-0001","timestamp":"2025-10-03T10:30:00Z","receivedAt":"2025-10-09T08:53:20.000Z"})");
}

TEST(Acknowledgement, CarriesEverythingElseAlong) {
  std::string state;
  const auto decision = decide(state, acknowledgement(R"({"reportId":"VD-1","caseNumber":"MED-1","timestamp":"t","x":{"深":[1,null,0.5]},"y\"":true})"));
  EXPECT_TRUE(decision.notifications.at(0).json.ends_with(R"(,"x":{"深":[1,null,0.5]},"y\"":true})")) << decision.notifications[0].json;
}

TEST(Acknowledgement, BodyNeverOverridesOurMembers) {
  std::string state;
  const auto event = acknowledgement(R"({"notificationId":"NOTIF-FAKE","receivedAt":"1999","cursor":"7","isConfirmed":true,"reportId":"VD-1","caseNumber":"MED-1","timestamp":"t"})");
  const auto json = decide(state, event).notifications.at(0).json;
  const auto parsed = parse_json(json);  // which refuses a member that is there twice
  ASSERT_TRUE(parsed.has_value()) << json;
  EXPECT_EQ(find_string((*parsed)->root(), "/notificationId"), notification_number(event.id));
  EXPECT_EQ(find_string((*parsed)->root(), "/receivedAt"), "2025-10-09T08:53:20.000Z");
  for (const auto* added_when_read : {"/cursor", "/isConfirmed"}) EXPECT_EQ(find((*parsed)->root(), added_when_read), nullptr);
}

TEST(Acknowledgement, CaseFileCountsAndKeepsTheLast) {
  std::string state;
  (void)decide(state, acknowledgement(plain, "1", 1'000));
  const auto second = acknowledgement(R"({"reportId":"VD-2","caseNumber":"MED-2025-0001","timestamp":"later"})", "2", 2'000);
  (void)decide(state, second);
  const auto file = decode_case_file(state).value();
  EXPECT_EQ(file.acknowledgements, 2u);
  EXPECT_EQ(file.report_id, "VD-2");
  EXPECT_EQ(file.timestamp, "later");
  EXPECT_EQ(file.last, second.id);
  EXPECT_EQ(to_unix_ms(file.first_received_at), 1'000);
  EXPECT_EQ(to_unix_ms(file.last_received_at), 2'000);
}

TEST(Acknowledgement, SameEventDecidesTheSameNotification) {
  std::string one;
  std::string two;
  EXPECT_EQ(encode_notification(decide(one, acknowledgement(plain)).notifications.at(0)),
            encode_notification(decide(two, acknowledgement(plain)).notifications.at(0)));
  EXPECT_EQ(one, two);
}

TEST(Acknowledgement, WrongBytesAreFaults) {
  std::string state;
  (void)decide(state, acknowledgement(plain));
  samples::expect_faults_for_wrong_bytes(state, decode_case_file);
}

}  // namespace
}  // namespace denrei
