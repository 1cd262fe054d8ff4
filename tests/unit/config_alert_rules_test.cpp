// Alert rules of the configuration: the contract's own rules, their units, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/domain/rule_text.hpp"
#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The rules of protocol §4, over the sample source.
const std::string contract_rules = R"(
[[alert]]
name = "signatures"
measure = "signature_failures"
over = "source:one"
threshold = 1
severity = "urgent"
channels = ["ops"]
[[alert]]
name = "success"
measure = "success_rate"
over = "source:one"
threshold = "95%"
[[alert]]
name = "answers"
measure = "mean_answer"
over = "source:one"
threshold = "1s"
[[alert]]
name = "errors"
measure = "error_notifications"
over = "source:one"
threshold = "10%"
[[alert]]
name = "error-rate"
measure = "error_rate"
over = "source:one"
threshold = "5%"
window = "1m"
for = "5m"
channels = ["ops"]
[[alert]]
name = "slow"
measure = "mean_answer"
over = "destination:out"
threshold = "3s"
window = "1m"
for = "10m"
[[alert]]
name = "heartbeat"
measure = "heartbeat"
over = "source:one"
type = "success"
from = "02:00"
by = "02:30"
)";
const std::string rule_lines = R"(
[[alert]]
name = "rate"
measure = "error_rate"
over = "source:one"
threshold = "5%"
)";

class ConfigAlertRules : public ConfigTest {
 protected:
  ConfigAlertRules() {
    environment_ = {{"ONE_SECRET", good_secret}, {"OUT_SECRET", good_secret}, {"OPS_URL", "https://hooks.example.com/T/B/token"}};
  }
  static std::string with_all(const std::string& rules) { return source_lines + destination_lines + channel_lines + rules; }
  std::string problem(const std::string& from, const std::string& to) {
    auto text = problems_of(changed(rule_lines, from, to) + source_lines + destination_lines + channel_lines);
    return text;
  }
};

TEST_F(ConfigAlertRules, TheContractsRulesAreRead) {
  const auto config = load(with_all(contract_rules));
  ASSERT_TRUE(config) << config.error().detail;
  const auto& rules = config->alert_rules;
  ASSERT_THAT(rules, SizeIs(7));
  std::vector<std::string> said;
  for (const auto& rule : rules) said.push_back(describe_rule(rule).en);
  EXPECT_THAT(said, ElementsAre("source one: signature failures at least 1 within 5m", "source one: success rate below 95% within 5m",
                                "source one: mean answer time above 1s within 5m", "source one: share of error notifications above 10% within 5m",
                                "source one: error rate above 5% within 1m, for 5m", "destination out: mean answer time above 3s within 1m, for 10m",
                                "source one: no success notification between 02:00 and 02:30 (Asia/Tokyo)"));
  EXPECT_EQ(rules[0].severity, Severity::urgent);
  EXPECT_THAT(rules[0].channels, ElementsAre("ops"));
  EXPECT_EQ(rules[1].severity, Severity::error);
  EXPECT_EQ(rules[1].threshold, 95.0);
  EXPECT_EQ(rules[2].threshold, 1.0);
  EXPECT_EQ(rules[3].type, "error");
  EXPECT_EQ(rules[4].hold, std::chrono::minutes(5));
  EXPECT_EQ(rules[6].heartbeat.by, std::chrono::minutes(150));
}

TEST_F(ConfigAlertRules, EveryValueIsShown) {
  const auto text = describe_config(*load(with_all(contract_rules)));
  EXPECT_THAT(text, AllOf(HasSubstr("alert.success.threshold = 95%  # "), HasSubstr("alert.success.comparison = below  # default\n"),
                          HasSubstr("alert.success.window = 5m  # default\n"), HasSubstr("alert.success.channels = none: only listed  # default\n"),
                          HasSubstr("alert.error-rate.for = 5m  # "), HasSubstr("alert.heartbeat.by = 02:30  # "),
                          HasSubstr("alert.slow.over = destination:out  # ")));
}

TEST_F(ConfigAlertRules, MembersOverrideTheUsualOnes) {
  const auto config = load(with_all(changed(rule_lines, "threshold = \"5%\"",
                                            "threshold = \"99.5%\"\ncomparison = \"below\"\nmin_events = 20\nseverity = \"warning\"\n"
                                            "subject = \"s\"\ntext = \"t {value}\"\nsubject_en = \"se\"\ntext_en = \"te\"")));
  ASSERT_TRUE(config) << config.error().detail;
  const auto& rule = config->alert_rules.at(0);
  EXPECT_EQ(rule.threshold, 99.5);
  EXPECT_EQ(rule.comparison, Comparison::below);
  EXPECT_EQ(rule.min_events, 20u);
  EXPECT_EQ(rule.severity, Severity::warning);
  EXPECT_EQ(rule.subject + rule.text + rule.subject_en + rule.text_en, "st {value}sete");
}

TEST_F(ConfigAlertRules, RuleOverAllSourcesNamesNone) {
  const auto config = load(with_all(changed(rule_lines, "over = \"source:one\"\n", "")));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(scope_text(config->alert_rules.at(0).over), "all");
}

TEST_F(ConfigAlertRules, WhatIsOffIsNotWatched) {
  environment_.erase("ONE_SECRET");
  const auto config = load(source_lines + "optional = true\n" + destination_lines + rule_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->alert_rules, IsEmpty());
  EXPECT_THAT(config->notices, Contains("alert rule rate is off: source one is off"));
}

TEST_F(ConfigAlertRules, ChannelThatIsOffIsSaid) {
  environment_.erase("OPS_URL");
  const auto config = load(source_lines + channel_lines + "optional = true\n" + rule_lines + "channels = [\"ops\"]\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->alert_rules, SizeIs(1));
  EXPECT_THAT(config->notices, Contains("alert rule rate says nothing to channel ops: it is off"));
}

TEST_F(ConfigAlertRules, WrongMembersAreExplained) {
  EXPECT_THAT(problem("error_rate", "latency"), HasSubstr("denrei.toml:4:11: unknown measure \"latency\"; known are: signature_failures"));
  EXPECT_THAT(problem("source:one", "source:won"), HasSubstr("denrei.toml:5:8: there is no source 'won'; known are: one"));
  EXPECT_THAT(problem("source:one", "destination:one"), HasSubstr("there is no destination 'one'"));
  EXPECT_THAT(problem("source:one", "one"), HasSubstr("neither \"source:<name>\" nor"));
  EXPECT_THAT(problem("\"5%\"", "\"5\""), HasSubstr("denrei.toml:6:13: 'threshold' is '5', but must be 0% to 100%"));
  EXPECT_THAT(problem("\"5%\"", "\"101%\""), HasSubstr("must be 0% to 100%"));
  EXPECT_THAT(problem("\"5%\"", "5"), HasSubstr("must be a text with its unit such as \"95%\""));
  EXPECT_THAT(problem("threshold = \"5%\"\n", ""), HasSubstr("[[alert]] needs 'threshold'"));
  EXPECT_THAT(problem("over =", "channels = [\"opps\"]\nover ="), HasSubstr("there is no channel 'opps'; did you mean 'ops'?"));
  EXPECT_THAT(problem("over =", "window = \"0s\"\nover ="), HasSubstr("'window' is 0s, but must be 1s to 1d"));
  EXPECT_THAT(problem("over =", "for = \"2d\"\nover ="), HasSubstr("'for' is 2d, but must be 0s to 1d"));
  EXPECT_THAT(problem("over =", "type = \"error\"\nover ="), HasSubstr("'type' belongs to the measures"));
  EXPECT_THAT(problem("over =", "by = \"02:30\"\nover ="), HasSubstr("'by' belongs to measure \"heartbeat\""));
  EXPECT_THAT(problem("over =", "windows = \"5m\"\nover ="), HasSubstr("unknown key 'windows' in [[alert]]; did you mean 'window'?"));
  EXPECT_THAT(problem("name = \"rate\"", "name = \"one two\""), HasSubstr("'name' must be"));
  EXPECT_THAT(problems_of(with_all(rule_lines + rule_lines)), HasSubstr("name 'rate' is already used at"));
}

TEST_F(ConfigAlertRules, DestinationsHaveNoSignaturesToFail) {
  const auto toml = changed(changed(rule_lines, "error_rate", "signature_failures"), "\"5%\"", "1");
  EXPECT_THAT(problems_of(with_all(changed(toml, "source:one", "destination:out"))), HasSubstr("a destination has no signature_failures"));
}

TEST_F(ConfigAlertRules, WrongTimesOfAHeartbeatAreExplained) {
  const std::string beat = "[[alert]]\nname = \"beat\"\nmeasure = \"heartbeat\"\nover = \"source:one\"\nfrom = \"02:00\"\nby = \"02:30\"\n";
  EXPECT_EQ(load(with_all(beat))->alert_rules.at(0).type, "success");
  for (const auto* time : {"24:00", "2:30", "02:60", "02.30", "02:3x", "+2:30"})
    EXPECT_THAT(problems_of(with_all(changed(beat, "02:30", time))), HasSubstr("must be a time of the day such as \"02:30\"")) << time;
  EXPECT_THAT(problems_of(with_all(changed(beat, "02:30", "02:00"))), HasSubstr("'by' must be later than 'from'"));
  EXPECT_THAT(problems_of(with_all(changed(beat, "by = \"02:30\"\n", ""))), HasSubstr("[[alert]] needs 'by'"));
  EXPECT_THAT(problems_of(with_all(beat + "threshold = 1\n")), HasSubstr("'threshold' does not belong to measure \"heartbeat\""));
}

}  // namespace
}  // namespace denrei
