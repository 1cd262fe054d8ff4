// denrei why: one event, its deliveries, and in words why each of them is where it is.
#include <fmt/format.h>

#include "denrei/app/cli/delivery_view.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/event.hpp"

namespace denrei {
namespace {

struct WhyOptions {
  std::string id;
  std::string url = "http://127.0.0.1:4000";
  std::string output = "human";
  std::string language;
};

std::string indent(const std::string& text) {
  std::string out = "  ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) out += "  ";
  }
  return out;
}

void print_delivery(const json::value& delivery, const std::string& why, std::ostream& out) {
  out << '\n' << format_table({{std::string(find_string(delivery, "/destination")), std::string(find_string(delivery, "/state")),
                                std::string(find_string(delivery, "/id"))}});
  out << indent(make_printable(why)) << '\n';
  const auto& history = find_history(delivery);
  if (!history.empty()) out << indent(format_table(make_attempt_rows(history, AttemptDetail::brief)));
}

void print_event(const json::value& event, const std::string& language, const CliContext& context) {
  auto record = make_record(event.get_object(), {"body", "deliveries", "why", "whyJa", "payloadAvailable"});
  record.push_back({"why", find_why(event, language, context)});
  context.out << format_table(record);
  const auto* deliveries = find(event, "/deliveries");
  if (deliveries == nullptr || !deliveries->is_array()) return;
  for (const auto& delivery : deliveries->get_array()) print_delivery(delivery, find_why(delivery, language, context), context.out);
}

Exit explain(const WhyOptions& options, CliContext& context) {
  if (!parse_event_id(options.id))
    return complain(context, Exit::usage, fmt::format("'{}' is no event id: evt_ and 32 hex digits", make_printable(options.id)));
  auto api = Api::make({.url = options.url, .token_name = operator_token_name}, context);
  if (!api) return api.error();
  const auto answer = api->read("/api/events/" + percent_encode(options.id));
  if (!answer) return answer.error();
  if (options.output == "json") context.out << answer->text << '\n';
  else print_event(answer->root, options.language, context);
  return Exit::done;
}

}  // namespace

void add_why(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("why", "What became of an event, and why");
  auto options = std::make_shared<WhyOptions>();
  command->add_option("event", options->id, "evt_…")->required();
  command->add_option("--url", options->url, "The server's public listener")->capture_default_str();
  add_language_option(*command, options->language);
  add_output_option(*command, options->output);
  command->footer(fmt::format("Needs {0} or {0}_FILE", operator_token_name));
  on_run(*command, options, context, explain);
}

}  // namespace denrei
