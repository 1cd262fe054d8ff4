// When a load run sends and measures: warm-up, window, last answers; and in an open loop the time at which each event is due.
//
// Shape   start(now); due(n, now) -> when the n-th event is to be sent; begin_window(now); end_window(now) -> its seconds
// Units   an open loop's n-th event is due at start + n / rate, whatever the server does; a closed loop's always now
// Limits  after the window the last answers have 5 s
#pragma once
#include <chrono>
#include <cstdint>

namespace denrei::bench {

using Clock = std::chrono::steady_clock;

class LoadSchedule {
 public:
  using Time = Clock::time_point;
  enum class Phase : std::uint8_t { warming_up, measuring, draining };

  LoadSchedule(double rate, double warmup_s, double window_s) : rate_(rate), warmup_(span(warmup_s)), window_(span(window_s)) {}

  void start(Time now) {
    started_ = now;
    begin_ = now + warmup_;
  }
  void begin_window(Time now) {
    phase_ = Phase::measuring;
    begin_ = now;
    end_ = now + window_;
  }
  [[nodiscard]] double end_window(Time now) {
    phase_ = Phase::draining;
    end_ = now;
    return std::chrono::duration<double>(end_ - begin_).count();
  }

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_open_loop() const { return rate_ > 0; }
  [[nodiscard]] Time window_begin() const { return begin_; }
  [[nodiscard]] Time window_end() const { return end_; }
  [[nodiscard]] Time give_up_at() const { return end_ + std::chrono::seconds(5); }
  [[nodiscard]] bool is_in_window(Time t) const { return phase_ != Phase::warming_up && t >= begin_ && t < end_; }
  [[nodiscard]] Time phase_end() const {
    switch (phase_) {
      case Phase::warming_up: return begin_;
      case Phase::measuring: return end_;
      case Phase::draining: break;
    }
    return give_up_at();
  }

  [[nodiscard]] Time due(std::uint64_t n, Time now) const {
    return is_open_loop() ? started_ + span(static_cast<double>(n) / rate_) : now;
  }
  // After the window an open loop still sends what was due in it; a closed loop sends nothing.
  [[nodiscard]] bool may_take(std::uint64_t n) const {
    return phase_ != Phase::draining || (is_open_loop() && due(n, end_) < end_);
  }
  // How many events were due by `t` beyond the first `taken`.
  [[nodiscard]] std::uint64_t waiting_at(Time t, std::uint64_t taken) const {
    if (!is_open_loop()) return 0;
    const auto due_by_then = static_cast<std::uint64_t>(std::chrono::duration<double>(t - started_).count() * rate_);
    return due_by_then > taken ? due_by_then - taken : 0;
  }

 private:
  static Clock::duration span(double s) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
  }

  double rate_;
  Clock::duration warmup_, window_;
  Phase phase_ = Phase::warming_up;
  Time started_, begin_, end_;
};

}  // namespace denrei::bench
