// How what people do changes an announcement's tally, and when its figures go out.
#include "denrei/domain/tally.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstring>

#include "denrei/base/hmac.hpp"
#include "denrei/domain/announcement.hpp"
#include "denrei/domain/calendar.hpp"

namespace denrei {
namespace {

constexpr std::size_t published_at_bytes_max = 64;  // ISO 8601 with nanoseconds and an offset has 35
constexpr std::array<std::string_view, 5> categories{"announcement", "interview", "training", "survey", "other"};
constexpr std::array<std::string_view, 3> priorities{"low", "medium", "high"};
constexpr std::array<std::string_view, 3> environments{"production", "staging", "development"};

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<Published> read_published(const json::value& body) {
  Published published;
  published.title = find_string(body, "/title");
  published.category = find_string(body, "/category");
  published.priority = find_string(body, "/priority");
  published.published_at = find_string(body, "/publishedAt");
  published.environment = find_string(body, "/environment");
  if (published.environment.empty()) published.environment = environments.front();
  const auto* delivered = find(body, "/delivered");
  if (delivered == nullptr || !delivered->is_int64() || delivered->get_int64() < 0) return std::nullopt;
  published.delivered = delivered->get_int64();
  const bool is_good = !published.title.empty() && published.title.size() <= title_bytes_max && is_one_of(categories, published.category) &&
                       is_one_of(priorities, published.priority) && is_one_of(environments, published.environment) &&
                       published.published_at.size() <= published_at_bytes_max && parse_iso8601(published.published_at);
  return is_good ? std::optional(std::move(published)) : std::nullopt;
}

// A person is eight bytes that mean nothing for another announcement.
std::uint64_t viewer_number(std::string_view id, std::string_view viewer) {
  const auto digest = sha256({id, std::string_view("\0", 1), viewer});
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

void count_viewer(Tally& tally, std::uint64_t viewer) {
  if (tally.too_many_viewers) return;
  const auto at = std::lower_bound(tally.viewers.begin(), tally.viewers.end(), viewer);
  if (at != tally.viewers.end() && *at == viewer) return;
  if (tally.viewers.size() < viewers_max) {
    tally.viewers.insert(at, viewer);
    return;
  }
  tally.viewers = {};
  tally.too_many_viewers = true;
}

void count_department(Tally& tally, std::string_view department) {
  constexpr std::size_t count_bytes = 4 + 8;  // beside the name, as it is packed
  if (department.empty()) return;
  std::size_t bytes = department.size() + count_bytes;
  for (auto& [name, count] : tally.by_department) {
    if (name == department) {
      ++count;
      return;
    }
    bytes += name.size() + count_bytes;
  }
  if (tally.by_department.size() < departments_max && bytes <= departments_bytes_max) tally.by_department.emplace_back(department, 1);
}

void count_read_time(Tally& tally, const json::value& body) {
  const auto* value = find(body, "/readTimeSeconds");
  if (value == nullptr || !value->is_number()) return;
  const auto seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds <= static_cast<double>(std::chrono::seconds(read_time_max).count()))) return;
  ++tally.reads;
  tally.read_ms += std::llround(seconds * 1'000);
}

void note_change(Tally& tally, WallTime at) {
  tally.changed_at = std::max(tally.changed_at, at);
  tally.changed_since_hour = true;
}

// Whether a boundary was heard of already, or is over. One that is still to come was the word of a clock that ran ahead: as for the
// clock's orders themselves (calendar.hpp), it holds up no boundary that has really come.
bool is_over(Boundary kind, WallTime at, WallTime heard, WallTime now) {
  const bool clock_ran_ahead = heard > next_boundary(kind, now) && at <= now;
  return at <= heard && !clock_ran_ahead;
}

// The figures as they are now. What clocks say can repeat or go back; the stamps of one announcement only rise, whatever comes.
TallyPoint take_point(Tally& tally, const Event& event) {
  tally.stamp = std::max(event.received_at, tally.stamp + Millis{1});
  return {"stats.updated", tally.stamp, figures_of(tally)};
}

class TallyLogic final : public KeyLogic {
 public:
  TallyLogic(std::string_view id, Tally tally) : id_(id), tally_(std::move(tally)) {}

  Decision decide(const Event& event) override {
    const auto document = json_of(event);
    if (!document) return failed();
    const auto& body = (*document)->root();
    if (!body.is_object()) return failed();
    if (event.type == "action.click") return on_click(event, body);
    if (event.type == "action.view") return on_view(event, body);
    if (event.type == "action.completion") return on_completion(event, body);
    if (event.type == "announcement.published") return on_published(event, body);
    if (event.type == "tally.hour") return on_hour(event, body);
    if (event.type == "tally.day") return on_day(event, body);
    return failed();
  }

  std::string encode_state() const override {
    const bool is_known = tally_.published || tally_.actions + tally_.completions + tally_.views > 0;
    return is_known ? encode_tally(tally_) : std::string{};
  }

 private:
  static Decision failed() {
    Decision decision;
    decision.outcome = Outcome::failed;
    return decision;
  }
  static Decision unheard() {
    Decision decision;
    decision.has_line = false;
    return decision;
  }
  static Decision stale() {
    auto decision = unheard();
    decision.outcome = Outcome::stale;
    return decision;
  }

  // --- what people do

  Decision on_click(const Event& event, const json::value& body) {
    ++tally_.actions;
    count_department(tally_, find_string(body, "/department"));
    return acted(event, body);
  }

  Decision on_completion(const Event& event, const json::value& body) {
    ++tally_.completions;
    return acted(event, body);
  }

  Decision on_view(const Event& event, const json::value& body) {
    ++tally_.views;
    if (const auto viewer = find_string(body, "/viewer"); !viewer.empty()) count_viewer(tally_, viewer_number(id_, viewer));
    count_read_time(tally_, body);
    note_change(tally_, event.received_at);
    return unheard();
  }

  Decision acted(const Event& event, const json::value& body) {
    count_read_time(tally_, body);
    note_change(tally_, event.received_at);
    auto decision = unheard();
    if (tally_.published) emit(decision, take_point(tally_, event));
    return decision;
  }

  // --- what VoiceDrive says of the announcement

  Decision on_published(const Event& event, const json::value& body) {
    auto published = read_published(body);
    if (!published) return failed();
    const bool is_news = tally_.published != published;
    tally_.published = std::move(*published);
    if (is_news) note_change(tally_, event.received_at);
    Decision decision;
    const auto point = take_point(tally_, event);
    decision.note = encode_point(point);
    if (is_news && tally_.actions + tally_.completions + tally_.views > 0) emit(decision, point);
    return decision;
  }

  // --- the clock: figures as of a boundary

  Decision on_hour(const Event& event, const json::value& body) {
    const auto at = parse_iso8601(find_string(body, "/at"));
    if (!at) return failed();
    if (is_over(Boundary::hour, *at, tally_.hour, event.received_at)) return stale();
    tally_.hour = *at;
    if (!tally_.published || !tally_.changed_since_hour) return unheard();
    tally_.changed_since_hour = false;
    return summed_up(event, "stats.hourly", *at);
  }

  Decision on_day(const Event& event, const json::value& body) {
    const auto at = parse_iso8601(find_string(body, "/at"));
    if (!at) return failed();
    if (is_over(Boundary::tokyo_day, *at, tally_.day, event.received_at)) return stale();
    tally_.day = *at;
    tally_.changed_at = std::min(tally_.changed_at, event.received_at);  // a clock that ran ahead keeps nothing alive until then
    if (!tally_.published || *at - tally_.changed_at > daily_for) return unheard();
    return summed_up(event, "stats.daily", *at);
  }

  Decision summed_up(const Event& event, std::string_view type, WallTime at) {
    tally_.stamp = std::max(tally_.stamp, std::min(at, event.received_at));  // a boundary ahead of its time must not drag the stamps along
    Decision decision;
    const TallyPoint point{std::string(type), at, figures_of(tally_)};
    decision.note = encode_point(point);
    emit(decision, point);
    return decision;
  }

  void emit(Decision& decision, const TallyPoint& point) const {
    decision.emissions.push_back({point.event, stats_payload(id_, *tally_.published, point)});
  }

  std::string id_;
  Tally tally_;
};

}  // namespace

TallyFigures figures_of(const Tally& tally) {
  TallyFigures figures;
  if (tally.published) figures.delivered = tally.published->delivered;
  figures.actions = tally.actions;
  figures.completions = tally.completions;
  figures.views = tally.views;
  if (!tally.viewers.empty()) figures.unique_viewers = static_cast<std::int64_t>(tally.viewers.size());
  if (tally.reads > 0) figures.average_read_time = (tally.read_ms + tally.reads * 500) / (tally.reads * 1'000);
  figures.by_department = tally.by_department;
  return figures;
}

Result<std::unique_ptr<KeyLogic>> make_tally_logic(std::string_view id, std::string_view packed_state) {
  if (packed_state.empty()) return std::make_unique<TallyLogic>(id, Tally{});
  auto tally = decode_tally(packed_state);
  if (!tally) return tl::unexpected(std::move(tally.error()));
  return std::make_unique<TallyLogic>(id, std::move(*tally));
}

}  // namespace denrei
