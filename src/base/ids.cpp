// Event ids: how an identity becomes 16 bytes, and those bytes become text and back.
#include "denrei/base/ids.hpp"

#include "denrei/base/assert.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"

namespace denrei {

std::string EventId::hex() const { return encode_hex(raw()); }

EventId make_event_id(std::string_view source, std::string_view identity) {
  const auto digest = sha256({source, std::string_view("\0", 1), identity});
  return event_id_from_raw(as_view(digest).substr(0, 16));
}

EventId event_id_from_raw(std::string_view sixteen_bytes) {
  DENREI_ASSERT(sixteen_bytes.size() == 16);
  EventId id;
  std::memcpy(id.bytes.data(), sixteen_bytes.data(), 16);
  return id;
}

Result<EventId> parse_event_id(std::string_view text) {
  EventId id;
  if (!text.starts_with("evt_") || !decode_hex(text.substr(4), id.bytes.data(), id.bytes.size()))
    return fail(FaultCode::invalid, "an event id is evt_ and 32 hex digits");
  return id;
}

}  // namespace denrei
