// A tally: what VoiceDrive's front-end reports of one announcement, counted, and the statistics that follow for the records system.
//
// Shape   make_tally_logic(announcement's id, packed_state) -> KeyLogic of the events announcement.published, action.click, action.view,
//         action.completion, tally.hour, tally.day; emits stats.updated, stats.hourly, stats.daily with the body of seed §3.1
// Lines   actions have none; published, hour and day have one whose note is the packed point, so the timeline is the series
// Units   times to the millisecond; averageReadTime in whole seconds, rounded
// Limits  departments_max departments and departments_bytes_max of their names: a click of a further one counts in `actions` alone;
//         viewers_max viewers told apart: beyond it uniqueViewers is not sent any more; a read time beyond read_time_max is left out
// Errors  a body that is none: failed, nothing is counted
// Source  protocol §3.4; seed announcement-stats §1.1, §3
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/domain/json.hpp"
#include "denrei/domain/key_logic.hpp"

namespace denrei {

inline constexpr std::size_t viewers_max = 5'000;                  // a hospital's staff; 40 KB of state, written with each commit
inline constexpr std::size_t departments_bytes_max = 48 * 1024;    // names and counts of one point: a timeline's line has 64 KiB
inline constexpr std::size_t title_bytes_max = 4'000;              // 1,000 code points, as the receiver's schema has it
inline constexpr std::chrono::hours read_time_max{24};             // longer: a page that somebody left open
inline constexpr std::chrono::days daily_for{30};                  // after the last change an announcement has daily figures so long

using DepartmentCounts = std::vector<std::pair<std::string, std::int64_t>>;  // in the order of their first click

struct Published {
  std::string title;
  std::string category;
  std::string priority;
  std::string published_at;    // ISO 8601, as sent
  std::string environment;
  std::int64_t delivered = 0;
  friend bool operator==(const Published&, const Published&) = default;
};

struct TallyFigures {
  std::int64_t delivered = 0;
  std::int64_t actions = 0;
  std::int64_t completions = 0;
  std::int64_t views = 0;
  std::optional<std::int64_t> unique_viewers;     // nothing: nobody was named, or too many were
  std::optional<std::int64_t> average_read_time;  // nothing: nobody said how long
  DepartmentCounts by_department;
};

// One point of the series.
struct TallyPoint {
  std::string event;           // stats.updated, stats.hourly, stats.daily
  WallTime at{};
  TallyFigures figures;
};

struct Tally {
  std::optional<Published> published;
  std::int64_t actions = 0;
  std::int64_t completions = 0;
  std::int64_t views = 0;
  std::vector<std::uint64_t> viewers;   // sorted; eight bytes of a hash each
  bool too_many_viewers = false;        // then `viewers` is empty
  std::int64_t reads = 0;               // that said how long
  std::int64_t read_ms = 0;             // of all of them
  DepartmentCounts by_department;
  WallTime changed_at{};                // 1970: never
  bool changed_since_hour = false;      // since the last hourly figures
  WallTime stamp{};                     // of the newest point: each later one is newer, so that no receiver takes it for stale
  WallTime hour{};                      // the newest boundaries heard of
  WallTime day{};
};

[[nodiscard]] TallyFigures figures_of(const Tally& tally);
[[nodiscard]] std::string encode_point(const TallyPoint& point);
[[nodiscard]] Result<TallyPoint> decode_point(std::string_view packed);
[[nodiscard]] std::string encode_tally(const Tally& tally);
[[nodiscard]] Result<Tally> decode_tally(std::string_view packed);

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_tally_logic(std::string_view id, std::string_view packed_state);

// What goes to the records system (seed §3.1).
[[nodiscard]] std::string stats_payload(std::string_view id, const Published& published, const TallyPoint& point);
// The same of a reader's view and one item of its series; invalid: it is none, or the announcement was never published.
[[nodiscard]] Result<std::string> stats_payload(const json::value& tally, const json::value& item);

// GET /api/announcements/{id}/tally: {"id","announcement":{"id","title","category","priority","publishedAt"}|null,"environment",
// "stats":{…},"series":[{"event","timestamp","stats"}]}, oldest point first. not_found: nothing was counted yet
[[nodiscard]] Result<std::string> tally_json(std::string_view id, std::string_view packed_state, const std::vector<Line>& lines);

}  // namespace denrei
