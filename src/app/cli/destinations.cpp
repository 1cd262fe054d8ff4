// denrei destinations, denrei audit: how destinations fare, switching them off and on, and what operators have done.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/app/cli/operations.hpp"

namespace denrei {
namespace {

struct DestinationOptions {
  OperationsOptions operations;
  std::string name;
  std::string reason;
};

struct AuditOptions {
  OperationsOptions operations;
  PageOptions page;
};

Exit list_destinations(const DestinationOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, "/ops/destinations", context);
  if (!answer) return answer.error();
  const Page page{
      .columns = {{"DESTINATION", {"/name"}}, {"DISABLED", {"/disabled"}}, {"BREAKER", {"/breaker"}}, {"PENDING", {"/pending"}},
                  {"UNDER WAY", {"/inFlight"}}, {"DEAD", {"/dead"}}, {"DELIVERED", {"/delivered"}}, {"FAILED", {"/failedAttempts"}}, {"NEXT DUE", {"/nextDue"}},
                  {"LAST SUCCESS", {"/lastSuccess"}}, {"LAST FAILURE", {"/lastFailure"}}, {"URL", {"/url"}}},
      .what = "destination",
      .command = next_command("destinations", options.operations),
      .limit = 0,
  };
  return show_page(*answer, page, options.operations.output, context);
}

std::string path_of(const DestinationOptions& options) { return "/ops/destinations/" + percent_encode(options.name); }

Exit show_destination(const DestinationOptions& options, CliContext& context) {
  return show_one(read_operations(options.operations, path_of(options), context), options.operations, context);
}

Exit turn(const DestinationOptions& options, const char* how, CliContext& context) {
  auto api = open_operations(options.operations, context);
  if (!api) return api.error();
  const auto report = api->order(fmt::format("{}/{}", path_of(options), how), Members{}.add("reason", options.reason).json());
  return show_one(report, options.operations, context);
}

Exit enable(const DestinationOptions& options, CliContext& context) { return turn(options, "enable", context); }
Exit disable(const DestinationOptions& options, CliContext& context) { return turn(options, "disable", context); }

CLI::App& add_one(CLI::App& parent, const char* name, const char* help, DestinationOptions& options) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("name", options.name, "Destination")->required()->check([](const std::string& text) {
    return text.empty() ? std::string("a name is not empty") : std::string();
  });
  add_operations_options(*command, options.operations);
  return *command;
}

// --- audit

// What an entry says besides the columns: a destination's own fields, and counts of a job.
std::string describe_rest(const json::value& entry) {
  static constexpr std::array<std::string_view, 6> shown{"timestamp", "action", "by", "destination", "deliveryId", "jobId"};
  std::string out;
  if (!entry.is_object()) return cell_of(entry);
  for (const auto& [name, value] : entry.get_object()) {
    if (std::find(shown.begin(), shown.end(), std::string_view(name)) != shown.end()) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", std::string_view(name), cell_of(value));
  }
  return out.empty() ? "-" : out;
}

Exit list_audit(const AuditOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, "/ops/audit" + page_query({}, options.page), context);
  if (!answer) return answer.error();
  const Page page{.columns = {{"TIME", {"/timestamp"}}, {"ACTION", {"/action"}}, {"BY", {"/by"}}, {"DESTINATION", {"/destination"}},
                              {"DELIVERY/JOB", {"/deliveryId", "/jobId"}}, {"MORE", {}, describe_rest}},
                  .what = "audit entry",
                  .command = next_command("audit", options.operations),
                  .limit = options.page.limit};
  return show_page(*answer, page, options.operations.output, context);
}

}  // namespace

void add_destinations(CLI::App& app, CliContext& context) {
  auto* destinations = app.add_subcommand("destinations", "How each destination fares");
  auto options = std::make_shared<DestinationOptions>();
  add_operations_options(*destinations, options->operations);
  on_run(*destinations, options, context, list_destinations);
  auto* list = destinations->add_subcommand("list", "All of them, as without a subcommand");
  add_operations_options(*list, options->operations);
  on_run(*list, options, context, list_destinations);
  on_run(add_one(*destinations, "show", "One of them", *options), options, context, show_destination);
  auto& on = add_one(*destinations, "enable", "Send to it again what has been kept meanwhile", *options);
  on.add_option("--reason", options->reason, "For the audit");
  on_run(on, options, context, enable);
  auto& off = add_one(*destinations, "disable", "Send nothing to it, and keep what comes", *options);
  off.add_option("--reason", options->reason, "For the audit and for whoever asks why")->required();
  on_run(off, options, context, disable);
}

void add_audit(CLI::App& app, CliContext& context) {
  auto* audit = app.add_subcommand("audit", "What was given up and what operators did, newest first");
  auto options = std::make_shared<AuditOptions>();
  add_page_options(*audit, options->page);
  add_operations_options(*audit, options->operations);
  on_run(*audit, options, context, list_audit);
}

}  // namespace denrei
