// Hours, days of Asia/Tokyo, and what is due.
#include "denrei/domain/calendar.hpp"

namespace denrei {
namespace {

constexpr std::chrono::hours length_of(Boundary kind) noexcept {
  switch (kind) {
    case Boundary::hour: return std::chrono::hours{1};
    case Boundary::tokyo_day: return std::chrono::hours{24};
  }
  return std::chrono::hours{1};
}

}  // namespace

WallTime next_boundary(Boundary kind, WallTime t) noexcept {
  switch (kind) {
    case Boundary::hour: return std::chrono::floor<std::chrono::hours>(t) + std::chrono::hours{1};
    case Boundary::tokyo_day: return tokyo_day_end(t);
  }
  return t;
}

WallTime latest_boundary(Boundary kind, WallTime t) noexcept { return next_boundary(kind, t) - length_of(kind); }

BoundaryStep decide_boundary(Boundary kind, std::optional<WallTime> handled, WallTime now) noexcept {
  const auto latest = latest_boundary(kind, now);
  if (!handled) return {latest, std::nullopt, 0};
  if (latest > *handled) {
    const auto passed = (latest - latest_boundary(kind, *handled)) / length_of(kind);
    return {*handled, latest, static_cast<std::uint64_t>(passed - 1)};
  }
  // The boundary to come was handled already: the clock was set back a little, and it is enough to wait. Further back, the clock would
  // stand still until it has caught up.
  if (*handled > next_boundary(kind, now)) return {latest, std::nullopt, 0};
  return {*handled, std::nullopt, 0};
}

}  // namespace denrei
