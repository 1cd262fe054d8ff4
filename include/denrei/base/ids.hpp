// Identities that everyone uses: the 16-byte event id and the log id of an entry.
//
// Shape   EventId::text() -> "evt_" + 32 hex digits; parse_event_id("evt_…") -> Result<EventId>
// Limits  an EventId is the first half of a SHA-256, so equal ids mean equal identities
// Source  protocol §1.7 (what identifies an event), design §6 (delivery ids derive from it)
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"

namespace denrei {

struct EventId {
  std::array<unsigned char, 16> bytes{};
  [[nodiscard]] std::string_view raw() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  [[nodiscard]] std::string hex() const;
  [[nodiscard]] std::string text() const { return "evt_" + hex(); }
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

// The first 16 bytes of SHA-256(source ‖ 0 ‖ identity): the same event has the same id in every process and for ever.
[[nodiscard]] EventId make_event_id(std::string_view source, std::string_view identity);
[[nodiscard]] EventId event_id_from_raw(std::string_view sixteen_bytes);
[[nodiscard]] Result<EventId> parse_event_id(std::string_view text);

}  // namespace denrei

template <>
struct std::hash<denrei::EventId> {
  std::size_t operator()(const denrei::EventId& id) const noexcept {
    std::size_t h = 0;
    std::memcpy(&h, id.bytes.data(), sizeof h);  // already a hash
    return h;
  }
};
