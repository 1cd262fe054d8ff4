// denrei: the program. Reads like a table of contents: parse the command line, then do what it says.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "denrei/app/cli/commands.hpp"
#include "denrei/app/serve_command.hpp"

namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Denrei (伝令): receives signed webhooks, keeps order per key, and says what became of them."};
  app.set_version_flag("--version", "denrei " DENREI_VERSION);
  app.require_subcommand(1);
  denrei::CliContext context{std::cout, std::cerr, environment};
  denrei::add_serve_command(app, context);
  denrei::add_client_commands(app, context);
  return denrei::run_command_line(app, argc, argv, context);
}
