// Outside services of the configuration: what each kind has, who uses them, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string mail_lines = R"(
[[service]]
name = "mail"
kind = "email"
[[service.provider]]
name = "tokyo"
server = "smtp://mail.example.com:587"
user = "denrei"
secret = "MAIL_PASSWORD"
from = "denrei@example.com"
[[service.provider]]
name = "osaka"
server = "smtps://mail.example.net:465"
from = "denrei@example.net"
)";

const std::string storage_lines = R"(
[[service]]
name = "files"
kind = "storage"
[[service.provider]]
name = "primary"
url = "https://s3.example.com"
region = "ap-northeast-1"
bucket = "denrei"
access_key = "AKIA"
secret = "S3_KEY"
)";

const std::string monitoring_lines = R"(
[[service]]
name = "otel"
kind = "monitoring"
[[service.provider]]
name = "primary"
url = "https://otlp.example.com/v1"
secret = "OTEL_KEY"
key_header = "api-key"
)";

const std::string cdn_lines = R"(
[[service]]
name = "photos"
kind = "cdn"
[[service.provider]]
name = "primary"
url = "https://cdn.example.com/probe.jpg?size=1"
origin = "https://voicedrive.example.com"
)";

const std::string channel_of_service = R"(
[[channel]]
name = "duty"
kind = "email"
service = "mail"
to = ["a@example.com"]
)";

class ConfigServices : public ConfigTest {
 protected:
  ConfigServices() { environment_ = {{"MAIL_PASSWORD", "p w"}, {"S3_KEY", "s3cr3t"}, {"OTEL_KEY", "k3y"}, {"ONE_SECRET", good_secret}}; }
  Service load_one(const std::string& toml) {
    const auto config = load(toml);
    if (!config) throw std::runtime_error(config.error().detail);
    return config->services.at(0);
  }
  std::string problem(const std::string& lines, const std::string& from, const std::string& to) { return problems_of(changed(lines, from, to)); }
};

TEST_F(ConfigServices, EmailHasProvidersInTheirOrder) {
  const auto service = load_one(mail_lines);
  EXPECT_EQ(service.kind, ServiceKind::email);
  EXPECT_EQ(service.dependency, Dependency::high);
  EXPECT_EQ(service.retries, 3u);
  EXPECT_EQ(service.timeout, Millis(10'000));
  EXPECT_EQ(service.return_after, Millis(60'000));
  ASSERT_THAT(service.providers, SizeIs(2));
  EXPECT_EQ(service.providers[0].name + " " + service.providers[0].url, "tokyo smtp://mail.example.com:587");
  EXPECT_EQ(service.providers[0].user + " " + service.providers[0].secret, "denrei MAIL_PASSWORD");
  EXPECT_EQ(service.providers[1].name + " " + service.providers[1].from, "osaka denrei@example.net");
}

TEST_F(ConfigServices, StorageHasMoreRetriesAndTime) {
  const auto service = load_one(storage_lines);
  EXPECT_EQ(service.dependency, Dependency::medium);
  EXPECT_EQ(service.retries, 5u);
  EXPECT_EQ(service.timeout, Millis(60'000));
  const auto& provider = service.providers.at(0);
  EXPECT_EQ(provider.url + " " + provider.region + " " + provider.bucket + " " + provider.user, "https://s3.example.com ap-northeast-1 denrei AKIA");
  EXPECT_TRUE(provider.path_style);
}

TEST_F(ConfigServices, MonitoringAndCdnHaveARhythm) {
  const auto monitoring = load_one(changed(monitoring_lines, "kind =", "interval = \"30s\"\ntrace_share = 0.5\nbuffer_bytes_max = 2097152\nkind ="));
  EXPECT_EQ(monitoring.dependency, Dependency::low);
  EXPECT_EQ(monitoring.retries, 3u);
  EXPECT_EQ(monitoring.interval, Millis(30'000));
  EXPECT_EQ(monitoring.trace_share, 0.5);
  EXPECT_EQ(monitoring.buffer_bytes_max, 2'097'152u);
  EXPECT_EQ(monitoring.providers.at(0).key_header, "api-key");
  const auto cdn = load_one(cdn_lines);
  EXPECT_EQ(cdn.dependency, Dependency::low);
  EXPECT_EQ(cdn.interval, Millis(300'000));
  EXPECT_EQ(cdn.providers.at(0).origin, "https://voicedrive.example.com");
}

TEST_F(ConfigServices, EverythingIsShownAndNoSecret) {
  const auto config = load(mail_lines + storage_lines + monitoring_lines + cdn_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(describe_config(*config),
              AllOf(HasSubstr("service.mail.provider = tokyo, osaka  # "), HasSubstr("service.mail.dependency = high  # default"),
                    HasSubstr("service.mail.osaka.server = smtps://mail.example.net:465  # "), HasSubstr("secret.S3_KEY = ********  # env S3_KEY"),
                    HasSubstr("service.files.primary.access_key = AKIA  # "), HasSubstr("service.files.retries = 5  # default"),
                    HasSubstr("service.otel.trace_share = 0.01  # default"), HasSubstr("service.photos.primary.url = https://cdn.example.com/probe.jpg?********"),
                    Not(HasSubstr("s3cr3t")), Not(HasSubstr("k3y")), Not(HasSubstr("p w"))));
}

TEST_F(ConfigServices, WithoutASecretItIsOffIfOptionalAndStopsTheStartIfNot) {
  environment_.erase("MAIL_PASSWORD");
  EXPECT_EQ(problems_of(mail_lines), "denrei.toml:2:1: service 'mail' cannot run: MAIL_PASSWORD is not set (with 'optional = true' it would be off)");
  const auto optional = changed(mail_lines, "kind =", "optional = true\nkind =");
  const auto config = load(optional + channel_of_service + source_lines + "needs = [\"mail\"]\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->services, IsEmpty());
  EXPECT_THAT(config->channels, IsEmpty());
  EXPECT_THAT(config->sources.at(0).needs, IsEmpty());
  EXPECT_THAT(config->notices, Contains("service mail is off: MAIL_PASSWORD is not set"));
  EXPECT_THAT(config->notices, Contains("channel duty is off: its service mail is off"));
  EXPECT_THAT(config->notices, Contains("source one does not wait for service mail: it is off"));
}

TEST_F(ConfigServices, AChannelSendsByAServiceThatIsThere) {
  const auto config = load(mail_lines + channel_of_service);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->channels.at(0).service, "mail");
  EXPECT_THAT(config->services, SizeIs(1));
  EXPECT_THAT(problems_of(mail_lines + changed(channel_of_service, "\"mail\"", "\"mial\"")),
              HasSubstr("denrei.toml:19:11: there is no service 'mial' of kind \"email\"; did you mean 'mail'?"));
  EXPECT_THAT(problems_of(storage_lines + changed(channel_of_service, "\"mail\"", "\"files\"")), HasSubstr("there is no service 'files' of kind \"email\""));
  EXPECT_THAT(problems_of(mail_lines + channel_of_service + "server = \"smtp://m.example.com\"\nretries = 1\n"),
              AllOf(HasSubstr("'server' belongs to the [[service]] that 'service' names"), HasSubstr("'retries' belongs to the [[service]]")));
  EXPECT_THAT(problems_of(changed(channel_of_service, "service = \"mail\"", "server = \"smtp://m.example.com\"\nfrom = \"a@example.com\"") +
                          changed(mail_lines, "name = \"mail\"", "name = \"duty\"")),
              HasSubstr("there is a service 'duty' too: send by it with service = \"duty\", or take another name"));
}

TEST_F(ConfigServices, ASourceNeedsAServiceThatIsThere) {
  const auto with_needs = [](const std::string& names) { return source_lines + "needs = [" + names + "]\n"; };
  const auto config = load(with_needs("\"mail\", \"files\"") + mail_lines + storage_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->sources.at(0).needs, ElementsAre("mail")) << "only what is highly depended on holds anything up";
  EXPECT_THAT(config->notices, Contains("source one does not wait for service files: its dependency is medium"));
  EXPECT_THAT(describe_config(*config), HasSubstr("source.one.needs = mail, files  # "));
  EXPECT_THAT(problems_of(with_needs("\"male\"") + mail_lines), HasSubstr("denrei.toml:11:9: there is no service 'male'; known are: mail"));
}

TEST_F(ConfigServices, WrongMembersAreExplained) {
  EXPECT_THAT(problem(mail_lines, "\"email\"", "\"mail\""), HasSubstr("denrei.toml:4:8: unknown kind \"mail\"; known: email, storage, monitoring, cdn"));
  EXPECT_THAT(problem(mail_lines, "kind =", "dependency = \"hi\"\nkind ="), HasSubstr("unknown dependency \"hi\"; known: high, medium, low"));
  EXPECT_THAT(problem(mail_lines, "kind =", "retries = 11\nkind ="), HasSubstr("'retries' is 11, but must be 0 to 10"));
  EXPECT_THAT(problem(mail_lines, "kind =", "timeout = \"1h\"\nkind ="), HasSubstr("'timeout' is 1h, but must be 100ms to 5m"));
  EXPECT_THAT(problem(mail_lines, "kind =", "interval = \"1m\"\nkind ="), HasSubstr("'interval' belongs to kinds \"monitoring\" and \"cdn\""));
  EXPECT_THAT(problem(cdn_lines, "kind =", "trace_share = 0.1\nkind ="), HasSubstr("'trace_share' belongs to kind \"monitoring\""));
  EXPECT_THAT(problem(mail_lines, "\"osaka\"", "\"tokyo\""), HasSubstr("name 'tokyo' is already used at denrei.toml:6:8"));
  EXPECT_THAT(problem(mail_lines, "\"osaka\"", "\"osaka\"\nbucket = \"b\""), HasSubstr("unknown key 'bucket' in [[service.provider]]"));
  EXPECT_THAT(problems_of(mail_lines + mail_lines), HasSubstr("name 'mail' is already used at denrei.toml:3:8"));
  EXPECT_THAT(problems_of("[[service]]\nname = \"mail\"\nkind = \"email\"\n"), HasSubstr("[[service]] needs 1 to 4 providers"));
  std::string five = mail_lines;
  for (int i = 0; i < 3; ++i) five += "[[service.provider]]\nname = \"p" + std::to_string(i) + "\"\nserver = \"smtp://a.example\"\nfrom = \"a@b.example\"\n";
  EXPECT_THAT(problems_of(five), HasSubstr("[[service]] needs 1 to 4 providers"));
}

TEST_F(ConfigServices, WrongMembersOfProvidersAreExplained) {
  EXPECT_THAT(problem(mail_lines, "smtp://", "http://"), HasSubstr("denrei.toml:7:10: 'server' is not a mail server such as smtp://"));
  EXPECT_THAT(problem(mail_lines, "from = \"denrei@example.com\"\n", ""), HasSubstr("[[service.provider]] needs 'from'"));
  EXPECT_THAT(problem(mail_lines, "user = \"denrei\"\n", ""), HasSubstr("'user' and 'secret' (the password) go together"));
  EXPECT_THAT(problem(storage_lines, "region = \"ap-northeast-1\"\n", ""), HasSubstr("[[service.provider]] needs 'region'"));
  EXPECT_THAT(problem(storage_lines, "bucket = \"denrei\"\n", ""), HasSubstr("[[service.provider]] needs 'bucket'"));
  EXPECT_THAT(problem(storage_lines, "secret = \"S3_KEY\"\n", ""), HasSubstr("[[service.provider]] needs 'secret'"));
  EXPECT_THAT(problem(storage_lines, "https://s3.example.com", "http://s3.example.com"), HasSubstr("(http:// needs 'plain_http = true')"));
  EXPECT_THAT(problem(storage_lines, "https://s3.example.com", "https://192.168.1.1"), HasSubstr("name it in 'allow'"));
  EXPECT_THAT(problem(storage_lines, "https://s3.example.com", "https://s3.example.com/x"), HasSubstr("'url' is the endpoint alone, without a path"));
  EXPECT_THAT(problem(storage_lines, "\"denrei\"", "\"a/b\""), HasSubstr("'bucket' must be 1 to 63 letters"));
  EXPECT_THAT(problem(monitoring_lines, "/v1", "/v1?a=b"), HasSubstr("'url' must not have a query"));
  EXPECT_THAT(problem(monitoring_lines, "secret = \"OTEL_KEY\"\n", ""), HasSubstr("'key_header' says where 'secret' goes, but there is none"));
  EXPECT_THAT(problem(cdn_lines, "voicedrive.example.com\"", "voicedrive.example.com/x\""), HasSubstr("is not an origin such as"));
  environment_["OTEL_KEY"] = "two words";
  EXPECT_THAT(problems_of(monitoring_lines), AllOf(HasSubstr("OTEL_KEY is empty or holds blanks"), Not(HasSubstr("two words"))));
}

}  // namespace
}  // namespace denrei
