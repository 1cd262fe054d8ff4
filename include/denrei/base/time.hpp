// Wall-clock times as values: parsing, printing and the Japanese calendar day. Nobody here asks what time it is.
//
// Shape   parse_iso8601("2025-10-07T10:30:45.123+09:00") -> Result<WallTime>; format_iso8601(t) -> "2025-10-07T01:30:45.123Z"
// Units   WallTime is milliseconds since 1970-01-01T00:00:00Z
// Limits  years 1970–9999; fractions beyond milliseconds are cut
// Errors  invalid: not a calendar date and time with Z or an offset
// Source  RFC 3339 profile of ISO 8601; Asia/Tokyo has been UTC+9 without daylight saving since 1952
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"

namespace denrei {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Millis>;

[[nodiscard]] inline std::int64_t to_unix_ms(WallTime t) noexcept { return t.time_since_epoch().count(); }
[[nodiscard]] inline WallTime from_unix_ms(std::int64_t ms) noexcept { return WallTime{Millis{ms}}; }

[[nodiscard]] Result<WallTime> parse_iso8601(std::string_view text);
[[nodiscard]] std::string format_iso8601(WallTime t);

// "2025-11-20 14:05:30 JST", as the alert texts of the employee seed want it.
[[nodiscard]] std::string format_jst(WallTime t);

// Days since 1970-01-01 in Asia/Tokyo, and the moment at which that day ends.
[[nodiscard]] std::int64_t tokyo_day(WallTime t) noexcept;
[[nodiscard]] WallTime tokyo_day_end(WallTime t) noexcept;

}  // namespace denrei
