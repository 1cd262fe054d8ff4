// Filling in the templates of alerts and audit entries.
#include "denrei/domain/alert_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t shown_code_points_max = 200;  // of one value: an alert is read on a telephone

// For destinations without texts of their own. The text has its headline, because a channel may show nothing else.
constexpr std::string_view general_subject = "{mark}{destination} への配信に失敗しました: {eventType}";
constexpr std::string_view general_text =
    "{mark}{destination} への配信に失敗しました\n"
    "Delivery to {destination} has failed and waits among the dead letters.\n\n"
    "イベントタイプ: {eventType}\n"
    "キー: {key}\n"
    "エラー内容: {error}\n"
    "試行回数: {attempts}\n"
    "リトライ状況: {retryState}\n"
    "配信ID: {deliveryId}\n"
    "イベントID: {eventId}\n"
    "タイムスタンプ: {time}\n\n"
    "配信不能一覧から再送信または破棄してください。";
constexpr std::string_view general_subject_en = "{mark}Delivery to {destination} has failed: {eventType}";
constexpr std::string_view general_text_en =
    "{mark}Delivery to {destination} has failed and waits among the dead letters\n\n"
    "Event type: {eventType}\n"
    "Key: {key}\n"
    "Error: {error}\n"
    "Attempts: {attempts}\n"
    "Retries: {retryState}\n"
    "Delivery: {deliveryId}\n"
    "Event: {eventId}\n"
    "Time: {time}\n\n"
    "Please re-send or discard it in the list of dead letters.";
// Goes before a destination's own text: protocol §3 wants this said, and that text is the same for every severity.
constexpr std::string_view secret_warning = "【緊急】署名の秘密鍵が誤っているか、漏洩した可能性があります。\n\n";
constexpr std::string_view secret_warning_en = "[URGENT] The signing secret may be wrong or leaked.\n\n";

// RFC 9110 §15, RFC 6585
constexpr std::array<std::pair<int, std::string_view>, 45> reason_phrases{{
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {203, "Non-Authoritative Information"}, {204, "No Content"}, {205, "Reset Content"},
    {206, "Partial Content"}, {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
    {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
    {402, "Payment Required"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
    {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
    {426, "Upgrade Required"}, {428, "Precondition Required"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
    {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}, {511, "Network Authentication Required"},
}};

std::string status_line(int status) {
  if (status == 0) return "No answer";
  const auto* known = std::find_if(reason_phrases.begin(), reason_phrases.end(), [status](const auto& row) { return row.first == status; });
  return known == reason_phrases.end() ? fmt::format("{}", status) : fmt::format("{} {}", status, known->second);
}

// The first character of `text`, or nothing when it does not begin with one.
std::string_view first_character(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const auto character = text.substr(0, length);
  return character.size() == length && is_utf8(character) ? character : std::string_view{};
}

// What breaks lines, moves the cursor or turns the direction of writing: a value must not be able to forge the text around it.
bool is_control(std::string_view character) noexcept {
  const auto last = static_cast<unsigned char>(character.back());
  switch (character.size()) {
    case 1: return last < 0x20 || last == 0x7f;
    case 2: return character[0] == '\xc2' && last < 0xa0;
    case 3: return (character.starts_with("\xe2\x80") && (last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae))) ||
                   (character.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9);
    default: return false;
  }
}

std::string shown(std::string_view value) {
  std::string out;
  out.reserve(std::min(value.size(), 4 * shown_code_points_max));
  for (std::size_t count = 0; !value.empty(); ++count) {
    if (count == shown_code_points_max) {
      while ((static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();
      out.pop_back();
      return out.append("…");
    }
    const auto character = first_character(value);
    if (character.empty()) out.append("\xEF\xBF\xBD");
    else if (is_control(character)) out.push_back(' ');
    else out.append(character);
    value.remove_prefix(std::max<std::size_t>(1, character.size()));
  }
  return out;
}

const Attempt* last_attempt(const Delivery& delivery) noexcept { return delivery.attempts.empty() ? nullptr : &delivery.attempts.back(); }

// As the seeds word it: "500 Internal Server Error", "Network timeout".
std::string failure_text(const Delivery& delivery) {
  const auto* attempt = last_attempt(delivery);
  if (delivery.head.dead == DeadReason::pending_limit) return "Too many deliveries are pending";
  if (attempt == nullptr) return "Not attempted";
  if (attempt->error == AttemptError::timeout) return "Network timeout";
  if (attempt->error != AttemptError::none)
    return fmt::format("Network error: {}", attempt->error_text.empty() ? attempt_error_name(attempt->error) : attempt->error_text);
  const bool looks_good = attempt->status >= 200 && attempt->status < 300;
  return status_line(attempt->status) + (looks_good ? " (the answer does not confirm success)" : "");
}

std::uint32_t retries_of(const DeliveryHead& head) noexcept { return head.round_attempts > 1 ? head.round_attempts - 1 : 0; }

std::string retry_state(const DeliveryHead& head) {
  const auto retries = retries_of(head);
  switch (head.dead) {
    case DeadReason::alive: return fmt::format("{}回リトライ済み（継続中）", retries);
    case DeadReason::exhausted: return fmt::format("{}回失敗（最大リトライ回数に到達）", retries);
    case DeadReason::given_up:
      return retries == 0 ? "リトライなし（再試行の対象外の応答）" : fmt::format("{}回リトライ後に中止（再試行の対象外の応答）", retries);
    case DeadReason::pending_limit: return "リトライなし（配信待ち件数の上限に到達）";
    case DeadReason::superseded: return "送信せず（より新しい配信に置き換え）";
  }
  return {};
}

std::string retry_state_en(const DeliveryHead& head) {
  const auto retries = retries_of(head);
  const auto times = fmt::format("{} {}", retries, retries == 1 ? "retry" : "retries");
  switch (head.dead) {
    case DeadReason::alive: return times + " so far (going on)";
    case DeadReason::exhausted: return times + " failed (no more are planned)";
    case DeadReason::given_up: return (retries == 0 ? std::string("no retry") : "stopped after " + times) + " (such an answer is not retried)";
    case DeadReason::pending_limit: return "no retry (as many deliveries as may be are pending)";
    case DeadReason::superseded: return "not sent (a newer delivery takes its place)";
  }
  return {};
}

std::string shown_value(const json::value& value) {
  if (const auto* text = value.if_string()) return shown({text->data(), text->size()});
  std::string text;
  append_json(text, value);
  return shown(text);
}

// What the slots of a delivery's templates stand for.
class DeliverySlots {
 public:
  DeliverySlots(const Delivery& delivery, Severity severity, WallTime now)
      : delivery_(delivery), severity_(severity), now_(now), body_(parse_json(delivery.body)) {}
  void speak(Language language) noexcept { language_ = language; }

  [[nodiscard]] std::optional<std::string> operator()(std::string_view slot) const {
    if (slot.starts_with('/')) return body_value(slot);
    const auto& head = delivery_.head;
    if (slot == "mark") return std::string(severity_mark(severity_, language_));
    if (slot == "eventType") return shown(head.type);
    if (slot == "key") return shown(head.key);
    if (slot == "destination") return shown(head.destination);
    if (slot == "error") return shown(failure_text(delivery_));
    if (slot == "attempts") return fmt::format("{}", head.attempts);
    if (slot == "retries") return fmt::format("{}", retries_of(head));
    if (slot == "retryState") return language_ == Language::ja ? retry_state(head) : retry_state_en(head);
    if (slot == "time") return format_jst(now_);
    if (slot == "deliveryId") return head.id.text();
    if (slot == "eventId") return head.event.text();
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::string> body_value(std::string_view pointer) const {
    const auto* value = body_ ? find((*body_)->root(), pointer) : nullptr;
    return value == nullptr ? std::nullopt : std::optional(shown_value(*value));
  }

  const Delivery& delivery_;
  Severity severity_;
  Language language_ = Language::ja;
  WallTime now_;
  Result<std::shared_ptr<const JsonDocument>> body_;
};

// One pass: what a value says is never read as a slot.
std::string fill_in(std::string_view pattern, const DeliverySlots& slots) {
  std::string out;
  out.reserve(2 * pattern.size());
  while (!pattern.empty()) {
    const auto open = std::min(pattern.find('{'), pattern.size());
    out.append(pattern.substr(0, open));
    pattern.remove_prefix(open);
    if (pattern.empty()) break;
    const auto close = pattern.find('}');
    const auto value = close == std::string_view::npos ? std::nullopt : slots(pattern.substr(1, close - 1));
    out.append(value ? std::string_view(*value) : pattern.substr(0, 1));
    pattern.remove_prefix(value ? close + 1 : 1);
  }
  return out;
}

// A subject is one line, whatever the template says: it becomes a header of an e-mail.
std::string in_one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return is_control({&c, 1}); }, ' ');
  return text;
}

void add_audit_fields(JsonObject& entry, const std::map<std::string, std::string>& fields, std::string_view body) {
  constexpr std::array<std::string_view, 9> own{"action", "destination", "deliveryId", "eventId", "key",
                                                "reason", "attempts",    "lastError",  "timestamp"};
  const auto document = parse_json(body);
  if (!document) return;
  for (const auto& [member, pointer] : fields) {
    const auto* value = find((*document)->root(), pointer);
    if (value == nullptr || std::find(own.begin(), own.end(), member) != own.end()) continue;
    if (value->is_string() || value->is_structured()) entry.text(member, shown_value(*value));
    else entry.value(member, *value);
  }
}

}  // namespace

std::string_view severity_mark(Severity severity, Language language) noexcept {
  const bool ja = language == Language::ja;
  switch (severity) {
    case Severity::none: return "";
    case Severity::warning: return ja ? "【警告】" : "[WARNING] ";
    case Severity::error: return ja ? "【エラー】" : "[ERROR] ";
    case Severity::critical: return ja ? "【重大】" : "[CRITICAL] ";
    case Severity::urgent: return ja ? "【緊急】" : "[URGENT] ";
  }
  return "";
}

Alert make_alert(const Destination& destination, const Delivery& delivery, Severity severity, WallTime now) {
  const bool may_be_the_secret = severity == Severity::urgent && delivery.head.last_status == 401;
  const auto own_or = [](const std::string& own, std::string_view general) { return own.empty() ? general : std::string_view(own); };
  Alert alert{.destination = destination.name, .severity = severity, .subject = {}, .text = {}, .channels = destination.channels};
  DeliverySlots slots(delivery, severity, now);
  alert.subject = in_one_line(fill_in(own_or(destination.alert_subject, general_subject), slots));
  alert.text = std::string(may_be_the_secret ? secret_warning : "") + fill_in(own_or(destination.alert_text, general_text), slots);
  slots.speak(Language::en);
  alert.subject_en = in_one_line(fill_in(own_or(destination.alert_subject_en, general_subject_en), slots));
  alert.text_en = std::string(may_be_the_secret ? secret_warning_en : "") + fill_in(own_or(destination.alert_text_en, general_text_en), slots);
  return alert;
}

Alert make_digest(const Alert& last, std::uint64_t more, WallTime now) {
  const auto mark = severity_mark(last.severity, Language::ja);
  const auto mark_en = severity_mark(last.severity, Language::en);
  const auto about = last.destination.empty() ? std::string_view("Denrei") : std::string_view(last.destination);
  auto digest = last;
  digest.subject = in_one_line(fmt::format("{}{}: アラートがさらに{}件あります", mark, about, more));
  digest.text = fmt::format("{}{}: アラートがさらに{}件あります\n{} more alerts about {} since the last one.\n\nタイムスタンプ: {}\n\n最新のアラート:\n{}",
                            mark, about, more, more, about, format_jst(now), last.text);
  digest.subject_en = in_one_line(fmt::format("{}{}: {} more alerts", mark_en, about, more));
  digest.text_en = fmt::format("{}{} more alerts about {} since the last one\n\nTime: {}\n\nThe latest alert:\n{}", mark_en, more, about,
                               format_jst(now), last.text_en.empty() ? last.text : last.text_en);
  return digest;
}

Alert make_disabled_alert(const Destination& destination, std::string_view reason, WallTime now) {
  const auto headline = fmt::format("{}{} への配信を停止しました", severity_mark(Severity::critical, Language::ja), destination.name);
  const auto headline_en = fmt::format("{}Deliveries to {} have stopped", severity_mark(Severity::critical, Language::en), destination.name);
  return {.destination = destination.name,
          .severity = Severity::critical,
          .subject = in_one_line(headline),
          .text = fmt::format("{}\nDeliveries to {} have stopped; its events are kept.\n\n理由: {}\nタイムスタンプ: {}\n\n"
                              "イベントは保持され、配信の再開後に送信されます。",
                              headline, destination.name, shown(reason), format_jst(now)),
          .channels = destination.channels,
          .subject_en = in_one_line(headline_en),
          .text_en = fmt::format("{}\n\nReason: {}\nTime: {}\n\nIts events are kept, and go when deliveries are enabled again.", headline_en,
                                 shown(reason), format_jst(now))};
}

std::string attempt_line(const Attempt& attempt) {
  if (attempt.error == AttemptError::none) return status_line(attempt.status);
  const auto name = attempt_error_name(attempt.error);
  return attempt.error_text.empty() ? std::string(name) : fmt::format("{}: {}", name, shown(attempt.error_text));
}

std::string make_audit_entry(const Destination& destination, const Delivery& delivery, WallTime now) {
  const auto& head = delivery.head;
  JsonObject entry(512);
  entry.text("action", destination.audit_action).text("destination", head.destination);
  entry.text("deliveryId", head.id.text()).text("eventId", head.event.text()).text_if_any("key", head.key);
  add_audit_fields(entry, destination.audit_fields, delivery.body);
  entry.text("reason", dead_reason_name(head.dead)).number("attempts", head.attempts).text("lastError", shown(failure_text(delivery)));
  return entry.text("timestamp", format_iso8601(now)).take();
}

}  // namespace denrei
