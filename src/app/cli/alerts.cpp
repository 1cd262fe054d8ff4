// denrei alerts: the alert rules, how they stand, and what an operator does about one that fires.
#include <fmt/format.h>

#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/screen.hpp"

namespace denrei {
namespace {

struct AlertOptions {
  OperationsOptions operations;
  std::string rule;
  std::string note;
  std::string reason;
  std::string length;
};

std::string path_of(const AlertOptions& options) { return "/ops/alerts/" + percent_encode(options.rule); }

const json::array* list_at(const json::value& root, std::string_view pointer) {
  const auto* list = find(root, pointer);
  return list != nullptr && list->is_array() ? &list->get_array() : nullptr;
}

// "firing", "firing, acknowledged by operator", "quiet, silenced until …".
std::string describe_state(const json::value& rule) {
  auto text = std::string(find_string(rule, "/state"));
  if (const auto by = find_string(rule, "/acknowledgedBy"); !by.empty()) text += fmt::format(", acknowledged by {}", by);
  if (const auto until = find_string(rule, "/silencedUntil"); !until.empty()) text += fmt::format(", silenced until {}", until);
  return text;
}

void print_history(const json::value& root, CliContext& context) {
  const auto* history = list_at(root, "/history");
  if (history == nullptr || history->empty()) return;
  const Columns columns{{"INCIDENT", {"/id"}}, {"RULE", {"/rule"}}, {"FIRED", {"/firedAt"}}, {"RESOLVED", {"/resolvedAt"}}, {"VALUE", {"/value"}},
                        {"ACKNOWLEDGED BY", {"/acknowledgedBy"}}, {"NOTE", {"/note"}}};
  context.out << '\n' << format_table(make_rows(columns, *history));
}

Exit list_alerts(const AlertOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, "/ops/alerts", context);
  if (!answer) return answer.error();
  const auto* rules = list_at(answer->root, "/rules");
  if (rules == nullptr) return complain(context, Exit::failed, "the server's answer has no list of rules");
  if (options.operations.is_json()) {
    context.out << answer->text << '\n';
    return Exit::done;
  }
  const Columns columns{{"RULE", {"/name"}}, {"STATE", {}, describe_state}, {"SINCE", {"/since"}}, {"VALUE", {"/valueText", "/lastSeen"}},
                        {"FIRES WHEN", {"/descriptionEn"}}};
  if (rules->empty()) context.err << "no alert rule is configured\n";
  else context.out << format_table(make_rows(columns, *rules));
  print_history(answer->root, context);
  return Exit::done;
}

Exit show_alert(const AlertOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, path_of(options), context);
  if (!answer) return answer.error();
  if (options.operations.is_json()) {
    context.out << answer->text << '\n';
    return Exit::done;
  }
  context.out << format_table(make_record(answer->root.get_object(), {"history"}));
  print_history(answer->root, context);
  return Exit::done;
}

Exit order(const AlertOptions& options, const char* what, const Members& members, CliContext& context) {
  auto api = open_operations(options.operations, context);
  if (!api) return api.error();
  return show_one(api->order(fmt::format("{}/{}", path_of(options), what), members.empty() ? "{}" : members.json()), options.operations, context);
}

Exit acknowledge(const AlertOptions& options, CliContext& context) {
  return order(options, "acknowledge", Members{}.add("note", options.note), context);
}

Exit silence(const AlertOptions& options, CliContext& context) {
  return order(options, "silence", Members{}.add("for", options.length).add("reason", options.reason), context);
}

Exit unsilence(const AlertOptions& options, CliContext& context) { return order(options, "unsilence", {}, context); }

void add_output_options(CLI::App& command, AlertOptions& options) {
  add_operations_options(command, options.operations);
  command.add_flag_callback("--json", [&options] { options.operations.output = "json"; }, "As -o json");
}

CLI::App& add_one(CLI::App& parent, const char* name, const char* help, AlertOptions& options) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("rule", options.rule, "Alert rule")->required()->check([](const std::string& text) {
    return text.empty() ? std::string("a name is not empty") : std::string();
  });
  add_output_options(*command, options);
  return *command;
}

}  // namespace

void add_alerts(CLI::App& app, CliContext& context) {
  auto* alerts = app.add_subcommand("alerts", "Alert rules: which fire, and which did");
  auto options = std::make_shared<AlertOptions>();
  add_output_options(*alerts, *options);
  on_run(*alerts, options, context, list_alerts);
  auto* list = alerts->add_subcommand("list", "All of them, as without a subcommand");
  add_output_options(*list, *options);
  on_run(*list, options, context, list_alerts);
  on_run(add_one(*alerts, "show", "One of them, with the times that it fired", *options), options, context, show_alert);
  auto& seen = add_one(*alerts, "acknowledge", "Somebody looks after it: others see by whom", *options);
  seen.add_option("--note", options->note, "For the others");
  on_run(seen, options, context, acknowledge);
  auto& quiet = add_one(*alerts, "silence", "Nothing is sent about it for a while; it is still watched and listed", *options);
  quiet.add_option("--for", options->length, "How long: 30m, 2h, 7d; at most 30d")->required();
  quiet.add_option("--reason", options->reason, "Why")->required();
  on_run(quiet, options, context, silence);
  on_run(add_one(*alerts, "unsilence", "Send again what is to be said about it", *options), options, context, unsilence);
}

}  // namespace denrei
