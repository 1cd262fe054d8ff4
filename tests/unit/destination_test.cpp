// Destinations: outcome patterns, what an attempt has come to, the severity of giving up, and the names in the configuration.
#include "denrei/domain/destination.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "unit/sample_destinations.hpp"

namespace denrei {
namespace {

Judgement judge(const Destination& destination, int status, std::string_view body = "") {
  return judge_attempt(destination, {status, AttemptError::none, body});
}
Judgement judge(const Destination& destination, AttemptError error) { return judge_attempt(destination, {0, error, ""}); }

constexpr std::initializer_list<AttemptError> network_errors{AttemptError::dns,    AttemptError::connect,   AttemptError::tls,
                                                             AttemptError::blocked, AttemptError::broken,
                                                             AttemptError::too_large, AttemptError::crashed};

TEST(OutcomePattern, ReadsWhatItWrites) {
  for (const std::string text : {"100", "200", "429", "599", "1xx", "2xx", "5xx", "network", "timeout", "any"}) {
    const auto pattern = parse_outcome_pattern(text);
    ASSERT_TRUE(pattern) << text;
    EXPECT_EQ(outcome_pattern_text(*pattern), text);
  }
}

TEST(OutcomePattern, RefusesWhatIsNoOutcome) {
  for (const std::string text : {"", "4", "42", "4x", "4XX", "xxx", "0xx", "6xx", "099", "600", "999", "4xxx", "2000", "20x", "2x0", " 200",
                                 "200 ", "-20", "2\xE3\x80", "Any", "time-out", "dns"}) {
    const auto pattern = parse_outcome_pattern(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().code, FaultCode::invalid);
    EXPECT_NE(pattern.error().detail.find("\"" + text + "\""), std::string::npos) << "says what it could not read";
  }
}

TEST(OutcomePattern, MatchesAStatusOrItsClass) {
  const auto on = [](std::string_view text, int status) {
    return matches(parse_outcome_pattern(text).value(), status, AttemptError::none);
  };
  EXPECT_TRUE(on("404", 404));
  EXPECT_FALSE(on("404", 403));
  EXPECT_TRUE(on("4xx", 400));
  EXPECT_TRUE(on("4xx", 499));
  EXPECT_FALSE(on("4xx", 399));
  EXPECT_FALSE(on("4xx", 500));
  EXPECT_TRUE(on("any", 200));
  EXPECT_FALSE(on("network", 500));
  EXPECT_FALSE(on("timeout", 504)) << "an answer about another's time-out is an answer";
}

TEST(OutcomePattern, EveryErrorButATimeoutIsNetwork) {
  const auto network = parse_outcome_pattern("network").value();
  const auto timeout = parse_outcome_pattern("timeout").value();
  const auto any = parse_outcome_pattern("any").value();
  for (const auto error : network_errors) {
    EXPECT_TRUE(matches(network, 0, error)) << attempt_error_name(error);
    EXPECT_FALSE(matches(timeout, 0, error)) << attempt_error_name(error);
    EXPECT_TRUE(matches(any, 0, error)) << attempt_error_name(error);
  }
  EXPECT_FALSE(matches(network, 0, AttemptError::timeout));
  EXPECT_TRUE(matches(timeout, 0, AttemptError::timeout));
  EXPECT_TRUE(matches(any, 0, AttemptError::timeout));
}

TEST(OutcomePattern, AStatusDoesNotCountBesideAnError) {
  for (const auto text : {"200", "2xx"}) EXPECT_FALSE(matches(parse_outcome_pattern(text).value(), 200, AttemptError::too_large)) << text;
  EXPECT_TRUE(matches(parse_outcome_pattern("network").value(), 200, AttemptError::too_large));
  EXPECT_TRUE(matches(parse_outcome_pattern("timeout").value(), 200, AttemptError::timeout));
}

TEST(OutcomePattern, NeitherAnswerNorErrorIsNetwork) {
  EXPECT_TRUE(matches(parse_outcome_pattern("network").value(), 0, AttemptError::none));
  EXPECT_FALSE(matches({OutcomePattern::Kind::status_class, 0}, 0, AttemptError::none));
}

TEST(JudgeAttempt, TakesAny2xxAsDeliveredWhenNothingElseIsSaid) {
  const Destination destination;
  for (const int status : {200, 201, 202, 204, 299}) EXPECT_EQ(judge(destination, status), Judgement::delivered) << status;
  for (const int status : {100, 199, 300, 301, 404, 500}) EXPECT_EQ(judge(destination, status), Judgement::retry) << status;
  EXPECT_EQ(judge(destination, 410), Judgement::disable) << "Gone: whoever was there does not want any more";
  EXPECT_EQ(judge(destination, AttemptError::timeout), Judgement::retry);
}

TEST(JudgeAttempt, AnErrorIsNeverASuccessWhateverTheStatus) {
  Destination destination;
  destination.success = outcomes({"any"});
  for (const auto error : network_errors)
    EXPECT_EQ(judge_attempt(destination, {200, error, "{}"}), Judgement::retry) << attempt_error_name(error);
  EXPECT_EQ(judge_attempt(destination, {200, AttemptError::timeout, "{}"}), Judgement::retry);
  EXPECT_EQ(judge(destination, 0), Judgement::retry) << "no answer at all";
  EXPECT_EQ(judge(destination, 500), Judgement::delivered);
}

TEST(JudgeAttempt, AsksTheAnswerWhereASuccessPointerIsGiven) {
  Destination destination;
  destination.success_pointer = "/success";
  EXPECT_EQ(judge(destination, 200, R"({"success":true})"), Judgement::delivered);
  EXPECT_EQ(judge(destination, 201, R"({"id":1,"success":true})"), Judgement::delivered);
  for (const auto body : {R"({"success":false})", R"({"success":"true"})", R"({"success":1})", R"({"success":null})", R"({"ok":true})",
                          R"({"data":{"success":true}})", R"([true])", "true", "", "OK", R"({"success":true)", R"({"success":true}})",
                          "\xFF"})
    EXPECT_EQ(judge(destination, 200, body), Judgement::retry) << body;
  EXPECT_EQ(judge(destination, 500, R"({"success":true})"), Judgement::retry) << "besides the status, not instead of it";
  destination.success_pointer = "/data/0/ok";
  EXPECT_EQ(judge(destination, 200, R"({"data":[{"ok":true}]})"), Judgement::delivered);
}

TEST(JudgeAttempt, StandsHostileAnswers) {
  Destination destination;
  destination.success_pointer = "/success";
  EXPECT_EQ(judge(destination, 200, std::string(4096, '[')), Judgement::retry);
  EXPECT_EQ(judge(destination, 200, std::string(4096, '\0')), Judgement::retry);
  EXPECT_EQ(judge(destination, 200, R"({"success":true,"success":true})"), Judgement::retry) << "no JSON that two readers agree on";
}

TEST(JudgeAttempt, AsksDisableThenGiveUpThenRetry) {
  Destination destination;
  destination.success = outcomes({"200"});
  destination.disable_on = outcomes({"401", "410"});
  destination.give_up_on = outcomes({"401", "400", "200"});
  destination.retry_on = outcomes({"4xx", "5xx"});
  EXPECT_EQ(judge(destination, 200), Judgement::delivered);
  EXPECT_EQ(judge(destination, 401), Judgement::disable);
  EXPECT_EQ(judge(destination, 410), Judgement::disable);
  EXPECT_EQ(judge(destination, 400), Judgement::give_up);
  EXPECT_EQ(judge(destination, 404), Judgement::retry);
  EXPECT_EQ(judge(destination, 503), Judgement::retry);
  EXPECT_EQ(judge(destination, 302), Judgement::give_up) << "what no pattern names is given up";
  EXPECT_EQ(judge(destination, AttemptError::dns), Judgement::give_up);
  destination.give_up_on = outcomes({"timeout"});
  destination.retry_on = outcomes({"any"});
  EXPECT_EQ(judge(destination, AttemptError::timeout), Judgement::give_up);
  EXPECT_EQ(judge(destination, AttemptError::dns), Judgement::retry);
}

TEST(GiveUpSeverity, IsThatOfTheFirstRuleThatMatches) {
  Destination destination;
  EXPECT_EQ(give_up_severity(destination, 400, AttemptError::none), Severity::none) << "without a rule there is no alert";
  destination.alerts = {alarm("401", Severity::urgent), alarm("4xx", Severity::error), alarm("network", Severity::warning)};
  EXPECT_EQ(give_up_severity(destination, 401, AttemptError::none), Severity::urgent);
  EXPECT_EQ(give_up_severity(destination, 404, AttemptError::none), Severity::error);
  EXPECT_EQ(give_up_severity(destination, 0, AttemptError::tls), Severity::warning);
  EXPECT_EQ(give_up_severity(destination, 401, AttemptError::broken), Severity::warning);
  EXPECT_EQ(give_up_severity(destination, 500, AttemptError::none), Severity::none);
}

TEST(Severity, HasANameThatIsReadBack) {
  for (const auto severity : {Severity::none, Severity::warning, Severity::error, Severity::critical, Severity::urgent})
    EXPECT_EQ(parse_severity(severity_name(severity)).value(), severity);
  EXPECT_EQ(severity_name(Severity::urgent), "urgent");
  for (const auto name : {"", "Error", "fatal", "unknown"}) EXPECT_FALSE(parse_severity(name)) << name;
}

TEST(LaneOrder, HasANameThatIsReadBack) {
  for (const auto order : {LaneOrder::fifo_skip, LaneOrder::fifo_block, LaneOrder::unordered})
    EXPECT_EQ(parse_lane_order(lane_order_name(order)).value(), order);
  EXPECT_EQ(parse_lane_order("fifo_by_key").value(), LaneOrder::fifo_skip);
  EXPECT_EQ(parse_lane_order("fifo_by_key_block").value(), LaneOrder::fifo_block);
  for (const auto name : {"", "fifo", "fifo_skip", "unknown"}) EXPECT_FALSE(parse_lane_order(name)) << name;
}

TEST(TypePattern, IsATextOrABeginning) {
  EXPECT_TRUE(fits_pattern("stats.updated", "stats.updated"));
  EXPECT_FALSE(fits_pattern("stats.updated", "stats.updated.more"));
  EXPECT_TRUE(fits_pattern("stats.*", "stats."));
  EXPECT_FALSE(fits_pattern("stats.*", "stats"));
  EXPECT_TRUE(fits_pattern("*", ""));
  EXPECT_FALSE(fits_pattern("", "stats"));
}

TEST(TypeLimit, TheFirstThatFitsCounts) {
  const std::vector<TypeLimit> limits{{"stats.updated", 1, Millis{1}}, {"stats.*", 2, Millis{2}}};
  EXPECT_EQ(find_limit(limits, "stats.updated"), &limits[0]);
  EXPECT_EQ(find_limit(limits, "stats.hourly"), &limits[1]);
  EXPECT_EQ(find_limit(limits, "employee.created"), nullptr);
  EXPECT_EQ(find_limit({}, "stats.updated"), nullptr);
}

TEST(Coalescing, NeedsAPatternAndAnOrder) {
  Destination destination;
  EXPECT_FALSE(is_coalesced(destination, "stats.updated"));
  destination.coalesce = {"stats.u*", "other"};
  EXPECT_TRUE(is_coalesced(destination, "stats.updated"));
  EXPECT_TRUE(is_coalesced(destination, "other"));
  EXPECT_FALSE(is_coalesced(destination, "stats.hourly"));
  destination.order = LaneOrder::fifo_block;
  EXPECT_TRUE(is_coalesced(destination, "stats.updated"));
  destination.order = LaneOrder::unordered;
  EXPECT_FALSE(is_coalesced(destination, "stats.updated")) << "nothing is newer there";
}

TEST(AttemptError, HasANameThatPeopleKnow) {
  const std::initializer_list<std::pair<AttemptError, std::string_view>> names{
      {AttemptError::none, "none"},       {AttemptError::dns, "dns"},         {AttemptError::connect, "connect"},
      {AttemptError::tls, "tls"},         {AttemptError::timeout, "timeout"}, {AttemptError::blocked, "blocked"},
      {AttemptError::broken, "broken"},   {AttemptError::too_large, "too_large"},
      {AttemptError::crashed, "crashed"}, {static_cast<AttemptError>(200), "unknown"}};
  for (const auto& [error, name] : names) EXPECT_EQ(attempt_error_name(error), name);
}

}  // namespace
}  // namespace denrei
