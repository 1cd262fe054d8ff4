// A rule window: what was counted in the last minutes, from samples of counters that only rise.
//
// Shape   window.add(counts since the start, now); window.within() -> counts of the window; is_whole() -> it reaches back far enough
// Units   steady time: a corrected wall clock moves nothing. What was counted leaves the window after its length, at the latest 1/60 of
//         it later
// Limits  at most places_max + 2 samples are kept, however often one comes
// Rules   a counter that is lower than before has started at zero again: it counts from there
#pragma once
#include <chrono>
#include <deque>

#include "denrei/domain/alert_rule.hpp"

namespace denrei {

using SteadyTime = std::chrono::steady_clock::time_point;

class RuleWindow {
 public:
  // Everything counted before the first sample has been counted since `begin`.
  RuleWindow(Millis length, SteadyTime begin) : length_(length), places_{{begin, {}}} {}

  void add(const RuleCounts& counts, SteadyTime now);
  [[nodiscard]] RuleCounts within() const noexcept;
  [[nodiscard]] const RuleCounts& total() const noexcept { return total_; }
  [[nodiscard]] bool is_whole() const noexcept { return places_.front().at + length_ <= newest_; }

 private:
  static constexpr int places_max = 60;
  struct Place {
    SteadyTime at;
    RuleCounts total;
  };
  Millis length_;
  RuleCounts last_;                    // as it was sampled
  RuleCounts total_;                   // since the beginning, over restarts of the counters
  std::deque<Place> places_;           // the front is what the window is compared with; oldest first, never empty
  SteadyTime newest_ = places_.front().at;
};

}  // namespace denrei
