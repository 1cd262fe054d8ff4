// The clock's orders: which boundary hands which event to every announcement, and how such an event is made.
//
// Shape   clock_orders: the table; ClockEvents{order, at}.make(key, now) -> the event of source "denrei"
// Rules   an event's id is made of type, boundary and key: handing it in again, after a crash too, has no second effect
// Source  protocol §3 (stats aggregation); domain/tally turns these events into stats.hourly and stats.daily
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "denrei/domain/calendar.hpp"
#include "denrei/domain/event.hpp"

namespace denrei {

inline constexpr std::string_view clock_source = "denrei";
inline constexpr std::string_view clock_family = "tally";

struct ClockOrder {
  std::string_view name;         // in registers and log lines
  std::string_view type;         // of its events
  Boundary boundary;
};
inline constexpr std::array clock_orders{ClockOrder{"hour", "tally.hour", Boundary::hour}, ClockOrder{"day", "tally.day", Boundary::tokyo_day}};

// All events of one boundary: they differ in their keys.
class ClockEvents {
 public:
  ClockEvents(const ClockOrder& order, WallTime at);
  [[nodiscard]] std::shared_ptr<Event> make(std::string key, WallTime now) const;

 private:
  std::string_view type_;
  WallTime at_;
  std::string id_prefix_;
  std::string body_;             // {"at":"<ISO 8601>"}
  std::uint32_t body_hash_ = 0;
  std::shared_ptr<const JsonDocument> json_;
};

}  // namespace denrei
