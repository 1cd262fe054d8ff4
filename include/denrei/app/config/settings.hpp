// Settings: the single values of [server], [tls] and [redis], each of which an option or a variable can override.
//
// Shape   apply_settings(file, inputs, draft, problems): flag over environment over file over default, origin in draft.config.shown
// Names   an option "data-dir" is DENREI_DATA_DIR in the environment and data_dir in the file
// Errors  into Problems
#pragma once
#include <optional>

#include "denrei/app/config/config_file.hpp"
#include "denrei/app/config/problems.hpp"

namespace denrei {

// A configuration under construction, with what only matters until it is complete.
struct ConfigDraft {
  Config config;
  std::filesystem::path schema_dir;               // empty: "schemas" beside the file
  std::optional<std::chrono::seconds> tolerance;  // overrides every source's
  std::optional<unsigned> partitions;             // as asked for; absent: one a thread
  std::optional<unsigned> threads;                // as asked for; absent: from the machine
};

void apply_settings(const ConfigFile& file, const ConfigInputs& inputs, ConfigDraft& draft, Problems& problems);

// What the command line can set.
struct SettingOption {
  std::string name;      // "data-dir"
  std::string variable;  // "DENREI_DATA_DIR"
  std::string in_file;   // "server.data_dir"; empty: cannot stand in the file
  bool is_flag = false;  // needs no value: "--take-over" is "--take-over true"
};
[[nodiscard]] std::vector<SettingOption> setting_options();

}  // namespace denrei
