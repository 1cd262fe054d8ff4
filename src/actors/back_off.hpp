// How long to wait before something is begun again that breaks again and again. The first time it is begun again at once.
#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

namespace denrei {

class BackOff {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds first{100};
  static constexpr std::chrono::milliseconds longest{5'000};  // as the longest back-off after crashes
  static constexpr std::chrono::seconds quiet{60};            // without a break: the next one is a first one

  [[nodiscard]] std::chrono::milliseconds next(Moment now) {
    const bool is_first = !last_ || now - *last_ > quiet;
    wait_ = is_first ? std::chrono::milliseconds{0} : std::clamp(wait_ * 2, first, longest);
    last_ = now;
    return wait_;
  }

 private:
  std::optional<Moment> last_;
  std::chrono::milliseconds wait_{0};
};

}  // namespace denrei
