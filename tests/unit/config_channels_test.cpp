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
  EXPECT_EQ(channel.service, "mail");
  EXPECT_THAT(channel.to, ElementsAre("a@example.com", "b@example.com"));
  EXPECT_EQ(channel.secret, "");
  ASSERT_THAT(config->services, SizeIs(1));
  const auto& service = config->services[0];
  EXPECT_EQ(service.name, "mail");
  EXPECT_EQ(service.kind, ServiceKind::email);
  EXPECT_EQ(service.dependency, Dependency::low) << "nobody has said that anything depends on it";
  EXPECT_EQ(service.retries, 5u);
  EXPECT_EQ(service.timeout, Millis(20'000));
  const auto& provider = service.providers.at(0);
  EXPECT_EQ(provider.url, "smtp://mail.example.com:587");
  EXPECT_TRUE(provider.starttls);
  EXPECT_EQ(provider.user, "denrei");
  EXPECT_EQ(provider.secret, "MAIL_PASSWORD");
  EXPECT_EQ(provider.from, "denrei@example.com");
  EXPECT_EQ(config->secrets.at("MAIL_PASSWORD").values.at(0).reveal(), "p w");
  EXPECT_THAT(describe_config(*config), AllOf(HasSubstr("channel.mail.to = a@example.com, b@example.com  # "),
                                              HasSubstr("channel.mail.server = smtp://mail.example.com:587  # "), Not(HasSubstr("p w"))));
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
  EXPECT_EQ(mail_problem("user =", "ca_file = \"/absent\"\nuser ="), "denrei.toml:6:11: /absent: cannot be read: No such file or directory") << "said once";
  environment_["MAIL_PASSWORD"] = "p\nw";
  EXPECT_THAT(mail_problem("denrei", "denrei"), HasSubstr("MAIL_PASSWORD is empty or holds control characters"));
}

TEST_F(ConfigChannels, InboxAndStreamsNeedNothing) {
  const auto config = load("[[channel]]\nname = \"board\"\nkind = \"inbox\"\n[[channel]]\nname = \"live\"\nkind = \"sse\"\nlanguage = \"en\"\n");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->channels, SizeIs(2));
  EXPECT_EQ(config->channels[0].kind, ChannelKind::inbox);
  EXPECT_EQ(config->channels[0].language, Language::ja);
  EXPECT_EQ(config->channels[1].kind, ChannelKind::sse);
  EXPECT_EQ(config->channels[1].language, Language::en);
  EXPECT_THAT(problems_of("[[channel]]\nname = \"board\"\nkind = \"inbox\"\nsecret = \"OPS_URL\"\n"),
              HasSubstr("denrei.toml:4:10: 'secret' belongs to kinds"));
}

TEST_F(ConfigChannels, WebhookHasAUrlAndMayHaveASecretThatSigns) {
  const std::string lines = "[[channel]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"https://alerts.example.com/in?t=token\"\n";
  const auto open = load(lines);
  ASSERT_TRUE(open) << open.error().detail;
  EXPECT_EQ(open->channels.at(0).url, "https://alerts.example.com/in?t=token");
  EXPECT_THAT(describe_config(*open), HasSubstr("channel.hook.url = https://alerts.example.com/in?********  # "));
  const auto with_secret = lines + "secret = \"HOOK_SECRET\"\n";
  EXPECT_THAT(problems_of(with_secret), HasSubstr("channel 'hook' cannot run: HOOK_SECRET is not set"));
  environment_["HOOK_SECRET"] = "short";
  EXPECT_THAT(problems_of(with_secret), HasSubstr("HOOK_SECRET has 5 characters, a signing secret needs at least 32"));
  environment_["HOOK_SECRET"] = "whsec_" + std::string(40, '!');
  EXPECT_THAT(problems_of(with_secret), HasSubstr("denrei.toml:1:1: HOOK_SECRET is not in the form that scheme standard_webhooks wants"));
  environment_["HOOK_SECRET"] = good_secret;
  EXPECT_EQ(problems_of(with_secret), "");
}

TEST_F(ConfigChannels, UrlOfAWebhookIsHttpsToAPublicAddressUnlessAllowed) {
  const auto problem = [&](const std::string& more) { return problems_of("[[channel]]\nname = \"hook\"\nkind = \"webhook\"\n" + more); };
  EXPECT_THAT(problem(""), HasSubstr("[[channel]] needs 'url'"));
  EXPECT_THAT(problem("url = \"http://alerts.example.com\""), HasSubstr("'url' must start with https:// (http:// needs 'plain_http = true')"));
  EXPECT_EQ(problem("url = \"http://alerts.example.com\"\nplain_http = true"), "");
  EXPECT_THAT(problem("url = \"https://10.0.0.1/\""), HasSubstr("name it in 'allow'"));
  EXPECT_EQ(problem("url = \"https://10.0.0.1/\"\nallow = [\"10.0.0.0/8\"]"), "");
  EXPECT_THAT(slack_problem("url = \"https://alerts.example.com\""), HasSubstr("'url' belongs to kind \"webhook\""));
}

TEST_F(ConfigChannels, WordsAndPaceAreReadAndShown) {
  const auto config = load(channel_lines + "language = \"en\"\nsubject = \"{mark}{subject}\"\ntext = \"a\\n{text}\"\nper_minute = 30\n");
  ASSERT_TRUE(config) << config.error().detail;
  const auto& channel = config->channels.at(0);
  EXPECT_EQ(channel.subject, "{mark}{subject}");
  EXPECT_EQ(channel.text, "a\n{text}");
  EXPECT_EQ(channel.per_minute, 30u);
  EXPECT_THAT(describe_config(*config), AllOf(HasSubstr("channel.ops.language = en  # "), HasSubstr("channel.ops.text = a\\n{text}  # "),
                                              HasSubstr("channel.ops.per_minute = 30  # ")));
  EXPECT_THAT(slack_problem("language = \"de\""), HasSubstr("unknown language \"de\"; known: ja, en"));
  EXPECT_THAT(slack_problem("subject = \"a\\nb\""), HasSubstr("'subject' is one line"));
  EXPECT_THAT(slack_problem("per_minute = -1"), HasSubstr("'per_minute' is -1, but must be 0 to 1000"));
}

}  // namespace
}  // namespace denrei
