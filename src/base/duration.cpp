// Reading and writing durations.
#include "denrei/base/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace denrei {
namespace {

struct Unit {
  std::string_view name;
  Millis length;
};
constexpr std::array units{Unit{"d", std::chrono::hours{24}}, Unit{"h", std::chrono::hours{1}}, Unit{"m", std::chrono::minutes{1}},
                           Unit{"s", std::chrono::seconds{1}}, Unit{"ms", Millis{1}}};
constexpr std::int64_t duration_number_max = 1'000'000'000;  // in days it still fits milliseconds

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  const auto wrong = [&] { return fail(FaultCode::invalid, fmt::format("'{}' is not a duration such as 500ms, 5s, 1m, 2h or 1d", text)); };
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0 || number > duration_number_max || text.front() == '-') return wrong();
  const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto* unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (unit == units.end()) return wrong();
  return number * unit->length;
}

std::string show_duration(Millis duration) {
  for (const auto& unit : units)
    if (duration >= unit.length && duration % unit.length == Millis{0}) return fmt::format("{}{}", duration / unit.length, unit.name);
  return "0s";
}

}  // namespace denrei
