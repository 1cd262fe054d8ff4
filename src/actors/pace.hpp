// How fast a destination may be tried, and how it has been lately: its rate and its breaker.
#pragma once
#include <algorithm>
#include <optional>
#include <string>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/domain/aftermath.hpp"
#include "denrei/domain/breaker.hpp"
#include "denrei/domain/token_bucket.hpp"

namespace denrei {

[[nodiscard]] inline const char* breaker_state_name(Breaker::State state) noexcept {
  switch (state) {
    case Breaker::State::closed: return "closed";
    case Breaker::State::open: return "open";
    case Breaker::State::half_open: return "half_open";
  }
  return "";
}

class Pace {
 public:
  Pace() = default;
  explicit Pace(const Destination& d) : bucket_(d.rate, d.burst), breaker_(d.breaker_failures, d.breaker_open) {}

  [[nodiscard]] bool may_begin(WallTime now) { return bucket_.wait(now) == Millis{0} && breaker_.may_begin(now); }
  void begun(WallTime now) {
    (void)bucket_.take(now);
    breaker_.begun();
  }
  // One that was begun was not tried after all.
  void given_back() {
    bucket_.give_back();
    breaker_.given_back();
  }
  void ended(const Aftermath& after, WallTime now) {
    if (after.endpoint_alive) breaker_.succeeded();
    else breaker_.failed(now);
    if (after.judgement == Judgement::delivered) {
      last_success_ = now;
      return;
    }
    last_failure_ = now;
    last_failure_text_ = attempt_line(after.delivery.attempts.back());
  }
  // When something that is ready may go; nothing: nobody knows, an attempt must end first.
  [[nodiscard]] std::optional<WallTime> next_chance(WallTime now) {
    const auto wait = bucket_.wait(now);
    const auto probe = breaker_.opens_at();
    if (wait == Millis{0}) return probe;
    return std::max(now + wait, probe.value_or(now));
  }
  void close_breaker(const Destination& d) { breaker_ = Breaker(d.breaker_failures, d.breaker_open); }

  [[nodiscard]] Breaker::State breaker_state(WallTime now) const { return breaker_.state(now); }
  void report(DestinationReport& out, WallTime now) const {
    out.breaker = breaker_state_name(breaker_.state(now));
    out.last_success = last_success_;
    out.last_failure = last_failure_;
    out.last_failure_text = last_failure_text_;
  }

 private:
  TokenBucket bucket_;
  Breaker breaker_;
  std::optional<WallTime> last_success_;
  std::optional<WallTime> last_failure_;
  std::string last_failure_text_;
};

}  // namespace denrei
