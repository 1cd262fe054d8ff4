// Calendar: the boundaries that the clock's orders go by, and which of them is due. Pure; the clock itself is in actors/clockwork.
//
// Shape   latest_boundary(kind, t) <= t < next_boundary(kind, t); decide_boundary(kind, handled, now) -> what is due, if anything
// Rules   of several that were missed only the latest is due. A clock that was set back makes nothing due a second time by itself,
//         and the next boundary that it comes to is due again
// Source  protocol §3 (stats aggregation); Asia/Tokyo is UTC+9, so its hours begin when those of UTC do
#pragma once
#include <cstdint>
#include <optional>

#include "denrei/base/time.hpp"

namespace denrei {

enum class Boundary : std::uint8_t { hour, tokyo_day };

[[nodiscard]] WallTime latest_boundary(Boundary kind, WallTime t) noexcept;
[[nodiscard]] WallTime next_boundary(Boundary kind, WallTime t) noexcept;

struct BoundaryStep {
  WallTime handled{};            // the one that counts as handled from now on, until `due` is
  std::optional<WallTime> due;
  std::uint64_t skipped = 0;     // between the two: missed, and not made up for
};
// `handled`: the boundary that was handled last; nothing: none ever was, and what has passed is not made up for.
[[nodiscard]] BoundaryStep decide_boundary(Boundary kind, std::optional<WallTime> handled, WallTime now) noexcept;

}  // namespace denrei
