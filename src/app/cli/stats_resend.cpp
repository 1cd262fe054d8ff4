// denrei stats resend: the hourly and daily figures of a past period, handed in again for the destinations.
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "denrei/app/cli/bulk_interruption.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/cli/stats.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/tally.hpp"

namespace denrei {
namespace {

constexpr std::size_t announcements_max = 1'000'000;  // of one resend: 40 MB of ids
constexpr std::size_t run_bytes_max = 64;
constexpr std::size_t identity_bytes_max = limits::key_bytes_max;

struct ResendOptions {
  StatsOptions stats;
  std::string from, to;
  std::string announcement;    // empty: all
  std::string kind = "all";
  std::string run;             // empty: a new one
  bool dry_run = false;
};

// Both ends belong to it.
struct Period {
  WallTime first{};
  WallTime last{};
};

// The figures of a day are those that were made after its midnight and at the next one: a point stands at the end of what it sums up.
std::optional<Period> read_day(const std::string& text) {
  constexpr std::size_t date_bytes = 10;
  if (text.size() != date_bytes) return std::nullopt;
  const auto midnight = parse_iso8601(text + "T00:00:00+09:00");
  return midnight ? std::optional(Period{*midnight + Millis{1}, tokyo_day_end(*midnight)}) : std::nullopt;
}

Result<Period> read_edge(const char* option, const std::string& text) {
  if (const auto day = read_day(text)) return *day;
  if (const auto time = parse_iso8601(text)) return Period{*time, *time};
  return fail(FaultCode::invalid,
              fmt::format("{}: '{}' is neither a day in Japan such as 2025-10-07 nor a time such as 2025-10-07T10:00:00+09:00", option, text));
}

Result<Period> read_period(const ResendOptions& options) {
  const auto from = read_edge("--from", options.from);
  if (!from) return tl::unexpected(from.error());
  const auto to = read_edge("--to", options.to);
  if (!to) return tl::unexpected(to.error());
  if (to->last < from->first) return fail(FaultCode::invalid, "--to is before --from");
  return Period{from->first, to->last};
}

struct Point {
  WallTime at{};
  const json::value* item = nullptr;  // of the tally's series
};

bool is_wanted(std::string_view event, std::string_view kind) {
  if (kind == "all") return event == "stats.hourly" || event == "stats.daily";
  return event == fmt::format("stats.{}", kind);
}

// Oldest first; of one moment in the order of the series.
std::vector<Point> points_of(const json::value& tally, const Period& period, std::string_view kind) {
  std::vector<Point> points;
  const auto* series = find(tally, "/series");
  if (series == nullptr || !series->is_array()) return points;
  for (const auto& item : series->get_array()) {
    const auto at = parse_iso8601(find_string(item, "/timestamp"));
    if (at && *at >= period.first && *at <= period.last && is_wanted(find_string(item, "/event"), kind)) points.push_back({*at, &item});
  }
  std::stable_sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.at < b.at; });
  return points;
}

class Resend {
 public:
  Resend(const ResendOptions& options, const Period& period, CliContext& context)
      : options_(options), period_(period), context_(context), run_(options.run.empty() ? format_iso8601(context.now()) : options.run) {}

  Exit run() {
    auto reader = open_reader(options_.stats, context_);
    if (!reader) return reader.error();
    reader_.emplace(std::move(*reader));
    if (!options_.dry_run) {
      auto sender = open_sender(options_.stats, context_, true);
      if (!sender) return sender.error();
      sender_.emplace(std::move(*sender));
    }
    const auto ids = list_announcements();
    if (!ids) return ids.error();
    for (const auto& id : *ids)
      if (!end_) hand_in_all_of(id);
    return finish();
  }

 private:
  // A page may name one that an earlier one had.
  OrExit<std::set<std::string>> list_announcements() {
    if (!options_.announcement.empty()) return std::set<std::string>{options_.announcement};
    std::set<std::string> ids;
    std::string cursor;
    do {
      Members members;
      const auto page = reader_->read("/api/announcements" + members.add("limit", std::to_string(limits::page_max)).add("cursor", cursor).query());
      if (!page) return tl::unexpected(page.error());
      const auto* items = find(page->root, "/data");
      if (items == nullptr || !items->is_array())
        return tl::unexpected(complain(context_, Exit::failed, "the server's answer is not a list"));
      for (const auto& item : items->get_array()) ids.emplace(find_string(item, "/id"));
      if (const auto next = find_string(page->root, "/next"); next != cursor) cursor = next;
      else cursor.clear();
    } while (!cursor.empty() && ids.size() < announcements_max);
    return ids;
  }

  void hand_in_all_of(const std::string& id) {
    if (is_interrupted()) return stop(Exit::interrupted);
    const auto tally = read_tally(*reader_, id, context_);
    if (!tally) return count_failure(tally.error());
    const auto points = points_of(tally->root, period_, options_.kind);
    announcements_ += points.empty() ? 0 : 1;
    for (const auto& point : points) {
      if (end_) return;
      if (is_interrupted()) return stop(Exit::interrupted);
      hand_in(id, tally->root, *point.item);
    }
  }

  void hand_in(const std::string& id, const json::value& tally, const json::value& item) {
    const auto event = std::string(find_string(item, "/event"));
    const auto timestamp = std::string(find_string(item, "/timestamp"));
    const auto about = fmt::format("{} {} {}", id, event, timestamp);
    const auto payload = stats_payload(tally, item);
    if (!payload) return count_failure(complain(context_, Exit::failed, fmt::format("{}: {}", make_printable(about), payload.error().detail)));
    if (options_.dry_run) return note(id, event, timestamp, {});
    JsonObject body(512 + payload->size());
    body.text("type", event).text("key", id).text("id", identity_of(about)).raw("payload", *payload);
    const auto answer = sender_->order("/api/events", body.take(), about);
    if (!answer) return count_failure(answer.error());
    note(id, event, timestamp, find_string(answer->root, "/id"));
  }

  // By it the server knows a point of the same run again; a long one is as good as its hash.
  [[nodiscard]] std::string identity_of(const std::string& about) const {
    auto identity = fmt::format("resend {} {}", run_, about);
    return identity.size() <= identity_bytes_max ? identity : make_event_id("resend", identity).text();
  }

  void note(const std::string& id, const std::string& event, const std::string& timestamp, std::string_view accepted_as) {
    ++handed_in_;
    if (options_.stats.is_json()) {
      JsonObject point;
      point.text("announcement", id).text("event", event).text("timestamp", timestamp).text_if_any("id", accepted_as);
      points_json_ += (points_json_.empty() ? "" : ",") + point.take();
      return;
    }
    context_.out << fmt::format("{:<12}  {}  {}{}{}\n", make_printable(event), make_printable(timestamp), make_printable(accepted_as),
                                accepted_as.empty() ? "" : "  ", make_printable(id));
  }

  // What will fail for every other one too, ends it.
  void count_failure(Exit exit) {
    ++failed_;
    const bool was_named = exit == Exit::not_found && !options_.announcement.empty();
    if (exit == Exit::not_allowed || exit == Exit::unreachable || was_named) stop(exit);
  }
  void stop(Exit exit) { end_ = exit; }
  [[nodiscard]] bool is_interrupted() const { return context_.is_interrupted ? context_.is_interrupted() : interruption_.is_raised(); }

  Exit finish() {
    if (options_.stats.is_json()) {
      JsonObject all(256 + points_json_.size());
      all.text("run", run_).text("from", format_iso8601(period_.first)).text("to", format_iso8601(period_.last)).boolean("dryRun", options_.dry_run);
      all.number("handedIn", options_.dry_run ? 0 : handed_in_).number("failed", failed_).raw("points", "[" + points_json_ + "]");
      context_.out << all.take() << '\n';
    }
    context_.err << fmt::format("{} {} of {} {} {}", handed_in_, handed_in_ == 1 ? "point" : "points", announcements_,
                                announcements_ == 1 ? "announcement" : "announcements", options_.dry_run ? "would be handed in" : "handed in");
    if (failed_ > 0) context_.err << fmt::format(", {} failed", failed_);
    context_.err << '\n';
    if ((failed_ > 0 || end_) && end_ != Exit::not_found && !options_.dry_run)
      context_.err << fmt::format("the same command with --run {} goes on: what was handed in does not go a second time\n", quote_for_shell(run_));
    if (end_) return *end_;
    return failed_ > 0 ? Exit::failed : Exit::done;
  }

  const ResendOptions& options_;
  Period period_;
  CliContext& context_;
  std::string run_;
  Interruption interruption_;
  std::optional<Api> reader_, sender_;
  std::optional<Exit> end_;
  std::int64_t handed_in_ = 0, failed_ = 0, announcements_ = 0;
  std::string points_json_;
};

Exit resend(const ResendOptions& options, CliContext& context) {
  const auto period = read_period(options);
  if (!period) return complain(context, Exit::usage, make_printable(period.error().detail));
  if (options.run.size() > run_bytes_max) return complain(context, Exit::usage, fmt::format("--run has at most {} bytes", run_bytes_max));
  return Resend(options, *period, context).run();
}

}  // namespace

void add_stats_resend(CLI::App& stats, CliContext& context) {
  auto* command = stats.add_subcommand("resend", "Hand the hourly and daily figures of a past period in again; exit 1 when some failed");
  auto options = std::make_shared<ResendOptions>();
  command->add_option("--from", options->from, "A day in Japan (2025-10-07) or a time (2025-10-07T10:00:00+09:00)")->required();
  command->add_option("--to", options->to, "Likewise; the day or the moment itself belongs to it")->required();
  command->add_option("--announcement", options->announcement, "Of this one alone");
  command->add_option("--kind", options->kind, "hourly, daily or all")->check(CLI::IsMember({"hourly", "daily", "all"}))->capture_default_str();
  command->add_option("--run", options->run, "Go on with an earlier run: what it handed in within the last days does not go a second time");
  command->add_flag("--dry-run", options->dry_run, "Only list what would be handed in");
  command->footer("A day's figures are those made after its midnight, up to the next one: its daily figures bear the time at which it ended.");
  add_stats_options(*command, options->stats);
  on_run(*command, options, context, resend);
}

}  // namespace denrei
