// Limits by type, coalesced types and English alert texts of a destination: what is read, shown and refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class ConfigLimits : public ConfigTest {
 protected:
  ConfigLimits() { environment_ = {{"OUT_SECRET", good_secret}}; }

  Destination only_destination(const std::string& lines) {
    const auto config = load(destination_lines + lines);
    if (!config || config->destinations.size() != 1) throw std::runtime_error(config ? "none" : config.error().detail);
    return config->destinations[0];
  }
  // The line becomes the eighth of the file.
  std::string problem_with(const std::string& line) { return problems_of(destination_lines + line + "\n"); }
  void expect_refused(const std::string& line, const std::string& why) { EXPECT_THAT(problem_with(line), HasSubstr(why)); }
  static std::string limit_of(const std::string& type, const std::string& rest = "count = 1, window = \"1s\"") {
    return "{ type = \"" + type + "\", " + rest + " }";
  }
};

const std::string statistics_lines = R"(
limits = [ { type = "stats.updated", count = 100, window = "60s" }, { type = "stats.*", count = 10000, window = "24h" } ]
coalesce = ["stats.updated", "stats.h*"]
alert_subject_en = "{mark}{destination} failed"
alert_text_en = "Key {key}\nError {error}"
)";

TEST_F(ConfigLimits, AreReadInTheirOrder) {
  const auto out = only_destination(statistics_lines);
  ASSERT_THAT(out.limits, SizeIs(2));
  EXPECT_EQ(out.limits[0].type, "stats.updated");
  EXPECT_EQ(out.limits[0].count, 100u);
  EXPECT_EQ(out.limits[0].window, std::chrono::seconds(60));
  EXPECT_EQ(out.limits[1].count, 10'000u);
  EXPECT_EQ(out.limits[1].window, std::chrono::hours(24));
  EXPECT_THAT(out.coalesce, ElementsAre("stats.updated", "stats.h*"));
  EXPECT_EQ(out.alert_subject_en, "{mark}{destination} failed");
  EXPECT_EQ(out.alert_text_en, "Key {key}\nError {error}");
}

TEST_F(ConfigLimits, AreNoneUnlessSomebodySaysSo) {
  const auto out = only_destination("");
  EXPECT_THAT(out.limits, IsEmpty());
  EXPECT_THAT(out.coalesce, IsEmpty());
  EXPECT_EQ(out.alert_subject_en + out.alert_text_en, "");
  EXPECT_EQ(problem_with("limits = []\ncoalesce = []"), "");
}

TEST_F(ConfigLimits, AreShownByCheckConfig) {
  const auto config = load(destination_lines + statistics_lines);
  ASSERT_TRUE(config) << config.error().detail;
  const auto text = describe_config(*config);
  for (const auto* line : {"limits = stats.updated: 100 in 1m, stats.*: 10000 in 1d  # ", "coalesce = stats.updated, stats.h*  # ",
                           "alert_subject_en = {mark}{destination} failed  # ", "alert_text_en = Key {key}\\nError {error}  # "})
    EXPECT_THAT(text, HasSubstr(std::string("destination.out.") + line));
  const auto plain = load(destination_lines);
  ASSERT_TRUE(plain) << plain.error().detail;
  EXPECT_THAT(describe_config(*plain), HasSubstr("destination.out.alert_text_en = the general one  # default"));
  EXPECT_THAT(describe_config(*plain), Not(HasSubstr("destination.out.limits")));
}

TEST_F(ConfigLimits, ThatAreNotWholeAreRefused) {
  expect_refused("limits = [{ type = \"a\", count = 1 }]",
                 "'limits' needs 'window', as in { type = \"stats.updated\", count = 100, window = \"60s\" }");
  expect_refused("limits = [{ type = \"a\", window = \"1s\" }]", "'limits' needs 'count'");
  expect_refused("limits = [{ count = 1, window = \"1s\" }]", "denrei.toml:8:11: 'limits' needs 'type'");
  expect_refused("limits = [" + limit_of("a", "count = 1, window = \"1s\", per = 1") + "]", "unknown key 'per' in 'limits'");
  for (const auto* wrong : {"limits = [1]", "limits = 1", "limits = { type = \"a\" }"})
    expect_refused(wrong, "'limits' must be a list of at most 20 tables { type, count, window }");
  std::string many;
  for (int i = 0; i < 20; ++i) many += limit_of("t" + std::to_string(i)) + ", ";
  EXPECT_EQ(problem_with("limits = [" + many + "]"), "");
  expect_refused("limits = [" + many + limit_of("t20") + "]", "'limits' must be a list of at most 20");
}

TEST_F(ConfigLimits, OutOfTheirRangeAreRefused) {
  const auto with = [](const std::string& rest) { return "limits = [" + limit_of("a", rest) + "]"; };
  expect_refused(with("count = 0, window = \"1s\""), "'count' is 0, but must be 1 to 10000");
  expect_refused(with("count = 10001, window = \"1s\""), "'count' is 10001, but must be 1 to 10000");
  expect_refused(with("count = 1, window = \"999ms\""), "'window' is 999ms, but must be 1s to 1d");
  expect_refused(with("count = 1, window = \"25h\""), "'window' is 25h, but must be 1s to 1d");
  expect_refused(with("count = 1, window = 60"), "'window' must be a duration in quotes");
}

TEST_F(ConfigLimits, OfWhatIsNoPatternOfATypeAreRefused) {
  for (const std::string type : {"", "a*b", "*a", "**"}) {
    expect_refused("limits = [" + limit_of(type) + "]", "'" + type + "' is not a pattern of 1 to 128 bytes such as stats.updated or stats.*");
    expect_refused("coalesce = [\"" + type + "\"]", "'" + type + "' is not a pattern of 1 to 128 bytes");
  }
  expect_refused("coalesce = [\"" + std::string(129, 'x') + "\"]", "is not a pattern of 1 to 128 bytes");
  EXPECT_EQ(problem_with("coalesce = [\"*\"]\nlimits = [" + limit_of("*") + "]"), "");
}

TEST_F(ConfigLimits, BehindOneThatAlwaysFitsFirstAreRefused) {
  const auto both = [](const std::string& first, const std::string& second) { return "limits = [" + limit_of(first) + ", " + limit_of(second) + "]"; };
  expect_refused(both("stats.*", "stats.updated"), "a limit of 'stats.*' stands before that of 'stats.updated', and the first that fits counts");
  expect_refused(both("stats.*", "stats.u*"), "a limit of 'stats.*' stands before that of 'stats.u*'");
  expect_refused(both("stats.daily", "stats.daily"), "a limit of 'stats.daily' stands before that of 'stats.daily'");
  EXPECT_EQ(problem_with(both("stats.updated", "stats.*")), "");
  EXPECT_EQ(problem_with(both("stats.u*", "stats.*")), "");
}

TEST_F(ConfigLimits, CoalescingNeedsAnOrder) {
  expect_refused("coalesce = [\"a\"]\norder = \"unordered\"", "denrei.toml:8:12: 'coalesce' needs an order by key");
  EXPECT_EQ(problem_with("coalesce = [\"a\"]\norder = \"fifo_by_key_block\""), "");
  std::string many;
  for (int i = 0; i < 21; ++i) many += "\"t" + std::to_string(i) + "\", ";
  expect_refused("coalesce = [" + many + "]", "'coalesce' has more than 20 patterns");
  expect_refused("coalesce = \"a\"", "'coalesce' must be a list of texts");
}

TEST_F(ConfigLimits, EnglishTextsAreCheckedAsTheOthers) {
  EXPECT_THAT(problem_with("alert_subject_en = \"a\\nb\""), StartsWith("denrei.toml:8:20: 'alert_subject_en' is one line"));
  expect_refused("alert_subject_en = \"" + std::string(201, 'x') + "\"", "'alert_subject_en' has more than 200 bytes");
  expect_refused("alert_text_en = \"" + std::string(4'001, 'x') + "\"", "'alert_text_en' has more than 4000 bytes");
}

}  // namespace
}  // namespace denrei
