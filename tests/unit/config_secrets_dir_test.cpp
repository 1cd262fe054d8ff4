// Secrets of the secrets directory: where they stand among the places, previous ones with an end, ages, and how they are written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "denrei/app/config/secret_places.hpp"
#include "denrei/app/config/secrets_dir.hpp"
#include "unit/config_fixture.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ConfigSecretsDir : public ConfigTest {
 protected:
  ConfigSecretsDir() { environment_ = {{"DENREI_SECRETS_DIR", dir.folder().string()}}; }
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(dir.folder());
    write("secrets/" + name, text);
    std::filesystem::permissions(dir.folder() / name, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void age(const std::string& name, std::chrono::hours by) const {
    std::filesystem::last_write_time(dir.folder() / name, std::filesystem::file_time_type::clock::now() - by);
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream file(dir.folder() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::vector<std::string> values() {
    const auto config = load(source_lines);
    if (!config) return {config.error().detail};
    std::vector<std::string> out;
    for (const auto& secret : config->secrets.at("ONE_SECRET").values) out.emplace_back(secret.reveal());
    return out;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(dir.folder())) out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }

  const SecretsDir dir{folder_ / "secrets"};
  const WallTime now = machine_time();
};

TEST_F(ConfigSecretsDir, IsTheLastPlaceThatIsLookedAt) {
  put("ONE_SECRET", good_secret + "D\n");
  EXPECT_THAT(values(), ElementsAre(good_secret + "D"));
  std::filesystem::create_directory(folder_ / "credentials");
  write("credentials/ONE_SECRET", good_secret + "C");
  environment_["CREDENTIALS_DIRECTORY"] = (folder_ / "credentials").string();
  EXPECT_THAT(values(), ElementsAre(good_secret + "C"));
  environment_["ONE_SECRET"] = good_secret;
  EXPECT_THAT(values(), ElementsAre(good_secret));
}

TEST_F(ConfigSecretsDir, IsInTheDataDirectoryUnlessItIsNamed) {
  environment_ = {};
  std::filesystem::create_directories(folder_ / "data" / "secrets");
  write("data/secrets/ONE_SECRET", good_secret + "d");
  inputs_.flags["data-dir"] = (folder_ / "data").string();
  EXPECT_THAT(values(), ElementsAre(good_secret + "d"));
  put("ONE_SECRET", good_secret + "n");
  environment_["DENREI_SECRETS_DIR"] = dir.folder().string();
  EXPECT_THAT(values(), ElementsAre(good_secret + "n"));
}

TEST_F(ConfigSecretsDir, PreviousOneIsAcceptedUntilItsEnd) {
  put("ONE_SECRET", good_secret);
  put("ONE_SECRET_PREVIOUS", other_secret);
  EXPECT_THAT(values(), ElementsAre(good_secret, other_secret));
  const auto until = now + 1h;
  put("ONE_SECRET_PREVIOUS.until", format_iso8601(until) + "\n");
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->secrets.at("ONE_SECRET").values, SizeIs(2));
  EXPECT_EQ(config->secrets_change_at, until);
  EXPECT_THAT(config->notices, Contains("ONE_SECRET_PREVIOUS is accepted until " + format_iso8601(until)));
}

TEST_F(ConfigSecretsDir, ExpiredPreviousOneIsNotAcceptedAndThatIsSaid) {
  put("ONE_SECRET", good_secret);
  put("ONE_SECRET_PREVIOUS", other_secret);
  put("ONE_SECRET_PREVIOUS.until", format_iso8601(now - 1s));
  const auto config = load(source_lines);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(config->secrets.at("ONE_SECRET").values, SizeIs(1));
  EXPECT_FALSE(config->secrets_change_at);
  EXPECT_THAT(config->notices, Contains(AllOf(HasSubstr("ONE_SECRET_PREVIOUS has not been accepted since"),
                                              HasSubstr("denrei secrets revoke ONE_SECRET --previous"))));
}

TEST_F(ConfigSecretsDir, EndThatCannotBeReadStopsTheStart) {
  put("ONE_SECRET", good_secret);
  put("ONE_SECRET_PREVIOUS", other_secret);
  put("ONE_SECRET_PREVIOUS.until", "tomorrow");
  EXPECT_THAT(problems_of(source_lines), HasSubstr("secrets/ONE_SECRET_PREVIOUS.until: not an ISO 8601"));
}

TEST_F(ConfigSecretsDir, AgesAreKnownOfFilesAndSaidFromNinetyDaysOn) {
  put("ONE_SECRET", good_secret);
  age("ONE_SECRET", 24h * 90 - 1h);
  EXPECT_THAT(load(source_lines)->notices, Not(Contains(HasSubstr("days old"))));
  age("ONE_SECRET", 24h * 90 + 1h);
  environment_["DENREI_READER_TOKEN"] = good_token;
  const auto config = load(source_lines);
  EXPECT_THAT(config->notices, Contains(AllOf(HasSubstr("ONE_SECRET is 90 days old"), HasSubstr("denrei secrets rotate ONE_SECRET"))));
  ASSERT_THAT(config->secret_ages, SizeIs(2));
  EXPECT_EQ(config->secret_ages[0].name, "ONE_SECRET");
  EXPECT_NEAR(static_cast<double>(age_of(config->secret_ages[0], now)->count()), 3600.0 * (24 * 90 + 1), 60);
  EXPECT_FALSE(config->secret_ages[1].since) << "nobody knows how old a variable is";
  EXPECT_THAT(old_secret_notes(config->secret_ages, now), SizeIs(1));
  EXPECT_THAT(old_secret_notes(config->secret_ages, now - 48h), IsEmpty());
}

TEST_F(ConfigSecretsDir, AgeOfANamedFileIsKnownToo) {
  environment_["ONE_SECRET_FILE"] = write("one", good_secret).string();
  std::filesystem::last_write_time(folder_ / "one", std::filesystem::file_time_type::clock::now() - 24h * 100);
  EXPECT_THAT(load(source_lines)->notices, Contains(AllOf(HasSubstr("ONE_SECRET is 100 days old"), HasSubstr("ONE_SECRET_PREVIOUS may hold the old one"))));
}

TEST_F(ConfigSecretsDir, FileThatOthersCanReadIsSaid) {
  put("ONE_SECRET", good_secret);
  std::filesystem::permissions(dir.folder() / "ONE_SECRET", std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_THAT(load(source_lines)->notices, Contains(HasSubstr("ONE_SECRET can be read by others than its owner")));
}

// --- writing

TEST_F(ConfigSecretsDir, OneIsCreatedForItsOwnerOnly) {
  ASSERT_TRUE(dir.create("ONE_SECRET", good_secret));
  EXPECT_EQ(text_of("ONE_SECRET"), good_secret + "\n");
  struct stat facts {};
  ASSERT_EQ(::stat((dir.folder() / "ONE_SECRET").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
  ASSERT_EQ(::stat(dir.folder().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0700u);
  EXPECT_EQ(dir.create("ONE_SECRET", other_secret).error().code, FaultCode::conflict);
  EXPECT_THAT(values(), ElementsAre(good_secret));
}

TEST_F(ConfigSecretsDir, RotationKeepsTheOldOneForTheOverlap) {
  ASSERT_TRUE(dir.create("ONE_SECRET", good_secret));
  ASSERT_TRUE(dir.rotate("ONE_SECRET", other_secret, 24h, now));
  EXPECT_THAT(values(), ElementsAre(other_secret, good_secret));
  EXPECT_EQ(text_of("ONE_SECRET_PREVIOUS.until"), format_iso8601(now + 24h) + "\n");
  ASSERT_TRUE(dir.rotate("ONE_SECRET", good_secret + "3", 1h, now));
  EXPECT_THAT(values(), ElementsAre(good_secret + "3", other_secret));
  EXPECT_THAT(names(), ElementsAre("ONE_SECRET", "ONE_SECRET_PREVIOUS", "ONE_SECRET_PREVIOUS.until")) << "nothing else is left";
}

TEST_F(ConfigSecretsDir, RotationWithoutOverlapLeavesNoOldOne) {
  ASSERT_TRUE(dir.create("ONE_SECRET", good_secret));
  ASSERT_TRUE(dir.rotate("ONE_SECRET", other_secret, 24h, now));
  ASSERT_TRUE(dir.rotate("ONE_SECRET", good_secret + "3", 0ms, now));
  EXPECT_THAT(names(), ElementsAre("ONE_SECRET"));
  EXPECT_THAT(values(), ElementsAre(good_secret + "3"));
  EXPECT_EQ(dir.rotate("TWO_SECRET", other_secret, 1h, now).error().code, FaultCode::not_found);
}

TEST_F(ConfigSecretsDir, RevokingRemovesThePreviousOneOrBoth) {
  ASSERT_TRUE(dir.create("ONE_SECRET", good_secret));
  EXPECT_EQ(dir.revoke_previous("ONE_SECRET").error().code, FaultCode::not_found);
  ASSERT_TRUE(dir.rotate("ONE_SECRET", other_secret, 24h, now));
  ASSERT_TRUE(dir.revoke_previous("ONE_SECRET"));
  EXPECT_THAT(values(), ElementsAre(other_secret));
  ASSERT_TRUE(dir.rotate("ONE_SECRET", good_secret, 24h, now));
  ASSERT_TRUE(dir.revoke("ONE_SECRET"));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(dir.revoke("ONE_SECRET").error().code, FaultCode::not_found);
}

TEST_F(ConfigSecretsDir, FolderThatCannotBeWrittenChangesNothing) {
  write("secrets", "a file where the folder should be");
  const auto result = dir.create("ONE_SECRET", good_secret);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().detail, AllOf(HasSubstr("secrets"), Not(HasSubstr(good_secret))));
}

}  // namespace
}  // namespace denrei
