// Sources of the configuration: members, conflicts, schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using ConfigSources = ConfigTest;

TEST_F(ConfigSources, ReadsASourceWithAllItsMembers) {
  environment_ = {{"ONE_SECRET", good_secret}, {"ONE_TOKEN", good_token}};
  const auto config = load(source_lines + R"(
family = "other"
bearer = "ONE_TOKEN"
timestamp_header = "X-Time"
timestamp_format = "unix_s"
tolerance_s = 60
time_pointer = "/at"
identity_pointer = "/a~1b"
dialect = "stats"
effect = "announcement"
body_bytes_max = 1000
require_tls = true
allow = ["10.0.0.0/8"]
photo_hosts = ["cdn.example.com"]
limits = [{event_type = "a", count = 5, window_s = 10}, {event_type = "b", once_per_tokyo_day = true}]
require = {pointer = "/level", equals = 99}
)");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->sources, SizeIs(1));
  const auto& source = config->sources[0];
  EXPECT_EQ(source.name, "one");
  EXPECT_EQ(source.family, "other");
  EXPECT_THAT(source.paths, ElementsAre("/hook/one"));
  EXPECT_EQ(source.signature.scheme, "hmac_body");
  EXPECT_EQ(source.signature.timestamp_header, "X-Time");
  EXPECT_EQ(source.signature.timestamp_format, TimestampFormat::unix_s);
  EXPECT_EQ(source.signature.tolerance, std::chrono::seconds(60));
  EXPECT_EQ(source.identity_pointer, "/a~1b");
  EXPECT_EQ(source.dialect, Dialect::stats);
  EXPECT_EQ(source.effect, Effect::announcement);
  EXPECT_EQ(source.body_bytes_max, 1000u);
  EXPECT_TRUE(source.require_tls);
  ASSERT_THAT(source.limits, SizeIs(2));
  EXPECT_EQ(source.limits[0].count, 5u);
  EXPECT_EQ(source.limits[0].window, std::chrono::seconds(10));
  EXPECT_TRUE(source.limits[1].once_per_tokyo_day);
  ASSERT_TRUE(source.requirement);
  EXPECT_EQ(source.requirement->equals, 99);
  EXPECT_EQ(config->schemas.at("any.json"), R"({"type":"object"})");
  EXPECT_THAT(config->notices, Contains(HasSubstr("source one requires TLS")));
}

TEST_F(ConfigSources, FamilyIsTheNameUnlessSaid) {
  environment_ = {{"ONE_SECRET", good_secret}};
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->sources.at(0).family, "one");
}

TEST_F(ConfigSources, WrongMembersOfASourceAreExplained) {
  EXPECT_THAT(problem_with_source("\"one\"", "\"o ne\""), HasSubstr("denrei.toml:3:8: 'name' must be 1 to 64 letters"));
  EXPECT_THAT(problem_with_source("[\"/hook/one\"]", "[]"), HasSubstr("[[source]] needs 'paths'"));
  EXPECT_THAT(problem_with_source("/hook/one", "hook"), HasSubstr("'hook' is not a path such as"));
  EXPECT_THAT(problem_with_source("/hook/one", "/hook?x=1"), HasSubstr("'/hook?x=1' is not a path such as"));
  EXPECT_THAT(problem_with_source("/hook/one", "/api/employees/x"), HasSubstr("belongs to the reading interface"));
  EXPECT_THAT(problem_with_source("/hook/one", "/api/events"), HasSubstr("belongs to the reading interface"));
  EXPECT_THAT(problem_with_source("\"one\"", "\"api\""), HasSubstr("denrei.toml:3:8: 'api' is a name that routes use"));
  EXPECT_THAT(problem_with_source("hmac_body", "hmac_md5"), AllOf(HasSubstr("denrei.toml:5:10: "), HasSubstr("hmac_md5")));
  EXPECT_THAT(problem_with_source("\"/id\"", "\"id\""), HasSubstr("denrei.toml:9:15: 'key_pointer' is not a JSON Pointer"));
  EXPECT_THAT(problem_with_source("\"/id\"", "\"/i~2d\""), HasSubstr("'key_pointer' is not a JSON Pointer"));
  EXPECT_THAT(problem_with_source("event_type = \"one.happened\"", ""), HasSubstr("needs either 'type_pointer' or 'event_type'"));
  EXPECT_THAT(problem_with_source("name =", "dialect = \"french\"\nname ="), HasSubstr("denrei.toml:3:11: "));
  EXPECT_THAT(problem_with_source("name =", "effect = \"magic\"\nname ="), HasSubstr("denrei.toml:3:10: "));
  EXPECT_THAT(problem_with_source("name =", "timestamp_format = \"days\"\nname ="), HasSubstr("denrei.toml:3:20: "));
  EXPECT_THAT(problem_with_source("name =", "allow = [\"10.0.0\"]\nname ="), HasSubstr("'10.0.0' is not an address range"));
  EXPECT_THAT(problem_with_source("name =", "photo_hosts = [\"https://x\"]\nname ="), HasSubstr("'https://x' is not a host name"));
  EXPECT_THAT(problem_with_source("name =", "require_tls = \"perhaps\"\nname ="), HasSubstr("\"unless_loopback\""));
  EXPECT_THAT(problem_with_source("name =", "body_bytes_max = 0\nname ="), HasSubstr("'body_bytes_max' is 0, but must be 1 to"));
  EXPECT_THAT(problem_with_source("name =", "tolerance_s = 9999\nname ="), HasSubstr("'tolerance_s' is 9999, but must be 1 to 3600"));
}

TEST_F(ConfigSources, WrongLimitsAndRequirementsAreExplained) {
  EXPECT_THAT(problem_with_source("name =", "limits = 1\nname ="), HasSubstr("'limits' must be a list"));
  EXPECT_THAT(problem_with_source("name =", "limits = [1]\nname ="), HasSubstr("every limit must be a table"));
  EXPECT_THAT(problem_with_source("name =", "limits = [{event_type = \"a\"}]\nname ="), HasSubstr("a limit needs 'count'"));
  EXPECT_THAT(problem_with_source("name =", "limits = [{count = 1, once_per_tokyo_day = true}]\nname ="), HasSubstr("stands alone"));
  EXPECT_THAT(problem_with_source("name =", "limits = [{count = 1, windows = 1}]\nname ="), HasSubstr("did you mean 'window_s'?"));
  EXPECT_THAT(problem_with_source("name =", "require = 99\nname ="), HasSubstr("'require' must be a table"));
  EXPECT_THAT(problem_with_source("name =", "require = {pointer = \"/a\"}\nname ="), HasSubstr("'require' needs 'equals'"));
}

TEST_F(ConfigSources, TwoSourcesCannotShareANameOrAPath) {
  environment_ = {{"ONE_SECRET", good_secret}};
  const auto text = problems_of(source_lines + source_lines);
  EXPECT_THAT(text, HasSubstr("denrei.toml:13:8: name 'one' is already used at denrei.toml:3:8"));
  EXPECT_THAT(text, HasSubstr("denrei.toml:14:9: path '/hook/one' is already used at denrei.toml:4:9"));
}

TEST_F(ConfigSources, SchemaMustExistAndCompile) {
  EXPECT_THAT(problem_with_source("any.json", "absent.json"), AllOf(HasSubstr("denrei.toml:8:10: schema 'absent.json' is neither in"), HasSubstr("nor built in")));
  EXPECT_THAT(problem_with_source("any.json", "../any.json"), HasSubstr("must be a plain file name"));
  write("schemas/broken.json", R"({"type":)");
  EXPECT_THAT(problem_with_source("any.json", "broken.json"), HasSubstr("denrei.toml:8:10: schema 'broken.json': "));
  EXPECT_THAT(problem_with_source("any.json", "denrei.toml"), HasSubstr("nor built in"));
}

TEST_F(ConfigSources, SchemaFolderCanBeNamed) {
  std::filesystem::create_directory(folder_ / "mine");
  write("mine/any.json", R"({"type":"array"})");
  environment_ = {{"ONE_SECRET", good_secret}, {"DENREI_SCHEMA_DIR", (folder_ / "mine").string()}};
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->schemas.at("any.json"), R"({"type":"array"})");
}

TEST_F(ConfigSources, TlsUnlessLoopbackFollowsTheListener) {
  environment_ = {{"ONE_SECRET", good_secret}, {"DENREI_LISTEN", "127.0.0.1:1"}};
  const auto toml = source_lines + "require_tls = \"unless_loopback\"\n";
  EXPECT_FALSE(load(toml)->sources.at(0).require_tls);
  environment_["DENREI_LISTEN"] = "0.0.0.0:1";
  EXPECT_TRUE(load(toml)->sources.at(0).require_tls);
}

}  // namespace
}  // namespace denrei
