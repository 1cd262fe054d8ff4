// A rule judge: keeps one alert rule's window and decides when it fires and when it is over.
//
// Shape   judge.sample(counts, now) as often as one likes; judge.decide(now) -> what has changed, by the newest sample
// States  quiet -> pending (too much, but not yet for long enough) -> firing -> quiet
// Rules   too little to judge by changes nothing about quiet and firing, and lets a pending one go when it lasts longer than `hold`:
//         silence is neither bad news nor the end of it. A firing one ends only by a window that is whole, so that counters which have
//         started at zero again end nothing
//         a heartbeat fires at `by` when none came since `from`, and ends with the next one, whenever it comes. Each day is judged once,
//         also when the clock is set back; a day whose beginning nobody watched is not judged
// Units   windows in steady time, heartbeats and what is kept in wall time
// Source  protocol §4
#pragma once
#include <cstdint>
#include <optional>

#include "denrei/domain/alert_rule.hpp"
#include "denrei/domain/rule_window.hpp"

namespace denrei {

enum class RulePhase : std::uint8_t { quiet, pending, firing };
[[nodiscard]] std::string_view phase_name(RulePhase phase) noexcept;
[[nodiscard]] Result<RulePhase> parse_phase(std::string_view name);

// What outlives the process.
struct RuleState {
  RulePhase phase = RulePhase::quiet;
  WallTime since{};
  std::optional<WallTime> last_seen;         // heartbeat: when one came last
  std::int64_t seen_day = INT64_MIN;         // and the last day on which one came in time
  std::int64_t judged_day = INT64_MIN;       // and the last day that was judged
};

struct RuleTime {
  SteadyTime steady;
  WallTime wall{};
};

enum class RuleTurn : std::uint8_t { none, pending, let_go, fired, resolved, noted };  // noted: nothing but what is kept has changed

class RuleJudge {
 public:
  RuleJudge(AlertRuleSpec spec, RuleTime begin);
  // As it was before the process ended. A pending one goes on counting its time; a state that nobody kept begins now.
  void restore(const RuleState& state, RuleTime now);

  void sample(const RuleCounts& counts, RuleTime now) { window_.add(counts, now.steady); }
  [[nodiscard]] RuleTurn decide(RuleTime now);

  [[nodiscard]] const AlertRuleSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const RuleState& state() const noexcept { return state_; }
  [[nodiscard]] std::optional<double> value() const noexcept { return measure(spec_, window_.within()); }

 private:
  [[nodiscard]] RuleTurn decide_measure(RuleTime now);
  [[nodiscard]] RuleTurn decide_heartbeat(RuleTime now);
  [[nodiscard]] bool note_heartbeats(WallTime now);
  RuleTurn turn_to(RulePhase phase, WallTime now, RuleTurn turn);

  AlertRuleSpec spec_;
  RuleWindow window_;
  RuleState state_;
  SteadyTime pending_from_{};
  SteadyTime held_at_{};                     // when it was last seen to be too much
  WallTime decided_at_{};                    // heartbeat: whatever is new came after this
  std::uint64_t heartbeats_ = 0;             // counted so far
};

}  // namespace denrei
