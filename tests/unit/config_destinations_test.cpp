// Destinations of the configuration: members, defaults, URLs, and which of them run.
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

class ConfigDestinations : public ConfigTest {
 protected:
  ConfigDestinations() {
    environment_ = {{"OUT_SECRET", good_secret}, {"OUT_TOKEN", good_token}, {"OPS_URL", "https://hooks.example.com/T/B/x"}};
  }

  std::string problem_with(const std::string& from, const std::string& to) { return problems_of(changed(destination_lines, from, to)); }
  std::string problem_with_line(const std::string& line) { return problem_with("scheme", line + "\nscheme"); }

  Destination only_destination(const std::string& toml) {
    const auto config = load(toml);
    if (!config || config->destinations.size() != 1) throw std::runtime_error(config ? "none" : config.error().detail);
    return config->destinations[0];
  }
};

std::vector<std::string> texts_of(const OutcomePatterns& patterns) {
  std::vector<std::string> texts;
  for (const auto& pattern : patterns) texts.push_back(outcome_pattern_text(pattern));
  return texts;
}

TEST_F(ConfigDestinations, DefaultsAreThoseOfTheDomain) {
  const auto out = only_destination(destination_lines);
  const Destination fresh;
  EXPECT_EQ(out.name, "out");
  EXPECT_EQ(out.url, "https://out.example.com/hook");
  EXPECT_EQ(out.signature.signature_header, "X-Signature") << "completed";
  EXPECT_THAT(out.schedule, ElementsAre(Millis(60'000), Millis(300'000)));
  EXPECT_THAT(texts_of(out.success), ElementsAre("2xx"));
  EXPECT_THAT(texts_of(out.retry_on), ElementsAre("any"));
  EXPECT_THAT(texts_of(out.disable_on), ElementsAre("410"));
  EXPECT_THAT(out.give_up_on, IsEmpty());
  EXPECT_EQ(out.rounds, 1u);
  EXPECT_EQ(out.round_wait, fresh.round_wait);
  EXPECT_EQ(out.timeout, Millis(30'000));
  EXPECT_EQ(out.connect_timeout, Millis(10'000));
  EXPECT_EQ(out.rate, 0);
  EXPECT_EQ(out.concurrency, fresh.concurrency);
  EXPECT_EQ(out.order, LaneOrder::fifo_skip);
  EXPECT_EQ(out.breaker_failures, fresh.breaker_failures);
  EXPECT_EQ(out.pending_max, fresh.pending_max);
  EXPECT_EQ(out.exhausted, Severity::none);
  EXPECT_EQ(out.audit_action, "webhook_delivery_failed");
  EXPECT_FALSE(out.optional);
  EXPECT_FALSE(out.plain_http);
}

const std::string full_lines = R"(
[[destination]]
name = "out"
url = "http://10.1.2.3:8080/hook"
plain_http = true
scheme = "hmac_timestamp_body"
signature_header = "X-Sig"
timestamp_header = "X-Time"
timestamp_format = "unix_s"
secret = "OUT_SECRET"
bearer = "OUT_TOKEN"
request_id_header = "X-Request-Id"
headers = { "X-Name" = "a value", "X-Other" = "" }
optional = true
success = ["200", "3xx"]
success_pointer = "/ok"
schedule = ["500ms", "5s", "1m", "2h", "1d"]
retry_on = ["5xx", "network", "timeout"]
give_up_on = ["501"]
disable_on = ["410", "404"]
rounds = 3
round_wait = "10m"
jitter = 0.25
retry_after_max = "2h"
connect_timeout = "2s"
timeout = "8s"
rate = 5
burst = 3
concurrency = 7
order = "fifo_by_key_block"
breaker_failures = 0
breaker_open = "1m"
pending_max = 50
dead_max = 60
allow = ["10.0.0.0/8"]
proxy = "http://proxy:3128"
channels = ["ops"]
alerts = [{ on = "401", severity = "urgent" }, { on = "any", severity = "error" }]
exhausted = "critical"
alert_subject = "Subject {key}"
alert_text = "Line\nline"
audit_action = "gave.up"
audit_fields = { reportId = "/reportId" }
)";

TEST_F(ConfigDestinations, ReadsHowToSendWithAllMembers) {
  const auto out = only_destination(full_lines + channel_lines);
  EXPECT_TRUE(out.plain_http && out.optional);
  EXPECT_EQ(out.signature.scheme, "hmac_timestamp_body");
  EXPECT_EQ(out.signature.signature_header, "X-Sig");
  EXPECT_EQ(out.signature.timestamp_header, "X-Time");
  EXPECT_EQ(out.signature.timestamp_format, TimestampFormat::unix_s);
  EXPECT_EQ(out.secret, "OUT_SECRET");
  EXPECT_EQ(out.bearer, "OUT_TOKEN");
  EXPECT_EQ(out.request_id_header, "X-Request-Id");
  ASSERT_THAT(out.headers, SizeIs(2));
  EXPECT_EQ(out.headers[0].name + ": " + out.headers[0].value, "X-Name: a value");
  EXPECT_EQ(out.connect_timeout, Millis(2'000));
  EXPECT_EQ(out.timeout, Millis(8'000));
  EXPECT_THAT(out.allow, ElementsAre("10.0.0.0/8"));
  EXPECT_EQ(out.proxy, "http://proxy:3128");
}

TEST_F(ConfigDestinations, ReadsWhenToRetryWithAllMembers) {
  const auto out = only_destination(full_lines + channel_lines);
  EXPECT_THAT(texts_of(out.success), ElementsAre("200", "3xx"));
  EXPECT_EQ(out.success_pointer, "/ok");
  EXPECT_THAT(out.schedule, ElementsAre(Millis(500), Millis(5'000), Millis(60'000), Millis(7'200'000), Millis(86'400'000)));
  EXPECT_THAT(texts_of(out.retry_on), ElementsAre("5xx", "network", "timeout"));
  EXPECT_THAT(texts_of(out.give_up_on), ElementsAre("501"));
  EXPECT_THAT(texts_of(out.disable_on), ElementsAre("410", "404"));
  EXPECT_EQ(out.rounds, 3u);
  EXPECT_EQ(out.round_wait, std::chrono::minutes(10));
  EXPECT_EQ(out.jitter, 0.25);
  EXPECT_EQ(out.retry_after_max, std::chrono::hours(2));
  EXPECT_EQ(out.rate, 5.0);
  EXPECT_EQ(out.burst, 3u);
  EXPECT_EQ(out.concurrency, 7u);
  EXPECT_EQ(out.order, LaneOrder::fifo_block);
  EXPECT_EQ(out.breaker_failures, 0u);
  EXPECT_EQ(out.breaker_open, std::chrono::minutes(1));
  EXPECT_EQ(out.pending_max, 50u);
  EXPECT_EQ(out.dead_max, 60u);
}

TEST_F(ConfigDestinations, ReadsWhomToAlertWithAllMembers) {
  const auto out = only_destination(full_lines + channel_lines);
  EXPECT_THAT(out.channels, ElementsAre("ops"));
  ASSERT_THAT(out.alerts, SizeIs(2));
  EXPECT_EQ(outcome_pattern_text(out.alerts[0].on), "401");
  EXPECT_EQ(out.alerts[0].severity, Severity::urgent);
  EXPECT_EQ(out.alerts[1].severity, Severity::error);
  EXPECT_EQ(out.exhausted, Severity::critical);
  EXPECT_EQ(out.alert_subject, "Subject {key}");
  EXPECT_EQ(out.alert_text, "Line\nline");
  EXPECT_EQ(out.audit_action, "gave.up");
  EXPECT_EQ(out.audit_fields, (std::map<std::string, std::string>{{"reportId", "/reportId"}}));
}

TEST_F(ConfigDestinations, UrlOfTheVariableGoesBeforeTheFileAndMayStandInAFileOfItsOwn) {
  const auto toml = destination_lines + "url_env = \"OUT_URL\"\n";
  const auto shown_url = [&] { return load(toml)->shown.at("destination.out.url"); };
  EXPECT_EQ(only_destination(toml).url, "https://out.example.com/hook");
  EXPECT_THAT(shown_url().second, EndsWith("denrei.toml:4:7"));
  environment_["OUT_URL_FILE"] = write("url", "https://file.example.com/?token=abc\n").string();
  EXPECT_EQ(only_destination(toml).url, "https://file.example.com/?token=abc");
  EXPECT_EQ(shown_url().first, "https://file.example.com/?********") << "a query may be a secret";
  EXPECT_THAT(shown_url().second, HasSubstr("file "));
  environment_["OUT_URL"] = "https://env.example.com/";
  EXPECT_EQ(only_destination(toml).url, "https://env.example.com/");
  EXPECT_EQ(shown_url().second, "env OUT_URL");
}

TEST_F(ConfigDestinations, WithoutUrlOrSecretItIsOffIfOptionalAndStopsTheStartIfNot) {
  const auto toml = changed(destination_lines, "url = \"https://out.example.com/hook\"", "url_env = \"OUT_URL\"");
  EXPECT_EQ(problems_of(toml), "denrei.toml:2:1: destination 'out' cannot run: OUT_URL is not set (with 'optional = true' it would be off)");
  auto config = load(toml + "optional = true\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->destinations, IsEmpty());
  EXPECT_THAT(config->notices, Contains("destination out is off: OUT_URL is not set"));
  environment_.clear();
  config = load(toml + "bearer = \"OUT_TOKEN\"\noptional = true\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->notices, Contains("destination out is off: OUT_URL and OUT_SECRET and OUT_TOKEN are not set"));
  EXPECT_EQ(config->shown.at("destination.out.url_env").first, "OUT_URL") << "what is off is shown too";
}

TEST_F(ConfigDestinations, DisabledOneNeedsNothing) {
  environment_.clear();
  const auto config = load(destination_lines + "enabled = false\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->destinations, IsEmpty());
  EXPECT_THAT(config->secrets, IsEmpty());
  EXPECT_THAT(config->notices, Contains("destination out is off: enabled = false"));
}

TEST_F(ConfigDestinations, UrlIsCheckedWhereverItComesFromAndNeverRepeated) {
  const auto with_url = [&](const std::string& url) { return problem_with("https://out.example.com/hook", url); };
  EXPECT_EQ(with_url("http://out.example.com/"),
            "denrei.toml:4:7: the URL of destination 'out' must start with https:// (http:// needs 'plain_http = true')");
  EXPECT_THAT(with_url("ftp://out.example.com/"), HasSubstr("must start with https://"));
  EXPECT_THAT(with_url("out.example.com"), HasSubstr("is not a URL such as https://host/path"));
  EXPECT_THAT(with_url("https://me:hunter2@out.example.com"), AllOf(HasSubstr("user name or a password"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(with_url("https://out.example.com/#x"), HasSubstr("must not have a fragment"));
  EXPECT_THAT(with_url("https://192.168.1.1/"), HasSubstr("name it in 'allow'"));
  EXPECT_THAT(problem_with("url = \"https://out.example.com/hook\"\n", ""),
              HasSubstr("denrei.toml:2:1: [[destination]] needs 'url' or 'url_env'"));
  EXPECT_THAT(problem_with_line("url_env = \"https://x\""),
              HasSubstr("'url_env' must be the name of a variable such as VOICEDRIVE_EMPLOYEE_URL"));
  environment_["OUT_URL"] = "https://me:hunter2@out.example.com";
  EXPECT_THAT(problem_with_line("url_env = \"OUT_URL\""),
              AllOf(HasSubstr("env OUT_URL: the URL of destination 'out' must not hold"), Not(HasSubstr("hunter2"))));
}

TEST_F(ConfigDestinations, UnreadableFileOfAUrlStopsTheStartEvenOfAnOptionalOne) {
  environment_["OUT_URL_FILE"] = "/absent/url";
  const auto text = problems_of(changed(destination_lines, "url = \"https://out.example.com/hook\"", "optional = true\nurl_env = \"OUT_URL\""));
  EXPECT_THAT(text, AllOf(StartsWith("OUT_URL: /absent/url: cannot be read"), Not(HasSubstr("not set"))));
}

TEST_F(ConfigDestinations, SecretsAreCollectedAsForSources) {
  environment_["OUT_SECRET_PREVIOUS"] = other_secret;
  const auto config = load(destination_lines + "bearer = \"OUT_TOKEN\"\n");
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_THAT(config->secrets.at("OUT_SECRET").values, SizeIs(2));
  EXPECT_EQ(config->secrets.at("OUT_SECRET").values[0].reveal(), good_secret);
  EXPECT_EQ(config->secrets.at("OUT_TOKEN").values[0].reveal(), good_token);
  EXPECT_EQ(config->shown.at("secret.OUT_SECRET"), (std::pair<std::string, std::string>{"********", "env OUT_SECRET"}));
  environment_ = {{"OUT_SECRET", std::string(31, 's')}, {"OUT_TOKEN", std::string(15, 't')}};
  EXPECT_THAT(problems_of(destination_lines + "bearer = \"OUT_TOKEN\"\noptional = true\n"),
              AllOf(HasSubstr("OUT_SECRET has 31 characters, a signing secret needs at least 32"),
                    HasSubstr("OUT_TOKEN has 15 characters, a token needs at least 16")));
  EXPECT_THAT(problem_with("OUT_SECRET", "s3cr3t-value"), AllOf(HasSubstr("never the secret itself"), Not(HasSubstr("s3cr3t"))));
}

TEST_F(ConfigDestinations, SecretInTheWrongFormForItsSchemeIsRefused) {
  environment_["OUT_SECRET"] = "whsec_" + std::string(40, '!');
  EXPECT_THAT(problem_with("hmac_body", "standard_webhooks"),
              HasSubstr("denrei.toml:5:10: OUT_SECRET is not in the form that scheme standard_webhooks wants"));
}

TEST_F(ConfigDestinations, TwoCannotShareAName) {
  EXPECT_THAT(problems_of(destination_lines + destination_lines),
              HasSubstr("denrei.toml:10:8: name 'out' is already used at denrei.toml:3:8"));
  EXPECT_THAT(problems_of("destination = 1\n"), HasSubstr("destinations are written as [[destination]], at most 255"));
}

TEST_F(ConfigDestinations, CheckConfigShowsEveryMemberWithItsOrigin) {
  const auto config = load(full_lines + channel_lines);
  ASSERT_TRUE(config) << config.error().detail;
  const auto text = describe_config(*config);
  const auto shows = [&](const std::string& line) { return text.find("destination.out." + line) != std::string::npos; };
  for (const auto* line : {"schedule = 500ms, 5s, 1m, 2h, 1d  # ", "retry_on = 5xx, network, timeout  # ", "give_up_on = 501  # ", "rate = 5  # ",
                           "order = fifo_by_key_block  # ", "alerts = 401: urgent, any: error  # ", "alert_text = Line\\nline  # ",
                           "audit_fields = reportId = /reportId  # ", "headers = X-Name: a value, X-Other:   # ", "enabled = true  # default\n",
                           "ca_file = the system's  # default\n", "exhausted = critical  # ", "timestamp_format = unix_s  # "})
    EXPECT_TRUE(shows(line)) << line << "\n" << text;
  EXPECT_THAT(config->shown.at("destination.out.jitter").second, EndsWith("denrei.toml:23:10"));
}

TEST_F(ConfigDestinations, AlertsWithoutAChannelThatIsOnAreSaid) {
  environment_.erase("OPS_URL");
  const auto config = load(full_lines + channel_lines + "optional = true\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->destinations.at(0).channels, IsEmpty());
  EXPECT_THAT(config->notices, Contains("destination out has no channel that is on: its alerts are only logged"));
  const auto silent = load(destination_lines);
  ASSERT_TRUE(silent) << silent.error().detail;
  EXPECT_THAT(silent->notices, Not(Contains(HasSubstr("no channel that is on"))));
}

}  // namespace
}  // namespace denrei
