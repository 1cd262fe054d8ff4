// What an alert rule counts, read off the meters that others write. Any thread may ask.
//
// Shape   counts_of(source counters, spec.type) -> RuleCounts since the start; all sources: counts added up with +=
// Rules   a 2xx is whatever was accepted, a repeat and a conflict included; every refusal is a failure
#pragma once
#include <set>
#include <string>
#include <vector>

#include "denrei/actors/destination.hpp"
#include "denrei/actors/site.hpp"
#include "denrei/domain/alert_rule.hpp"

namespace denrei {

[[nodiscard]] RuleCounts counts_of(const SourceCounters& counters, std::string_view type);
[[nodiscard]] RuleCounts counts_of(const DestinationMeter& meter);
RuleCounts& operator+=(RuleCounts& sum, const RuleCounts& more) noexcept;

// The types of a source's events that need a counter of their own.
[[nodiscard]] std::set<std::string> counted_types(const std::vector<AlertRuleSpec>& rules, std::string_view source);

}  // namespace denrei
