// Deliveries as people and programs read them.
#include <fmt/format.h>

#include <algorithm>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/delivery.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t head_json_bytes = 640;

// A text that was cut between the bytes of a character loses what is left of it: else none of its characters could be shown.
std::string_view without_cut_end(std::string_view text) noexcept {
  if (is_utf8(text)) return text;
  for (std::size_t cut = 1; cut <= 3 && cut < text.size(); ++cut)
    if (is_utf8(text.substr(0, text.size() - cut))) return text.substr(0, text.size() - cut);
  return text;
}

void add_number_if_any(JsonObject& object, std::string_view name, std::int64_t number) {
  if (number != 0) object.number(name, number);
}

void add_error_if_any(JsonObject& object, std::string_view name, AttemptError error) {
  if (error != AttemptError::none) object.text(name, attempt_error_name(error));
}

void add_head(JsonObject& object, const DeliveryHead& head, std::string_view state) {
  object.text("id", head.id.text()).text("eventId", head.event.text()).text("destination", head.destination).text("route", head.route);
  object.text("source", head.source).text_if_any("type", head.type).text("key", head.key).number("sequence", head.lane_sequence);
  object.text("state", state).number("attempts", head.attempts).number("round", head.round);
  object.text("receivedAt", format_iso8601(head.received_at));
  // A dead letter that was sent again still has the time of its death.
  if (state == "delivered" || state == "superseded" || state == "dead") object.text("endedAt", format_iso8601(head.ended_at));
  else object.text("due", format_iso8601(head.due));
  add_number_if_any(object, "lastStatus", head.last_status);
  add_error_if_any(object, "lastError", head.last_error);
  if (head.dead != DeadReason::alive) object.text("reason", dead_reason_name(head.dead));
  add_number_if_any(object, "resends", head.resends);
  if (head.blocks_lane) object.boolean("blocksLane", true);
}

// Milliseconds with three decimals; what was not reached is left out.
void add_ms(JsonObject& timing, std::string_view name, std::uint32_t us) {
  if (us != 0) timing.raw(name, fmt::format("{}.{:03}", us / 1000, us % 1000));
}

std::string timing_json(const Attempt& attempt) {
  JsonObject timing(128);
  add_ms(timing, "dnsMs", attempt.dns_us);
  add_ms(timing, "connectMs", attempt.connect_us);
  add_ms(timing, "tlsMs", attempt.tls_us);
  add_ms(timing, "firstByteMs", attempt.first_byte_us);
  add_ms(timing, "totalMs", attempt.total_us);
  return timing.take();
}

// Lines and not members of an object: a name may come twice.
std::string lines_json(std::string_view text) {
  std::string out = "[";
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, without_cut_end(line));
  }
  return out.append("]");
}

std::string answer_json(const Attempt& attempt) {
  return JsonObject(attempt.answer_headers.size() + attempt.answer_body.size() + 64)
      .raw("headers", lines_json(attempt.answer_headers))
      .text("body", without_cut_end(attempt.answer_body))
      .take();
}

std::string attempt_json(const Attempt& attempt) {
  JsonObject object(512);
  object.number("number", attempt.number).text("startedAt", format_iso8601(attempt.started_at));
  add_number_if_any(object, "status", attempt.status);
  add_error_if_any(object, "error", attempt.error);
  object.text_if_any("errorText", without_cut_end(attempt.error_text)).text_if_any("address", attempt.address);
  object.raw("timing", timing_json(attempt));
  if (attempt.status != 0 || !attempt.answer_headers.empty() || !attempt.answer_body.empty()) object.raw("answer", answer_json(attempt));
  if (attempt.next_at) object.text("nextAt", format_iso8601(*attempt.next_at));
  return object.take();
}

std::string history_json(const std::vector<Attempt>& attempts) {
  std::string out = "[";
  for (const auto& attempt : attempts) {
    if (out.size() > 1) out.push_back(',');
    out.append(attempt_json(attempt));
  }
  return out.append("]");
}

}  // namespace

std::string delivery_json(const DeliveryHead& head, std::string_view state) {
  JsonObject object(head_json_bytes);
  add_head(object, head, state);
  return object.take();
}

std::string delivery_json(const Delivery& delivery, std::string_view state, bool with_body) {
  JsonObject object(head_json_bytes);
  add_head(object, delivery.head, state);
  object.raw("history", history_json(delivery.attempts));
  if (!with_body || delivery.body.empty()) return object.take();
  // As it was received: what is sent is these bytes, not what they would be if they were written anew.
  if (parse_json(delivery.body)) object.raw("body", delivery.body);
  else object.text("body", delivery.body);
  return object.take();
}

}  // namespace denrei
