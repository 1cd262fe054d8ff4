// The command that serves.
#include "denrei/app/serve_command.hpp"

#include "denrei/app/cli/options.hpp"
#include "denrei/app/serve.hpp"

namespace denrei {

void add_serve_command(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("serve", "Receive webhooks, keep them, apply them in order, and answer readers.");
  auto options = std::make_shared<ConfigOptions>();
  add_setting_options(*command, *options);
  command->callback([options, &context] {
    const auto load = [options, &context] { return load_config(config_inputs(*options, context)); };
    const auto config = load();
    if (!config) {
      context.err << config.error().detail << "\n";
      context.exit_code = static_cast<int>(Exit::usage);
      return;
    }
    context.exit_code = serve(*config, load);
  });
}

}  // namespace denrei
