// Token bucket: at most `rate` a second on average and `burst` at once. Pure; the caller knows the time.
//
// Shape   bucket.take(now) -> whether there was a token; bucket.wait(now) -> how long until there is one
// Units   tokens are counted in millionths, so that 5/s gives exactly one every 200 ms
// Limits  rate 0: unlimited. A clock that jumps back costs nothing and gives nothing
#pragma once
#include <cstdint>

#include "denrei/base/time.hpp"

namespace denrei {

class TokenBucket {
 public:
  TokenBucket() = default;
  TokenBucket(double rate_per_s, std::uint32_t burst) noexcept;
  [[nodiscard]] bool take(WallTime now) noexcept;
  void give_back() noexcept;                              // a token that was not used after all
  [[nodiscard]] Millis wait(WallTime now) noexcept;       // 0: now; rounded up

 private:
  void refill(WallTime now) noexcept;
  std::int64_t rate_ = 0;      // millionths of a token a millisecond
  std::int64_t most_ = 0;
  std::int64_t tokens_ = 0;
  std::int64_t last_ms_ = INT64_MIN;
};

}  // namespace denrei
