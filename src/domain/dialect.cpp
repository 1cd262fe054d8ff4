// How facts become an answer in each dialect. The words of the refusals stand in dialect_words.cpp.
#include "denrei/domain/dialect.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

#include "denrei/domain/dialect_words.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::array<std::string_view, 5> dialect_names{"employee", "acknowledgement", "analytics", "stats", "problem"};
constexpr std::string_view whole_body = "body";  // how a violation of the root is called

using ViolationText = std::string (*)(const Violation&);

std::string_view field_of(const Violation& v) noexcept { return v.field.empty() ? whole_body : std::string_view(v.field); }

// "data.staffId is required; data.email must be …"; the Japanese texts are sentences and follow a colon.
std::string list_violations(const std::vector<Violation>& violations, ViolationText text, std::string_view joint) {
  std::string out;
  for (const auto& v : violations) {
    if (!out.empty()) out.append("; ");
    out.append(field_of(v)).append(joint).append(text(v));
  }
  return out;
}

std::string violations_json(const std::vector<Violation>& violations, ViolationText text) {
  std::string out = "[";
  for (const auto& v : violations) {
    if (out.size() > 1) out.push_back(',');
    out.append(JsonObject{}.text("field", field_of(v)).text("message", text(v)).take());
  }
  return out.append("]");
}

// `lead`, and after a colon what exactly is wrong, where this refusal may say so.
std::string with_detail(std::string_view lead, const RefusalWords& words, const RefusalFacts& facts) {
  std::string out(lead);
  if (words.shows_detail && !facts.detail.empty()) out.append(": ").append(facts.detail);
  return out;
}

std::string english_message(std::string_view lead, const RefusalWords& words, const RefusalFacts& facts) {
  if (facts.violations.empty()) return with_detail(lead, words, facts);
  return std::string(lead).append(": ").append(list_violations(facts.violations, violation_text_en, " "));
}

std::string failure_json(JsonObject& error) { return JsonObject{}.boolean("success", false).raw("error", error.take()).take(); }

std::string employee_refusal(const RefusalWords& words, const RefusalFacts& facts) {
  return JsonObject{}.text("error", english_message(words.employee, words, facts)).take();
}

std::string acknowledgement_refusal(const RefusalWords& words, const RefusalFacts& facts) {
  JsonObject error;
  error.text("code", words.code).text("message", english_message(words.english, words, facts));
  if (!facts.violations.empty()) error.raw("details", violations_json(facts.violations, violation_text_en));
  return failure_json(error);
}

std::string analytics_refusal(const RefusalWords& words, const RefusalFacts& facts) {
  JsonObject error;
  error.text("code", words.analytics_code).text("message", words.analytics);
  error.text("details", facts.violations.empty() ? with_detail(words.analytics_hint, words, facts)
                                                 : list_violations(facts.violations, violation_text_ja, ": "));
  return failure_json(error);
}

std::string stats_refusal(const RefusalWords& words, const RefusalFacts& facts) {
  JsonObject error;
  error.text("code", words.code).text("message", words.stats);
  if (!facts.violations.empty()) {
    error.raw("details", violations_json(facts.violations, violation_text_ja));
  } else if (words.status == 400) {
    const auto message = with_detail(words.analytics_hint, words, facts);
    error.raw("details", "[" + JsonObject{}.text("field", whole_body).text("message", message).take() + "]");
  }
  return failure_json(error);
}

// RFC 9457 §4.2.1: about:blank means the status itself, so the title is its phrase.
std::string_view status_phrase(int status) noexcept {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

std::string problem_refusal(const RefusalWords& words, const RefusalFacts& facts) {
  JsonObject problem;
  problem.text("type", "about:blank").text("title", status_phrase(words.status)).number("status", words.status);
  problem.text("detail", with_detail(words.english, words, facts)).text("code", words.code);
  if (!facts.violations.empty()) problem.raw("errors", violations_json(facts.violations, violation_text_en));
  return problem.take();
}

// A structured-field string holds printable ASCII only (RFC 9651 §3.3.3).
std::string quote_field_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) continue;
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out.append("\"");
}

std::string refusal_headers(const RefusalFacts& facts) {
  const auto wait = std::max<std::int64_t>(1, facts.retry_after.count());
  std::string out;
  if (facts.why == Refusal::method_not_allowed) out.append("Allow: ").append(facts.allow).append("\r\n");
  if (facts.why == Refusal::unauthorized) out.append("WWW-Authenticate: Bearer\r\n");
  if (facts.why == Refusal::rate_limited || facts.why == Refusal::overloaded)
    fmt::format_to(std::back_inserter(out), "Retry-After: {}\r\n", wait);
  if (facts.why == Refusal::rate_limited && !facts.policy.empty()) {
    const auto policy = quote_field_string(facts.policy);
    fmt::format_to(std::back_inserter(out), "RateLimit-Policy: {};q={};w={}\r\n", policy, facts.quota, facts.window.count());
    fmt::format_to(std::back_inserter(out), "RateLimit: {};r=0;t={}\r\n", policy, wait);
  }
  return out;
}

// An employee event's sender repeats only on 500 and time-outs (protocol §1.6).
int status_of(Dialect dialect, const RefusalWords& words) noexcept {
  return dialect == Dialect::employee && words.why == Refusal::overloaded ? 500 : words.status;
}

std::string accepted_body(Dialect dialect, const AcceptedFacts& facts) {
  std::string out;
  switch (dialect) {
    case Dialect::employee:
      return R"({"success":true})";
    case Dialect::acknowledgement:
      return out.append(R"({"success":true,"notificationId":")").append(notification_number(facts.id))
          .append(R"(","receivedAt":")").append(format_iso8601(facts.received_at)).append("\"}");
    case Dialect::analytics:
      out.reserve(160);
      append_json_string(out.append(R"({"success":true,"message":"通知を受信しました","notificationId":)"), facts.identity);
      return out.append(R"(,"receivedAt":")").append(format_iso8601(facts.received_at)).append("\"}");
    case Dialect::stats:
      return out.append(R"({"success":true,"receivedAt":")").append(format_iso8601(facts.received_at))
          .append(R"(","processed":true,"message":"統計情報を正常に受信しました"})");
    case Dialect::problem:
      return out.append(R"({"success":true,"eventId":")").append(facts.id.text()).append(R"(","receivedAt":")")
          .append(format_iso8601(facts.received_at)).append("\"}");
    case Dialect::api:
      return out.append(R"({"id":")").append(facts.id.text()).append(R"(","receivedAt":")")
          .append(format_iso8601(facts.received_at)).append("\"}");
  }
  return out;
}

std::string refusal_body(Dialect dialect, const RefusalWords& words, const RefusalFacts& facts) {
  switch (dialect) {
    case Dialect::employee: return employee_refusal(words, facts);
    case Dialect::acknowledgement: return acknowledgement_refusal(words, facts);
    case Dialect::analytics: return analytics_refusal(words, facts);
    case Dialect::stats: return stats_refusal(words, facts);
    case Dialect::problem:
    case Dialect::api: return problem_refusal(words, facts);
  }
  return {};
}

}  // namespace

Result<Dialect> parse_dialect(std::string_view name) {
  const auto* found = std::find(dialect_names.begin(), dialect_names.end(), name);
  if (found == dialect_names.end())
    return fail(FaultCode::invalid, "unknown dialect; known are employee, acknowledgement, analytics, stats, problem");
  return static_cast<Dialect>(found - dialect_names.begin());
}

Answer render_accepted(Dialect dialect, const AcceptedFacts& facts) {
  Answer answer;
  answer.status = dialect == Dialect::api ? 202 : 200;
  answer.body = accepted_body(dialect, facts);
  if (facts.repeat) answer.headers = "Idempotent-Replayed: true\r\n";
  return answer;
}

Answer render_refusal(Dialect dialect, const RefusalFacts& facts) {
  const auto& words = words_of(facts.why);
  Answer answer;
  answer.status = status_of(dialect, words);
  answer.body = refusal_body(dialect, words, facts);
  answer.headers = refusal_headers(facts);
  if (dialect == Dialect::problem || dialect == Dialect::api) answer.content_type = "application/problem+json";
  return answer;
}

std::string notification_number(const EventId& id) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "NOTIF-";
  for (const auto byte : id.raw().substr(0, 8)) {
    out.push_back(digits[static_cast<unsigned char>(byte) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(byte) & 15]);
  }
  return out;
}

}  // namespace denrei
