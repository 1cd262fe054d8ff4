// What the Desk says.
#include "desk_answers.hpp"

#include <fmt/format.h>

#include "archive_answers.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

std::string_view title_of(int status) noexcept {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
  }
}

JsonObject& add_time(JsonObject& out, std::string_view name, const std::optional<WallTime>& time) {
  return time ? out.text(name, format_iso8601(*time)) : out.raw(name, "null");
}

JsonObject& add_count(JsonObject& out, std::string_view name, std::uint64_t count) {
  return out.number(name, static_cast<std::int64_t>(count));
}

}  // namespace

Answer desk_answer(int status, std::string body, std::string headers) {
  return {status, std::move(body), "Cache-Control: no-store\r\n" + std::move(headers)};
}

Answer desk_problem(int status, std::string_view detail, std::string headers) {
  return problem(status, title_of(status), detail, "Cache-Control: no-store\r\n" + std::move(headers));
}

Answer wrong_members(const FieldErrors& errors) {
  std::string list = "[", detail;
  for (const auto& error : errors) {
    if (list.size() > 1) list += ',';
    list += JsonObject{}.text("field", error.field).text("message", error.message).take();
    detail += fmt::format("{}{} {}", detail.empty() ? "" : "; ", error.field, error.message);
  }
  auto answer = desk_problem(400, detail);
  answer.body = joined(std::move(answer.body), JsonObject{}.raw("errors", list + "]").take());
  return answer;
}

Answer ask_again(std::string_view detail) { return desk_problem(503, detail, "Retry-After: 1\r\n"); }

std::string list_json(const std::vector<std::string>& items, const std::optional<std::string>& next, std::optional<std::uint64_t> total) {
  std::string list = "[";
  for (const auto& item : items) {
    if (list.size() > 1) list += ',';
    list += item;
  }
  JsonObject out(list.size() + 64);
  out.raw("data", list + "]");
  if (next) out.text("next", *next);
  else out.raw("next", "null");
  if (total) add_count(out, "total", *total);
  return out.take();
}

std::string report_json(const DestinationReport& report) {
  JsonObject out(1024);
  out.text("name", report.name).text("url", report.url).text("order", report.order).boolean("disabled", report.disabled);
  add_time(out, "disabledSince", report.disabled ? std::optional(report.disabled_since) : std::nullopt);
  if (report.disabled) out.text("disabledReason", report.disabled_reason);
  else out.raw("disabledReason", "null");
  out.text("breaker", report.breaker);
  add_count(out, "pending", report.pending);
  add_count(out, "lanes", report.lanes);
  add_count(out, "blockedLanes", report.blocked_lanes);
  add_count(out, "inFlight", report.in_flight);
  add_count(out, "dead", report.dead);
  add_count(out, "delivered", report.delivered);
  add_count(out, "failedAttempts", report.failed_attempts);
  add_count(out, "givenUp", report.given_up);
  add_time(out, "nextDue", report.next_due);
  add_time(out, "lastSuccess", report.last_success);
  add_time(out, "lastFailure", report.last_failure);
  return out.text("lastFailureText", report.last_failure_text).take();
}

std::string filter_json(const DeadFilter& filter) {
  JsonObject out;
  out.text_if_any("destination", filter.destination).text_if_any("key", filter.key).text_if_any("type", filter.type);
  if (filter.reason) out.text("reason", dead_reason_name(*filter.reason));
  if (filter.status) out.number("status", *filter.status);
  if (filter.since) add_time(out, "since", filter.since);
  if (filter.until) add_time(out, "until", filter.until);
  return out.take();
}

std::string job_json(const DeadLetterJob& job) {
  const auto& order = job.order();
  JsonObject out(512);
  out.text("id", job.id()).text("kind", job_kind_name(order.kind)).text("state", job_state_name(job.state()));
  out.raw("filter", filter_json(order.filter)).text_if_any("reason", order.reason).text("by", order.by);
  add_time(out, "startedAt", job.started_at());
  add_time(out, "endedAt", job.ended_at());
  add_count(out, "matching", job.matching());
  add_count(out, "handled", job.handled());
  add_count(out, "delivered", job.delivered());
  add_count(out, "failedAgain", job.failed_again());
  add_count(out, "outstanding", job.outstanding());
  out.boolean("cancelled", job.is_cancelled());
  if (job.why().empty()) out.raw("why", "null");
  else out.text("why", job.why());
  return out.take();
}

std::string job_audit(const DeadLetterJob& job, std::string_view what, std::string_view by, WallTime now) {
  JsonObject out(512);
  out.text("action", fmt::format("dead_letters_{}_{}", job_kind_name(job.order().kind), what)).text("jobId", job.id());
  out.raw("filter", filter_json(job.order().filter)).text_if_any("reason", job.order().reason);
  add_count(out, "matching", job.matching());
  add_count(out, "handled", job.handled());
  add_count(out, "delivered", job.delivered());
  add_count(out, "failedAgain", job.failed_again());
  return out.text_if_any("why", job.why()).text("by", by).text("timestamp", format_iso8601(now)).take();
}

std::string joined(std::string object, const std::string& more) {
  if (more.size() <= 2) return object;
  object.back() = object.size() > 2 ? ',' : ' ';
  return object.append(more, 1);
}

std::string with_why(std::string object, const Why& why) {
  return joined(std::move(object), JsonObject{}.text("why", why.en).text("whyJa", why.ja).take());
}

bool matches(const DeliveryFilter& filter, const DeliveryHead& head) {
  return (filter.destination.empty() || filter.destination == head.destination) && (filter.key.empty() || filter.key == head.key) &&
         (!filter.event || *filter.event == head.event);
}

std::string_view pending_state(const DeliveryHead& head, WallTime now) noexcept {
  return head.waits_for_batch || (head.attempts > 0 && head.due > now) ? "waiting" : "pending";
}

std::string_view settled_state(const DeliveryHead& head) noexcept {
  return head.dead == DeadReason::superseded ? "superseded" : "delivered";
}

}  // namespace denrei
