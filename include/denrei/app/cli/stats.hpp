// What the commands about announcements share: the server, who asks it, and one announcement's tally.
//
// Shape   add_stats_options(command, options); open_sender(options, context), open_reader(options, context) -> api;
//         read_tally(api, id, context) -> what GET /api/announcements/{id}/tally answers
// Errors  said on `err`; the value is the exit code: 6 where nothing was counted for that announcement
#pragma once
#include <string>

#include "denrei/app/cli/listing.hpp"
#include "denrei/app/cli/options.hpp"

namespace denrei {

struct StatsOptions {
  std::string url = "http://127.0.0.1:4000";
  std::string output = "human";
  bool json_flag = false;                    // --json, as -o json
  [[nodiscard]] bool is_json() const { return json_flag || output == "json"; }
};
void add_stats_options(CLI::App& app, StatsOptions& options);  // --url, -o and --json

// With the sender's token, else the operator's; with the reader's, else the operator's.
[[nodiscard]] OrExit<Api> open_sender(const StatsOptions& options, CliContext& context, bool repeats_orders = false);
[[nodiscard]] OrExit<Api> open_reader(const StatsOptions& options, CliContext& context);

[[nodiscard]] OrExit<ApiAnswer> read_tally(Api& api, const std::string& id, CliContext& context);

void add_stats_resend(CLI::App& stats, CliContext& context);

}  // namespace denrei
