// Durations as people write them: "500ms", "5s", "1m", "2h", "1d".
//
// Shape   parse_duration("5m") -> Result<Millis>; show_duration(90s) -> "90s", in the largest unit that loses nothing
// Limits  a billion of any unit
// Errors  invalid: not a whole number and a unit
#pragma once
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
[[nodiscard]] std::string show_duration(Millis duration);

}  // namespace denrei
