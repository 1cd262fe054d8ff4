// Shared options of the command line.
#include "denrei/app/cli/options.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fstream>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/settings.hpp"

namespace denrei {
namespace {

constexpr std::size_t input_bytes_max = 16 * 1024 * 1024;
constexpr std::int64_t milliseconds_from = 100'000'000'000;  // as seconds it would be the year 5138

Result<std::string> read_stream(std::istream& stream, const std::string& name) {
  std::string text;
  char block[16 * 1024];
  while (stream.read(block, sizeof block), stream.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(stream.gcount()));
    if (text.size() > input_bytes_max) return fail(FaultCode::invalid, fmt::format("{}: is larger than {} bytes", name, input_bytes_max));
  }
  if (stream.bad()) return fail(FaultCode::io, fmt::format("{}: cannot be read", name));
  return text;
}

}  // namespace

void add_config_option(CLI::App& app, ConfigOptions& options) {
  app.add_option("--config", options.file, "Configuration file (default: DENREI_CONFIG, config/denrei.toml, built-in)");
}

void add_setting_options(CLI::App& app, ConfigOptions& options) {
  add_config_option(app, options);
  for (const auto& setting : setting_options()) {
    const auto put = [&options, name = setting.name, is_flag = setting.is_flag](const std::string& value) {
      options.flags[name] = is_flag && value.empty() ? "true" : value;
    };
    const auto where = setting.in_file.empty() ? setting.variable : fmt::format("{} or {}", setting.variable, setting.in_file);
    auto* option = app.add_option_function<std::string>("--" + setting.name, put, "Instead of " + where);
    if (setting.is_flag) option->expected(0, 1);
  }
}

ConfigInputs config_inputs(const ConfigOptions& options, const CliContext& context) {
  ConfigInputs inputs;
  if (!options.file.empty()) inputs.file = options.file;
  inputs.flags = options.flags;
  inputs.env = context.env;
  return inputs;
}

void add_output_option(CLI::App& app, std::string& output) {
  app.add_option("-o,--output", output, "human or json")->check(CLI::IsMember({"human", "json"}))->capture_default_str();
}

Exit complain(CliContext& context, Exit exit, std::string_view text) {
  context.err << "denrei: " << text << '\n';
  return exit;
}

Result<std::string> read_input(const std::string& file, CliContext& context) {
  if (file == "-") return read_stream(context.in, "standard input");
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return fail(FaultCode::io, fmt::format("{}: is a directory", file));
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(FaultCode::io, fmt::format("{}: cannot be read", file));
  return read_stream(stream, file);
}

Result<WallTime> read_time(const std::string& text, const CliContext& context) {
  if (text.empty()) return context.now();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return parse_iso8601(text);
  if (number < 0 || number > milliseconds_from * 1'000) return fail(FaultCode::invalid, fmt::format("'{}' is not a time", text));
  return from_unix_ms(number >= milliseconds_from ? number : number * 1'000);
}

Result<WallTime> read_moment(const std::string& text, const CliContext& context) {
  if (const auto length = parse_duration(text)) return std::max(WallTime{}, context.now() - *length);
  if (auto time = read_time(text, context)) return time;
  return fail(FaultCode::invalid, fmt::format("'{}' is neither a time such as 2025-11-20T05:00:00Z nor a length such as 2h", text));
}

}  // namespace denrei
