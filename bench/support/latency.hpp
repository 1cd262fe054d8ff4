// Latencies of a run in a histogram of fixed size: 64 steps for each power of two, so at most 1.6 % wide.
//
// Shape   record(duration); quantile(0.99) -> the upper end of its step, never above the greatest recorded
// Units   nanoseconds
// Limits  2.4 hours; what is longer counts as that
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace denrei::bench {

namespace latency_steps {

inline constexpr unsigned bits = 6;
inline constexpr std::uint64_t per_power = 1u << bits;
inline constexpr unsigned longest_bits = 43;
inline constexpr std::size_t count = (longest_bits - bits + 1) * per_power;

// Below 128 ns every nanosecond has its own step; above, the seven leading bits choose it.
[[nodiscard]] constexpr std::size_t step_of(std::uint64_t ns) noexcept {
  if (ns < 2 * per_power) return static_cast<std::size_t>(ns);
  const auto shift = static_cast<unsigned>(std::bit_width(ns)) - bits - 1;
  return static_cast<std::size_t>(shift * per_power + (ns >> shift));
}
[[nodiscard]] constexpr std::uint64_t last_ns_of(std::size_t step) noexcept {
  if (step < 2 * per_power) return step;
  const auto shift = step / per_power - 1;
  return ((step - shift * per_power + 1) << shift) - 1;
}
static_assert(step_of(127) == 127 && step_of(128) == 128 && step_of(255) == 191 && step_of(256) == 192);
static_assert(step_of(last_ns_of(1'000)) == 1'000 && step_of(last_ns_of(1'000) + 1) == 1'001);
static_assert(step_of((std::uint64_t{1} << longest_bits) - 1) == count - 1);

}  // namespace latency_steps

class LatencyHistogram {
 public:
  void record(std::chrono::nanoseconds latency) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, latency.count()));
    ++counts_[std::min(latency_steps::step_of(ns), counts_.size() - 1)];
    ++total_;
    sum_ns_ += ns;
    max_ns_ = std::max(max_ns_, ns);
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }
  [[nodiscard]] double max_us() const noexcept { return static_cast<double>(max_ns_) / 1e3; }
  [[nodiscard]] double mean_us() const noexcept {
    return total_ == 0 ? 0 : static_cast<double>(sum_ns_) / 1e3 / static_cast<double>(total_);
  }
  [[nodiscard]] double quantile_us(double q) const noexcept {
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_))));
    std::uint64_t seen = 0;
    for (std::size_t step = 0; step < counts_.size(); ++step)
      if ((seen += counts_[step]) >= rank) return static_cast<double>(std::min(latency_steps::last_ns_of(step), max_ns_)) / 1e3;
    return 0;
  }

 private:
  std::array<std::uint64_t, latency_steps::count> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t sum_ns_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace denrei::bench
