// Events of the clock.
#include "denrei/domain/clock_order.hpp"

#include <cstring>
#include <fmt/format.h>

#include "denrei/base/assert.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {

ClockEvents::ClockEvents(const ClockOrder& order, WallTime at)
    : type_(order.type), at_(at), id_prefix_(fmt::format("{} {} ", order.type, format_iso8601(at))),
      body_(JsonObject{}.text("at", format_iso8601(at)).take()) {
  const auto digest = sha256({body_});
  std::memcpy(&body_hash_, digest.data(), sizeof body_hash_);
  auto json = parse_json(body_);
  DENREI_ASSERT(json.has_value());
  json_ = std::move(*json);
}

std::shared_ptr<Event> ClockEvents::make(std::string key, WallTime now) const {
  auto event = std::make_shared<Event>();
  event->id = make_event_id(clock_source, id_prefix_ + key);
  event->effect = Effect::tally;
  event->source = clock_source;
  event->family = clock_family;
  event->key = std::move(key);
  event->type = type_;
  event->occurred_at = at_;
  event->received_at = now;
  event->body_hash = body_hash_;
  event->body = body_;
  event->json = json_;
  return event;
}

}  // namespace denrei
