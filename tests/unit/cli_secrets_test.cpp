// denrei secrets: listing, rotating and revoking, what is printed where, and what is refused.
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

#include "denrei/domain/signature.hpp"
#include "unit/operator_world.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const std::string config_text = R"(
schema_dir = "."
[[source]]
name = "one"
paths = ["/hook/one"]
scheme = "hmac_body"
signature_header = "X-Signature"
secret = "ONE_SECRET"
bearer = "ONE_TOKEN"
schema = "any.json"
key_pointer = "/id"
event_type = "one.happened"
[[destination]]
name = "out"
url = "https://out.example.com/hook"
scheme = "standard_webhooks"
secret = "OUT_SECRET"
schedule = []
optional = true
[[destination]]
name = "plain"
url = "https://plain.example.com/hook"
scheme = "hmac_body"
signature_header = "X-Signature"
secret = "ONE_SECRET"
schedule = []
[[channel]]
name = "ops"
kind = "slack"
secret = "OPS_URL"
optional = true
)";

class Secrets : public OperatorWorld {
 protected:
  Secrets() {
    std::string pattern = (std::filesystem::temp_directory_path() / "denrei-secrets-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    write("denrei.toml", config_text);
    write("any.json", R"({"type":"object"})");
    environment_ = {{"DENREI_CONFIG", (folder_ / "denrei.toml").string()}, {"DENREI_SECRETS_DIR", (folder_ / "secrets").string()},
                    {"DENREI_SCHEMA_DIR", folder_.string()}};
  }
  ~Secrets() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name, std::ios::binary) << text; }
  [[nodiscard]] std::string secret(const std::string& name) const {
    std::ifstream file(folder_ / "secrets" / name);
    std::string text;
    std::getline(file, text);
    return text;
  }
  // The value that it printed.
  std::string create(const std::string& name) {
    EXPECT_EQ(run({"secrets", "rotate", name, "--init"}), 0) << err();
    auto text = out();
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  json::value listed(const std::string& name) {
    EXPECT_EQ(run({"secrets", "list", "--json"}), 0) << err();
    const auto root = json::parse(out());
    for (const auto& one : root.at("secrets").as_array())
      if (one.at("name").as_string() == name) return one;
    return nullptr;
  }

  std::filesystem::path folder_;
};

TEST_F(Secrets, FirstOneIsCreatedAndPrintedOnce) {
  const auto value = create("ONE_SECRET");
  EXPECT_THAT(value, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(secret("ONE_SECRET"), value);
  EXPECT_THAT(err(), AllOf(HasSubstr("SIGHUP"), Not(HasSubstr(value))));
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--init"}), 1);
  EXPECT_THAT(err(), HasSubstr("rotate it without --init"));
  EXPECT_EQ(secret("ONE_SECRET"), value);
  EXPECT_NE(create("OUT_SECRET"), value);
}

TEST_F(Secrets, StandardWebhooksGetTheirForm) {
  const auto value = create("OUT_SECRET");
  EXPECT_THAT(value, StartsWith("whsec_"));
  const auto spec = complete_signature_spec({.scheme = "standard_webhooks"});
  EXPECT_TRUE(make_signature_key(*spec, Secret(value)));
}

TEST_F(Secrets, RotationKeepsTheOldOneAndSaysWhatItMeans) {
  const auto old = create("ONE_SECRET");
  ASSERT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "2h"}), 0) << err();
  EXPECT_EQ(out(), secret("ONE_SECRET") + "\n");
  EXPECT_EQ(secret("ONE_SECRET_PREVIOUS"), old);
  EXPECT_EQ(secret("ONE_SECRET_PREVIOUS.until"), "2025-11-20T07:00:00.000Z");
  EXPECT_THAT(err(), AllOf(HasSubstr("the old one is ONE_SECRET_PREVIOUS until 2025-11-20T07:00:00.000Z"), HasSubstr("source one: accepts both"),
                           HasSubstr("destination plain: uses the new one at once"), HasSubstr("SIGHUP applies it"), Not(HasSubstr(old)),
                           Not(HasSubstr(secret("ONE_SECRET")))));
  create("OUT_SECRET");
  ASSERT_EQ(run({"secrets", "rotate", "OUT_SECRET"}), 0);
  EXPECT_THAT(err(), HasSubstr("destination out: signs with both until then"));
  ASSERT_EQ(run({"secrets", "rotate", "OUT_SECRET", "--overlap", "0s"}), 0);
  EXPECT_THAT(err(), HasSubstr("the old one is gone"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "secrets" / "OUT_SECRET_PREVIOUS"));
}

TEST_F(Secrets, ValueOfTheOtherSideIsHandedIn) {
  EXPECT_EQ(run({"secrets", "rotate", "OPS_URL", "--init"}), 2);
  EXPECT_THAT(err(), HasSubstr("OPS_URL is a Slack URL, which the other side gives out: hand it in with --value-from"));
  EXPECT_EQ(run({"secrets", "rotate", "OPS_URL", "--init", "--value-from", "-"}, "http://hooks.example.com/T\n"), 2);
  EXPECT_THAT(err(), HasSubstr("must start with https://"));
  ASSERT_EQ(run({"secrets", "rotate", "OPS_URL", "--init", "--value-from", "-"}, "https://hooks.example.com/T\n"), 0) << err();
  EXPECT_THAT(out(), IsEmpty()) << "whoever hands it in knows it";
  EXPECT_EQ(secret("OPS_URL"), "https://hooks.example.com/T");
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--init", "--value-from", "-"}, "short\n"), 2);
  EXPECT_THAT(err(), HasSubstr("the new ONE_SECRET has 5 characters, a signing secret needs at least 32"));
  EXPECT_EQ(run({"secrets", "rotate", "OUT_SECRET", "--init", "--value-from", "-"}, "whsec_" + std::string(40, '!')), 2);
  EXPECT_THAT(err(), AllOf(HasSubstr("not in the form that scheme standard_webhooks wants"), Not(HasSubstr("!!!"))));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "secrets" / "OUT_SECRET"));
}

TEST_F(Secrets, OnesThatLiveElsewhereAreNotTouched) {
  environment_["ONE_SECRET"] = std::string(40, 's');
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("is set in the environment"), HasSubstr("ONE_SECRET_PREVIOUS"), Not(HasSubstr("ssss"))));
  environment_.erase("ONE_SECRET");
  write("one", std::string(40, 'f'));
  environment_["ONE_SECRET_FILE"] = (folder_ / "one").string();
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--init"}), 1);
  EXPECT_THAT(err(), HasSubstr("comes from the file " + (folder_ / "one").string()));
  EXPECT_EQ(run({"secrets", "revoke", "ONE_SECRET"}), 1);
  EXPECT_THAT(err(), HasSubstr("lives elsewhere"));
  environment_.erase("ONE_SECRET_FILE");
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET"}), 1);
  EXPECT_THAT(err(), HasSubstr("ONE_SECRET is not set anywhere: --init creates a first one"));
  create("ONE_SECRET");
  environment_["ONE_SECRET_PREVIOUS"] = std::string(40, 'p');
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET"}), 1);
  EXPECT_THAT(err(), HasSubstr("goes before the one that stays for the overlap"));
}

TEST_F(Secrets, UnknownNamesAndWrongOverlapsAreRefused) {
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRT"}), 6);
  EXPECT_THAT(err(), HasSubstr("the configuration names no secret ONE_SECRT; did you mean 'ONE_SECRET'?"));
  EXPECT_EQ(run({"secrets", "rotate", "../etc/passwd", "--init"}), 6);
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "31d"}), 2);
  EXPECT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "soon"}), 2);
  EXPECT_EQ(run({"secrets", "revoke", "ONE_SECRET", "--previous"}), 6);
}

TEST_F(Secrets, AreRevoked) {
  create("ONE_SECRET");
  ASSERT_EQ(run({"secrets", "rotate", "ONE_SECRET"}), 0);
  const auto value = secret("ONE_SECRET");
  ASSERT_EQ(run({"secrets", "revoke", "ONE_SECRET", "--previous"}), 0) << err();
  EXPECT_THAT(out(), IsEmpty());
  EXPECT_EQ(secret("ONE_SECRET_PREVIOUS") + secret("ONE_SECRET"), value);
  ASSERT_EQ(run({"secrets", "revoke", "ONE_SECRET"}), 0);
  EXPECT_THAT(err(), AllOf(HasSubstr("source one: cannot run"), HasSubstr("--overlap 0s")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "secrets" / "ONE_SECRET"));
}

TEST_F(Secrets, AreListedWithoutTheirValues) {
  const auto value = create("ONE_SECRET");
  environment_["OUT_SECRET"] = std::string(40, 's');
  environment_["DENREI_OPERATOR_TOKEN"] = "token-of-an-operator";
  now_ = from_unix_ms(std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count()) + 24h * 91;
  ASSERT_EQ(run({"secrets"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr("ONE_SECRET"), HasSubstr("91 days"), HasSubstr("source one, destination plain"), HasSubstr("env OUT_SECRET"),
                           HasSubstr("unknown"), HasSubstr("OPS_URL"), HasSubstr("missing"), HasSubstr("role operator"), Not(HasSubstr("DENREI_ADMIN_TOKEN")),
                           Not(HasSubstr(value)), Not(HasSubstr("ssss"))));
  EXPECT_THAT(err(), AllOf(HasSubstr("warning: ONE_SECRET is 91 days old"), HasSubstr("warning: ONE_TOKEN: missing: the start stops"),
                           Not(HasSubstr("OPS_URL"))));
}

TEST_F(Secrets, AreListedAsJson) {
  create("ONE_SECRET");
  ASSERT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "2h"}), 0);
  now_ = from_unix_ms(std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch()).count());
  ASSERT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "2h"}), 0);
  const auto one = listed("ONE_SECRET");
  EXPECT_EQ(one.at("place").as_string(), "secrets dir");
  EXPECT_EQ(one.at("purpose").as_string(), "signing secret");
  EXPECT_LT(one.at("ageSeconds").as_int64(), 60);
  EXPECT_TRUE(one.at("previous").as_bool());
  EXPECT_EQ(one.at("previousUntil").as_string(), format_iso8601(now_ + 2h));
  EXPECT_EQ(one.at("usedBy").as_array().size(), 2u);
  EXPECT_TRUE(one.at("warnings").as_array().empty());
  EXPECT_EQ(listed("OPS_URL").at("place").as_string(), "missing");
}

TEST_F(Secrets, PreviousOneWhoseTimeIsOverIsShownAsExpired) {
  create("ONE_SECRET");
  ASSERT_EQ(run({"secrets", "rotate", "ONE_SECRET", "--overlap", "2h"}), 0);  // in 2025
  now_ = from_unix_ms(4'102'444'800'000);                                     // 2100
  ASSERT_EQ(run({"secrets"}), 0);
  EXPECT_THAT(out(), HasSubstr("expired"));
  EXPECT_THAT(err(), HasSubstr("the previous one has not been accepted since 2025-11-20T07:00:00.000Z"));
}

TEST_F(Secrets, WrongConfigurationIsExplained) {
  write("denrei.toml", config_text + "[[alarm]]\n");
  EXPECT_EQ(run({"secrets"}), 2);
  EXPECT_THAT(err(), HasSubstr("unknown key 'alarm'"));
}

}  // namespace
}  // namespace denrei
