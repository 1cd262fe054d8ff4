// An announcement: its latest figures, the action counts by department, and one point of its time series per event.
//
// Shape   make_announcement_logic(packed_state) -> KeyLogic; decides applied or stale; the note of the line is the packed point
// Limits  1,000 departments are kept (a hospital has some dozens; a hostile body could name ten thousand)
// Errors  figures that are missing or no integers: failed, no point
// Source  protocol §2.4; seed announcement-stats §3.1
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/domain/key_logic.hpp"
#include "denrei/domain/recency.hpp"

namespace denrei {

inline constexpr std::size_t departments_max = 1'000;

// One point of the series: what an event said at its time.
struct Figures {
  std::string event;        // stats.updated, stats.hourly, stats.daily
  std::string timestamp;    // as sent
  std::int64_t delivered = 0;
  std::int64_t actions = 0;
  std::int64_t completions = 0;
};

struct Announcement {
  std::optional<Recency> latest_since;       // absent: nobody knows this announcement
  Figures latest;
  std::string title;
  std::string category;
  std::string priority;
  std::string published_at;
  std::string details;                       // JSON text of stats.details of the latest figures; empty: none
  std::optional<Recency> departments_since;  // of the newest event that counted by department: not every event does
  std::vector<std::pair<std::string, std::int64_t>> by_department;
};

[[nodiscard]] std::string encode_figures(const Figures& figures);
[[nodiscard]] Result<Figures> decode_figures(std::string_view packed);
[[nodiscard]] std::string encode_announcement(const Announcement& announcement);
[[nodiscard]] Result<Announcement> decode_announcement(std::string_view packed);

[[nodiscard]] Result<std::unique_ptr<KeyLogic>> make_announcement_logic(std::string_view packed_state);

}  // namespace denrei
