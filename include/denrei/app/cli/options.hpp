// Options that several commands share, and what their values become.
#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>

#include "denrei/app/cli/commands.hpp"
#include "denrei/app/config.hpp"

namespace denrei {

// What the command line says about the configuration.
struct ConfigOptions {
  std::string file;
  std::map<std::string, std::string> flags;
};
void add_config_option(CLI::App& app, ConfigOptions& options);    // --config
void add_setting_options(CLI::App& app, ConfigOptions& options);  // --config and one option a setting: --listen, --data-dir, …
[[nodiscard]] ConfigInputs config_inputs(const ConfigOptions& options, const CliContext& context);

// -o human|json
void add_output_option(CLI::App& app, std::string& output);

// Says what is wrong on `err` and gives the exit code back.
[[nodiscard]] Exit complain(CliContext& context, Exit exit, std::string_view text);

// The command's exit code is what `run` gives; a command whose subcommand was called does not run itself.
template <class Options>
void on_run(CLI::App& command, std::shared_ptr<Options> options, CliContext& context, Exit (*run)(const Options&, CliContext&)) {
  command.callback([&command, options = std::move(options), &context, run] {
    if (command.get_subcommands().empty()) context.exit_code = static_cast<int>(run(*options, context));
  });
}

// A file's content, or standard input for "-". At most 16 MiB.
[[nodiscard]] Result<std::string> read_input(const std::string& file, CliContext& context);
// ISO 8601, Unix seconds or (13 digits) Unix milliseconds; nothing: now.
[[nodiscard]] Result<WallTime> read_time(const std::string& text, const CliContext& context);
// As read_time, or a length such as 2h: so long ago.
[[nodiscard]] Result<WallTime> read_moment(const std::string& text, const CliContext& context);

}  // namespace denrei
