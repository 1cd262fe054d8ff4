// Channels of the configuration: where alerts go, and what is refused.
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
[[channel]]
name = "mail"
kind = "email"
server = "smtp://mail.example.com:587"
user = "denrei"
secret = "MAIL_PASSWORD"
from = "denrei@example.com"
to = ["a@example.com", "b@example.com"]
)";

class ConfigChannels : public ConfigTest {
 protected:
  ConfigChannels() { environment_ = {{"OPS_URL", "https://hooks.example.com/T/B/token"}, {"MAIL_PASSWORD", "p w"}}; }

  std::string slack_problem(const std::string& line) { return problems_of(changed(channel_lines, "kind =", line + "\nkind =")); }
  std::string mail_problem(const std::string& from, const std::string& to) { return problems_of(changed(mail_lines, from, to)); }
};

TEST_F(ConfigChannels, SlackIsAWebhookWhoseUrlIsASecret) {
  const auto config = load(channel_lines);
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->channels, SizeIs(1));
  const auto& channel = config->channels[0];
  EXPECT_EQ(channel.name, "ops");
  EXPECT_EQ(channel.kind, ChannelKind::slack);
  EXPECT_EQ(channel.retries, 3u);
  EXPECT_EQ(channel.timeout, Millis(10'000));
  EXPECT_EQ(config->secrets.at("OPS_URL").values.at(0).reveal(), "https://hooks.example.com/T/B/token");
  EXPECT_THAT(describe_config(*config), AllOf(HasSubstr("secret.OPS_URL = ********  # env OPS_URL\n"), HasSubstr("channel.ops.kind = slack  # "),
                                              HasSubstr("channel.ops.timeout = 10s  # default\n"), Not(HasSubstr("hooks.example.com"))));
}

TEST_F(ConfigChannels, EmailHasAllItsMembers) {
  const auto config = load(mail_lines + "starttls = true\nretries = 5\ntimeout = \"20s\"\nallow = [\"10.0.0.0/8\"]\n");
  ASSERT_TRUE(config) << config.error().detail;
  const auto& channel = config->channels.at(0);
  EXPECT_EQ(channel.kind, ChannelKind::email);
  EXPECT_EQ(channel.server, "smtp://mail.example.com:587");
  EXPECT_TRUE(channel.starttls);
  EXPECT_EQ(channel.user, "denrei");
  EXPECT_EQ(channel.from, "denrei@example.com");
  EXPECT_THAT(channel.to, ElementsAre("a@example.com", "b@example.com"));
  EXPECT_EQ(channel.retries, 5u);
  EXPECT_EQ(channel.timeout, Millis(20'000));
  EXPECT_THAT(channel.allow, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(config->secrets.at("MAIL_PASSWORD").values.at(0).reveal(), "p w");
  EXPECT_THAT(describe_config(*config), AllOf(HasSubstr("channel.mail.to = a@example.com, b@example.com  # "), Not(HasSubstr("p w"))));
}

TEST_F(ConfigChannels, EmailNeedsNoPassword) {
  environment_.clear();
  const auto config = load(changed(mail_lines, "user = \"denrei\"\nsecret = \"MAIL_PASSWORD\"\n", ""));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->channels, SizeIs(1));
}

TEST_F(ConfigChannels, WithoutItsSecretItIsOffIfOptionalAndStopsTheStartIfNot) {
  environment_.clear();
  EXPECT_EQ(problems_of(channel_lines), "denrei.toml:2:1: channel 'ops' cannot run: OPS_URL is not set (with 'optional = true' it would be off)");
  const auto config = load(channel_lines + "optional = true\n" + mail_lines + "optional = true\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->channels, IsEmpty());
  EXPECT_THAT(config->notices, Contains("channel ops is off: OPS_URL is not set"));
  EXPECT_THAT(config->notices, Contains("channel mail is off: MAIL_PASSWORD is not set"));
}

TEST_F(ConfigChannels, UrlOfSlackIsHttpsUnlessItIsThisMachine) {
  const auto problem = [&](const std::string& url, const std::string& line = "") {
    environment_["OPS_URL"] = url;
    return problems_of(channel_lines + line);
  };
  EXPECT_EQ(problem("http://hooks.example.com/token"), "env OPS_URL: OPS_URL must start with https://");
  EXPECT_THAT(problem("hooks.example.com/token"), AllOf(HasSubstr("is not a URL"), Not(HasSubstr("token"))));
  EXPECT_THAT(problem("http://127.0.0.1:9000/token"), HasSubstr("name it in 'allow'"));
  EXPECT_THAT(problem("http://127.0.0.1:9000/token", "allow = [\"10.0.0.0/8\"]\n"), HasSubstr("name it in 'allow'"));
  EXPECT_EQ(problem("http://127.0.0.1:9000/token", "allow = [\"127.0.0.0/8\"]\n"), "");
  EXPECT_EQ(problem("http://[::1]:9000/token", "allow = [\"::1\"]\n"), "");
  EXPECT_THAT(problem("http://10.0.0.1/token", "allow = [\"10.0.0.0/8\"]\n"), HasSubstr("must start with https://"));
  EXPECT_THAT(problem("http://localhost:9000/token", "allow = [\"127.0.0.0/8\"]\n"), HasSubstr("must start with https://"));
}

TEST_F(ConfigChannels, WrongMembersAreExplained) {
  EXPECT_THAT(problems_of(changed(channel_lines, "slack", "slak")), HasSubstr("denrei.toml:4:8: unknown kind \"slak\"; did you mean 'slack'?"));
  EXPECT_THAT(problems_of(changed(channel_lines, "kind = \"slack\"", "")), HasSubstr("[[channel]] needs 'kind'"));
  EXPECT_THAT(problems_of(changed(channel_lines, "secret = \"OPS_URL\"", "")), HasSubstr("[[channel]] needs 'secret'"));
  EXPECT_THAT(problems_of(changed(channel_lines, "OPS_URL", "https://hooks.example.com/x")), HasSubstr("never the secret itself"));
  EXPECT_THAT(problems_of(channel_lines + channel_lines), HasSubstr("denrei.toml:8:8: name 'ops' is already used at denrei.toml:3:8"));
  EXPECT_THAT(slack_problem("server = \"smtp://mail:25\""), HasSubstr("denrei.toml:4:10: 'server' belongs to kind \"email\""));
  EXPECT_THAT(slack_problem("retries = 11"), HasSubstr("'retries' is 11, but must be 0 to 10"));
  EXPECT_THAT(slack_problem("timeout = \"2m\""), HasSubstr("'timeout' is 2m, but must be 100ms to 1m"));
  EXPECT_THAT(slack_problem("allow = [\"x\"]"), HasSubstr("'x' is not an address range"));
  EXPECT_THAT(slack_problem("ca_file = \"/absent\""), HasSubstr("denrei.toml:4:11: /absent: cannot be read"));
  EXPECT_THAT(slack_problem("retry = 1"), HasSubstr("unknown key 'retry' in [[channel]]"));
}

TEST_F(ConfigChannels, WrongMembersOfEmailAreExplained) {
  EXPECT_THAT(mail_problem("smtp://", "http://"), HasSubstr("denrei.toml:5:10: 'server' is not a mail server such as smtp://"));
  EXPECT_THAT(mail_problem("denrei@example.com", "denrei"), HasSubstr("denrei.toml:8:8: 'denrei' is not an e-mail address"));
  EXPECT_THAT(mail_problem("b@example.com", "b@example.com\\r\\nBcc: c@example.com"), HasSubstr("is not an e-mail address"));
  EXPECT_THAT(mail_problem("b@example.com", "職員@example.com"), HasSubstr("is not an e-mail address"));
  EXPECT_THAT(mail_problem("[\"a@example.com\", \"b@example.com\"]", "[]"), HasSubstr("[[channel]] needs 'to'"));
  EXPECT_THAT(mail_problem("user = \"denrei\"\n", ""), HasSubstr("'user' and 'secret' (the password) go together"));
  EXPECT_THAT(mail_problem("user =", "starttls = false\nuser ="),
              HasSubstr("denrei.toml:6:12: without 'starttls' the password would be sent in the clear"));
  EXPECT_EQ(mail_problem("smtp://mail.example.com:587\"", "smtps://mail.example.com:465\"\nstarttls = false"), "");
  environment_["MAIL_PASSWORD"] = "p\nw";
  EXPECT_THAT(mail_problem("denrei", "denrei"), HasSubstr("MAIL_PASSWORD is empty or holds control characters"));
}

}  // namespace
}  // namespace denrei
