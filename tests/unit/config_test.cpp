// Configuration: which value wins, what is refused, and the shipped default.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(ConfigTest, EmptyFileGivesTheDefaults) {
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->listen.port, 4000);
  EXPECT_EQ(config->listen.address, "127.0.0.1");
  EXPECT_EQ(config->partitions, config->threads);
  EXPECT_GE(config->threads, 1u);
  EXPECT_LE(config->threads, config->partitions);
  EXPECT_FALSE(config->node.empty());
  EXPECT_EQ(config->shown.at("server.listen"), (std::pair<std::string, std::string>{"127.0.0.1:4000", "default"}));
  EXPECT_THAT(config->notices, Contains(HasSubstr("no source is on")));
}

TEST_F(ConfigTest, FileWinsOverDefaultEnvironmentOverFileAndFlagOverAll) {
  const std::string toml = "[server]\nlisten = \"127.0.0.1:5001\"\ndata_dir = \"/file\"\nnode = \"file\"\n";
  environment_ = {{"DENREI_DATA_DIR", "/env"}, {"DENREI_NODE", "env"}};
  inputs_.flags = {{"node", "flag"}};
  const auto config = load(toml);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->listen.port, 5001);
  EXPECT_EQ(config->data_dir, "/env");
  EXPECT_EQ(config->node, "flag");
  EXPECT_THAT(config->shown.at("server.listen").second, EndsWith("denrei.toml:2:10"));
  EXPECT_EQ(config->shown.at("server.data_dir").second, "env DENREI_DATA_DIR");
  EXPECT_EQ(config->shown.at("server.node").second, "flag --node");
  EXPECT_EQ(config->shown.at("server.ops_listen").second, "default");
}

TEST_F(ConfigTest, EmptyVariableCountsAsNotSet) {
  environment_ = {{"DENREI_DATA_DIR", ""}};
  const auto config = load("[server]\ndata_dir = \"/file\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data_dir, "/file");
}

TEST_F(ConfigTest, EveryVariableReachesItsValue) {
  const auto pem = write("some.pem", "pem").string();
  environment_ = {{"DENREI_LISTEN", "0.0.0.0:1"}, {"DENREI_OPS_LISTEN", "[::1]:2"}, {"DENREI_DATA_DIR", "/d"},
                  {"DENREI_REDIS", "redis://r:6379"}, {"DENREI_REDIS_PREFIX", "x"}, {"DENREI_THREADS", "3"},
                  {"DENREI_PARTITIONS", "8"}, {"DENREI_NODE", "n"}, {"DENREI_TLS_CERT", pem}, {"DENREI_TLS_KEY", pem},
                  {"DENREI_LOG_REQUESTS", "false"}, {"DENREI_TAKE_OVER", "1"}, {"DENREI_CORS_ORIGINS", "https://a.jp, http://b:1"},
                  {"DENREI_TRUSTED_PROXIES", "10.0.0.0/8,::1"}, {"DENREI_DRAIN_TIMEOUT_S", "5"},
                  {"DENREI_REDIS_MAXMEMORY_MB", "64"}, {"DENREI_DEDUPE_WINDOW_H", "100"}, {"DENREI_LOG_KEEP_EVENTS", "1000"}};
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->listen.address, "0.0.0.0");
  EXPECT_EQ(config->ops_listen.address, "::1");
  EXPECT_EQ(config->ops_listen.port, 2);
  EXPECT_EQ(config->data_dir, "/d");
  EXPECT_EQ(config->redis, "redis://r:6379");
  EXPECT_EQ(config->redis_prefix, "x");
  EXPECT_EQ(config->threads, 3u);
  EXPECT_EQ(config->partitions, 8u);
  EXPECT_EQ(config->node, "n");
  EXPECT_EQ(config->tls.certificate, pem);
  EXPECT_EQ(config->tls.key, pem);
  EXPECT_FALSE(config->log_requests);
  EXPECT_TRUE(config->take_over);
  EXPECT_THAT(config->cors_origins, ElementsAre("https://a.jp", "http://b:1"));
  EXPECT_THAT(config->trusted_proxies, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_EQ(config->drain_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->redis_maxmemory_mb, 64u);
  EXPECT_EQ(config->dedupe_window, std::chrono::hours(100));
  EXPECT_EQ(config->log_keep_events, 1000u);
}

TEST_F(ConfigTest, ToleranceVariableChangesEverySource) {
  environment_ = {{"ONE_SECRET", good_secret}, {"DENREI_TOLERANCE_S", "900"}};
  const auto config = load(source_lines + "tolerance_s = 60\n");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->sources, SizeIs(1));
  EXPECT_EQ(config->sources[0].signature.tolerance, std::chrono::seconds(900));
  EXPECT_EQ(config->shown.at("source.one.tolerance_s").second, "env DENREI_TOLERANCE_S");
}

TEST_F(ConfigTest, UnknownKeysAreRefusedWithTheirPlaceAndASuggestion) {
  EXPECT_EQ(problems_of("[server]\nlisen = \"x\"\n"), "denrei.toml:2:1: unknown key 'lisen' in [server]; did you mean 'listen'?");
  EXPECT_EQ(problems_of("[sever]\n"), "denrei.toml:1:2: unknown key 'sever' in the file; did you mean 'server'?");
  EXPECT_EQ(problems_of("[tls]\nzzzzz = 1\n"), "denrei.toml:2:1: unknown key 'zzzzz' in [tls]; known are: certificate, key");
  EXPECT_THAT(problem_with_source("secret =", "secert ="), HasSubstr("unknown key 'secert' in [[source]]; did you mean 'secret'?"));
}

TEST_F(ConfigTest, AllProblemsAreSaidAtOnce) {
  environment_ = {{"DENREI_THREADS", "zero"}};
  inputs_.flags = {{"lissten", "x"}};
  const auto text = problems_of("[server]\nlisten = 4000\n[redis]\nurl = \"http://x\"\n[[source]]\nname = \"a\"\n");
  EXPECT_THAT(text, HasSubstr("flag --lissten: unknown option; did you mean 'listen'?"));
  EXPECT_THAT(text, HasSubstr("denrei.toml:2:10: 'listen' must be a text in quotes"));
  EXPECT_THAT(text, HasSubstr("denrei.toml:4:7: redis.url: must be \"embedded\" or start with redis://"));
  EXPECT_THAT(text, HasSubstr("env DENREI_THREADS: server.threads: 'zero' is not a whole number from 1 to 256"));
  EXPECT_THAT(text, HasSubstr("[[source]] needs 'paths'"));
  EXPECT_THAT(text, HasSubstr("[[source]] needs 'secret'"));
}

TEST_F(ConfigTest, BrokenTomlIsRefusedWithItsPlace) {
  EXPECT_THAT(problems_of("[server]\nlisten = \n"), StartsWith("denrei.toml:2:"));
  EXPECT_THAT(problems_of(std::string("a = \"\xff\xfe\"\n")), StartsWith("denrei.toml:1:"));
  EXPECT_THAT(problems_of(std::string(300, '[')), StartsWith("denrei.toml:1:"));
  EXPECT_THAT(problems_of(std::string(2 * 1024 * 1024, '#')), HasSubstr("is larger than"));
}

TEST_F(ConfigTest, MissingFileIsRefused) {
  inputs_.file = folder_ / "absent.toml";
  const auto config = load_built_in();
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().detail, HasSubstr("absent.toml: cannot be read: No such file"));
  inputs_.file = folder_;
  EXPECT_THAT(load_built_in().error().detail, HasSubstr("is a directory"));
}

TEST_F(ConfigTest, VariableNamesTheFile) {
  environment_ = {{"DENREI_CONFIG", write("named.toml", "[server]\nnode = \"named\"\n").string()}};
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->node, "named");
}

TEST_F(ConfigTest, WrongValuesOfSettingsAreExplained) {
  EXPECT_THAT(problems_of("[server]\nlisten = \"4000\"\n"), HasSubstr("'4000' is not an address and port such as"));
  EXPECT_THAT(problems_of("[server]\nthreads = 0\n"), HasSubstr("denrei.toml:2:11: server.threads: '0' is not a whole number from 1 to 256"));
  EXPECT_THAT(problems_of("[server]\nthreads = \"2\"\n"), HasSubstr("'threads' must be a whole number"));
  EXPECT_THAT(problems_of("[server]\nlog_requests = 1\n"), HasSubstr("'log_requests' must be true or false"));
  EXPECT_THAT(problems_of("[server]\ncors_origins = \"https://a\"\n"), HasSubstr("'cors_origins' must be a list of texts"));
  EXPECT_THAT(problems_of("[server]\ncors_origins = [\"https://a/b\"]\n"), HasSubstr("'https://a/b' is not an origin"));
  EXPECT_THAT(problems_of("[server]\ntrusted_proxies = [\"10.0.0.0/33\"]\n"), HasSubstr("'10.0.0.0/33' is not an address range"));
  EXPECT_THAT(problems_of("[server]\nnode = \"a b\"\n"), HasSubstr("server.node: 'a b' is not 1 to 64 letters"));
  EXPECT_THAT(problems_of("server = 1\n"), HasSubstr("'server' must be a table: [server]"));
  environment_ = {{"DENREI_TAKE_OVER", "maybe"}};
  EXPECT_THAT(problems_of(""), HasSubstr("env DENREI_TAKE_OVER: redis.take_over: 'maybe' is neither true nor false"));
}

TEST_F(ConfigTest, MoreThreadsThanPartitionsAreRefused) {
  EXPECT_EQ(problems_of("[server]\nthreads = 5\n[redis]\npartitions = 4\n"),
            "denrei.toml:2:11: server.threads: 5 threads need at least as many partitions, but redis.partitions is 4");
  EXPECT_EQ(problems_of("[server]\nthreads = 5\n[redis]\npartitions = 5\n"), "");
}

TEST_F(ConfigTest, OneAddressForBothListenersIsRefused) {
  EXPECT_THAT(problems_of("[server]\nlisten = \":4001\"\n"), HasSubstr("server.ops_listen: must differ from server.listen"));
  EXPECT_EQ(problems_of("[server]\nlisten = \":0\"\nops_listen = \":0\"\n"), "");
}

TEST_F(ConfigTest, CertificateAndKeyGoTogetherAndMustBeReadable) {
  EXPECT_THAT(problems_of("[tls]\ncertificate = \"/absent.pem\"\n"),
              AllOf(HasSubstr("tls.certificate is set without tls.key"), HasSubstr("tls.certificate: /absent.pem: cannot be read")));
}

TEST_F(ConfigTest, PasswordOfRedisIsNotShown) {
  const auto config = load("[redis]\nurl = \"redis://me:hunter2@host:6379\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->redis, "redis://me:hunter2@host:6379");
  EXPECT_THAT(describe_config(*config), AllOf(HasSubstr("redis.url = redis://me:********@host:6379"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(problems_of("[redis]\nurl = \"http://me:hunter2@host\"\n"), Not(HasSubstr("hunter2")));
}

// --- the shipped default

TEST_F(ConfigTest, ShippedDefaultHasAllSourcesOffWithoutSecrets) {
  inputs_.file = std::filesystem::path(DENREI_ROOT) / "config" / "denrei.toml";
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->sources, IsEmpty());
  for (const auto* name : {"MEDICAL_WEBHOOK_SECRET is", "MEDICAL_SYSTEM_WEBHOOK_SECRET is", "ANALYTICS_NOTIFICATION_HMAC_SECRET is",
                           "VOICEDRIVE_WEBHOOK_SECRET and VOICEDRIVE_API_TOKEN are"})
    EXPECT_THAT(config->notices, Contains(HasSubstr(std::string(name) + " not set")));
}

TEST_F(ConfigTest, ShippedDefaultHasAllSourcesOnWithTheirSecrets) {
  inputs_.file = std::filesystem::path(DENREI_ROOT) / "config" / "denrei.toml";
  environment_ = {{"MEDICAL_WEBHOOK_SECRET", good_secret}, {"MEDICAL_SYSTEM_WEBHOOK_SECRET", good_secret},
                  {"ANALYTICS_NOTIFICATION_HMAC_SECRET", good_secret}, {"VOICEDRIVE_WEBHOOK_SECRET", good_secret},
                  {"VOICEDRIVE_API_TOKEN", good_token}};
  const auto config = load_built_in();
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->sources, SizeIs(4));
  std::vector<std::string> families;
  for (const auto& source : config->sources) families.push_back(source.family);
  EXPECT_THAT(families, ElementsAre("employee", "case", "bulletin", "announcement"));
  EXPECT_THAT(config->sources[3].paths, ElementsAre("/api/voicedrive/stats", "/api/v1/voicedrive/stats"));
  EXPECT_THAT(config->sources[3].limits, SizeIs(3));
  EXPECT_FALSE(config->sources[3].require_tls);
  EXPECT_EQ(config->sources[2].requirement.value().equals, 99);
  EXPECT_EQ(config->sources[0].signature.timestamp_format, TimestampFormat::unix_ms);
}

TEST_F(ConfigTest, BuiltInDefaultRunsWithoutAnyFile) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);  // here is no config/denrei.toml
  environment_ = {{"MEDICAL_WEBHOOK_SECRET", good_secret}};
  const auto config = load_built_in();
  std::filesystem::current_path(before);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->shown.at("config").first, "built-in denrei.toml");
  ASSERT_THAT(config->sources, SizeIs(1));
  EXPECT_EQ(config->shown.at("schema.employee.json").second, "built-in");
}

TEST_F(ConfigTest, FileInTheWorkingFolderIsFound) {
  const auto before = std::filesystem::current_path();
  std::filesystem::create_directory(folder_ / "config");
  write("config/denrei.toml", "[server]\nnode = \"found\"\n");
  std::filesystem::current_path(folder_);
  const auto config = load_built_in();
  std::filesystem::current_path(before);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->node, "found");
}

}  // namespace
}  // namespace denrei
