// What alert rules measure, how it compares with their threshold, and their words.
#include "denrei/domain/alert_rule.hpp"

#include <gtest/gtest.h>

#include "denrei/domain/rule_window.hpp"
#include "unit/rule_world.hpp"

namespace denrei {
namespace {

bool fires(const AlertRuleSpec& spec, const RuleCounts& counts) {
  const auto value = measure(spec, counts);
  return value && holds(spec, *value);
}

TEST(AlertRuleMeasure, OneBadSignatureIsEnough) {
  const auto rule = rule_of(Measure::signature_failures, 1);
  EXPECT_FALSE(fires(rule, {.answered = 100}));
  EXPECT_TRUE(fires(rule, {.answered = 100, .bad_signatures = 1}));
}

TEST(AlertRuleMeasure, SharesAreExactAtTheirThreshold) {
  EXPECT_FALSE(fires(rule_of(Measure::success_rate, 95), {.answered = 20, .succeeded = 19}));
  EXPECT_FALSE(fires(rule_of(Measure::success_rate, 95), {.answered = 100'000, .succeeded = 95'000}));
  EXPECT_TRUE(fires(rule_of(Measure::success_rate, 95), {.answered = 100'000, .succeeded = 94'999}));
  EXPECT_FALSE(fires(rule_of(Measure::error_rate, 5), {.answered = 20, .succeeded = 19}));
  EXPECT_TRUE(fires(rule_of(Measure::error_rate, 5), {.answered = 19, .succeeded = 18}));
  EXPECT_FALSE(fires(rule_of(Measure::error_notifications, 10), {.accepted = 10, .of_type = 1}));
  EXPECT_TRUE(fires(rule_of(Measure::error_notifications, 10), {.accepted = 9, .of_type = 1}));
}

TEST(AlertRuleMeasure, MeansAreExactAtTheirThreshold) {
  const auto rule = rule_of(Measure::mean_answer, 1);
  EXPECT_FALSE(fires(rule, {.timed = 3, .time_us = 3'000'000}));
  EXPECT_TRUE(fires(rule, {.timed = 3, .time_us = 3'000'001}));
  EXPECT_EQ(measure(rule, {.timed = 4, .time_us = 1'000'000}), 0.25);
}

TEST(AlertRuleMeasure, TooFewEventsSayNothing) {
  auto rule = rule_of(Measure::success_rate, 95);
  EXPECT_FALSE(measure(rule, {}));
  rule.min_events = 20;
  EXPECT_FALSE(measure(rule, {.answered = 19}));
  EXPECT_EQ(measure(rule, {.answered = 20}), 0.0);
  EXPECT_FALSE(measure(rule_of(Measure::mean_answer, 1), {.answered = 9}));
  EXPECT_FALSE(measure(rule_of(Measure::error_notifications, 10), {.answered = 9}));
  EXPECT_EQ(measure(rule_of(Measure::signature_failures, 1), {}), 0.0) << "none is a number too";
}

TEST(AlertRuleMeasure, NumbersThatWereReadOneAfterTheOtherStayWithinBounds) {
  EXPECT_EQ(measure(rule_of(Measure::success_rate, 95), {.answered = 9, .succeeded = 10}), 100.0);
  EXPECT_EQ(measure(rule_of(Measure::error_rate, 5), {.answered = 9, .succeeded = 10}), 0.0);
}

TEST(AlertRuleWords, AreReadAndWritten) {
  for (const auto* name : {"signature_failures", "success_rate", "mean_answer", "error_notifications", "error_rate", "heartbeat"})
    EXPECT_EQ(measure_name(parse_measure(name).value()), name);
  for (const auto* name : {"at_least", "above", "below"}) EXPECT_EQ(comparison_name(parse_comparison(name).value()), name);
  EXPECT_NE(parse_measure("latency").error().detail.find("known are: signature_failures"), std::string::npos);
  for (const auto* text : {"all", "source:analytics", "destination:records-stats"}) EXPECT_EQ(scope_text(parse_rule_scope(text).value()), text);
  for (const auto* text : {"", "source", "source:", "queue:x", "ALL"}) EXPECT_FALSE(parse_rule_scope(text)) << text;
}

// --- windows

TEST(RuleWindow, ForgetsWhatIsOlderThanItsLength) {
  const SteadyTime begin{};
  RuleWindow window(60s, begin);
  RuleCounts counts;
  const auto at = [&](std::chrono::seconds t, std::uint64_t answered) {
    counts.answered = answered;
    window.add(counts, begin + t);
    return window.within().answered;
  };
  EXPECT_EQ(at(1s, 1), 1u);
  EXPECT_FALSE(window.is_whole());
  EXPECT_EQ(at(59s, 3), 3u);
  EXPECT_EQ(at(60s, 3), 3u);
  EXPECT_TRUE(window.is_whole());
  EXPECT_EQ(at(61s, 3), 2u) << "the one of the first second has left";
  EXPECT_EQ(at(118s, 3), 2u);
  EXPECT_EQ(at(119s, 3), 0u);
  EXPECT_EQ(at(500s, 9), 6u);
}

TEST(RuleWindow, CountsFromZeroWhenItsCountersDo) {
  RuleWindow window(60s, SteadyTime{});
  window.add({.answered = 10, .succeeded = 9, .timed = 10, .time_us = 500}, SteadyTime{} + 1s);
  window.add({.answered = 3, .succeeded = 3, .timed = 3, .time_us = 100}, SteadyTime{} + 2s);
  EXPECT_EQ(window.within(), (RuleCounts{.answered = 13, .succeeded = 12, .timed = 13, .time_us = 600}));
}

TEST(RuleWindow, KeepsFewSamplesHoweverOftenOneComes) {
  RuleWindow window(60s, SteadyTime{});
  RuleCounts counts;
  for (int i = 1; i <= 60'000; ++i) {
    ++counts.answered;
    window.add(counts, SteadyTime{} + i * 10ms);
  }
  EXPECT_GE(window.within().answered, 6'000u) << "the window is never shorter than it says";
  EXPECT_LE(window.within().answered, 6'100u) << "nor longer by more than a sixtieth";
}

}  // namespace
}  // namespace denrei
