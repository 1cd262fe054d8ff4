// When a failed delivery is tried again: the schedule, what the receiver asked for, and HTTP dates.
#include "denrei/domain/retry.hpp"

#include <algorithm>
#include <array>

namespace denrei {
namespace {

using namespace std::chrono;

constexpr std::int64_t seconds_max = std::int64_t{1} << 31;  // what a longer number counts as: RFC 9111 §1.2.2

Millis grown_by(Millis wait, double share) noexcept {
  return share > 0 ? wait + Millis{static_cast<Millis::rep>(static_cast<double>(wait.count()) * std::min(share, 1.0))} : wait;
}

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days_short{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> days_long{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct HttpDate {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
};

// Reads an HTTP date from left to right; after the first thing that is not as it should be, nothing fits any more.
class DateReader {
 public:
  explicit DateReader(std::string_view text) noexcept : rest_(text) {}

  bool text(std::string_view expected) noexcept {
    good_ = good_ && rest_.starts_with(expected);
    if (good_) rest_.remove_prefix(expected.size());
    return good_;
  }
  int number(std::size_t digits) noexcept {
    int value = 0;
    good_ = good_ && rest_.size() >= digits;
    for (std::size_t i = 0; good_ && i < digits; ++i) {
      good_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(digits);
    return value;
  }
  // The place of the word that stands here.
  template <std::size_t n>
  unsigned word(const std::array<std::string_view, n>& words) noexcept {
    const auto found = std::find_if(words.begin(), words.end(), [this](std::string_view one) { return rest_.starts_with(one); });
    good_ = good_ && found != words.end();
    if (good_) rest_.remove_prefix(found->size());
    return static_cast<unsigned>(found - words.begin());
  }
  bool skip_blank() noexcept {
    const bool is_blank = rest_.starts_with(' ');
    if (is_blank) rest_.remove_prefix(1);
    return is_blank;
  }
  void clock(HttpDate& out) noexcept {
    out.hour = number(2);
    text(":");
    out.minute = number(2);
    text(":");
    out.second = number(2);
  }
  [[nodiscard]] bool is_done() const noexcept { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<HttpDate> read_imf(std::string_view text) noexcept {
  DateReader in{text};
  HttpDate out;
  in.word(days_short);
  in.text(", ");
  out.day = static_cast<unsigned>(in.number(2));
  in.text(" ");
  out.month = in.word(months) + 1;
  in.text(" ");
  out.year = in.number(4);
  in.text(" ");
  in.clock(out);
  in.text(" GMT");
  return in.is_done() ? std::optional{out} : std::nullopt;
}

// "Sunday, 06-Nov-94 08:49:37 GMT": the last year that ends so and is not more than 50 years ahead.
std::optional<HttpDate> read_rfc850(std::string_view text, int this_year) noexcept {
  DateReader in{text};
  HttpDate out;
  in.word(days_long);
  in.text(", ");
  out.day = static_cast<unsigned>(in.number(2));
  in.text("-");
  out.month = in.word(months) + 1;
  in.text("-");
  out.year = (this_year + 50) / 100 * 100 + in.number(2);
  if (out.year > this_year + 50) out.year -= 100;
  in.text(" ");
  in.clock(out);
  in.text(" GMT");
  return in.is_done() ? std::optional{out} : std::nullopt;
}

// "Sun Nov  6 08:49:37 1994"
std::optional<HttpDate> read_asctime(std::string_view text) noexcept {
  DateReader in{text};
  HttpDate out;
  in.word(days_short);
  in.text(" ");
  out.month = in.word(months) + 1;
  in.text(" ");
  out.day = static_cast<unsigned>(in.number(in.skip_blank() ? 1 : 2));
  in.text(" ");
  in.clock(out);
  in.text(" ");
  out.year = in.number(4);
  return in.is_done() ? std::optional{out} : std::nullopt;
}

// The day of the week is not compared: a receiver that gets it wrong still means the date.
std::optional<WallTime> time_of(const HttpDate& d) noexcept {
  const year_month_day date{year{d.year}, month{d.month}, day{d.day}};
  if (!date.ok() || d.hour > 23 || d.minute > 59 || d.second > 60) return std::nullopt;  // 60: a leap second
  return WallTime{sys_days{date} + hours{d.hour} + minutes{d.minute} + seconds{d.second}};
}

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) noexcept {
  auto date = read_imf(text);
  if (!date) date = read_rfc850(text, static_cast<int>(year_month_day{floor<days>(now)}.year()));
  if (!date) date = read_asctime(text);
  return date ? time_of(*date) : std::nullopt;
}

std::optional<Millis> parse_seconds(std::string_view text) noexcept {
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + (c - '0'), seconds_max);
  }
  return text.empty() ? std::nullopt : std::optional<Millis>{seconds{value}};
}

std::string_view without_blanks(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

NextStep decide_retry(const Destination& destination, const RetryFacts& facts) noexcept {
  const auto asked = std::min(facts.retry_after.value_or(Millis{0}), destination.retry_after_max);
  const std::size_t attempts = std::max<std::uint32_t>(facts.attempts, 1);
  if (attempts <= destination.schedule.size()) {
    const auto wait = grown_by(destination.schedule[attempts - 1], destination.jitter * facts.dice);
    return {NextStep::Kind::retry, facts.now + std::max(wait, asked)};
  }
  if (facts.round < destination.rounds) return {NextStep::Kind::next_round, facts.now + std::max(destination.round_wait, asked)};
  return {NextStep::Kind::give_up, {}};
}

std::optional<Millis> parse_retry_after(std::string_view value, WallTime now) noexcept {
  const auto text = without_blanks(value);
  if (const auto wait = parse_seconds(text)) return wait;
  const auto date = parse_http_date(text, now);
  return date && *date >= now ? std::optional<Millis>{*date - now} : std::nullopt;
}

double retry_dice(std::string_view delivery_id_raw, std::uint32_t attempt) noexcept {
  std::uint64_t hash = 0;  // an id is one already; the attempt changes it, and MurmurHash3's last steps spread that over all bits
  (void)delivery_id_raw.copy(reinterpret_cast<char*>(&hash), sizeof hash);
  hash += attempt * 0x9E3779B97F4A7C15u;
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDu;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53u;
  hash ^= hash >> 33;
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

}  // namespace denrei
