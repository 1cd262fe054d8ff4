// Which day of the audit is archived next: every day once, after it has ended in Tokyo; what was missed is made up for. Pure.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "denrei/base/time.hpp"

namespace denrei {

class ArchiveDays {
 public:
  static constexpr std::int64_t made_up_for_max = 30;                  // days; older ones stay in the store alone
  static constexpr Millis grace = std::chrono::minutes{1};             // entries of a day's last moments are still on their way
  static constexpr Millis again_after = std::chrono::minutes{10};      // a failure

  // As the register says it; nothing: no day was ever archived, so yesterday is the first.
  void know(std::optional<std::int64_t> last) {
    last_ = last;
    known_ = true;
  }
  [[nodiscard]] bool is_known() const noexcept { return known_; }

  [[nodiscard]] std::optional<std::int64_t> due(WallTime now) const {
    if (!known_ || now < not_before_) return std::nullopt;
    const auto today = tokyo_day(now - grace);
    const auto next = last_ ? std::max(*last_ + 1, today - made_up_for_max) : today - 1;
    return next < today ? std::optional(next) : std::nullopt;
  }
  void done(std::int64_t day) { last_ = day; }
  void failed(WallTime now) { not_before_ = now + again_after; }

 private:
  bool known_ = false;
  std::optional<std::int64_t> last_;
  WallTime not_before_{};
};

}  // namespace denrei
