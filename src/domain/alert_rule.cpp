// What alert rules are made of, and what they measure.
#include "denrei/domain/alert_rule.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace denrei {
namespace {

constexpr std::array measures{
    std::pair{Measure::signature_failures, std::string_view("signature_failures")},
    std::pair{Measure::success_rate, std::string_view("success_rate")},
    std::pair{Measure::mean_answer, std::string_view("mean_answer")},
    std::pair{Measure::error_notifications, std::string_view("error_notifications")},
    std::pair{Measure::error_rate, std::string_view("error_rate")},
    std::pair{Measure::heartbeat, std::string_view("heartbeat")},
};
constexpr std::array comparisons{
    std::pair{Comparison::at_least, std::string_view("at_least")},
    std::pair{Comparison::above, std::string_view("above")},
    std::pair{Comparison::below, std::string_view("below")},
};

template <class Names, class Word = typename Names::value_type::first_type>
Result<Word> parse_word(const Names& names, std::string_view what, std::string_view text) {
  std::string known;
  for (const auto& [word, name] : names) {
    if (name == text) return word;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  return fail(FaultCode::invalid, fmt::format("unknown {} \"{}\"; known are: {}", what, text, known));
}

template <class Names, class Word>
std::string_view name_of(const Names& names, Word word) noexcept {
  const auto at = std::find_if(names.begin(), names.end(), [word](const auto& row) { return row.first == word; });
  return at == names.end() ? std::string_view{} : at->second;
}

// 100 times a whole number, divided once: 19 of 20 is 95 and not a hair less.
std::optional<double> share(std::uint64_t part, std::uint64_t whole, std::uint64_t least) noexcept {
  if (whole == 0 || whole < least) return std::nullopt;
  return 100.0 * static_cast<double>(std::min(part, whole)) / static_cast<double>(whole);
}

}  // namespace

Result<Measure> parse_measure(std::string_view name) { return parse_word(measures, "measure", name); }
std::string_view measure_name(Measure measure) noexcept { return name_of(measures, measure); }
Result<Comparison> parse_comparison(std::string_view name) { return parse_word(comparisons, "comparison", name); }
std::string_view comparison_name(Comparison comparison) noexcept { return name_of(comparisons, comparison); }

MeasureUnit unit_of(Measure measure) noexcept {
  switch (measure) {
    case Measure::signature_failures: return MeasureUnit::count;
    case Measure::success_rate:
    case Measure::error_notifications:
    case Measure::error_rate: return MeasureUnit::percent;
    case Measure::mean_answer: return MeasureUnit::seconds;
    case Measure::heartbeat: return MeasureUnit::none;
  }
  return MeasureUnit::none;
}

bool fits_destinations(Measure measure) noexcept {
  switch (measure) {
    case Measure::success_rate:
    case Measure::mean_answer:
    case Measure::error_rate: return true;
    case Measure::signature_failures:
    case Measure::error_notifications:
    case Measure::heartbeat: return false;
  }
  return false;
}

Comparison usual_comparison(Measure measure) noexcept {
  switch (measure) {
    case Measure::signature_failures: return Comparison::at_least;
    case Measure::success_rate: return Comparison::below;
    case Measure::mean_answer:
    case Measure::error_notifications:
    case Measure::error_rate:
    case Measure::heartbeat: return Comparison::above;
  }
  return Comparison::above;
}

Result<RuleScope> parse_rule_scope(std::string_view text) {
  if (text == "all") return RuleScope{};
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const auto name = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (kind == "source" && !name.empty()) return RuleScope{RuleScope::Kind::source, std::string(name)};
  if (kind == "destination" && !name.empty()) return RuleScope{RuleScope::Kind::destination, std::string(name)};
  return fail(FaultCode::invalid, fmt::format("\"{}\" is neither \"source:<name>\" nor \"destination:<name>\" nor \"all\"", text));
}

std::string scope_text(const RuleScope& scope) {
  switch (scope.kind) {
    case RuleScope::Kind::all: return "all";
    case RuleScope::Kind::source: return "source:" + scope.name;
    case RuleScope::Kind::destination: return "destination:" + scope.name;
  }
  return {};
}

std::optional<double> measure(const AlertRuleSpec& spec, const RuleCounts& counts) noexcept {
  switch (spec.measure) {
    case Measure::signature_failures: return static_cast<double>(counts.bad_signatures);
    case Measure::success_rate: return share(counts.succeeded, counts.answered, spec.min_events);
    case Measure::error_rate: return share(counts.answered - std::min(counts.succeeded, counts.answered), counts.answered, spec.min_events);
    case Measure::error_notifications: return share(counts.of_type, counts.accepted, spec.min_events);
    case Measure::mean_answer:
      if (counts.timed == 0 || counts.timed < spec.min_events) return std::nullopt;
      return static_cast<double>(counts.time_us) / static_cast<double>(counts.timed) / 1e6;
    case Measure::heartbeat: return std::nullopt;
  }
  return std::nullopt;
}

bool holds(const AlertRuleSpec& spec, double value) noexcept {
  switch (spec.comparison) {
    case Comparison::at_least: return value >= spec.threshold;
    case Comparison::above: return value > spec.threshold;
    case Comparison::below: return value < spec.threshold;
  }
  return false;
}

}  // namespace denrei
