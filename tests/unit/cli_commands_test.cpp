// Client commands without a server: signing and verifying for every source, sending dry, reading from a made-up server.
#include "denrei/app/cli/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "denrei/app/cli/sample_event.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/schema.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string config_file = DENREI_ROOT "/config/denrei.toml";
const std::string secret(40, 'k');

// One run of the program; what it wrote is in `out` and `err`.
class CliTest : public ::testing::Test {
 protected:
  int run(std::vector<std::string> arguments, const std::string& input = {}) {
    out_.str("");
    err_.str("");
    in_.clear();
    in_.str(input);
    CliContext context{.out = out_, .err = err_, .env = {}, .in = in_};
    context.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    context.now = [this] { return now_; };
    context.wait = [](Millis) {};
    context.http = [this](const HttpRequest& request) -> Result<HttpReply> {
      requests_.push_back(request);
      return reply_;
    };
    CLI::App app{"test"};
    app.require_subcommand(1);
    add_client_commands(app, context);
    arguments.insert(arguments.begin(), "denrei");
    std::vector<const char*> argv;
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return run_command_line(app, static_cast<int>(argv.size()), argv.data(), context);
  }

  std::vector<std::string> with_source(std::vector<std::string> command, const std::string& source) const {
    command.insert(command.end(), {"--config", config_file, "--source", source});
    return command;
  }

  // verify with the headers that sign printed.
  std::vector<std::string> verify_arguments(const std::string& source, const std::string& printed) const {
    auto arguments = with_source({"verify"}, source);
    std::istringstream lines(printed);
    for (std::string line; std::getline(lines, line);) arguments.insert(arguments.end(), {"--header", line});
    return arguments;
  }

  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  std::map<std::string, std::string> environment_{
      {"MEDICAL_WEBHOOK_SECRET", secret + "1"}, {"MEDICAL_SYSTEM_WEBHOOK_SECRET", secret + "2"},
      {"ANALYTICS_NOTIFICATION_HMAC_SECRET", secret + "3"}, {"VOICEDRIVE_WEBHOOK_SECRET", secret + "4"},
      {"VOICEDRIVE_API_TOKEN", "token-of-voicedrive"}, {"DENREI_READER_TOKEN", "token-of-a-reader"}};
  WallTime now_ = parse_iso8601("2025-11-20T05:05:30.250Z").value();
  Result<HttpReply> reply_ = HttpReply{200, "{}"};
  std::vector<HttpRequest> requests_;

 private:
  std::ostringstream out_;
  std::ostringstream err_;
  std::istringstream in_;
};

class EverySource : public CliTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Default, EverySource, ::testing::Values("employee", "acknowledgement", "analytics", "stats"),
                         [](const auto& source) { return std::string(source.param); });

TEST_P(EverySource, VerifiesWhatItSigned) {
  ASSERT_EQ(run(with_source({"sign"}, GetParam()), "{\"a\":1}"), 0) << err();
  auto arguments = verify_arguments(GetParam(), out());
  arguments.insert(arguments.end(), {"--header", "Authorization: Bearer token-of-voicedrive"});
  EXPECT_EQ(run(arguments, "{\"a\":1}"), 0) << out() << err();
  EXPECT_THAT(out(), HasSubstr("verified"));
  EXPECT_EQ(run(arguments, "{\"a\":2}"), 7);
  EXPECT_THAT(out(), AllOf(HasSubstr("FAIL  signature"), HasSubstr("not verified")));
}

TEST_F(CliTest, SignGivesHeadersForCurlOrJson) {
  ASSERT_EQ(run(with_source({"sign", "--timestamp", "1700000000123"}, "employee"), "{}"), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("x-webhook-signature: "), HasSubstr("x-webhook-timestamp: 1700000000123\n")));
  ASSERT_EQ(run(with_source({"sign", "-o", "json", "--timestamp", "2023-11-14T22:13:20Z"}, "analytics"), "{}"), 0);
  const auto document = parse_json(out());
  ASSERT_TRUE(document) << out();
  EXPECT_EQ(find_string((*document)->root(), "/X-Timestamp"), "1700000000");
  ASSERT_EQ(run(with_source({"sign"}, "stats"), "{}"), 0);
  EXPECT_THAT(out(), Not(HasSubstr("token-of-voicedrive")));
  EXPECT_THAT(err(), HasSubstr("Authorization: Bearer with VOICEDRIVE_API_TOKEN"));
}

TEST_F(CliTest, SignTakesTheSecretFromAFileOrStandardInput) {
  ASSERT_EQ(run(with_source({"sign", "--timestamp", "1"}, "employee"), "{}"), 0);
  const auto expected = out();
  const auto body = ::testing::TempDir() + "/denrei-body";
  std::ofstream(body) << "{}";
  environment_.erase("MEDICAL_WEBHOOK_SECRET");
  ASSERT_EQ(run(with_source({"sign", "--timestamp", "1", "--secret-file", "-", body}, "employee"), secret + "1\n"), 0) << err();
  EXPECT_EQ(out(), expected);
  EXPECT_EQ(run(with_source({"sign", "--secret-file", "-"}, "employee"), "x"), 2);
  EXPECT_THAT(err(), HasSubstr("cannot be both the secret and the body"));
}

TEST_F(CliTest, SignSaysWhatIsMissing) {
  EXPECT_EQ(run(with_source({"sign"}, "employe"), "{}"), 2);
  EXPECT_THAT(err(), HasSubstr("no source 'employe'; did you mean 'employee'?"));
  environment_.erase("MEDICAL_WEBHOOK_SECRET");
  EXPECT_EQ(run(with_source({"sign"}, "employee"), "{}"), 2);
  EXPECT_THAT(err(), HasSubstr("set MEDICAL_WEBHOOK_SECRET or MEDICAL_WEBHOOK_SECRET_FILE, or give --secret-file"));
  environment_["MEDICAL_WEBHOOK_SECRET"] = secret;
  EXPECT_EQ(run(with_source({"sign", "/absent/body"}, "employee")), 1);
  EXPECT_EQ(run(with_source({"sign", "--timestamp", "yesterday"}, "employee"), "{}"), 2);
  EXPECT_THAT(err(), HasSubstr("--timestamp: "));
}

TEST_F(CliTest, VerifyExplainsEachFailedStep) {
  ASSERT_EQ(run(with_source({"sign"}, "employee"), "{}"), 0);
  const auto arguments = verify_arguments("employee", out());
  EXPECT_EQ(run(arguments, "{}\n"), 7);
  EXPECT_THAT(out(), HasSubstr("it fits without the line break at the body's end"));
  now_ += std::chrono::seconds(301);
  EXPECT_EQ(run(arguments, "{}"), 7);
  EXPECT_THAT(out(), AllOf(HasSubstr("ok    signature  made with the current secret"),
                           HasSubstr("FAIL  time       x-webhook-timestamp is 301.0 s old, 300 s are allowed")));
  EXPECT_EQ(run(with_source({"verify", "--header", "x-webhook-signature: xyz"}, "employee"), "{}"), 7);
  EXPECT_THAT(out(), AllOf(HasSubstr("has 3 characters, not 64 hexadecimal digits"), HasSubstr("no x-webhook-timestamp header")));
  EXPECT_EQ(run(with_source({"verify"}, "employee"), "{}"), 7);
  EXPECT_THAT(out(), HasSubstr("no x-webhook-signature header"));
  EXPECT_EQ(run(with_source({"verify", "--header", "nonsense"}, "employee"), "{}"), 2);
}

TEST_F(CliTest, VerifySaysWhichSecretFits) {
  ASSERT_EQ(run(with_source({"sign"}, "employee"), "{}"), 0);
  const auto arguments = verify_arguments("employee", out());
  environment_["MEDICAL_WEBHOOK_SECRET_PREVIOUS"] = environment_["MEDICAL_WEBHOOK_SECRET"];
  environment_["MEDICAL_WEBHOOK_SECRET"] = std::string(32, 'n');
  EXPECT_EQ(run(arguments, "{}"), 0);
  EXPECT_THAT(out(), HasSubstr("made with the previous secret"));
}

TEST_F(CliTest, VerifyChecksTheBearerTokenWithoutShowingIt) {
  ASSERT_EQ(run(with_source({"sign"}, "stats"), "{}"), 0);
  auto arguments = verify_arguments("stats", out());
  EXPECT_EQ(run(arguments, "{}"), 7);
  EXPECT_THAT(out(), HasSubstr("FAIL  bearer     no Authorization header"));
  arguments.insert(arguments.end(), {"--header", "authorization: Bearer wrong", "-o", "json"});
  EXPECT_EQ(run(arguments, "{}"), 7);
  EXPECT_THAT(out(), AllOf(HasSubstr("\"verified\":false"), HasSubstr("not the token in VOICEDRIVE_API_TOKEN"), Not(HasSubstr("token-of"))));
}

TEST_F(CliTest, CheckConfigPrintsValuesOrEveryProblem) {
  EXPECT_EQ(run({"check-config", "--config", config_file, "--listen", "0.0.0.0:80", "--take-over"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr("server.listen = 0.0.0.0:80  # flag --listen\n"), HasSubstr("redis.take_over = true  # flag --take-over\n"),
                           HasSubstr("secret.MEDICAL_WEBHOOK_SECRET = ********  # env MEDICAL_WEBHOOK_SECRET\n"), Not(HasSubstr(secret))));
  EXPECT_EQ(run({"check-config", "--config", config_file, "--threads", "99", "--partitions", "4", "--log-requests", "perhaps"}), 2);
  EXPECT_EQ(out(), "");
  EXPECT_THAT(err(), AllOf(HasSubstr("99 threads need"), HasSubstr("flag --log-requests: server.log_requests: 'perhaps'")));
}

TEST_F(CliTest, UsageErrorsAreTwoAndHelpIsZero) {
  EXPECT_EQ(run({"sign"}), 2);
  EXPECT_EQ(run({"verify", "--source"}), 2);
  EXPECT_EQ(run({"nonsense"}), 2);
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"employee", "timeline", "S", "--limit", "0"}), 2);
  EXPECT_EQ(run({"employee", "show", "S", "-o", "xml"}), 2);
  EXPECT_EQ(run({"sign", "--help"}), 0);
  EXPECT_THAT(out(), HasSubstr("--secret-file"));
}

TEST_F(CliTest, SendPostsASignedSample) {
  ASSERT_EQ(run(with_source({"send", "event", "--staff", "S-1", "--name", "佐藤"}, "employee")), 0) << err();
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].method, "POST");
  EXPECT_EQ(requests_[0].url, "http://127.0.0.1:4000/api/webhooks/medical-system/employee");
  const auto document = parse_json(requests_[0].body);
  ASSERT_TRUE(document);
  EXPECT_EQ(find_string((*document)->root(), "/data/fullName"), "佐藤");
  EXPECT_EQ(find_string((*document)->root(), "/timestamp"), "2025-11-20T05:05:30.250Z");
  std::string headers;
  for (const auto& header : requests_[0].headers) headers += header.name + ": " + header.value + "\n";
  EXPECT_EQ(run(verify_arguments("employee", headers), requests_[0].body), 0) << out();
}

TEST_F(CliTest, SendExitsByTheAnswer) {
  const auto arguments = with_source({"send", "event", "--staff", "S-1"}, "employee");
  reply_ = HttpReply{401, "{\"error\":\"Invalid signature\"}"};
  EXPECT_EQ(run(arguments), 1);
  EXPECT_THAT(out(), AllOf(StartsWith("401\n"), HasSubstr("Invalid signature")));
  reply_ = HttpReply{299, ""};
  EXPECT_EQ(run(arguments), 0);
  reply_ = HttpReply{302, ""};
  EXPECT_EQ(run(arguments), 1);
  reply_ = fail(FaultCode::unavailable, "connection refused");
  EXPECT_EQ(run(arguments), 5);
  EXPECT_THAT(err(), HasSubstr("connection refused"));
}

TEST_F(CliTest, DryRunSendsNothingAndHidesTheToken) {
  ASSERT_EQ(run(with_source({"send", "event", "--dry-run", "--data", "-", "--url", "https://h:1/x"}, "stats"), "{\"b\":1}"), 0) << err();
  EXPECT_TRUE(requests_.empty());
  EXPECT_THAT(out(), AllOf(StartsWith("POST https://h:1/x\n"), HasSubstr("X-VoiceDrive-Signature: "), HasSubstr("Authorization: Bearer ********"),
                           HasSubstr("\n\n{\"b\":1}\n"), Not(HasSubstr("token-of"))));
}

TEST_F(CliTest, SendSaysWhatIsMissing) {
  EXPECT_EQ(run(with_source({"send", "event"}, "employee")), 2);
  EXPECT_THAT(err(), HasSubstr("needs --staff"));
  EXPECT_EQ(run(with_source({"send", "event", "--staff", "S", "--type", "employee.left"}, "employee")), 2);
  EXPECT_EQ(run(with_source({"send", "event", "--staff", "S", "--url", "ftp://x"}, "employee")), 2);
  EXPECT_EQ(run(with_source({"send", "event"}, "analytics")), 2);
  EXPECT_THAT(err(), HasSubstr("has no sample events"));
  environment_.erase("VOICEDRIVE_API_TOKEN");
  EXPECT_EQ(run(with_source({"send", "event", "--data", "-"}, "stats"), "{}"), 2);
  EXPECT_THAT(err(), HasSubstr("set VOICEDRIVE_API_TOKEN"));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(CliTest, EmployeeShowPrintsTheRecordHarmlessly) {
  reply_ = HttpReply{200, "{\"staffId\":\"S/1\",\"fullName\":\"\\u001b[31m佐藤\",\"authLevel\":3}"};
  ASSERT_EQ(run({"employee", "show", "S/1", "--url", "http://h:1/"}), 0) << err();
  EXPECT_EQ(out(), "staffId    S/1\nfullName   ?[31m佐藤\nauthLevel  3\n");
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].url, "http://h:1/api/employees/S%2F1");
  EXPECT_EQ(requests_[0].headers.at(0).value, "Bearer token-of-a-reader");
  ASSERT_EQ(run({"employee", "show", "S/1", "-o", "json"}), 0);
  EXPECT_THAT(out(), StartsWith("{\"staffId\""));
}

TEST_F(CliTest, EmployeeTimelineIsATableAndNamesTheNextPage) {
  reply_ = HttpReply{200, R"({"data":[{"position":7,"eventId":"evt_1","eventType":"employee.created","timestamp":null,)"
                          R"("receivedAt":"2025-11-20T05:05:30.250Z","outcome":"applied"}],"next":"abc"})"};
  ASSERT_EQ(run({"employee", "timeline", "S-1", "--limit", "1"}), 0) << err();
  EXPECT_EQ(out(), "POSITION  TIMESTAMP  RECEIVED                  TYPE              OUTCOME  EVENT\n"
                   "7         -          2025-11-20T05:05:30.250Z  employee.created  applied  evt_1\n");
  EXPECT_THAT(err(), HasSubstr("more: denrei employee timeline S-1 --limit 1 --cursor abc"));
  EXPECT_THAT(requests_.at(0).url, HasSubstr("/api/employees/S-1/timeline?limit=1"));
}

TEST_F(CliTest, EmployeeExitsByTheAnswer) {
  const auto exit_for = [&](Result<HttpReply> reply) {
    reply_ = std::move(reply);
    return run({"employee", "show", "S-1"});
  };
  EXPECT_EQ(exit_for(HttpReply{401, ""}), 4);
  EXPECT_EQ(exit_for(HttpReply{403, ""}), 4);
  EXPECT_EQ(exit_for(HttpReply{404, ""}), 6);
  EXPECT_EQ(exit_for(HttpReply{503, ""}), 1);
  EXPECT_EQ(exit_for(HttpReply{200, "<html>"}), 1);
  EXPECT_EQ(exit_for(fail(FaultCode::unavailable)), 5);
  environment_.erase("DENREI_READER_TOKEN");
  EXPECT_EQ(exit_for(HttpReply{200, "{}"}), 4);
  EXPECT_THAT(err(), HasSubstr("set DENREI_READER_TOKEN or DENREI_READER_TOKEN_FILE"));
}

TEST(SampleEvent, FitsTheShippedSchema) {
  std::ifstream file(DENREI_ROOT "/config/schemas/employee.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto schema = compile_schema(text, {{"photo_hosts", {"d2k8x5j9m1n4p7.cloudfront.net"}}});
  ASSERT_TRUE(schema) << schema.error().detail;
  const auto now = parse_iso8601("2025-11-20T00:00:00Z").value();
  for (const auto& type : {"employee.created", "employee.photo.updated", "employee.photo.deleted"}) {
    const auto body = make_sample_event({.type = type, .staff = "S"}, now);
    ASSERT_TRUE(body) << type;
    const auto document = parse_json(*body);
    ASSERT_TRUE(document) << type;
    EXPECT_THAT(schema->check((*document)->root()), ::testing::IsEmpty()) << type;
  }
}

TEST(Screen, CountsWideCharactersTwice) {
  EXPECT_EQ(count_columns("abc"), 3u);
  EXPECT_EQ(count_columns("佐藤a"), 5u);
  EXPECT_EQ(format_table({{"佐藤", "x"}, {"abc", "y"}}), "佐藤  x\nabc   y\n");
}

TEST(Screen, TakesControlCharactersAndBrokenBytesOut) {
  EXPECT_EQ(make_printable("a\x1b[2Jb\nc"), "a?[2Jb\nc");
  EXPECT_EQ(make_printable("\xe2\x80\xae" "abc"), "?abc");
  EXPECT_EQ(make_printable("x\xff\xe4"), "x??");
  EXPECT_EQ(make_printable("\xc2\x9b"), "?");
}

}  // namespace
}  // namespace denrei
