// An alert in the words of one channel.
#include "denrei/domain/channel_text.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/domain/bulletin.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/template_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t title_code_points_max = 100;
constexpr std::size_t message_code_points_max = 500;

std::string escape_for_slack(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    if (c == '&') out.append("&amp;");
    else if (c == '<') out.append("&lt;");
    else if (c == '>') out.append("&gt;");
    else out.push_back(c);
  }
  return out;
}

// What the slots of a channel's templates stand for.
class ChannelSlots {
 public:
  ChannelSlots(const Channel& channel, const AlertMessage& message)
      : message_(message), language_(channel.language), escapes_(channel.kind == ChannelKind::slack && !message.alert.rule.empty()) {}

  [[nodiscard]] std::optional<std::string> operator()(std::string_view slot) const {
    const auto& alert = message_.alert;
    if (slot == "subject") return value(in_language(alert.subject, alert.subject_en));
    if (slot == "text") return value(in_language(alert.text, alert.text_en));
    if (slot == "severity") return std::string(severity_name(alert.severity));
    if (slot == "mark") return std::string(severity_mark(alert.severity, language_));
    if (slot == "time") return format_jst(message_.made_at);
    if (slot == "destination") return value(alert.destination);
    if (slot == "rule") return value(alert.rule);
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::string value(const std::string& text) const { return escapes_ ? escape_for_slack(text) : text; }
  [[nodiscard]] const std::string& in_language(const std::string& ja, const std::string& en) const {
    return language_ == Language::en && !en.empty() ? en : ja;
  }

  const AlertMessage& message_;
  Language language_;
  bool escapes_;
};

bool starts_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

// Cut with an ellipsis, between characters.
std::string cut(std::string text, std::size_t code_points_max) {
  std::size_t count = 0;
  std::size_t last_kept = 0;  // where the character stands that an ellipsis would replace
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!starts_character(text[i])) continue;
    if (++count == code_points_max) last_kept = i;
    if (count > code_points_max) return text.substr(0, last_kept) + "…";
  }
  return text;
}

bool is_error(Severity severity) noexcept {
  switch (severity) {
    case Severity::none:
    case Severity::warning: return false;
    case Severity::error:
    case Severity::critical:
    case Severity::urgent: return true;
  }
  return true;
}

}  // namespace

ChannelWords word_alert(const Channel& channel, const AlertMessage& message) {
  const ChannelSlots slots(channel, message);
  ChannelWords words{fill_template(channel.subject.empty() ? "{subject}" : std::string_view(channel.subject), slots),
                     fill_template(channel.text.empty() ? "{text}" : std::string_view(channel.text), slots)};
  std::replace_if(words.subject.begin(), words.subject.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return words;
}

EventId make_alert_id(const Channel& channel, const AlertMessage& message) {
  const auto& alert = message.alert;
  std::string identity = fmt::format("{}.{}.{}", to_unix_ms(message.made_at), message.number, message.stands_for);
  for (const auto* part : {&channel.name, &alert.subject, &alert.text}) identity.append(1, '\0').append(*part);
  return make_event_id("denrei.alert", identity);
}

Notification make_alert_notification(const Channel& channel, const AlertMessage& message) {
  const auto id = make_alert_id(channel, message);
  const auto words = word_alert(channel, message);
  const auto& alert = message.alert;
  const auto time = format_iso8601(message.made_at);
  const std::string_view type = is_error(alert.severity) ? "error" : "warning";
  JsonObject details(128);
  details.text("severity", severity_name(alert.severity)).text_if_any("destination", alert.destination).text_if_any("rule", alert.rule);
  JsonObject out(512 + words.text.size());
  out.text("notificationId", "ALERT-" + id.hex()).text("type", type).text("icon", bulletin_icon(type));
  out.text("priority", is_error(alert.severity) ? "high" : "normal");
  out.text("title", cut(words.subject, title_code_points_max)).text("message", cut(words.text, message_code_points_max));
  out.raw("details", details.take()).text("timestamp", time).text("source", "denrei").text("receivedAt", time).number("accountLevel", 99);
  return {"level99", id, message.made_at, out.take()};
}

std::string alert_json(const Channel& channel, const AlertMessage& message) {
  const auto words = word_alert(channel, message);
  const auto& alert = message.alert;
  JsonObject out(256 + words.text.size());
  out.text("severity", severity_name(alert.severity)).text("subject", words.subject).text("text", words.text);
  out.text_if_any("destination", alert.destination).text_if_any("rule", alert.rule);
  out.number("alerts", static_cast<std::int64_t>(message.stands_for));
  if (message.about) out.text("deliveryId", message.about->text());
  return out.take();
}

std::string alert_event_json(const Channel& channel, const AlertMessage& message) {
  const auto data = alert_json(channel, message);
  JsonObject out(data.size() + 96);
  return out.text("type", "denrei.alert").text("timestamp", format_iso8601(message.made_at)).raw("data", data).take();
}

}  // namespace denrei
