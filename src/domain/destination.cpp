// What an attempt has come to, by the patterns of its destination; and the names of what the configuration says.
#include "denrei/domain/destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

using Kind = OutcomePattern::Kind;

constexpr std::array severities{Severity::none, Severity::warning, Severity::error, Severity::critical, Severity::urgent};
constexpr std::array lane_orders{LaneOrder::fifo_skip, LaneOrder::fifo_block, LaneOrder::unordered};
constexpr std::array named_kinds{Kind::network, Kind::timeout, Kind::any};

std::string_view kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::network: return "network";
    case Kind::timeout: return "timeout";
    case Kind::any: return "any";
    case Kind::status:
    case Kind::status_class: break;
  }
  return "";
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_one_of(const OutcomePatterns& patterns, int status, AttemptError error) noexcept {
  return std::any_of(patterns.begin(), patterns.end(), [&](const OutcomePattern& p) { return matches(p, status, error); });
}

// An answer that came with an error is never a success: part of it is missing, whatever its status says.
bool is_success(const Destination& destination, const AttemptResult& result) noexcept {
  if (result.status == 0 || result.error != AttemptError::none) return false;
  if (!is_one_of(destination.success, result.status, result.error)) return false;
  if (destination.success_pointer.empty()) return true;
  const auto document = parse_json(result.body);
  if (!document) return false;
  const auto* const value = find((*document)->root(), destination.success_pointer);
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

Judgement judge_attempt(const Destination& destination, const AttemptResult& result) noexcept {
  const auto is_on = [&](const OutcomePatterns& patterns) { return is_one_of(patterns, result.status, result.error); };
  if (is_success(destination, result)) return Judgement::delivered;
  if (is_on(destination.disable_on)) return Judgement::disable;
  if (is_on(destination.give_up_on)) return Judgement::give_up;
  return is_on(destination.retry_on) ? Judgement::retry : Judgement::give_up;
}

// With an error the status does not count: the answer behind it is not whole. Neither status nor error is no answer either.
bool matches(const OutcomePattern& pattern, int status, AttemptError error) noexcept {
  const bool answered = error == AttemptError::none && status != 0;
  switch (pattern.kind) {
    case Kind::status: return answered && status == pattern.number;
    case Kind::status_class: return answered && status / 100 == pattern.number;
    case Kind::network: return !answered && error != AttemptError::timeout;
    case Kind::timeout: return error == AttemptError::timeout;
    case Kind::any: return true;
  }
  return false;
}

Severity give_up_severity(const Destination& destination, int status, AttemptError error) noexcept {
  const auto rule = std::find_if(destination.alerts.begin(), destination.alerts.end(),
                                 [&](const AlertRule& one) { return matches(one.on, status, error); });
  return rule == destination.alerts.end() ? Severity::none : rule->severity;
}

std::string_view attempt_error_name(AttemptError error) noexcept {
  switch (error) {
    case AttemptError::none: return "none";
    case AttemptError::dns: return "dns";
    case AttemptError::connect: return "connect";
    case AttemptError::tls: return "tls";
    case AttemptError::timeout: return "timeout";
    case AttemptError::blocked: return "blocked";
    case AttemptError::broken: return "broken";
    case AttemptError::too_large: return "too_large";
    case AttemptError::crashed: return "crashed";
  }
  return "unknown";
}

Result<OutcomePattern> parse_outcome_pattern(std::string_view text) {
  for (const auto kind : named_kinds)
    if (text == kind_name(kind)) return OutcomePattern{kind, 0};
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5') {
    const int hundreds = text[0] - '0';
    if (text.substr(1) == "xx") return OutcomePattern{Kind::status_class, hundreds};
    if (is_digit(text[1]) && is_digit(text[2])) return OutcomePattern{Kind::status, hundreds * 100 + (text[1] - '0') * 10 + text[2] - '0'};
  }
  return fail(FaultCode::invalid,
              fmt::format("\"{}\" is no outcome; known: a status such as 429, a class such as 5xx, network, timeout, any", text));
}

std::string outcome_pattern_text(const OutcomePattern& pattern) {
  switch (pattern.kind) {
    case Kind::status: return fmt::format("{}", pattern.number);
    case Kind::status_class: return fmt::format("{}xx", pattern.number);
    case Kind::network:
    case Kind::timeout:
    case Kind::any: break;
  }
  return std::string(kind_name(pattern.kind));
}

std::string_view severity_name(Severity severity) noexcept {
  switch (severity) {
    case Severity::none: return "none";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
    case Severity::critical: return "critical";
    case Severity::urgent: return "urgent";
  }
  return "unknown";
}

Result<Severity> parse_severity(std::string_view name) {
  for (const auto severity : severities)
    if (name == severity_name(severity)) return severity;
  return fail(FaultCode::invalid, fmt::format("unknown severity \"{}\"; known: none, warning, error, critical, urgent", name));
}

std::string_view lane_order_name(LaneOrder order) noexcept {
  switch (order) {
    case LaneOrder::fifo_skip: return "fifo_by_key";
    case LaneOrder::fifo_block: return "fifo_by_key_block";
    case LaneOrder::unordered: return "unordered";
  }
  return "unknown";
}

Result<LaneOrder> parse_lane_order(std::string_view name) {
  for (const auto order : lane_orders)
    if (name == lane_order_name(order)) return order;
  return fail(FaultCode::invalid, fmt::format("unknown order \"{}\"; known: fifo_by_key, fifo_by_key_block, unordered", name));
}

bool fits_pattern(std::string_view pattern, std::string_view text) noexcept {
  if (!pattern.ends_with('*')) return pattern == text;
  return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

const TypeLimit* find_limit(const std::vector<TypeLimit>& limits, std::string_view type) noexcept {
  const auto at = std::find_if(limits.begin(), limits.end(), [type](const TypeLimit& limit) { return fits_pattern(limit.type, type); });
  return at == limits.end() ? nullptr : &*at;
}

bool is_coalesced(const Destination& destination, std::string_view type) noexcept {
  if (destination.order == LaneOrder::unordered) return false;
  const auto& patterns = destination.coalesce;
  return std::any_of(patterns.begin(), patterns.end(), [type](const std::string& pattern) { return fits_pattern(pattern, type); });
}

}  // namespace denrei
