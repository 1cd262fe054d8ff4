// The token bucket: tokens in millionths, filled by the milliseconds that have passed.
#include "denrei/domain/token_bucket.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace denrei {
namespace {

constexpr std::int64_t one_token = 1'000'000;
constexpr double rate_max_per_s = 1e9;  // a million a millisecond: nothing sends faster, and no product leaves 64 bits

std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept { return a / b + (a % b != 0 ? 1 : 0); }

}  // namespace

TokenBucket::TokenBucket(double rate_per_s, std::uint32_t burst) noexcept
    : most_(one_token * std::max<std::int64_t>(burst, 1)), tokens_(most_) {
  if (!(rate_per_s > 0)) return;  // 0, or no number at all: unlimited
  const auto per_ms = std::min(rate_per_s, rate_max_per_s) / 1000 * static_cast<double>(one_token);
  rate_ = std::max<std::int64_t>(std::llround(per_ms), 1);  // however slow, it is a limit
}

void TokenBucket::refill(WallTime now) noexcept {
  const auto now_ms = to_unix_ms(now);
  const auto last_ms = std::exchange(last_ms_, now_ms);
  if (tokens_ == most_ || now_ms <= last_ms) return;  // before its first token is taken it is full and has no `last`
  const auto full_in_ms = ceil_div(most_ - tokens_, rate_);
  const auto passed_ms = now_ms - last_ms;
  tokens_ = passed_ms >= full_in_ms ? most_ : tokens_ + passed_ms * rate_;
}

bool TokenBucket::take(WallTime now) noexcept {
  if (rate_ == 0) return true;
  refill(now);
  if (tokens_ < one_token) return false;
  tokens_ -= one_token;
  return true;
}

void TokenBucket::give_back() noexcept { tokens_ = std::min(tokens_ + one_token, most_); }

Millis TokenBucket::wait(WallTime now) noexcept {
  if (rate_ == 0) return Millis{0};
  refill(now);
  return tokens_ >= one_token ? Millis{0} : Millis{ceil_div(one_token - tokens_, rate_)};
}

}  // namespace denrei
