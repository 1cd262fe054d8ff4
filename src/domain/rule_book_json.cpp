// What a rule book keeps over the end of the process, as JSON.
#include <algorithm>

#include "denrei/domain/json_text.hpp"
#include "denrei/domain/rule_book.hpp"

namespace denrei {
namespace {

JsonObject& add_time(JsonObject& out, std::string_view name, const std::optional<WallTime>& time) {
  return time ? out.text(name, format_iso8601(*time)) : out.raw(name, "null");
}

JsonObject& add_text(JsonObject& out, std::string_view name, const std::string& text) {
  return text.empty() ? out.raw(name, "null") : out.text(name, text);
}

std::optional<WallTime> time_at(const json::value& kept, std::string_view pointer) {
  const auto time = parse_iso8601(find_string(kept, pointer));
  return time ? std::optional(*time) : std::nullopt;
}

std::int64_t number_at(const json::value& kept, std::string_view pointer, std::int64_t otherwise) {
  const auto* value = find(kept, pointer);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

bool flag_at(const json::value& kept, std::string_view pointer) {
  const auto* value = find(kept, pointer);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string text_at(const json::value& kept, std::string_view pointer) { return std::string(find_string(kept, pointer)); }

std::optional<Incident> read_incident(const json::value* kept) {
  const auto number = kept == nullptr ? 0 : number_at(*kept, "/id", 0);
  const auto fired_at = number > 0 ? time_at(*kept, "/firedAt") : std::nullopt;
  if (!fired_at) return std::nullopt;
  return Incident{static_cast<std::uint64_t>(number), text_at(*kept, "/rule"), *fired_at, text_at(*kept, "/value"), time_at(*kept, "/resolvedAt"),
                  text_at(*kept, "/acknowledgedBy"), time_at(*kept, "/acknowledgedAt"), text_at(*kept, "/note")};
}

std::optional<Silence> read_silence(const json::value* kept) {
  const auto until = kept == nullptr ? std::nullopt : time_at(*kept, "/until");
  if (!until) return std::nullopt;
  return Silence{*until, text_at(*kept, "/by"), text_at(*kept, "/reason")};
}

std::string silence_json(const Silence& silence) {
  return JsonObject{}.text("until", format_iso8601(silence.until)).text("by", silence.by).text("reason", silence.reason).take();
}

}  // namespace

std::string incident_json(const Incident& incident) {
  JsonObject out;
  out.number("id", static_cast<std::int64_t>(incident.number)).text("rule", incident.rule).text("firedAt", format_iso8601(incident.fired_at));
  add_time(out, "resolvedAt", incident.resolved_at);
  add_text(out, "value", incident.value);
  add_text(out, "acknowledgedBy", incident.acknowledged_by);
  add_time(out, "acknowledgedAt", incident.acknowledged_at);
  return add_text(out, "note", incident.note).take();
}

std::string RuleBook::encode_seat(const Seat& seat) {
  const auto& state = seat.judge.state();
  JsonObject out;
  out.text("rule", seat.judge.spec().name).text("state", phase_name(state.phase)).text("since", format_iso8601(state.since));
  out.boolean("channelsKnow", seat.channels_know);
  if (seat.incident) out.raw("incident", incident_json(*seat.incident));
  if (seat.silence) out.raw("silence", silence_json(*seat.silence));
  if (seat.judge.spec().measure != Measure::heartbeat) return out.take();
  add_time(out, "lastSeen", state.last_seen);
  if (state.seen_day != INT64_MIN) out.number("seenDay", state.seen_day);
  return out.number("judgedDay", state.judged_day).take();
}

std::string RuleBook::encode() const {
  const auto list_of = [](const auto& items, const auto& encode_one) {
    std::string list = "[";
    for (const auto& item : items) list.append(list.size() > 1 ? "," : "").append(encode_one(item));
    return list + "]";
  };
  JsonObject out(4096);
  out.number("incidents", static_cast<std::int64_t>(incidents_)).raw("rules", list_of(seats_, encode_seat));
  return out.raw("history", list_of(history_, incident_json)).take();
}

void RuleBook::restore_seat(Seat& seat, const json::value& kept, RuleTime now) {
  const auto phase = parse_phase(find_string(kept, "/state"));
  const auto since = time_at(kept, "/since");
  if (!phase || !since) return;
  RuleState state{*phase, *since, time_at(kept, "/lastSeen"), number_at(kept, "/seenDay", INT64_MIN), number_at(kept, "/judgedDay", INT64_MIN)};
  seat.judge.restore(state, now);
  seat.incident = read_incident(find(kept, "/incident"));
  seat.silence = read_silence(find(kept, "/silence"));
  seat.channels_know = flag_at(kept, "/channelsKnow");
}

Result<void> RuleBook::restore(std::string_view text, RuleTime now) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  const auto& root = (*document)->root();
  incidents_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_at(root, "/incidents", 0)));
  if (const auto* rules = find(root, "/rules"); rules != nullptr && rules->is_array())
    for (const auto& kept : rules->get_array())
      if (const auto index = find_rule(find_string(kept, "/rule"))) restore_seat(seats_[*index], kept, now);
  if (const auto* history = find(root, "/history"); history != nullptr && history->is_array())
    for (const auto& kept : history->get_array())
      if (auto incident = read_incident(&kept); incident && history_.size() < incidents_kept) history_.push_back(std::move(*incident));
  return {};
}

}  // namespace denrei
