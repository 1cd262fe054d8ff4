// The list of client commands, and the way from an argument vector to an exit code.
#include "denrei/app/cli/commands.hpp"

#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/signing.hpp"

namespace denrei {

void add_client_commands(CLI::App& app, CliContext& context) {
  add_check_config(app, context);
  add_sign(app, context);
  add_verify(app, context);
  add_send(app, context);
  add_employee(app, context);
  add_reconcile(app, context);
  add_receive(app, context);
  add_why(app, context);
  add_deliveries(app, context);
  add_attempts(app, context);
  add_dead_letters(app, context);
  add_resend(app, context);
  add_jobs(app, context);
  add_destinations(app, context);
  add_audit(app, context);
  add_export(app, context);
  add_stats(app, context);
  add_check(app, context);
  add_alerts(app, context);
  add_secrets(app, context);
}

int run_command_line(CLI::App& app, int argc, const char* const* argv, CliContext& context) {
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error, context.out, context.err) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
}

}  // namespace denrei
