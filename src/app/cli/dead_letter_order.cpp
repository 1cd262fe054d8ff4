// Giving orders over dead letters.
#include "denrei/app/cli/dead_letter_order.hpp"

#include <fmt/format.h>

#include "denrei/app/cli/bulk_progress.hpp"
#include "denrei/app/cli/delivery_view.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

struct Words {
  const char* path;          // the last part of it
  const char* verb;
};

Words words_of(DeadOrderKind kind) {
  switch (kind) {
    case DeadOrderKind::resend: return {"resend", "re-send"};
    case DeadOrderKind::discard: return {"discard", "discard"};
  }
  return {"", ""};
}

std::string path_of(DeadOrderKind kind) { return fmt::format("/ops/dead-letters/{}", words_of(kind).path); }

// --- some, by their ids

Exit order_by_id(const DeadOrderOptions& options, CliContext& context) {
  for (const auto& id : options.ids)
    if (const auto checked = check_delivery_id(id, context); !checked) return checked.error();
  auto api = open_operations(options.operations, context);
  if (!api) return api.error();
  const auto body = Members{}.add("reason", options.reason).json();
  auto exit = Exit::done;
  for (const auto& id : options.ids) {
    const auto answer = api->order(fmt::format("/ops/dead-letters/{}/{}", id, words_of(options.kind).path), body, id);
    if (answer && options.operations.is_json()) context.out << answer->text << '\n';
    else if (answer) context.out << id << ' ' << make_printable(find_string(answer->root, "/state")) << '\n';
    if (answer) continue;
    if (exit == Exit::done) exit = answer.error();
    if (answer.error() == Exit::not_allowed || answer.error() == Exit::unreachable) break;  // the next one would fare no better
  }
  return exit;
}

// --- many, by a filter

std::string make_body(const DeadOrderOptions& options, const Members& filter, bool preview) {
  JsonObject body;
  if (options.all) body.boolean("all", true);
  else body.raw("filter", filter.json());
  if (preview) body.boolean("preview", true);
  else body.text_if_any("reason", options.reason);
  return body.take();
}

std::int64_t find_count(const json::value& root, std::string_view pointer) {
  const auto* value = find(root, pointer);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string describe_preview(const json::value& preview, DeadOrderKind kind) {
  const auto matching = find_count(preview, "/matching");
  auto text = fmt::format("{} dead letter{} match{}\n", matching, matching == 1 ? "" : "s", matching == 1 ? "es" : "");
  if (const auto* by_destination = find(preview, "/byDestination"); by_destination != nullptr && by_destination->is_object()) {
    Rows rows{{"DESTINATION", "DEAD LETTERS"}};
    for (const auto& [name, count] : by_destination->get_object()) rows.push_back({std::string(name), cell_of(count)});
    if (rows.size() > 1) text += format_table(rows);
  }
  if (kind == DeadOrderKind::discard || matching == 0) return text;
  const auto seconds = find_count(preview, "/estimatedSeconds");
  if (seconds == 0) return text + "no rate limits them: how long it takes is up to the receivers\n";
  return text + fmt::format("at the destinations' rates it takes about {}\n", format_length(std::chrono::seconds(seconds)));
}

OrExit<void> ask(const DeadOrderOptions& options, std::int64_t matching, CliContext& context) {
  if (options.yes) return {};
  if (!context.is_in_terminal() || !context.is_err_terminal())
    return tl::unexpected(complain(context, Exit::usage, "nobody is there to be asked: add --yes, or --preview only to count"));
  context.err << fmt::format("{} {} dead letter{}? [y/N] ", words_of(options.kind).verb, matching, matching == 1 ? "" : "s") << std::flush;
  std::string line;
  std::getline(context.in, line);
  if (line == "y" || line == "Y" || line == "yes") return {};
  return tl::unexpected(complain(context, Exit::failed, "nothing was done"));
}

Exit begin_job(Api& api, const DeadOrderOptions& options, const Members& filter, CliContext& context) {
  const auto begun = api.order(path_of(options.kind), make_body(options, filter, false));
  if (!begun) return begun.error();
  const std::string id(find_string(begun->root, "/id"));
  const auto follow = next_command("jobs follow " + quote_for_shell(id), options.operations);
  if (options.no_wait) {
    context.out << (options.operations.is_json() ? begun->text : make_printable(id)) << '\n';
    context.err << fmt::format("begun; to follow it: {}\n", follow);
    return Exit::done;
  }
  context.err << fmt::format("{} has begun; Ctrl-C leaves it alone and ends only the waiting\n", make_printable(id));
  return follow_job(id, options.operations, context);
}

Exit order_by_filter(const DeadOrderOptions& options, const Members& filter, CliContext& context) {
  auto api = open_operations(options.operations, context);
  if (!api) return api.error();
  const auto preview = api->order(path_of(options.kind), make_body(options, filter, true));
  if (!preview) return preview.error();
  const auto matching = find_count(preview->root, "/matching");
  const bool ends_here = options.preview || matching == 0;
  if (ends_here && options.operations.is_json()) context.out << preview->text << '\n';
  else (options.preview ? context.out : context.err) << describe_preview(preview->root, options.kind);
  if (ends_here) return Exit::done;
  if (const auto agreed = ask(options, matching, context); !agreed) return agreed.error();
  return begin_job(*api, options, filter, context);
}

}  // namespace

void add_dead_filter_options(CLI::App& app, DeadFilterOptions& options, const std::string& reason_names) {
  app.add_option("--destination", options.destination, "Of this destination");
  app.add_option("--key", options.key, "Of this key");
  app.add_option("--type", options.type, "Of events of this type");
  app.add_option(reason_names, options.dead_reason, "Why it was given up: exhausted, given_up or pending_limit")
      ->check(CLI::IsMember({"exhausted", "given_up", "pending_limit"}));
  app.add_option("--status", options.status, "Last answered so; 0: not answered")->check(CLI::Range(0, 999));
  app.add_option("--since", options.since, "Given up since then: a time, or 2h for two hours ago");
  app.add_option("--until", options.until, "Given up until then, likewise");
}

OrExit<Members> read_dead_filter_options(const DeadFilterOptions& options, CliContext& context) {
  auto since = read_moment_option("--since", options.since, context);
  if (!since) return tl::unexpected(since.error());
  auto until = read_moment_option("--until", options.until, context);
  if (!until) return tl::unexpected(until.error());
  Members filter;
  filter.add("destination", options.destination).add("key", options.key).add("type", options.type).add("reason", options.dead_reason);
  filter.add_number("status", options.status).add("since", std::move(*since)).add("until", std::move(*until));
  return filter;
}

void add_dead_order_options(CLI::App& app, DeadOrderOptions& options, const std::string& reason_names) {
  app.add_option("ids", options.ids, "dlv_…, one or several; or a filter");
  add_dead_filter_options(app, options.filter, reason_names);
  app.add_flag("--all", options.all, "Every dead letter there is, instead of a filter");
  app.add_flag("--preview", options.preview, "Only count what the filter matches");
  app.add_flag("--yes", options.yes, "Do not ask");
  app.add_flag("--no-wait", options.no_wait, "Print the job's id and leave it alone");
  add_operations_options(app, options.operations);
}

Exit order_dead_letters(const DeadOrderOptions& options, CliContext& context) {
  const auto filter = read_dead_filter_options(options.filter, context);
  if (!filter) return filter.error();
  const auto named = (options.ids.empty() ? 0 : 1) + (filter->empty() ? 0 : 1) + (options.all ? 1 : 0);
  if (named != 1)
    return complain(context, Exit::usage, named == 0 ? "name dead letters by id or by a filter such as --destination, or say --all"
                                                     : "name dead letters in one way: by id, by a filter, or --all");
  if (options.kind == DeadOrderKind::discard && options.reason.empty() && !options.preview)
    return complain(context, Exit::usage, "--reason is needed: it stands in the audit");
  if (options.ids.empty()) return order_by_filter(options, *filter, context);
  if (options.preview) return complain(context, Exit::usage, "--preview is for a filter");
  return order_by_id(options, context);
}

}  // namespace denrei
