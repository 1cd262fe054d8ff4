// The sliding limit: there is room when the one that is `count` places back has left the window.
#include "denrei/domain/sliding_limit.hpp"

#include <algorithm>

namespace denrei {

SlidingLimit::SlidingLimit(std::uint32_t count, Millis window) : times_(std::max<std::uint32_t>(count, 1)), window_(window) {}

std::size_t SlidingLimit::newest(std::size_t nth) const noexcept { return (next_ + times_.size() - nth) % times_.size(); }

void SlidingLimit::heed_clock(WallTime now) {
  for (std::size_t nth = 1; nth <= known_ && times_[newest(nth)] > now; ++nth) times_[newest(nth)] = now;
}

Millis SlidingLimit::wait(WallTime now) {
  heed_clock(now);
  const auto left = times_.size() - reserved_;
  if (left == 0) return window_;
  if (known_ < left) return Millis{0};
  return std::max(Millis{0}, times_[newest(left)] + window_ - now);
}

bool SlidingLimit::take(WallTime now) {
  if (wait(now) > Millis{0}) return false;
  times_[next_] = now;
  next_ = (next_ + 1) % times_.size();
  known_ = std::min(known_ + 1, times_.size());
  return true;
}

bool SlidingLimit::reserve(WallTime now) {
  if (wait(now) > Millis{0}) return false;
  ++reserved_;
  return true;
}

void SlidingLimit::give_back() noexcept {
  if (reserved_ > 0) --reserved_;
}

}  // namespace denrei
