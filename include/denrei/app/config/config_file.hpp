// The configuration file: which one is read, its parsed tables, and the files that travel inside the binary.
//
// Shape   open_config_file(inputs) -> Result<ConfigFile>; embedded_file("denrei.toml") -> text
// Limits  a configuration, schema or secret file is at most 1 MiB
// Errors  io: cannot be read; invalid: not TOML, with file:line:column
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>

#include "denrei/app/config.hpp"

namespace denrei {

struct ConfigFile {
  std::string name;             // what messages call it: a path, or "built-in denrei.toml"
  std::filesystem::path folder; // where relative names start; empty for the built-in one
  bool built_in = false;
  toml::table root;
};

[[nodiscard]] Result<ConfigFile> open_config_file(const ConfigInputs& inputs);
[[nodiscard]] Result<ConfigFile> parse_config_text(std::string_view text, std::string name);
[[nodiscard]] std::optional<std::string_view> embedded_file(std::string_view name);
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& path);

}  // namespace denrei
