// Breaker: stops attempts to an endpoint that fails in a row, and tries it again one attempt at a time. Pure.
//
// Shape   closed -> (failures in a row) -> open -> (after open_for) -> half open: one probe -> closed, or open again
// Units   failures count attempts; successes of any kind reset them
// Source  Nygard, Release It!; protocol §3 knows no breaker, so it only delays and never gives anything up
#pragma once
#include <cstdint>
#include <optional>

#include "denrei/base/time.hpp"

namespace denrei {

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  Breaker() = default;
  Breaker(std::uint32_t failures_max, Millis open_for) noexcept : failures_max_(failures_max), open_for_(open_for) {}

  // Whether an attempt may begin now; in half-open the one that may is the probe, until it has ended.
  [[nodiscard]] bool may_begin(WallTime now) noexcept;
  void begun() noexcept;                                // call for each attempt that begins
  void succeeded() noexcept;
  void failed(WallTime now) noexcept;
  void given_back() noexcept;                           // an attempt that ended without saying anything about the endpoint
  [[nodiscard]] State state(WallTime now) const noexcept;
  [[nodiscard]] std::optional<WallTime> opens_at() const noexcept;  // when the next probe may begin; nothing: closed or probing
  [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }

 private:
  std::uint32_t failures_max_ = 0;                      // 0: never opens
  Millis open_for_{0};
  std::uint32_t failures_ = 0;
  std::optional<WallTime> open_until_;
  bool probing_ = false;
};

}  // namespace denrei
