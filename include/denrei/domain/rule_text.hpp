// The texts of alert rules: what channels say when one fires and when it is over, and how lists describe it. Japanese and English.
//
// Shape   make_rule_alert(spec, incident, RuleNews::fired) -> Alert; describe_rule(spec) -> {ja, en}
// Slots   {value} {threshold} {rule} {over} {time} (JST, of the firing) {window} {number}; what is unknown stays as it is
// Rules   the same incident always has the same text, so that one that is said twice can be recognised
// Source  protocol §4; seeds analytics-notification §11.2, announcement-stats §10.2
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "denrei/domain/alert_rule.hpp"
#include "denrei/domain/alert_text.hpp"

namespace denrei {

// One time that a rule fired.
struct Incident {
  std::uint64_t number = 0;                    // rises over all rules
  std::string rule;
  WallTime fired_at{};
  std::string value;                           // then, as text: "93.30 %", "1.25 s"; of a heartbeat: when one came last
  std::optional<WallTime> resolved_at;
  std::string acknowledged_by;                 // empty: by nobody
  std::optional<WallTime> acknowledged_at;
  std::string note;                            // of who acknowledged
};

enum class RuleNews : std::uint8_t { fired, resolved };
[[nodiscard]] Alert make_rule_alert(const AlertRuleSpec& spec, const Incident& incident, RuleNews news);

struct RuleDescription {
  std::string ja;
  std::string en;
};
[[nodiscard]] RuleDescription describe_rule(const AlertRuleSpec& spec);

// "3", "93.30 %", "1.25 s".
[[nodiscard]] std::string value_text(Measure measure, double value);
// As the configuration writes it: "1", "95%", "1.5s"; of a heartbeat the time by which one must come: "02:30".
[[nodiscard]] std::string threshold_text(const AlertRuleSpec& spec);
[[nodiscard]] std::string minutes_text(std::chrono::minutes of_day);  // "02:30"

}  // namespace denrei
