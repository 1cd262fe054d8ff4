// Making events.
#include "denrei/domain/event_making.hpp"

#include <algorithm>
#include <cstring>

#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

// "/data/staffId" -> "data.staffId", as the other violations name their fields.
std::string field_of(std::string_view pointer) {
  std::string field(pointer.empty() ? pointer : pointer.substr(1));
  std::replace(field.begin(), field.end(), '/', '.');
  return field;
}

// A text or an integer at the pointer, as text.
std::string text_at(const JsonDocument& json, std::string_view pointer) {
  const auto* value = find(json.root(), pointer);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) return std::string(*text);
  if (const auto* number = value->if_int64()) return std::to_string(*number);
  return {};
}

std::optional<WallTime> time_at(const JsonDocument& json, const std::string& pointer) {
  const auto* value = pointer.empty() ? nullptr : find(json.root(), pointer);
  if (value == nullptr) return std::nullopt;
  if (const auto* seconds = value->if_int64()) {
    constexpr std::int64_t seconds_max = 253'402'300'799;  // the end of year 9999
    if (*seconds < 0 || *seconds > seconds_max) return std::nullopt;
    return from_unix_ms(*seconds * 1000);
  }
  const auto* text = value->if_string();
  if (text == nullptr) return std::nullopt;
  const auto parsed = parse_iso8601(*text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

void need(std::vector<Violation>& violations, std::string_view pointer, const std::string& text, std::size_t bytes_max) {
  if (text.empty())
    violations.push_back({field_of(pointer), Rule::required, "string"});
  else if (text.size() > bytes_max)
    violations.push_back({field_of(pointer), Rule::too_long, std::to_string(bytes_max)});
}

void take_identity(Event& event, const Source& source, const JsonDocument& json, const RequestWords& words, std::vector<Violation>& violations) {
  if (source.identity_pointer.empty() && !source.takes_role_token) return;
  if (!source.identity_pointer.empty()) event.identity = text_at(json, source.identity_pointer);
  if (event.identity.empty() && source.takes_role_token) event.identity = words.identity;
  need(violations, source.identity_pointer, event.identity, limits::key_bytes_max);
}

// Where the path names the key, senders number what they send within it: one number under two keys is two events.
EventId id_of(const Event& event, const Source& source, std::string_view digest, bool of_key) {
  const auto identity = event.identity.empty() ? digest : std::string_view(event.identity);
  return make_event_id(source.name, of_key ? event.key + '\0' + std::string(identity) : std::string(identity));
}

std::string mask_of(std::string_view key, std::string_view name) {
  constexpr std::size_t mask_bytes = 16;
  const auto digest = sha256({key, std::string_view("\0", 1), name});
  return encode_hex(as_view(digest).substr(0, mask_bytes));
}

std::string masked_body(const json::value& root, std::string_view pointer, std::string_view mask) {
  auto copy = root;
  boost::system::error_code none;
  if (auto* value = copy.find_pointer(pointer, none)) *value = mask;
  std::string out;
  append_json(out, copy);
  return out;
}

}  // namespace

std::optional<std::string> key_of_path(const Source& source, std::string_view path) {
  for (const auto& pattern : source.paths)
    if (auto key = key_in_path(pattern, path)) return key;
  return std::nullopt;
}

tl::expected<std::shared_ptr<Event>, std::vector<Violation>> make_event(const Source& source, std::string& body,
                                                                        std::shared_ptr<const JsonDocument> json,
                                                                        WallTime now, const RequestWords& words) {
  auto event = std::make_shared<Event>();
  std::vector<Violation> violations;
  event->key = words.key ? *words.key : text_at(*json, source.key_pointer);
  need(violations, words.key ? "/key" : source.key_pointer, event->key, limits::key_bytes_max);
  event->type = source.type_pointer.empty() ? source.event_type : text_at(*json, source.type_pointer);
  need(violations, source.type_pointer, event->type, limits::event_type_bytes_max - source.type_prefix.size());
  event->type.insert(0, source.type_prefix);
  take_identity(*event, source, *json, words, violations);
  if (!violations.empty()) return tl::unexpected(std::move(violations));
  const auto digest = sha256({body});
  std::memcpy(&event->body_hash, digest.data(), sizeof event->body_hash);
  event->id = id_of(*event, source, as_view(digest), words.key.has_value());
  event->effect = source.effect;
  event->source = source.name;
  event->family = source.family;
  event->occurred_at = time_at(*json, source.time_pointer);
  event->received_at = now;
  if (const auto* payload = source.payload_pointer.empty() ? nullptr : find(json->root(), source.payload_pointer)) {
    append_json(event->body, *payload);  // its text is parsed again where somebody needs it
    return event;
  }
  if (const auto name = find_string(json->root(), source.masked_pointer); !name.empty()) {
    event->body = masked_body(json->root(), source.masked_pointer, mask_of(event->key, name));
    return event;
  }
  event->body = std::move(body);
  event->json = std::move(json);
  return event;
}

EventId once_a_day_id(const Source& source, const Event& event, WallTime now) {
  return make_event_id("once a day " + source.name, event.type + '\0' + event.key + '\0' + std::to_string(tokyo_day(now)));
}

}  // namespace denrei
