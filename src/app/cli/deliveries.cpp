// denrei deliveries [show], denrei attempts: deliveries by state, one delivery, and its attempts.
#include <fmt/format.h>

#include "denrei/app/cli/delivery_view.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

struct ListOptions {
  DeliveryOptions one;       // its id: show only
  std::string destination, state = "pending", event, key;
  PageOptions page;
};

struct AttemptsOptions {
  DeliveryOptions one;
  bool bodies = false;
};

Exit list_deliveries(const ListOptions& options, CliContext& context) {
  if (options.state == "pending" && options.destination.empty())
    return complain(context, Exit::usage,
                    "pending deliveries are listed by destination: add --destination NAME (denrei destinations shows how many each one has), "
                    "or ask about one event with denrei why evt_…");
  Members members;
  members.add("state", options.state).add("destination", options.destination).add("event", options.event).add("key", options.key);
  const auto answer = read_operations(options.one.operations, "/ops/deliveries" + page_query(members, options.page), context);
  if (!answer) return answer.error();
  const Page page{.columns = delivery_columns(),
                  .what = fmt::format("{} delivery", options.state),
                  .command = next_command("deliveries" + members.options(), options.one.operations),
                  .limit = options.page.limit};
  return show_page(*answer, page, options.one.operations.output, context);
}

Exit show(const ListOptions& options, CliContext& context) { return show_delivery("/ops/deliveries/", options.one, context); }

// --- attempts

void print_answer(const json::value& attempt, std::ostream& out) {
  out << "\nattempt " << cell_of(attempt.get_object().contains("number") ? attempt.at("number") : json::value()) << ": "
      << make_printable(result_cell(attempt));
  if (const auto address = find_string(attempt, "/address"); !address.empty()) out << " from " << make_printable(address);
  out << '\n';
  if (const auto* headers = find(attempt, "/answer/headers"); headers != nullptr && headers->is_array())
    for (const auto& line : headers->get_array()) out << make_printable(cell_of(line)) << '\n';
  if (const auto body = find_string(attempt, "/answer/body"); !body.empty()) out << '\n' << make_printable(body) << '\n';
}

Exit show_attempts(const AttemptsOptions& options, CliContext& context) {
  if (const auto checked = check_delivery_id(options.one.id, context); !checked) return checked.error();
  const auto answer = read_operations(options.one.operations, "/ops/deliveries/" + options.one.id, context);
  if (!answer) return answer.error();
  const auto& history = find_history(answer->root);
  if (options.one.operations.is_json()) {
    std::string text;
    append_json(text, history);
    context.out << text << '\n';
  } else if (!history.empty()) {
    context.out << format_table(make_attempt_rows(history, AttemptDetail::full));
    if (options.bodies)
      for (const auto& attempt : history) print_answer(attempt, context.out);
  }
  if (history.empty()) context.err << "no attempt has been made\n";
  const auto* made = find(answer->root, "/attempts");
  if (made != nullptr && made->is_int64() && made->get_int64() > static_cast<std::int64_t>(history.size()))
    context.err << fmt::format("of {} attempts the newest {} are kept\n", made->get_int64(), history.size());
  return Exit::done;
}

void add_one(CLI::App& command, DeliveryOptions& options) {
  command.add_option("id", options.id, "dlv_…")->required();
  add_operations_options(command, options.operations);
}

}  // namespace

void add_deliveries(CLI::App& app, CliContext& context) {
  auto* list = app.add_subcommand("deliveries", "What goes to destinations, by state");
  auto options = std::make_shared<ListOptions>();
  list->add_option("--state", options->state, "pending, delivered, superseded (left out for a newer one) or dead")
      ->check(CLI::IsMember({"pending", "delivered", "superseded", "dead"}))->capture_default_str();
  list->add_option("--destination", options->destination, "Of this destination");
  list->add_option("--event", options->event, "Of this event, evt_…");
  list->add_option("--key", options->key, "Of this key");
  add_page_options(*list, options->page);
  add_operations_options(*list, options->one.operations);
  on_run(*list, options, context, list_deliveries);
  auto* one = list->add_subcommand("show", "One delivery: where it is, why, and every attempt");
  add_one(*one, options->one);
  add_language_option(*one, options->one.language);
  on_run(*one, options, context, show);
}

void add_attempts(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("attempts", "Every attempt of a delivery");
  auto options = std::make_shared<AttemptsOptions>();
  add_one(*command, options->one);
  command->add_flag("--bodies", options->bodies, "What was answered, too");
  command->footer("Milliseconds: how long the name, the connection and TLS took, then the wait for the first byte; TOTAL from start to end.\n" +
                  command->get_footer());
  on_run(*command, options, context, show_attempts);
}

}  // namespace denrei
