// What the Watch says about rules.
#include "watch_answers.hpp"

#include <cmath>
#include <fmt/format.h>

#include "denrei/base/duration.hpp"
#include "denrei/domain/json_text.hpp"
#include "desk_answers.hpp"

namespace denrei {
namespace {

JsonObject& add_text(JsonObject& out, std::string_view name, const std::string& text) {
  return text.empty() ? out.raw(name, "null") : out.text(name, text);
}

std::string text_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts) {
    if (list.size() > 1) list += ',';
    append_json_string(list, text);
  }
  return list + "]";
}

void describe_spec(JsonObject& out, const AlertRuleSpec& spec) {
  out.text("name", spec.name).text("measure", measure_name(spec.measure)).text("over", scope_text(spec.over));
  if (spec.measure == Measure::heartbeat) {
    out.text("type", spec.type).text("from", minutes_text(spec.heartbeat.from)).text("by", minutes_text(spec.heartbeat.by));
  } else {
    out.text("comparison", comparison_name(spec.comparison)).text("window", show_duration(spec.window)).text("for", show_duration(spec.hold));
  }
  out.text("threshold", threshold_text(spec)).text("severity", severity_name(spec.severity)).raw("channels", text_list(spec.channels));
}

void describe_state(JsonObject& out, const RuleView& view) {
  out.text("state", phase_name(view.state.phase)).text("since", format_iso8601(view.state.since));
  if (view.value) out.raw("value", fmt::format("{}", std::round(*view.value * 1e6) / 1e6));
  else out.raw("value", "null");
  add_text(out, "valueText", view.value ? value_text(view.spec->measure, *view.value) : std::string());
  const bool fires = view.state.phase == RulePhase::firing && view.incident;
  out.raw("incident", view.incident ? incident_json(*view.incident) : "null");
  out.boolean("acknowledged", fires && view.incident->acknowledged_at);
  add_text(out, "acknowledgedBy", fires ? view.incident->acknowledged_by : std::string());
  add_text(out, "silencedUntil", view.silence ? format_iso8601(view.silence->until) : std::string());
  add_text(out, "silencedBy", view.silence ? view.silence->by : std::string());
  add_text(out, "silenceReason", view.silence ? view.silence->reason : std::string());
  if (view.spec->measure != Measure::heartbeat) return;
  add_text(out, "lastSeen", view.state.last_seen ? format_iso8601(*view.state.last_seen) : std::string());
}

void append(std::string& list, const std::string& item) {
  if (list.size() > 1) list += ',';
  list += item;
}

// Newest first; of one rule, or of all.
std::string history_json(const RuleBook& book, std::string_view rule) {
  std::string list = "[";
  for (auto at = book.history().rbegin(); at != book.history().rend(); ++at)
    if (rule.empty() || at->rule == rule) append(list, incident_json(*at));
  return list + "]";
}

}  // namespace

std::string rule_json(const RuleView& view) {
  JsonObject out(1024);
  describe_spec(out, *view.spec);
  describe_state(out, view);
  const auto description = describe_rule(*view.spec);
  return out.text("descriptionJa", description.ja).text("descriptionEn", description.en).take();
}

std::string rules_json(const RuleBook& book) {
  std::string rules = "[", firing = "[";
  for (std::size_t i = 0; i < book.size(); ++i) {
    const auto view = book.view(i);
    const auto json = rule_json(view);
    append(rules, json);
    if (view.state.phase == RulePhase::firing) append(firing, json);
  }
  JsonObject out(rules.size() + firing.size() + 1024);
  return out.raw("rules", rules + "]").raw("firing", firing + "]").raw("history", history_json(book, {})).take();
}

std::string rule_with_history(const RuleBook& book, std::size_t index) {
  return joined(rule_json(book.view(index)), JsonObject{}.raw("history", history_json(book, book.spec(index).name)).take());
}

std::string rule_log_line(const RuleView& view, std::string_view what, WallTime now) {
  JsonObject out;
  out.text("timestamp", format_iso8601(now)).text("log", "alert rule").text("rule", view.spec->name).text("event", what);
  out.text("state", phase_name(view.state.phase));
  if (view.incident) out.number("incident", static_cast<std::int64_t>(view.incident->number)).text_if_any("by", view.incident->acknowledged_by);
  if (view.silence) out.text("silencedUntil", format_iso8601(view.silence->until)).text("silencedBy", view.silence->by).text("reason", view.silence->reason);
  return out.take();
}

}  // namespace denrei
