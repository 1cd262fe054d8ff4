// Orders over dead letters: some by their ids at once, or all that a filter matches as a job.
//
// Shape   order_dead_letters(options, context) -> exit code
// Rules   a filter is counted first, shown, and asked about on a terminal (without one --yes is needed); then the job is followed until
//         it has ended
// Exit    0 all went well; 1 not agreed to, or some failed again; 2 nothing or too much was named; 130 following was interrupted
#pragma once
#include <string>
#include <vector>

#include "denrei/app/cli/operations.hpp"

namespace denrei {

// What the filter of a list, a re-sending and a discarding have in common.
struct DeadFilterOptions {
  std::string destination, key, type, dead_reason, status, since, until;
};
// `reason_names`: of the option for the reason of their death; a command may need --reason for another one.
void add_dead_filter_options(CLI::App& app, DeadFilterOptions& options, const std::string& reason_names);
[[nodiscard]] OrExit<Members> read_dead_filter_options(const DeadFilterOptions& options, CliContext& context);

enum class DeadOrderKind : std::uint8_t { resend, discard };

struct DeadOrderOptions {
  DeadOrderKind kind = DeadOrderKind::resend;
  OperationsOptions operations;
  std::vector<std::string> ids;
  DeadFilterOptions filter;
  std::string reason;        // discard
  bool all = false;
  bool preview = false;
  bool yes = false;
  bool no_wait = false;
};
// The positional ids, the filter, --all, --preview, --yes, --no-wait and what every command of operators has.
void add_dead_order_options(CLI::App& app, DeadOrderOptions& options, const std::string& reason_names);
[[nodiscard]] Exit order_dead_letters(const DeadOrderOptions& options, CliContext& context);

}  // namespace denrei
