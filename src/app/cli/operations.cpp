// What the operators' commands share.
#include "denrei/app/cli/operations.hpp"

#include <fmt/format.h>

#include "denrei/app/cli/screen.hpp"

namespace denrei {

void add_operations_options(CLI::App& app, OperationsOptions& options) {
  app.add_option("--ops-url", options.url, "The server's operations listener")->capture_default_str();
  add_output_option(app, options.output);
  app.footer(fmt::format("Needs {0} or {0}_FILE", operator_token_name));
}

OrExit<Api> open_operations(const OperationsOptions& options, CliContext& context, bool waits_for_server) {
  return Api::make({.url = options.url, .token_name = operator_token_name, .waits_for_server = waits_for_server}, context);
}

OrExit<ApiAnswer> read_operations(const OperationsOptions& options, const std::string& target, CliContext& context) {
  auto api = open_operations(options, context);
  return api ? api->read(target) : OrExit<ApiAnswer>(tl::unexpected(api.error()));
}

std::string next_command(std::string_view words, const OperationsOptions& options) {
  auto command = "denrei " + std::string(words);
  if (options.url != operations_url) command += " --ops-url " + quote_for_shell(options.url);
  return command;
}

OrExit<std::string> read_moment_option(const char* name, const std::string& text, CliContext& context) {
  if (text.empty()) return std::string();
  const auto time = read_moment(text, context);
  if (!time) return tl::unexpected(complain(context, Exit::usage, fmt::format("{}: {}", name, make_printable(time.error().detail))));
  return format_iso8601(*time);
}

Exit show_one(const OrExit<ApiAnswer>& answer, const OperationsOptions& options, CliContext& context) {
  if (!answer) return answer.error();
  if (options.is_json()) context.out << answer->text << '\n';
  else context.out << format_table(make_record(answer->root.get_object()));
  return Exit::done;
}

}  // namespace denrei
