// denrei stats publish, action, show, list: announcements as VoiceDrive's front-end reports them, and what was counted.
#include "denrei/app/cli/stats.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t actions_max = 10'000;    // of one command: to try things out, not to import
constexpr std::size_t points_shown = 24;       // a day's hours

struct PublishOptions {
  StatsOptions stats;
  std::string id, title, category, priority, published_at, environment;
  std::int64_t delivered = 0;
};

struct ActionOptions {
  StatsOptions stats;
  std::string id, type, department, viewer, action_id;
  double read_time_s = -1;                     // below 0: not said
  std::size_t count = 1;
};

struct ShowOptions {
  StatsOptions stats;
  std::string id;
  std::size_t points = points_shown;
};

struct ListOptions {
  StatsOptions stats;
  PageOptions page;
};

// The first of two tokens that is set; the first one where neither is, so that it is the one that is asked for.
const char* choose_token(const char* first, const char* second, const CliContext& context) {
  const auto is_set = [&](const char* name) {
    const auto found = find_secret(context.env, name);
    return !found || found->has_value();
  };
  return !is_set(first) && is_set(second) ? second : first;
}

std::string target_of(const std::string& id, std::string_view rest = {}) { return fmt::format("/api/announcements/{}{}", percent_encode(id), rest); }

// --- publish

Exit publish(const PublishOptions& options, CliContext& context) {
  auto published_at = options.published_at.empty() ? format_iso8601(context.now()) : options.published_at;
  if (const auto time = parse_iso8601(published_at); !time)
    return complain(context, Exit::usage, fmt::format("--published-at: {}", time.error().detail));
  auto api = open_sender(options.stats, context);
  if (!api) return api.error();
  JsonObject body;
  body.text("title", options.title).text("category", options.category).text("priority", options.priority);
  body.text("publishedAt", published_at).number("delivered", options.delivered).text_if_any("environment", options.environment);
  const auto answer = api->put(target_of(options.id), body.take(), options.id);
  if (!answer) return answer.error();
  if (options.stats.is_json()) context.out << answer->text << '\n';
  else context.out << fmt::format("{} published: {}\n", make_printable(options.id), make_printable(find_string(answer->root, "/id")));
  return Exit::done;
}

// --- action

std::string action_body(const ActionOptions& options, std::size_t number) {
  JsonObject body;
  body.text("action", options.type).text_if_any("department", options.department).text_if_any("viewer", options.viewer);
  if (options.read_time_s >= 0) body.raw("readTimeSeconds", fmt::format("{}", options.read_time_s));
  // The server counts one id once.
  if (!options.action_id.empty()) body.text("actionId", options.count > 1 ? fmt::format("{}-{}", options.action_id, number) : options.action_id);
  return body.take();
}

Exit report_action(const ActionOptions& options, CliContext& context) {
  if (!std::isfinite(options.read_time_s)) return complain(context, Exit::usage, "--read-time is a number of seconds");
  auto api = open_sender(options.stats, context);
  if (!api) return api.error();
  for (std::size_t number = 1; number <= options.count; ++number) {
    const auto answer = api->order(target_of(options.id, "/actions"), action_body(options, number), options.id);
    if (!answer && number > 1) context.err << fmt::format("{} of {} had been handed in\n", number - 1, options.count);
    if (!answer) return answer.error();
    if (options.stats.is_json()) context.out << answer->text << '\n';
    else context.out << fmt::format("{} {}: {}\n", make_printable(options.id), options.type, make_printable(find_string(answer->root, "/id")));
  }
  return Exit::done;
}

// --- show

const json::object* object_at(const json::value& root, std::string_view pointer) {
  const auto* value = find(root, pointer);
  return value != nullptr ? value->if_object() : nullptr;
}

const json::array& series_of(const json::value& root) {
  static const json::array none;
  const auto* series = find(root, "/series");
  return series != nullptr && series->is_array() ? series->get_array() : none;
}

Rows head_rows(const json::value& root) {
  Rows rows{{"id", std::string(find_string(root, "/id"))}};
  const auto append = [&rows](Rows more) { rows.insert(rows.end(), more.begin(), more.end()); };
  if (const auto* announcement = object_at(root, "/announcement")) append(make_record(*announcement, {"id"}));
  else rows.push_back({"publishedAt", "not published yet"});
  if (const auto* stats = object_at(root, "/stats")) append(make_record(*stats, {"details"}));
  if (const auto* details = object_at(root, "/stats/details")) append(make_record(*details, {"actionsByDepartment"}));
  return rows;
}

void print_departments(const json::value& root, std::ostream& out) {
  const auto* counts = object_at(root, "/stats/details/actionsByDepartment");
  if (counts == nullptr || counts->empty()) return;
  Rows rows{{"DEPARTMENT", "ACTIONS"}};
  for (const auto& [name, count] : *counts) rows.push_back({std::string(name), cell_of(count)});
  out << '\n' << format_table(rows);
}

void print_series(const json::array& series, std::size_t most, CliContext& context) {
  if (series.empty() || most == 0) return;
  const auto from = series.size() - std::min(series.size(), most);
  const Columns columns{{"EVENT", {"/event"}}, {"TIMESTAMP", {"/timestamp"}}, {"DELIVERED", {"/stats/delivered"}}, {"ACTIONS", {"/stats/actions"}},
                        {"COMPLETIONS", {"/stats/completions"}}, {"VIEWS", {"/stats/details/viewCount"}}, {"VIEWERS", {"/stats/details/uniqueViewers"}},
                        {"READ (s)", {"/stats/details/averageReadTime"}}};
  context.out << '\n' << format_table(make_rows(columns, json::array(series.begin() + static_cast<std::ptrdiff_t>(from), series.end())));
  if (from > 0) context.err << fmt::format("of {} points the newest {} are shown; more: --points {}\n", series.size(), most, series.size());
}

Exit show(const ShowOptions& options, CliContext& context) {
  auto api = open_reader(options.stats, context);
  if (!api) return api.error();
  const auto answer = read_tally(*api, options.id, context);
  if (!answer) return answer.error();
  if (options.stats.is_json()) {
    context.out << answer->text << '\n';
    return Exit::done;
  }
  context.out << format_table(head_rows(answer->root));
  print_departments(answer->root, context.out);
  print_series(series_of(answer->root), options.points, context);
  return Exit::done;
}

Exit list(const ListOptions& options, CliContext& context) {
  auto api = open_reader(options.stats, context);
  if (!api) return api.error();
  const auto answer = api->read("/api/announcements" + page_query({}, options.page));
  if (!answer) return answer.error();
  const Page page{.columns = {{"ANNOUNCEMENT", {"/id"}}}, .what = "announcement", .command = "denrei stats list", .limit = options.page.limit};
  return show_page(*answer, page, options.stats.is_json() ? "json" : "human", context);
}

// --- the command line

void add_publish(CLI::App& stats, CliContext& context) {
  auto* command = stats.add_subcommand("publish", "Announce an announcement, or what has changed of it");
  auto options = std::make_shared<PublishOptions>();
  command->add_option("id", options->id, "Announcement")->required();
  command->add_option("--title", options->title, "Title")->required();
  command->add_option("--category", options->category, "Kind of announcement")
      ->check(CLI::IsMember({"announcement", "interview", "training", "survey", "other"}))->required();
  command->add_option("--priority", options->priority, "How urgent it is")->check(CLI::IsMember({"low", "medium", "high"}))->required();
  command->add_option("--published-at", options->published_at, "ISO 8601 (default: now)");
  command->add_option("--delivered", options->delivered, "To how many people it went")->check(CLI::NonNegativeNumber)->required();
  command->add_option("--environment", options->environment, "Whose it is (default: production)")
      ->check(CLI::IsMember({"production", "staging", "development"}));
  add_stats_options(*command, options->stats);
  on_run(*command, options, context, publish);
}

void add_action(CLI::App& stats, CliContext& context) {
  auto* command = stats.add_subcommand("action", "Report a click, a view or a completion");
  auto options = std::make_shared<ActionOptions>();
  command->add_option("id", options->id, "Announcement")->required();
  command->add_option("--type", options->type, "What was done")->check(CLI::IsMember({"click", "view", "completion"}))->required();
  command->add_option("--department", options->department, "Of which department");
  command->add_option("--viewer", options->viewer, "Who; the server keeps a hash of it alone");
  command->add_option("--read-time", options->read_time_s, "How long it was read, in seconds")->check(CLI::NonNegativeNumber);
  command->add_option("--action-id", options->action_id, "The action's own id: one id counts once");
  command->add_option("--count", options->count, "So many times; with --action-id, each gets a number behind it")
      ->check(CLI::Range(std::size_t{1}, actions_max))->capture_default_str();
  add_stats_options(*command, options->stats);
  on_run(*command, options, context, report_action);
}

void add_show(CLI::App& stats, CliContext& context) {
  auto* command = stats.add_subcommand("show", "What was counted of one announcement, and the series of its points");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("id", options->id, "Announcement")->required();
  command->add_option("--points", options->points, "Newest points of the series; 0: none")->capture_default_str();
  add_stats_options(*command, options->stats);
  on_run(*command, options, context, show);
}

void add_list(CLI::App& stats, CliContext& context) {
  auto* command = stats.add_subcommand("list", "The announcements that are counted here");
  auto options = std::make_shared<ListOptions>();
  add_page_options(*command, options->page);
  add_stats_options(*command, options->stats);
  on_run(*command, options, context, list);
}

}  // namespace

void add_stats_options(CLI::App& app, StatsOptions& options) {
  app.add_option("--url", options.url, "Server")->capture_default_str();
  app.add_flag("--json", options.json_flag, "As -o json");
  add_output_option(app, options.output);
}

OrExit<Api> open_sender(const StatsOptions& options, CliContext& context, bool repeats_orders) {
  return Api::make({.url = options.url, .token_name = choose_token(sender_token_name, operator_token_name, context),
                    .waits_for_server = repeats_orders, .repeats_orders = repeats_orders}, context);
}

OrExit<Api> open_reader(const StatsOptions& options, CliContext& context) {
  return Api::make({.url = options.url, .token_name = choose_token(reader_token_name, operator_token_name, context)}, context);
}

OrExit<ApiAnswer> read_tally(Api& api, const std::string& id, CliContext& context) {
  auto reply = api.get(target_of(id, "/tally"));
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status == 404)
    return tl::unexpected(complain(context, Exit::not_found, fmt::format("nothing was counted for an announcement '{}'", make_printable(id))));
  return api.accept(std::move(*reply), id);
}

void add_stats(CLI::App& app, CliContext& context) {
  auto* stats = app.add_subcommand("stats", "Announcements and their statistics, on the side that sends them");
  stats->footer(fmt::format("publish and action need {0} or {1}; show and list {2} or {1}; resend both",
                            sender_token_name, operator_token_name, reader_token_name));
  stats->require_subcommand(1);
  add_publish(*stats, context);
  add_action(*stats, context);
  add_show(*stats, context);
  add_list(*stats, context);
  add_stats_resend(*stats, context);
}

}  // namespace denrei
