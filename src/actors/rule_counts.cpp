// Reading meters.
#include "denrei/actors/rule_counts.hpp"

#include <cmath>

namespace denrei {
namespace {

std::uint64_t value_of(const Counter* counter) noexcept { return counter == nullptr ? 0 : counter->value(); }

void add_times(const Histogram* histogram, RuleCounts& out) {
  if (histogram == nullptr) return;
  for (const auto count : histogram->counts()) out.timed += count;
  out.time_us = static_cast<std::uint64_t>(std::llround(histogram->sum_s() * 1e6));
}

}  // namespace

RuleCounts counts_of(const SourceCounters& counters, std::string_view type) {
  RuleCounts out;
  for (const auto* counter : counters.accepted) out.succeeded += value_of(counter);
  out.answered = out.succeeded;
  for (const auto* counter : counters.refused) out.answered += value_of(counter);
  out.bad_signatures = value_of(counters.refused.at(static_cast<std::size_t>(Refusal::bad_signature)));
  out.accepted = value_of(counters.accepted.at(static_cast<std::size_t>(Verdict::accepted)));
  if (const auto at = counters.by_type.find(type); at != counters.by_type.end()) out.of_type = value_of(at->second);
  add_times(counters.duration, out);
  return out;
}

RuleCounts counts_of(const DestinationMeter& meter) {
  RuleCounts out;
  out.succeeded = value_of(meter.delivered);
  out.answered = out.succeeded + value_of(meter.retried) + value_of(meter.given_up);
  add_times(meter.attempt_duration, out);
  return out;
}

RuleCounts& operator+=(RuleCounts& sum, const RuleCounts& more) noexcept {
  sum.answered += more.answered;
  sum.succeeded += more.succeeded;
  sum.bad_signatures += more.bad_signatures;
  sum.accepted += more.accepted;
  sum.of_type += more.of_type;
  sum.timed += more.timed;
  sum.time_us += more.time_us;
  return sum;
}

std::set<std::string> counted_types(const std::vector<AlertRuleSpec>& rules, std::string_view source) {
  std::set<std::string> types;
  for (const auto& rule : rules) {
    const bool concerns = rule.over.kind == RuleScope::Kind::all || (rule.over.kind == RuleScope::Kind::source && rule.over.name == source);
    if (concerns && !rule.type.empty()) types.insert(rule.type);
  }
  return types;
}

}  // namespace denrei
