// Alert rules: their members, what is shown of them, and which of them have something to watch.
#include "denrei/app/config/alert_rules.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/domain/rule_text.hpp"

namespace denrei {
namespace {

constexpr DurationRange windows{std::chrono::seconds{1}, std::chrono::hours{24}};
constexpr DurationRange holds_for{Millis{0}, std::chrono::hours{24}};
constexpr IntegerRange event_counts{1, 1'000'000};
constexpr std::int64_t count_max = 1'000'000'000;
constexpr std::size_t template_characters_max = 2'000;   // Slack shows 3,000 in one block

void refuse_unknown(TableReader& table, std::string_view key, std::string_view what, const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) == known.end())
    table.complain(key, fmt::format("there is no {} '{}'{}", what, name, suggest_word(name, known)));
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// --- thresholds

void read_percent(TableReader& table, const std::string& text, double& out) {
  const auto value = text.ends_with('%') ? parse_number(std::string_view(text).substr(0, text.size() - 1)) : std::nullopt;
  if (value && *value >= 0 && *value <= 100) out = *value;
  else table.complain("threshold", fmt::format("'threshold' is '{}', but must be 0% to 100%, in quotes and with its unit", text));
}

void read_seconds(TableReader& table, const std::string& text, double& out) {
  const auto value = parse_duration(text);
  if (value) out = std::chrono::duration<double>(*value).count();
  else table.complain("threshold", fmt::format("'threshold' {}", value.error().detail));
}

void read_threshold(TableReader& table, AlertRuleSpec& rule) {
  table.require("threshold");
  if (!table.has("threshold")) return;
  if (unit_of(rule.measure) == MeasureUnit::count) {
    std::int64_t count = 1;
    table.read_integer("threshold", {0, count_max}, count);
    rule.threshold = static_cast<double>(count);
    return;
  }
  const auto* node = table.node("threshold");
  const auto text = node->value_exact<std::string>();
  if (!text) return table.complain("threshold", "'threshold' must be a text with its unit such as \"95%\" or \"1s\"");
  if (unit_of(rule.measure) == MeasureUnit::percent) read_percent(table, *text, rule.threshold);
  else read_seconds(table, *text, rule.threshold);
}

// --- heartbeats

void read_time_of_day(TableReader& table, std::string_view key, std::chrono::minutes& out) {
  table.require(key);
  std::string text;
  table.read(key, text);
  if (text.empty()) return;
  unsigned hours = 24, minutes = 60;
  const bool shaped = text.size() == 5 && text[2] == ':';
  const auto whole = [&](std::size_t at, unsigned& value) {
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
    return error == std::errc{} && end == text.data() + at + 2;
  };
  if (shaped && whole(0, hours) && whole(3, minutes) && hours < 24 && minutes < 60) out = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  else table.complain(key, fmt::format("'{}' is '{}', but must be a time of the day such as \"02:30\" (Asia/Tokyo)", key, text));
}

void read_heartbeat(TableReader& table, AlertRuleSpec& rule) {
  if (rule.type.empty()) rule.type = "success";
  read_time_of_day(table, "from", rule.heartbeat.from);
  read_time_of_day(table, "by", rule.heartbeat.by);
  if (table.has("from") && table.has("by") && rule.heartbeat.from >= rule.heartbeat.by)
    table.complain("by", "'by' must be later than 'from' on the same day");
}

void refuse_keys(TableReader& table, std::initializer_list<const char*> keys, std::string_view why) {
  for (const auto* key : keys)
    if (table.node(key) != nullptr) table.complain(key, fmt::format("'{}' {}", key, why));
}

// --- all of it

void read_over(TableReader& table, const AlertRuleNames& names, AlertRuleSpec& rule) {
  read_named(table, "over", &parse_rule_scope, rule.over);
  switch (rule.over.kind) {
    case RuleScope::Kind::all: break;
    case RuleScope::Kind::source: refuse_unknown(table, "over", "source", rule.over.name, names.sources); break;
    case RuleScope::Kind::destination:
      refuse_unknown(table, "over", "destination", rule.over.name, names.destinations);
      if (!fits_destinations(rule.measure))
        table.complain("over", fmt::format("a destination has no {}; measured there are success_rate, error_rate and mean_answer", measure_name(rule.measure)));
      break;
  }
}

void read_measured(TableReader& table, AlertRuleSpec& rule) {
  rule.comparison = usual_comparison(rule.measure);
  read_named(table, "comparison", &parse_comparison, rule.comparison);
  read_threshold(table, rule);
  read_duration(table, "window", windows, rule.window);
  read_duration(table, "for", holds_for, rule.hold);
  read_count(table, "min_events", event_counts, rule.min_events);
  refuse_keys(table, {"from", "by"}, "belongs to measure \"heartbeat\"");
  if (rule.measure == Measure::error_notifications && rule.type.empty()) rule.type = "error";
  if (rule.measure != Measure::error_notifications && !rule.type.empty())
    table.complain("type", "'type' belongs to the measures \"error_notifications\" and \"heartbeat\"");
}

void read_texts(TableReader& table, AlertRuleSpec& rule) {
  const auto read = [&](std::string_view key, std::string& out) {
    table.read(key, out);
    if (is_utf8(out) && count_code_points(out) > template_characters_max)
      table.complain(key, fmt::format("'{}' has more than {} characters", key, template_characters_max));
  };
  read("subject", rule.subject);
  read("text", rule.text);
  read("subject_en", rule.subject_en);
  read("text_en", rule.text_en);
}

AlertRuleSpec read_rule(TableReader& table, const AlertRuleNames& names) {
  AlertRuleSpec rule;
  table.require("name");
  table.require("measure");
  read_name(table, "name", rule.name);
  read_named(table, "measure", &parse_measure, rule.measure);
  table.read("type", rule.type);
  read_over(table, names, rule);
  if (rule.measure == Measure::heartbeat) {
    read_heartbeat(table, rule);
    refuse_keys(table, {"comparison", "threshold", "window", "for", "min_events"}, "does not belong to measure \"heartbeat\"");
  } else {
    read_measured(table, rule);
  }
  read_named(table, "severity", &parse_severity, rule.severity);
  table.read("channels", rule.channels);
  for (const auto& channel : rule.channels) refuse_unknown(table, "channels", "channel", channel, names.channels);
  read_texts(table, rule);
  table.refuse_unknown_keys();
  return rule;
}

void show_rule(const AlertRuleSpec& rule, const TableReader& table, Config& config) {
  ShownValues shown(config, "alert." + rule.name, table);
  shown.add("measure", std::string(measure_name(rule.measure)));
  shown.add("over", scope_text(rule.over));
  shown.add("type", rule.type);
  if (rule.measure == Measure::heartbeat) {
    shown.add("from", minutes_text(rule.heartbeat.from));
    shown.add("by", minutes_text(rule.heartbeat.by));
  } else {
    shown.add("comparison", std::string(comparison_name(rule.comparison)));
    shown.add("threshold", threshold_text(rule));
    shown.add("window", show_duration(rule.window));
    shown.add("for", show_duration(rule.hold));
    shown.add_number("min_events", rule.min_events);
  }
  shown.add("severity", std::string(severity_name(rule.severity)));
  shown.add_list("channels", rule.channels.empty() ? std::vector<std::string>{"none: only listed"} : rule.channels);
}

template <class Items>
bool has_name(const Items& items, const std::string& name) {
  return std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
}

bool is_on(const RuleScope& over, const Config& config) {
  switch (over.kind) {
    case RuleScope::Kind::all: return true;
    case RuleScope::Kind::source: return has_name(config.sources, over.name);
    case RuleScope::Kind::destination: return has_name(config.destinations, over.name);
  }
  return false;
}

}  // namespace

std::vector<AlertRuleSpec> read_alert_rules(const ConfigFile& file, const AlertRuleNames& names, ConfigDraft& draft, Problems& problems) {
  std::vector<AlertRuleSpec> rules;
  Seen seen;
  for (auto& table : tables_of(file, "alert", rules_max, problems)) {
    auto rule = read_rule(table, names);
    refuse_repeat("name", rule.name, table, "name", seen);
    show_rule(rule, table, draft.config);
    rules.push_back(std::move(rule));
  }
  return rules;
}

void take_alert_rules(std::vector<AlertRuleSpec> rules, Config& config) {
  for (auto& rule : rules) {
    if (!is_on(rule.over, config)) {
      config.notices.push_back(fmt::format("alert rule {} is off: {} {} is off", rule.name,
                                           rule.over.kind == RuleScope::Kind::source ? "source" : "destination", rule.over.name));
      continue;
    }
    for (const auto& channel : rule.channels)
      if (!has_name(config.channels, channel))
        config.notices.push_back(fmt::format("alert rule {} says nothing to channel {}: it is off", rule.name, channel));
    config.alert_rules.push_back(std::move(rule));
  }
}

}  // namespace denrei
