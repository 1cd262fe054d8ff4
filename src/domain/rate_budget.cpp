// The two-counter window: the window before counts for as much of itself as still overlaps the last `window` from now.
#include "denrei/domain/rate_budget.hpp"

#include <algorithm>
#include <cmath>

namespace denrei {
namespace {

constexpr double rounding = 1e-6;  // events; far below one, far above what doubles lose here

double ceil_seconds(double ms) { return std::ceil(ms / 1000.0 - rounding); }

}  // namespace

void RateBudget::roll(WallTime now) noexcept {
  const auto elapsed = now - start_;
  if (elapsed >= Millis{0} && elapsed < window_) return;
  if (elapsed < Millis{0} && elapsed >= -window_) return;  // a clock set back a little: wait for it
  previous_ = elapsed >= window_ && elapsed < 2 * window_ ? current_ : 0;
  current_ = 0;
  // Windows begin at multiples of their length, so that a restart does not move them.
  start_ = WallTime{Millis{now.time_since_epoch().count() / window_.count() * window_.count()}};
}

double RateBudget::used(WallTime now) const noexcept {
  const auto elapsed = std::clamp(now - start_, Millis{0}, window_);
  const auto overlap = 1.0 - static_cast<double>(elapsed.count()) / static_cast<double>(window_.count());
  return static_cast<double>(previous_) * overlap + static_cast<double>(current_);
}

bool RateBudget::take(WallTime now) noexcept {
  roll(now);
  if (used(now) + 1.0 > static_cast<double>(count_) + rounding) return false;
  ++current_;
  return true;
}

void RateBudget::give_back(WallTime now) noexcept {
  roll(now);
  if (current_ > 0) --current_;
  else if (previous_ > 0) --previous_;
}

std::uint32_t RateBudget::remaining(WallTime now) noexcept {
  roll(now);
  return static_cast<std::uint32_t>(std::max(0.0, std::floor(static_cast<double>(count_) - used(now) + rounding)));
}

std::chrono::seconds RateBudget::wait(WallTime now) noexcept {
  using std::chrono::seconds;
  if (count_ == 0) return std::chrono::ceil<seconds>(window_);  // never; an answer still needs a number
  if (remaining(now) > 0) return seconds{0};
  const auto window = static_cast<double>(window_.count());
  const auto elapsed = static_cast<double>((now - start_).count());
  // Either the previous window has to fade until one fits beside the current count, or, when the current count alone is
  // the whole quota, the window has to end first and then fade itself.
  const bool full = current_ >= count_;
  const auto fading = static_cast<double>(full ? current_ : previous_);
  const auto room = static_cast<double>(full ? count_ - 1 : count_ - 1 - current_);
  const auto free_at = window * (1.0 - room / fading) + (full ? window : 0.0);
  return seconds{std::max<seconds::rep>(1, static_cast<seconds::rep>(ceil_seconds(free_at - elapsed)))};
}

}  // namespace denrei
