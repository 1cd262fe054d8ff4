// An alert rule as configuration: what is measured, over what, and when it is too much for how long.
//
// Shape   measure(spec, counts) -> the value, or nothing when there is too little to judge by; holds(spec, value) -> whether it is too much
// Units   counts; percent; seconds. Windows and `hold` in milliseconds; a heartbeat's times are minutes of the day in Asia/Tokyo
// Limits  rules_max; one alert rule has at most a day of window
// Errors  parse_…: invalid, with the word that was meant
// Source  protocol §4 (alert rules with windows); seeds analytics-notification §11.2–11.3, announcement-stats §10.2
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/destination.hpp"

namespace denrei {

inline constexpr std::size_t rules_max = 100;           // each is judged once a second
inline constexpr std::size_t incidents_kept = 100;      // ended ones that are remembered, of all rules

enum class Measure : std::uint8_t { signature_failures, success_rate, mean_answer, error_notifications, error_rate, heartbeat };
[[nodiscard]] Result<Measure> parse_measure(std::string_view name);
[[nodiscard]] std::string_view measure_name(Measure measure) noexcept;

enum class MeasureUnit : std::uint8_t { count, percent, seconds, none };
[[nodiscard]] MeasureUnit unit_of(Measure measure) noexcept;
// Whether a destination can be measured so; a source always can.
[[nodiscard]] bool fits_destinations(Measure measure) noexcept;

enum class Comparison : std::uint8_t { at_least, above, below };
[[nodiscard]] Result<Comparison> parse_comparison(std::string_view name);
[[nodiscard]] std::string_view comparison_name(Comparison comparison) noexcept;
// What is bad news: a success rate below, everything else above, signature failures from the threshold on.
[[nodiscard]] Comparison usual_comparison(Measure measure) noexcept;

// Over what: one source, one destination, or all sources together.
struct RuleScope {
  enum class Kind : std::uint8_t { all, source, destination };
  Kind kind = Kind::all;
  std::string name;
};
[[nodiscard]] Result<RuleScope> parse_rule_scope(std::string_view text);  // "all", "source:analytics", "destination:records-stats"
[[nodiscard]] std::string scope_text(const RuleScope& scope);

// An event that has to come between these times of each day, `by` included.
struct Heartbeat {
  std::chrono::minutes from{0};
  std::chrono::minutes by{0};
};

struct AlertRuleSpec {
  std::string name;                                  // unique
  Measure measure = Measure::signature_failures;
  RuleScope over;
  Comparison comparison = Comparison::at_least;
  double threshold = 1;                              // in the measure's unit
  Millis window = std::chrono::minutes{5};
  Millis hold{0};                                    // "for": how long it has to be too much; 0: at once
  std::uint64_t min_events = 1;                      // a share or a mean of fewer in the window says nothing
  std::string type;                                  // of the events that error_notifications and heartbeat count
  Heartbeat heartbeat;
  Severity severity = Severity::error;
  std::vector<std::string> channels;
  std::string subject, text, subject_en, text_en;    // templates, see rule_text.hpp; empty: the general ones
};

// What has been counted: since the process started, or in a window.
struct RuleCounts {
  std::uint64_t answered = 0;                        // requests answered; of a destination: attempts that have ended
  std::uint64_t succeeded = 0;                       // with 2xx; of a destination: delivered
  std::uint64_t bad_signatures = 0;
  std::uint64_t accepted = 0;                        // new events
  std::uint64_t of_type = 0;                         // of these, of the rule's type
  std::uint64_t timed = 0;                           // answers, or attempts, whose time was taken
  std::uint64_t time_us = 0;                         // and the sum of it
  friend bool operator==(const RuleCounts&, const RuleCounts&) = default;
};

// Nothing: fewer than min_events, or a heartbeat, which is no number.
[[nodiscard]] std::optional<double> measure(const AlertRuleSpec& spec, const RuleCounts& counts) noexcept;
[[nodiscard]] bool holds(const AlertRuleSpec& spec, double value) noexcept;

}  // namespace denrei
