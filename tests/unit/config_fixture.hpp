// What the configuration's tests share: a folder with a schema, an environment, and one valid source.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <stdlib.h>

#include "denrei/app/config.hpp"

namespace denrei {

inline const std::string good_secret(40, 's');
inline const std::string other_secret(32, 'o');
inline const std::string good_token(16, 't');

// One valid source, to which tests add or of which they replace lines.
inline const std::string source_lines = R"(
[[source]]
name = "one"
paths = ["/hook/one"]
scheme = "hmac_body"
signature_header = "X-Signature"
secret = "ONE_SECRET"
schema = "any.json"
key_pointer = "/id"
event_type = "one.happened"
)";

// One valid destination, and a channel for it.
inline const std::string destination_lines = R"(
[[destination]]
name = "out"
url = "https://out.example.com/hook"
scheme = "hmac_body"
secret = "OUT_SECRET"
schedule = ["1m", "5m"]
)";
inline const std::string channel_lines = R"(
[[channel]]
name = "ops"
kind = "slack"
secret = "OPS_URL"
)";

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "denrei-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ / "schemas");
    write("schemas/any.json", R"({"type":"object"})");
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  Result<Config> load(const std::string& toml) {
    inputs_.file = write("denrei.toml", toml);
    return load_built_in();
  }

  Result<Config> load_built_in() {
    inputs_.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    return load_config(inputs_);
  }

  // What is wrong, without the folder's name.
  std::string problems_of(const std::string& toml) {
    const auto config = load(toml);
    if (config) return {};
    auto text = config.error().detail;
    const auto prefix = folder_.string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

  static std::string changed(std::string toml, const std::string& from, const std::string& to) {
    const auto at = toml.find(from);
    if (at == std::string::npos) throw std::invalid_argument(from);
    return toml.replace(at, from.size(), to);
  }

  std::string problem_with_source(const std::string& from, const std::string& to) {
    environment_["ONE_SECRET"] = good_secret;
    return problems_of(changed(source_lines, from, to));
  }

  std::filesystem::path folder_;
  std::map<std::string, std::string> environment_;
  ConfigInputs inputs_;
};

}  // namespace denrei
