// What is refused in a destination of the configuration, each with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ConfigDestinationRefusals : public ConfigTest {
 protected:
  ConfigDestinationRefusals() { environment_ = {{"OUT_SECRET", good_secret}, {"OPS_URL", "https://hooks.example.com/x"}}; }

  std::string problem_with(const std::string& from, const std::string& to) { return problems_of(changed(destination_lines, from, to)); }
  // The line becomes the fourth of the file.
  std::string problem_with_line(const std::string& line) { return problem_with("url =", line + "\nurl ="); }
  void expect_refused(const std::string& line, const std::string& why) { EXPECT_THAT(problem_with_line(line), HasSubstr(why)); }
};

TEST_F(ConfigDestinationRefusals, UnknownKeysWithASuggestion) {
  expect_refused("retry_om = [\"5xx\"]", "denrei.toml:4:1: unknown key 'retry_om' in [[destination]]; did you mean 'retry_on'?");
  expect_refused("alerts = [{ on = \"401\", sevrity = \"error\" }]", "unknown key 'sevrity' in 'alerts'; did you mean 'severity'?");
  EXPECT_THAT(problems_of("[[destinations]]\nname = \"a\"\n"), HasSubstr("unknown key 'destinations' in the file; did you mean 'destination'?"));
}

TEST_F(ConfigDestinationRefusals, MissingMembers) {
  EXPECT_THAT(problem_with("name = \"out\"\n", ""), HasSubstr("denrei.toml:2:1: [[destination]] needs 'name'"));
  EXPECT_THAT(problem_with("scheme = \"hmac_body\"\n", ""), HasSubstr("[[destination]] needs 'scheme'"));
  EXPECT_THAT(problem_with("secret = \"OUT_SECRET\"\n", ""), HasSubstr("[[destination]] needs 'secret'"));
  EXPECT_THAT(problem_with("schedule = [\"1m\", \"5m\"]\n", ""),
              HasSubstr("[[destination]] needs 'schedule', such as [\"1m\", \"5m\", \"30m\"]"));
  EXPECT_EQ(problem_with("[\"1m\", \"5m\"]", "[]"), "") << "one attempt, because it is said";
}

TEST_F(ConfigDestinationRefusals, SignatureThatDoesNotHoldTogether) {
  EXPECT_THAT(problem_with("hmac_body", "hmac_md5"), AllOf(StartsWith("denrei.toml:5:10: "), HasSubstr("hmac_md5")));
  expect_refused("timestamp_header = \"X-Time\"", "needs both a timestamp header and a timestamp format");
  EXPECT_THAT(problem_with_line("timestamp_format = \"days\""), StartsWith("denrei.toml:4:20: "));
  expect_refused("id_header = \"X-Id\"", "has no id header");
}

TEST_F(ConfigDestinationRefusals, HeadersThatDenreiSendsItself) {
  for (const std::string name : {"Content-Type", "user-agent", "Webhook-Id", "Denrei-Sequence", "Host", "Content-Length", "Connection"})
    expect_refused("headers = { " + name + " = \"x\" }", "header '" + name + "' is Denrei's own");
  expect_refused("headers = { x-signature = \"x\" }", "denrei.toml:4:27: header 'x-signature' is already used by this destination");
  EXPECT_THAT(problem_with_line("headers = { authorization = \"Bearer x\" }"),
              AllOf(HasSubstr("name it in 'bearer'"), Not(HasSubstr("Bearer x"))));
  expect_refused("headers = { X-A = \"1\", x-a = \"2\" }", "is already used by this destination");
  expect_refused("signature_header = \"Content-Type\"", "denrei.toml:4:20: header 'Content-Type' is Denrei's own");
  expect_refused("signature_header = \"webhook-id\"", "is Denrei's own");
  expect_refused("request_id_header = \"x-signature\"", "header 'x-signature' is already used by this destination");
  EXPECT_EQ(problem_with("hmac_body", "standard_webhooks"), "") << "its webhook-id is the one that Denrei sends";
}

TEST_F(ConfigDestinationRefusals, HeadersThatWouldBreakTheRequest) {
  expect_refused("headers = { \"X-A\" = \"a\\r\\nX-B: b\" }", "header 'X-A' must be a text of at most 1024 visible ASCII");
  expect_refused("headers = { \"X-A\" = \"職員\" }", "visible ASCII");
  expect_refused("headers = { \"X-A\" = \" a\" }", "without blanks at its ends");
  expect_refused("headers = { \"X-A\" = 1 }", "header 'X-A' must be a text");
  expect_refused("headers = { \"X A\" = \"a\" }", "'X A' is not the name of a header");
  expect_refused("headers = { \"X-A:\" = \"a\" }", "'X-A:' is not the name of a header");
  expect_refused("signature_header = \"X\\r\\nY\"", "is not the name of a header");
  expect_refused("headers = [\"X-A: b\"]", "denrei.toml:4:11: 'headers' must be a table { \"X-Name\" = \"value\" }");
}

TEST_F(ConfigDestinationRefusals, PatternsThatMeanNothing) {
  for (const auto* key : {"success", "retry_on", "give_up_on", "disable_on"})
    EXPECT_THAT(problem_with_line(std::string(key) + " = [\"often\"]"),
                AllOf(StartsWith("denrei.toml:4:"), HasSubstr(std::string("'") + key + "': ")));
  expect_refused("success = []", "denrei.toml:4:11: [[destination]] needs 'success'");
  expect_refused("success = [\"any\"]", "'success' takes statuses such as \"200\" or \"2xx\", not \"any\"");
  expect_refused("disable_on = [\"timeout\"]", "'disable_on' takes statuses");
  expect_refused("retry_on = [500]", "'retry_on' must be a list of texts");
  EXPECT_EQ(problem_with_line("disable_on = []\nretry_on = []"), "");
  expect_refused("success_pointer = \"success\"", "'success_pointer' is not a JSON Pointer");
}

TEST_F(ConfigDestinationRefusals, DurationsWithoutAUnitOrOutOfTheirRange) {
  EXPECT_THAT(problem_with("\"5m\"", "\"5\""),
              HasSubstr("denrei.toml:7:12: 'schedule' '5' is not a duration such as 500ms, 5s, 1m, 2h or 1d"));
  EXPECT_THAT(problem_with("\"5m\"", "\"25h\""), HasSubstr("'schedule' is 25h, but must be 1ms to 1d"));
  EXPECT_THAT(problem_with("\"5m\"", "\"0s\""), HasSubstr("'schedule' is 0s, but must be 1ms to 1d"));
  std::string twenty = "\"1s\"";
  for (int i = 0; i < 19; ++i) twenty += ", \"1s\"";
  EXPECT_THAT(problem_with("\"1m\", \"5m\"", twenty), HasSubstr("'schedule' has 20 waits, at most 19 are allowed"));
  EXPECT_EQ(problem_with("\"1m\", \"5m\"", twenty.substr(6)), "");
  expect_refused("timeout = 30", "denrei.toml:4:11: 'timeout' must be a duration in quotes");
  expect_refused("timeout = \"1h\"", "'timeout' is 1h, but must be 10ms to 10m");
  expect_refused("round_wait = \"2d\"", "'round_wait' is 2d, but must be 1s to 1d");
  expect_refused("retry_after_max = \"2d\"", "'retry_after_max' is 2d");
  expect_refused("breaker_open = \"2h\"", "'breaker_open' is 2h, but must be 100ms to 1h");
  expect_refused("connect_timeout = \"31s\"", "'connect_timeout' is 31s, but 'timeout' ends the attempt after 30s");
}

TEST_F(ConfigDestinationRefusals, ShortTimeoutShortensConnecting) {
  const auto config = load(destination_lines + "timeout = \"5s\"\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->destinations.at(0).connect_timeout, Millis(5'000));
}

TEST_F(ConfigDestinationRefusals, NumbersOutOfTheirRange) {
  expect_refused("rate = 0.0001", "denrei.toml:4:8: 'rate' is 0.0001, but must be 0.001 to 100000");
  expect_refused("rate = nan", "'rate' is nan, but must be");
  expect_refused("rate = 100001", "'rate' is 100001, but must be");
  expect_refused("rate = \"5\"", "'rate' must be a number");
  expect_refused("rate = true", "'rate' must be a number");
  expect_refused("burst = 2", "'burst' means nothing without 'rate'");
  expect_refused("rate = 1\nburst = 0", "'burst' is 0, but must be 1 to 100000");
  expect_refused("jitter = 1.1", "'jitter' is 1.1, but must be 0 to 1");
  expect_refused("jitter = -0.1", "'jitter' is -0.1, but must be 0 to 1");
  expect_refused("concurrency = 0", "'concurrency' is 0, but must be 1 to 1000");
  expect_refused("concurrency = 1001", "'concurrency' is 1001, but must be 1 to 1000");
  expect_refused("rounds = 0", "'rounds' is 0, but must be 1 to 100");
  expect_refused("breaker_failures = -1", "'breaker_failures' is -1");
  expect_refused("pending_max = 0", "'pending_max' is 0");
  expect_refused("dead_max = 0", "'dead_max' is 0");
  EXPECT_THAT(problem_with_line("order = \"lifo\""), AllOf(StartsWith("denrei.toml:4:9: "), HasSubstr("lifo")));
}

TEST_F(ConfigDestinationRefusals, FilesRangesAndProxiesThatCannotBeUsed) {
  expect_refused("ca_file = \"/absent.pem\"", "denrei.toml:4:11: /absent.pem: cannot be read");
  const auto text = write("not.pem", "hello").string();
  expect_refused("ca_file = \"" + text + "\"", "holds no certificate (PEM)");
  const auto pem = write("good.pem", "-----BEGIN CERTIFICATE-----\n").string();
  EXPECT_EQ(problem_with_line("ca_file = \"" + pem + "\""), "");
  expect_refused("allow = [\"10.0.0\"]", "denrei.toml:4:9: '10.0.0' is not an address range");
  expect_refused("proxy = \"proxy:3128\"", "denrei.toml:4:9: 'proxy' is not a");
  EXPECT_THAT(problem_with_line("proxy = \"http://me:hunter2@proxy:3128\""),
              AllOf(HasSubstr("'proxy' must not hold"), Not(HasSubstr("hunter2"))));
}

TEST_F(ConfigDestinationRefusals, AlertsThatNobodyCouldGet) {
  EXPECT_THAT(problems_of(destination_lines + "channels = [\"opps\"]\n" + channel_lines),
              HasSubstr("denrei.toml:8:12: there is no channel 'opps'; did you mean 'ops'?"));
  expect_refused("alerts = [{ on = \"401\" }]", "'alerts' needs 'severity'");
  expect_refused("alerts = [{ severity = \"error\" }]", "'alerts' needs 'on'");
  EXPECT_THAT(problem_with_line("alerts = [{ on = \"often\", severity = \"error\" }]"), StartsWith("denrei.toml:4:18: "));
  EXPECT_THAT(problem_with_line("alerts = [{ on = \"401\", severity = \"loud\" }]"),
              AllOf(StartsWith("denrei.toml:4:36: "), HasSubstr("loud")));
  expect_refused("alerts = [\"401\"]", "'alerts' must be a list of at most 50 tables { on, severity }");
  EXPECT_THAT(problem_with_line("exhausted = \"loud\""), StartsWith("denrei.toml:4:13: "));
  expect_refused("alert_subject = \"a\\nb\"", "denrei.toml:4:17: 'alert_subject' is one line");
  expect_refused("alert_subject = \"" + std::string(201, 'x') + "\"", "'alert_subject' has more than 200 bytes");
  expect_refused("alert_text = \"" + std::string(4'001, 'x') + "\"", "'alert_text' has more than 4000 bytes");
}

TEST_F(ConfigDestinationRefusals, AuditEntriesThatWouldContradictThemselves) {
  expect_refused("audit_action = \"\"", "'audit_action' must be 1 to 64 letters");
  expect_refused("audit_action = \"a b\"", "'audit_action' must be 1 to 64 letters");
  expect_refused("audit_fields = { attempts = \"/attempts\" }", "denrei.toml:4:29: every audit entry has its own 'attempts'");
  expect_refused("audit_fields = { reportId = \"reportId\" }", "audit field 'reportId' must be a JSON Pointer");
  expect_refused("audit_fields = { reportId = 1 }", "audit field 'reportId' must be a JSON Pointer");
  expect_refused("audit_fields = [\"/reportId\"]", "'audit_fields' must be a table { name = \"/json/pointer\" }");
}

TEST_F(ConfigDestinationRefusals, EveryMistakeIsSaidAtOnce) {
  const auto text = problem_with_line("rate = 0\njitter = 2\nallow = [\"x\"]\nunheard = 1");
  for (const auto* part : {"denrei.toml:4:8: 'rate'", "denrei.toml:5:10: 'jitter'", "denrei.toml:6:9: 'x' is not",
                           "denrei.toml:7:1: unknown key 'unheard'"})
    EXPECT_THAT(text, HasSubstr(part));
}

}  // namespace
}  // namespace denrei
