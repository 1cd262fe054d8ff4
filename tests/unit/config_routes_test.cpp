// Routes of the configuration: names, patterns, and which of them lead somewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ConfigRoutes : public ConfigTest {
 protected:
  ConfigRoutes() { environment_ = {{"ONE_SECRET", good_secret}, {"OUT_SECRET", good_secret}, {"DENREI_SENDER_TOKEN", good_token}}; }

  // The route begins in line 2.
  std::string problem_with_route(const std::string& lines) { return problems_of("\n[[route]]\n" + lines + source_lines + destination_lines); }
};

TEST_F(ConfigRoutes, ReadsARouteWithAllItsMembers) {
  const auto config = load(source_lines + destination_lines + R"(
[[route]]
name = "first"
destination = "out"
sources = ["one", "api"]
types = ["one.happened", "two.*"]
keys = ["EMP-*", "*"]
)");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->routes, SizeIs(1));
  const auto& route = config->routes[0];
  EXPECT_EQ(route.name, "first");
  EXPECT_EQ(route.destination, "out");
  EXPECT_THAT(route.sources, ElementsAre("one", "api"));
  EXPECT_THAT(route.types, ElementsAre("one.happened", "two.*"));
  EXPECT_THAT(route.keys, ElementsAre("EMP-*", "*"));
  EXPECT_THAT(describe_config(*config), HasSubstr("route.first.sources = one, api  # "));
  EXPECT_THAT(config->notices, Not(Contains(HasSubstr("no route"))));
}

TEST_F(ConfigRoutes, AreCalledLikeTheirDestinationUnlessNamedAndKeepTheirOrder) {
  const auto config = load(destination_lines + "[[route]]\nname = \"z\"\ndestination = \"out\"\n[[route]]\ndestination = \"out\"\n");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->routes, SizeIs(2));
  EXPECT_EQ(config->routes[0].name, "z");
  EXPECT_EQ(config->routes[1].name, "out");
  EXPECT_THAT(config->routes[1].types, IsEmpty());
  EXPECT_EQ(config->shown.at("route.out.types"), (std::pair<std::string, std::string>{"every", "default"}));
}

TEST_F(ConfigRoutes, ToADestinationThatIsOffAreOffToo) {
  environment_.erase("OUT_SECRET");
  const auto config = load(destination_lines + "optional = true\n[[route]]\ndestination = \"out\"\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->routes, IsEmpty());
  EXPECT_THAT(config->notices, Contains("route out is off: destination out is off"));
}

TEST_F(ConfigRoutes, AreMissedWhereADestinationHasNone) {
  const auto config = load(destination_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->notices, Contains("destination out gets nothing: no route leads to it"));
}

TEST_F(ConfigRoutes, NeedSomebodyWhoMayHandInEvents) {
  EXPECT_THAT(load(destination_lines)->notices, Not(Contains(HasSubstr("nobody can hand in events"))));
  environment_.erase("DENREI_SENDER_TOKEN");
  environment_["DENREI_READER_TOKEN"] = good_token;
  EXPECT_THAT(load(destination_lines)->notices, Contains(HasSubstr("nobody can hand in events")));
  environment_["DENREI_OPERATOR_TOKEN"] = other_secret;
  EXPECT_THAT(load(destination_lines)->notices, Not(Contains(HasSubstr("nobody can hand in events"))));
}

TEST_F(ConfigRoutes, UnknownNamesAreRefusedWithASuggestion) {
  EXPECT_THAT(problem_with_route("destination = \"oot\"\n"), HasSubstr("denrei.toml:3:15: there is no destination 'oot'; did you mean 'out'?"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\nsources = [\"onne\"]\n"),
              HasSubstr("denrei.toml:4:11: there is no source 'onne'; did you mean 'one'?"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\ntype = [\"a\"]\n"), HasSubstr("unknown key 'type' in [[route]]; did you mean 'types'?"));
  EXPECT_THAT(problem_with_route("name = \"r\"\n"), HasSubstr("denrei.toml:2:1: [[route]] needs 'destination'"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\nname = \"\"\n"), HasSubstr("[[route]] needs 'name'"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\nname = \"a b\"\n"), HasSubstr("'name' must be 1 to 64 letters"));
}

TEST_F(ConfigRoutes, TwoCannotShareAName) {
  EXPECT_THAT(problem_with_route("destination = \"out\"\n[[route]]\ndestination = \"out\"\n"),
              HasSubstr("denrei.toml:4:1: route name 'out' is already used at denrei.toml:2:1"));
}

TEST_F(ConfigRoutes, PatternsHaveTheirStarAtTheEnd) {
  for (const std::string pattern : {"*.created", "a*b", "a**", ""})
    EXPECT_THAT(problem_with_route("destination = \"out\"\ntypes = [\"" + pattern + "\"]\n"),
                HasSubstr("denrei.toml:4:9: '" + pattern + "' is not a pattern of 1 to 128 bytes"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\nkeys = [\"*1\"]\n"), HasSubstr("'*1' is not a pattern of 1 to 256 bytes"));
  EXPECT_THAT(problem_with_route("destination = \"out\"\ntypes = \"a\"\n"), HasSubstr("'types' must be a list of texts"));
}

}  // namespace
}  // namespace denrei
