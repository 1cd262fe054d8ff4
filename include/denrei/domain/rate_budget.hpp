// Rate budgets: how many events a sender may still send. Pure; the owner passes the time in.
//
// Shape   RateBudget{count, window}.take(now) -> true and one fewer, or false; give_back(now); wait(now) -> until one is free
// Units   a sliding window kept as two adjacent counters (error below 1 % of the quota at steady load)
// Source  protocol §2.4; the two-counter window as Cloudflare describes it
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "denrei/base/time.hpp"

namespace denrei {

class RateBudget {
 public:
  // A window is at least one second long.
  RateBudget(std::uint32_t count, std::chrono::seconds window)
      : count_(count), window_(std::max(window, std::chrono::seconds{1})) {}
  [[nodiscard]] bool take(WallTime now) noexcept;
  // The event turned out to be a repeat, which consumes nothing (protocol §1.4).
  void give_back(WallTime now) noexcept;
  [[nodiscard]] std::chrono::seconds wait(WallTime now) noexcept;
  [[nodiscard]] std::uint32_t remaining(WallTime now) noexcept;

 private:
  void roll(WallTime now) noexcept;
  [[nodiscard]] double used(WallTime now) const noexcept;
  std::uint32_t count_;
  Millis window_;
  WallTime start_{};
  std::uint32_t current_ = 0;
  std::uint32_t previous_ = 0;
};

}  // namespace denrei
