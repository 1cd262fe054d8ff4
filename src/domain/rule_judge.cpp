// When a rule fires and when it is over.
#include "denrei/domain/rule_judge.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace denrei {
namespace {

constexpr std::array phases{
    std::pair{RulePhase::quiet, std::string_view("quiet")},
    std::pair{RulePhase::pending, std::string_view("pending")},
    std::pair{RulePhase::firing, std::string_view("firing")},
};

WallTime time_of_day(std::int64_t tokyo_day, std::chrono::minutes minutes) {
  constexpr auto tokyo_offset = std::chrono::hours{9};
  return WallTime{std::chrono::sys_days{std::chrono::days{tokyo_day}}} - tokyo_offset + minutes;
}

}  // namespace

std::string_view phase_name(RulePhase phase) noexcept {
  return std::find_if(phases.begin(), phases.end(), [phase](const auto& row) { return row.first == phase; })->second;
}

Result<RulePhase> parse_phase(std::string_view name) {
  for (const auto& [phase, known] : phases)
    if (known == name) return phase;
  return fail(FaultCode::invalid, fmt::format("unknown state \"{}\"", name));
}

RuleJudge::RuleJudge(AlertRuleSpec spec, RuleTime begin)
    : spec_(std::move(spec)), window_(spec_.window, begin.steady), decided_at_(begin.wall) {
  state_.since = begin.wall;
  const auto today = tokyo_day(begin.wall);
  state_.judged_day = begin.wall <= time_of_day(today, spec_.heartbeat.from) ? today - 1 : today;
}

void RuleJudge::restore(const RuleState& state, RuleTime now) {
  const auto first_judged = state_.judged_day;
  state_ = state;
  if (state_.judged_day == INT64_MIN) state_.judged_day = first_judged;
  pending_from_ = now.steady - std::clamp(now.wall - state.since, Millis{0}, spec_.hold);
  held_at_ = now.steady;
}

RuleTurn RuleJudge::decide(RuleTime now) {
  return spec_.measure == Measure::heartbeat ? decide_heartbeat(now) : decide_measure(now);
}

RuleTurn RuleJudge::turn_to(RulePhase phase, WallTime now, RuleTurn turn) {
  state_.phase = phase;
  state_.since = now;
  return turn;
}

RuleTurn RuleJudge::decide_measure(RuleTime now) {
  const auto value = this->value();
  const bool too_much = value && holds(spec_, *value);
  if (too_much) held_at_ = now.steady;
  switch (state_.phase) {
    case RulePhase::quiet:
      if (!too_much) return RuleTurn::none;
      if (spec_.hold == Millis{0}) return turn_to(RulePhase::firing, now.wall, RuleTurn::fired);
      pending_from_ = now.steady;
      return turn_to(RulePhase::pending, now.wall, RuleTurn::pending);
    case RulePhase::pending:
      if (too_much && now.steady - pending_from_ >= spec_.hold) return turn_to(RulePhase::firing, now.wall, RuleTurn::fired);
      if (too_much || (!value && now.steady - held_at_ <= spec_.hold)) return RuleTurn::none;
      return turn_to(RulePhase::quiet, now.wall, RuleTurn::let_go);
    case RulePhase::firing:
      if (!value || too_much || !window_.is_whole()) return RuleTurn::none;
      return turn_to(RulePhase::quiet, now.wall, RuleTurn::resolved);
  }
  return RuleTurn::none;
}

// True when one has come since the last time. What is seen now came after then: one of the last moment before `by` was in time.
bool RuleJudge::note_heartbeats(WallTime now) {
  const auto before = std::min(std::exchange(decided_at_, now), now);  // a clock that was set back says nothing
  if (window_.total().of_type == std::exchange(heartbeats_, window_.total().of_type)) return false;
  state_.last_seen = now;
  const auto today = tokyo_day(now);
  if (now >= time_of_day(today, spec_.heartbeat.from) && before < time_of_day(today, spec_.heartbeat.by)) state_.seen_day = today;
  return true;
}

RuleTurn RuleJudge::decide_heartbeat(RuleTime now) {
  const auto seen_day = state_.seen_day;
  const bool came = note_heartbeats(now.wall);
  const auto today = tokyo_day(now.wall);
  const auto due_day = now.wall >= time_of_day(today, spec_.heartbeat.by) ? today : today - 1;
  const bool judges = due_day > state_.judged_day;
  if (judges) state_.judged_day = due_day;
  if (state_.phase == RulePhase::firing) {
    if (came) return turn_to(RulePhase::quiet, now.wall, RuleTurn::resolved);
  } else if (judges && state_.seen_day < due_day) {
    return turn_to(RulePhase::firing, now.wall, RuleTurn::fired);
  }
  return judges || state_.seen_day != seen_day ? RuleTurn::noted : RuleTurn::none;
}

}  // namespace denrei
