// ISO 8601 in and out, and the calendar day of Asia/Tokyo.
#include "denrei/base/time.hpp"

namespace denrei {
namespace {

using namespace std::chrono;
constexpr auto tokyo_offset = hours{9};

// Reads exactly `digits` digits at `at` and moves on; -1 when they are not there.
int take_number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool take(std::string_view text, std::size_t& at, char expected) {
  if (at >= text.size() || text[at] != expected) return false;
  ++at;
  return true;
}

// ".123456" -> 123 ms; nothing -> 0; "." without a digit -> -1.
int take_fraction_ms(std::string_view text, std::size_t& at) {
  if (at >= text.size() || (text[at] != '.' && text[at] != ',')) return 0;
  ++at;
  int ms = 0;
  int place = 100;
  std::size_t digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && digits < 12; ++at, ++digits, place /= 10)
    ms += (text[at] - '0') * place;
  return digits == 0 ? -1 : ms;
}

}  // namespace

Result<WallTime> parse_iso8601(std::string_view text) {
  const auto wrong = [] {
    return fail(FaultCode::invalid, "not an ISO 8601 date and time with Z or an offset, such as 2025-10-07T10:30:45Z");
  };
  std::size_t at = 0;
  const int y = take_number(text, at, 4);
  if (y < 1970 || !take(text, at, '-')) return wrong();
  const int mo = take_number(text, at, 2);
  if (mo < 0 || !take(text, at, '-')) return wrong();
  const int d = take_number(text, at, 2);
  if (d < 0 || at >= text.size() || (text[at] != 'T' && text[at] != 't')) return wrong();
  ++at;
  const int h = take_number(text, at, 2);
  if (h < 0 || h > 23 || !take(text, at, ':')) return wrong();
  const int mi = take_number(text, at, 2);
  if (mi < 0 || mi > 59) return wrong();
  int s = 0;
  int ms = 0;
  if (take(text, at, ':')) {
    s = take_number(text, at, 2);
    if (s < 0 || s > 60) return wrong();  // 60: a leap second, counted into the next minute
    ms = take_fraction_ms(text, at);
    if (ms < 0) return wrong();
  }
  minutes offset{0};
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int sign = text[at++] == '-' ? -1 : 1;
    const int oh = take_number(text, at, 2);
    (void)take(text, at, ':');
    const int om = take_number(text, at, 2);
    if (oh < 0 || oh > 23 || om < 0 || om > 59) return wrong();
    offset = sign * (hours{oh} + minutes{om});
  } else {
    return wrong();
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (at != text.size() || !date.ok()) return wrong();
  return WallTime{sys_days{date} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms} - offset};
}

std::string format_iso8601(WallTime t) {
  const auto days_part = floor<days>(t);
  const year_month_day date{days_part};
  const hh_mm_ss clock{t - days_part};
  std::string out = "0000-00-00T00:00:00.000Z";
  // Digits from the right; by hand, because every log line and answer has one and a formatter costs ten times as much.
  const auto put = [&](std::size_t last, std::size_t width, unsigned value) {
    for (std::size_t i = 0; i < width; ++i, value /= 10) out[last - i] = static_cast<char>('0' + value % 10);
  };
  put(3, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(6, 2, static_cast<unsigned>(date.month()));
  put(9, 2, static_cast<unsigned>(date.day()));
  put(12, 2, static_cast<unsigned>(clock.hours().count()));
  put(15, 2, static_cast<unsigned>(clock.minutes().count()));
  put(18, 2, static_cast<unsigned>(clock.seconds().count()));
  put(22, 3, static_cast<unsigned>(clock.subseconds().count()));
  return out;
}

std::string format_jst(WallTime t) {
  const auto text = format_iso8601(t + tokyo_offset);
  return text.substr(0, 10) + " " + text.substr(11, 8) + " JST";
}

std::int64_t tokyo_day(WallTime t) noexcept { return floor<days>(t + tokyo_offset).time_since_epoch().count(); }

WallTime tokyo_day_end(WallTime t) noexcept {
  return WallTime{sys_days{days{tokyo_day(t) + 1}}} - tokyo_offset;
}

}  // namespace denrei
