// denrei dead-letters list|show|discard, denrei resend: what was given up, and what becomes of it.
#include "denrei/app/cli/dead_letter_order.hpp"
#include "denrei/app/cli/delivery_view.hpp"

namespace denrei {
namespace {

struct DeadLettersOptions {
  DeliveryOptions one;       // its id: show only
  DeadFilterOptions filter;
  PageOptions page;
};

Exit list_dead_letters(const DeadLettersOptions& options, CliContext& context) {
  const auto filter = read_dead_filter_options(options.filter, context);
  if (!filter) return filter.error();
  const auto answer = read_operations(options.one.operations, "/ops/dead-letters" + page_query(*filter, options.page), context);
  if (!answer) return answer.error();
  const Page page{.columns = delivery_columns(),
                  .what = "dead letter",
                  .command = next_command("dead-letters" + filter->options(), options.one.operations),
                  .limit = options.page.limit};
  return show_page(*answer, page, options.one.operations.output, context);
}

Exit show(const DeadLettersOptions& options, CliContext& context) { return show_delivery("/ops/dead-letters/", options.one, context); }

void add_list_options(CLI::App& command, DeadLettersOptions& options) {
  add_dead_filter_options(command, options.filter, "--reason,--dead-reason");
  add_page_options(command, options.page);
  add_operations_options(command, options.one.operations);
}

void add_discard(CLI::App& parent, CliContext& context) {
  auto* command = parent.add_subcommand("discard", "Never send some, by id or by filter; exit 1 when not agreed to");
  auto options = std::make_shared<DeadOrderOptions>(DeadOrderOptions{.kind = DeadOrderKind::discard});
  add_dead_order_options(*command, *options, "--dead-reason");
  command->add_option("--reason", options->reason, "Why, for the audit");
  on_run(*command, options, context, order_dead_letters);
}

}  // namespace

void add_dead_letters(CLI::App& app, CliContext& context) {
  auto* dead_letters = app.add_subcommand("dead-letters", "What was given up and waits for somebody");
  auto options = std::make_shared<DeadLettersOptions>();
  add_list_options(*dead_letters, *options);
  on_run(*dead_letters, options, context, list_dead_letters);
  auto* list = dead_letters->add_subcommand("list", "Those that a filter matches, as without a subcommand");
  add_list_options(*list, *options);
  on_run(*list, options, context, list_dead_letters);
  auto* one = dead_letters->add_subcommand("show", "One of them, with every attempt");
  one->add_option("id", options->one.id, "dlv_…")->required();
  add_operations_options(*one, options->one.operations);
  add_language_option(*one, options->one.language);
  on_run(*one, options, context, show);
  add_discard(*dead_letters, context);
}

void add_resend(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("resend", "Send dead letters again, by id or by filter; exit 1 when some failed again");
  auto options = std::make_shared<DeadOrderOptions>();
  add_dead_order_options(*command, *options, "--reason,--dead-reason");
  on_run(*command, options, context, order_dead_letters);
}

}  // namespace denrei
