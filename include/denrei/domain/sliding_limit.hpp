// Sliding limit: at most `count` in any stretch of time as long as `window`, exactly. Pure; the caller knows the time.
//
// Shape   limit.take(now) -> whether there was room; limit.wait(now) -> how long until there is
//         limit.reserve(now) keeps room for one that goes a little later: then give_back(), and take(now) or not
// Units   milliseconds; one at t and one at t + window are not in the same window
// Limits  memory for `count` times. It remembers nothing of the process before
//         a clock that is set back: what was taken later than now counts as taken now
// Source  protocol §2.4, §3 (statistics: 100 updates a minute)
#pragma once
#include <cstdint>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

class SlidingLimit {
 public:
  SlidingLimit(std::uint32_t count, Millis window);
  [[nodiscard]] bool take(WallTime now);
  // 0: there is room. While everything is reserved nobody knows when, and the answer is a whole window.
  [[nodiscard]] Millis wait(WallTime now);
  [[nodiscard]] bool reserve(WallTime now);
  void give_back() noexcept;                   // a reservation; a take() that follows at once finds room

 private:
  void heed_clock(WallTime now);
  [[nodiscard]] std::size_t newest(std::size_t nth) const noexcept;  // where the nth newest stands, from 1
  std::vector<WallTime> times_;                // a ring of the last `count`, in order
  std::size_t next_ = 0;
  std::size_t known_ = 0;                      // of them, so far
  std::size_t reserved_ = 0;
  Millis window_;
};

}  // namespace denrei
