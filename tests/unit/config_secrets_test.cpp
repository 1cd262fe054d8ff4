// Secrets of the configuration: where they come from, how long they are, and that they never show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using ConfigSecrets = ConfigTest;

TEST_F(ConfigSecrets, SecretComesFromVariableThenFileThenCredentials) {
  std::filesystem::create_directory(folder_ / "credentials");
  write("credentials/ONE_SECRET", good_secret + "C\n");
  environment_ = {{"CREDENTIALS_DIRECTORY", (folder_ / "credentials").string()}};
  const auto value = [&] { return std::string(load(source_lines)->secrets.at("ONE_SECRET").values.at(0).reveal()); };
  EXPECT_EQ(value(), good_secret + "C");
  environment_["ONE_SECRET_FILE"] = write("secret", good_secret + "F\r\n").string();
  EXPECT_EQ(value(), good_secret + "F");
  environment_["ONE_SECRET"] = good_secret + "E";
  EXPECT_EQ(value(), good_secret + "E");
}

TEST_F(ConfigSecrets, PreviousSecretIsTheSecondOne) {
  environment_ = {{"ONE_SECRET", good_secret}, {"ONE_SECRET_PREVIOUS_FILE", write("old", other_secret).string()}};
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  const auto& values = config->secrets.at("ONE_SECRET").values;
  ASSERT_THAT(values, SizeIs(2));
  EXPECT_EQ(values[0].reveal(), good_secret);
  EXPECT_EQ(values[1].reveal(), other_secret);
}

TEST_F(ConfigSecrets, ShortSecretStopsTheStartEvenOfAnOptionalSource) {
  const std::string shorter(31, 'q');
  environment_ = {{"ONE_SECRET", shorter}};
  const auto text = problems_of(source_lines + "optional = true\n");
  EXPECT_EQ(text, "env ONE_SECRET: ONE_SECRET has 31 characters, a signing secret needs at least 32");
  environment_ = {{"ONE_SECRET", good_secret}, {"ONE_SECRET_PREVIOUS", shorter}};
  EXPECT_THAT(problems_of(source_lines), AllOf(HasSubstr("ONE_SECRET_PREVIOUS has 31 characters"), Not(HasSubstr(shorter))));
  environment_ = {{"ONE_SECRET_FILE", write("empty", "\n").string()}};
  EXPECT_THAT(problems_of(source_lines), HasSubstr("ONE_SECRET has 0 characters"));
}

TEST_F(ConfigSecrets, LengthOfASecretIsCountedInCharacters) {
  std::string kanji;
  for (int i = 0; i < 31; ++i) kanji += "鍵";
  environment_ = {{"ONE_SECRET", kanji}};
  EXPECT_THAT(problems_of(source_lines), HasSubstr("has 31 characters"));
  environment_ = {{"ONE_SECRET", kanji + "鍵"}};
  EXPECT_EQ(problems_of(source_lines), "");
}

TEST_F(ConfigSecrets, UnreadableSecretFileStopsTheStart) {
  environment_ = {{"ONE_SECRET_FILE", "/absent/secret"}};
  EXPECT_THAT(problems_of(source_lines + "optional = true\n"), HasSubstr("ONE_SECRET: /absent/secret: cannot be read"));
}

TEST_F(ConfigSecrets, MissingSecretSwitchesAnOptionalSourceOffAndStopsAnyOther) {
  EXPECT_THAT(problems_of(source_lines), HasSubstr("denrei.toml:2:1: source 'one' cannot run: ONE_SECRET is not set"));
  const auto config = load(source_lines + "optional = true\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->sources, IsEmpty());
  EXPECT_THAT(config->notices, Contains("source one is off: ONE_SECRET is not set"));
}

TEST_F(ConfigSecrets, DisabledSourceNeedsNoSecret) {
  const auto config = load(source_lines + "enabled = false\n");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->sources, IsEmpty());
  EXPECT_THAT(config->notices, Contains("source one is off: enabled = false"));
}

TEST_F(ConfigSecrets, BearerTokenIsNeededTooAndHasItsOwnLength) {
  const auto toml = source_lines + "bearer = \"ONE_TOKEN\"\noptional = true\n";
  environment_ = {{"ONE_SECRET", good_secret}};
  EXPECT_THAT(load(toml)->notices, Contains("source one is off: ONE_TOKEN is not set"));
  environment_["ONE_TOKEN"] = std::string(15, 't');
  EXPECT_EQ(problems_of(toml), "env ONE_TOKEN: ONE_TOKEN has 15 characters, a token needs at least 16");
  environment_["ONE_TOKEN"] = "has a blank in its midst";
  EXPECT_THAT(problems_of(toml), HasSubstr("ONE_TOKEN holds blanks"));
  environment_["ONE_TOKEN"] = good_token;
  EXPECT_EQ(load(toml)->secrets.at("ONE_TOKEN").values.at(0).reveal(), good_token);
}

TEST_F(ConfigSecrets, SecretWrittenIntoTheFileIsRefusedWithoutRepeatingIt) {
  EXPECT_THAT(problem_with_source("ONE_SECRET", "s3cr3t-value"), AllOf(HasSubstr("never the secret itself"), Not(HasSubstr("s3cr3t"))));
}

TEST_F(ConfigSecrets, SecretInTheWrongFormForItsSchemeIsRefused) {
  const auto toml = std::string(source_lines).replace(source_lines.find("hmac_body"), 9, "standard_webhooks");
  environment_ = {{"ONE_SECRET", "whsec_" + std::string(40, '!')}};
  EXPECT_THAT(problems_of(toml), AllOf(HasSubstr("denrei.toml:5:10: ONE_SECRET is not in the form that scheme standard_webhooks wants"),
                                       Not(HasSubstr("!!!"))));
}

TEST_F(ConfigSecrets, RolesExistWhereTheyHaveAToken) {
  environment_ = {{"DENREI_READER_TOKEN", good_token}, {"DENREI_ADMIN_TOKEN_FILE", write("admin", other_secret + "\n").string()}};
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->role_tokens, SizeIs(2));
  EXPECT_EQ(config->role_tokens.at("reader").reveal(), good_token);
  EXPECT_EQ(config->role_tokens.at("admin").reveal(), other_secret);
  environment_ = {{"DENREI_READER_TOKEN", good_token}, {"DENREI_OPERATOR_TOKEN", good_token}};
  EXPECT_THAT(problems_of(""), HasSubstr("roles reader and operator have the same token"));
  environment_ = {{"DENREI_READER_TOKEN", "short"}};
  EXPECT_THAT(problems_of(""), HasSubstr("DENREI_READER_TOKEN has 5 characters, a token needs at least 16"));
}

TEST_F(ConfigSecrets, SenderIsARoleThatReadsNothing) {
  environment_ = {{"DENREI_SENDER_TOKEN", good_token}};
  const auto config = load("");
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(config->role_tokens.at("sender").reveal(), good_token);
  EXPECT_THAT(config->notices, Contains(HasSubstr("nobody can read records")));
  environment_["DENREI_READER_TOKEN"] = good_token;
  EXPECT_THAT(problems_of(""), HasSubstr("roles sender and reader have the same token"));
}

TEST_F(ConfigSecrets, SecretThatTwoShareIsJudgedByBothUses) {
  environment_ = {{"OUT_SECRET", "has a blank in its midst, and 32 characters"}};
  const auto toml = destination_lines + "bearer = \"OUT_SECRET\"\n";
  EXPECT_EQ(problems_of(toml), "env OUT_SECRET: OUT_SECRET holds blanks or characters that an Authorization header cannot carry");
}

TEST_F(ConfigSecrets, DescriptionNamesOriginsAndMasksSecrets) {
  environment_ = {{"ONE_SECRET", good_secret}, {"DENREI_READER_TOKEN", good_token}};
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  const auto text = describe_config(*config);
  EXPECT_THAT(text, HasSubstr("secret.ONE_SECRET = ********  # env ONE_SECRET\n"));
  EXPECT_THAT(text, HasSubstr("secret.DENREI_READER_TOKEN = ********  # env DENREI_READER_TOKEN\n"));
  EXPECT_THAT(text, HasSubstr("server.listen = 127.0.0.1:4000  # default\n"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr(good_secret)), Not(HasSubstr(good_token))));
}

}  // namespace
}  // namespace denrei
