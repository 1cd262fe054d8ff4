// One alert rule under a clock of the test's own: time passes in steps of a second, and each second is sampled and judged.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "denrei/domain/rule_judge.hpp"

namespace denrei {

using namespace std::chrono_literals;

inline AlertRuleSpec rule_of(Measure measure, double threshold, Millis window = 5min, Millis hold = 0ms) {
  AlertRuleSpec spec;
  spec.name = measure_name(measure);
  spec.measure = measure;
  spec.over = {RuleScope::Kind::source, "analytics"};
  spec.comparison = usual_comparison(measure);
  spec.threshold = threshold;
  spec.window = window;
  spec.hold = hold;
  return spec;
}

inline AlertRuleSpec heartbeat_rule() {
  auto spec = rule_of(Measure::heartbeat, 0);
  spec.type = "success";
  spec.heartbeat = {2h, 2h + 30min};
  return spec;
}

class RuleWorld {
 public:
  explicit RuleWorld(AlertRuleSpec spec, std::string_view begin = "2025-11-20T14:00:00+09:00")
      : spec_(std::move(spec)), wall(parse_iso8601(begin).value()), judge(spec_, now()) {}

  [[nodiscard]] RuleTime now() const { return {steady, wall}; }

  // What happened until now, and what the judge says of it.
  RuleTurn tick() {
    judge.sample(counts, now());
    const auto turn = judge.decide(now());
    if (turn != RuleTurn::none && turn != RuleTurn::noted) turns.push_back(turn);
    return turn;
  }
  void pass(Millis time) {
    for (Millis passed{0}; passed < time; passed += 1s) {
      steady += 1s;
      wall += 1s;
      tick();
    }
  }
  void pass_until(std::string_view time) {
    while (wall < parse_iso8601(time).value()) pass(1s);
  }
  void answer(std::uint64_t good, std::uint64_t bad = 0) {
    counts.answered += good + bad;
    counts.succeeded += good;
  }
  void take(std::uint64_t answers, Millis each) {
    counts.timed += answers;
    counts.time_us += answers * static_cast<std::uint64_t>(each.count()) * 1'000;
  }
  void accept(std::uint64_t events, std::uint64_t of_type) {
    counts.accepted += events;
    counts.of_type += of_type;
  }
  // The process ends and another begins, with counters at zero and with what was kept.
  void restart(Millis down = 0s) {
    steady = SteadyTime{} + 77s;  // steady clocks of two processes, or of two machines, have nothing to do with each other
    wall += down;
    counts = {};
    const auto kept = judge.state();
    judge = RuleJudge(spec_, now());
    judge.restore(kept, now());
  }
  [[nodiscard]] RulePhase phase() const { return judge.state().phase; }

 private:
  AlertRuleSpec spec_;

 public:
  SteadyTime steady{SteadyTime{} + 1h};
  WallTime wall;
  RuleCounts counts;
  RuleJudge judge;
  std::vector<RuleTurn> turns;               // all but none and noted
};

}  // namespace denrei
