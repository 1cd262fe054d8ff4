// Filling in the texts of alert rules.
#include "denrei/domain/rule_text.hpp"

#include <fmt/format.h>
#include <map>
#include <utility>

#include "denrei/base/duration.hpp"

namespace denrei {
namespace {

using Slots = std::map<std::string, std::string, std::less<>>;

// Titles come first in the text too: a channel may show nothing else.
struct GeneralTexts {
  std::string_view title_ja, text_ja, title_en, text_en;
};

GeneralTexts general_texts(Measure measure) {
  switch (measure) {
    case Measure::signature_failures:
      return {"署名検証の失敗を検出しました: {over}",
              "直近 {window} に署名検証の失敗が {value} 件ありました（しきい値: {threshold} 件以上）。\n"
              "秘密鍵の設定違い、または第三者による不正な送信の可能性があります。",
              "Signature failures: {over}",
              "{value} request(s) with a bad signature within {window} (threshold: {threshold} or more).\n"
              "The sender's secret may be wrong, or somebody else is sending."};
    case Measure::success_rate:
      return {"成功率が低下しています: {over}", "直近 {window} の成功率は {value} です（しきい値: {threshold} 未満）。",
              "Low success rate: {over}", "The success rate within {window} is {value} (threshold: below {threshold})."};
    case Measure::mean_answer:
      return {"応答が遅くなっています: {over}", "直近 {window} の平均応答時間は {value} です（しきい値: {threshold} 超）。",
              "Slow answers: {over}", "The mean answer time within {window} is {value} (threshold: above {threshold})."};
    case Measure::error_notifications:
      return {"エラー通知の割合が高くなっています: {over}", "直近 {window} のエラー通知の割合は {value} です（しきい値: {threshold} 超）。",
              "Many error notifications: {over}", "The share of error notifications within {window} is {value} (threshold: above {threshold})."};
    case Measure::error_rate:
      return {"エラー率が高くなっています: {over}", "直近 {window} のエラー率は {value} です（しきい値: {threshold} 超）。",
              "High error rate: {over}", "The error rate within {window} is {value} (threshold: above {threshold})."};
    case Measure::heartbeat:
      return {"{threshold} までに {type} 通知が届いていません: {over}", "毎日 {threshold}（日本時間）までに届くはずの {type} 通知がありません。\n最終受信: {value}",
              "No {type} notification by {threshold}: {over}",
              "The {type} notification that is due by {threshold} (Asia/Tokyo) every day has not come.\nLast one: {value}"};
  }
  return {};
}

std::string over_ja(const RuleScope& over) {
  switch (over.kind) {
    case RuleScope::Kind::all: return "すべての受信口";
    case RuleScope::Kind::source: return "受信口 " + over.name;
    case RuleScope::Kind::destination: return "配信先 " + over.name;
  }
  return {};
}

std::string over_en(const RuleScope& over) {
  switch (over.kind) {
    case RuleScope::Kind::all: return "all sources";
    case RuleScope::Kind::source: return "source " + over.name;
    case RuleScope::Kind::destination: return "destination " + over.name;
  }
  return {};
}

std::string fill(std::string_view text, const Slots& slots) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    out += text.substr(0, open);
    text.remove_prefix(std::min(open, text.size()));
    const auto close = text.find('}');
    if (close == std::string_view::npos) return out += text;
    const auto slot = slots.find(text.substr(1, close - 1));
    if (slot == slots.end()) {
      out += text.front();  // an opening brace of its own
      text.remove_prefix(1);
      continue;
    }
    out += slot->second;
    text.remove_prefix(close + 1);
  }
  return out;
}

Slots make_slots(const AlertRuleSpec& spec, const Incident& incident, std::string over) {
  return {{"value", incident.value},
          {"threshold", threshold_text(spec)},
          {"rule", spec.name},
          {"over", std::move(over)},
          {"time", format_jst(incident.fired_at)},
          {"window", show_duration(spec.window)},
          {"type", spec.type},
          {"number", std::to_string(incident.number)}};
}

struct Words {
  std::string_view fired, ended, happened, over_at, rule;
};
constexpr Words words_ja{"🚨 ", "✅ 【解消】", "発生", "解消", "ルール"};
constexpr Words words_en{"🚨 ", "✅ [Resolved] ", "Since", "Resolved", "Rule"};

struct Written {
  std::string subject, text;
};

struct Templates {
  const std::string& own_subject;
  const std::string& own_text;
  std::string_view general_subject, general_text;
};

// What the configuration words itself is said as it stands; the general texts get a mark, the time and the rule's name.
Written write(const Templates& from, const Slots& slots, const Words& words, const AlertRuleSpec& spec, const Incident& incident, RuleNews news) {
  const auto subject = fill(from.own_subject.empty() ? from.general_subject : std::string_view(from.own_subject), slots);
  const auto rule = fmt::format("{}: {} #{}", words.rule, spec.name, incident.number);
  const auto happened = fmt::format("{}: {}", words.happened, format_jst(incident.fired_at));
  switch (news) {
    case RuleNews::fired: {
      const auto title = (from.own_subject.empty() ? std::string(words.fired) : std::string()) + subject;
      if (!from.own_text.empty()) return {title, fill(from.own_text, slots)};
      return {title, fmt::format("{}\n\n{}\n\n{}\n{}", title, fill(from.general_text, slots), happened, rule)};
    }
    case RuleNews::resolved: {
      const auto title = std::string(words.ended) + subject;
      return {title, fmt::format("{}\n\n{}\n{}: {}\n{}", title, happened, words.over_at, format_jst(incident.resolved_at.value_or(incident.fired_at)), rule)};
    }
  }
  return {};
}

}  // namespace

Alert make_rule_alert(const AlertRuleSpec& spec, const Incident& incident, RuleNews news) {
  const auto general = general_texts(spec.measure);
  const auto ja = make_slots(spec, incident, over_ja(spec.over));
  const auto en = make_slots(spec, incident, over_en(spec.over));
  auto japanese = write({spec.subject, spec.text, general.title_ja, general.text_ja}, ja, words_ja, spec, incident, news);
  auto english = write({spec.subject_en, spec.text_en, general.title_en, general.text_en}, en, words_en, spec, incident, news);
  Alert alert;
  alert.severity = spec.severity;
  alert.subject = std::move(japanese.subject);
  alert.text = std::move(japanese.text);
  alert.channels = spec.channels;
  alert.subject_en = std::move(english.subject);
  alert.text_en = std::move(english.text);
  alert.rule = spec.name;
  return alert;
}

RuleDescription describe_rule(const AlertRuleSpec& spec) {
  const auto threshold = threshold_text(spec);
  const auto window = show_duration(spec.window);
  const auto over = RuleDescription{over_ja(spec.over), over_en(spec.over)};
  if (spec.measure == Measure::heartbeat)
    return {fmt::format("{}: {} 通知が毎日 {}〜{}（日本時間）に届かない", over.ja, spec.type, minutes_text(spec.heartbeat.from), threshold),
            fmt::format("{}: no {} notification between {} and {} (Asia/Tokyo)", over.en, spec.type, minutes_text(spec.heartbeat.from), threshold)};
  struct Names { std::string_view ja, en; };
  const auto names = [&]() -> Names {
    switch (spec.measure) {
      case Measure::signature_failures: return {"署名検証の失敗", "signature failures"};
      case Measure::success_rate: return {"成功率", "success rate"};
      case Measure::mean_answer: return {"平均応答時間", "mean answer time"};
      case Measure::error_notifications: return {"エラー通知の割合", "share of error notifications"};
      case Measure::error_rate: return {"エラー率", "error rate"};
      case Measure::heartbeat: return {};
    }
    return {};
  }();
  const auto compared = [&]() -> Names {
    switch (spec.comparison) {
      case Comparison::at_least: return {"以上", "at least"};
      case Comparison::above: return {"超", "above"};
      case Comparison::below: return {"未満", "below"};
    }
    return {};
  }();
  const auto held = show_duration(spec.hold);
  const bool waits = spec.hold > Millis{0};
  return {fmt::format("{}: {} が {} {}（直近 {}{}）", over.ja, names.ja, threshold, compared.ja, window, waits ? "、" + held + " 継続" : ""),
          fmt::format("{}: {} {} {} within {}{}", over.en, names.en, compared.en, threshold, window, waits ? ", for " + held : "")};
}

std::string value_text(Measure measure, double value) {
  switch (unit_of(measure)) {
    case MeasureUnit::count: return fmt::format("{:.0f}", value);
    case MeasureUnit::percent: return fmt::format("{:.2f} %", value);
    case MeasureUnit::seconds: return fmt::format("{:.2f} s", value);
    case MeasureUnit::none: return {};
  }
  return {};
}

std::string threshold_text(const AlertRuleSpec& spec) {
  switch (unit_of(spec.measure)) {
    case MeasureUnit::count: return fmt::format("{:.0f}", spec.threshold);
    case MeasureUnit::percent: return fmt::format("{}%", spec.threshold);
    case MeasureUnit::seconds: return show_duration(Millis{static_cast<std::int64_t>(spec.threshold * 1'000 + 0.5)});
    case MeasureUnit::none: return minutes_text(spec.heartbeat.by);
  }
  return {};
}

std::string minutes_text(std::chrono::minutes of_day) { return fmt::format("{:02}:{:02}", of_day.count() / 60, of_day.count() % 60); }

}  // namespace denrei
