// The command `denrei serve`: its options, and from them the configuration that it serves with.
#pragma once
#include "denrei/app/cli/commands.hpp"

namespace denrei {

void add_serve_command(CLI::App& app, CliContext& context);

}  // namespace denrei
