// denrei check-config: every value with its origin, or every problem.
#include "denrei/app/cli/signing.hpp"

namespace denrei {
namespace {

Exit check_config(const ConfigOptions& options, CliContext& context) {
  const auto config = load_config(config_inputs(options, context));
  if (!config) {
    context.err << config.error().detail << '\n';
    return Exit::usage;
  }
  context.out << describe_config(*config);
  for (const auto& notice : config->notices) context.err << "notice: " << notice << '\n';
  return Exit::done;
}

}  // namespace

void add_check_config(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("check-config", "Print every value of the configuration with its origin, or every problem in it");
  auto options = std::make_shared<ConfigOptions>();
  add_setting_options(*command, *options);
  command->callback([options, &context] { context.exit_code = static_cast<int>(check_config(*options, context)); });
}

}  // namespace denrei
