// The operators' commands, and what they share: the operations listener, its token, and how a command to type next is written.
//
// Shape   add_operations_options(command, options); open_operations(options, context) -> api
#pragma once
#include <string>
#include <string_view>

#include "denrei/app/cli/listing.hpp"
#include "denrei/app/cli/options.hpp"

namespace denrei {

inline constexpr const char* operations_url = "http://127.0.0.1:4001";

struct OperationsOptions {
  std::string url = operations_url;
  std::string output = "human";
  [[nodiscard]] bool is_json() const { return output == "json"; }
};
void add_operations_options(CLI::App& app, OperationsOptions& options);  // --ops-url and -o
[[nodiscard]] OrExit<Api> open_operations(const OperationsOptions& options, CliContext& context, bool waits_for_server = false);
[[nodiscard]] OrExit<ApiAnswer> read_operations(const OperationsOptions& options, const std::string& target, CliContext& context);
// "denrei jobs show job_1", and the server that was asked where it is not the usual one.
[[nodiscard]] std::string next_command(std::string_view words, const OperationsOptions& options);

// --since, --until: a time, or a length such as 2h for so long ago, as ISO 8601; empty stays empty.
[[nodiscard]] OrExit<std::string> read_moment_option(const char* name, const std::string& text, CliContext& context);

// One thing: the answer as it came, or its members one below the other.
[[nodiscard]] Exit show_one(const OrExit<ApiAnswer>& answer, const OperationsOptions& options, CliContext& context);

// Until the job has ended: 0 when all went well. Ctrl-C ends the following and not the job: 130.
[[nodiscard]] Exit follow_job(const std::string& id, const OperationsOptions& options, CliContext& context);

// The commands; each is added by add_client_commands.
void add_deliveries(CLI::App& app, CliContext& context);
void add_attempts(CLI::App& app, CliContext& context);
void add_dead_letters(CLI::App& app, CliContext& context);
void add_resend(CLI::App& app, CliContext& context);
void add_jobs(CLI::App& app, CliContext& context);
void add_destinations(CLI::App& app, CliContext& context);
void add_why(CLI::App& app, CliContext& context);
void add_audit(CLI::App& app, CliContext& context);
void add_export(CLI::App& app, CliContext& context);
void add_stats(CLI::App& app, CliContext& context);
void add_check(CLI::App& app, CliContext& context);
void add_alerts(CLI::App& app, CliContext& context);
void add_secrets(CLI::App& app, CliContext& context);

}  // namespace denrei
