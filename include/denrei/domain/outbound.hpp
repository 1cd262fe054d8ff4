// The headers of an attempt: who sends, which delivery it is, and the signature over its body. Pure.
//
// Shape   make_outbound_headers(facts) -> headers, in no order that means anything
// Rules   a name is sent once: the contract's own headers go before configured ones, those before our defaults
// Units   attempts count from 1 over all rounds and re-sends
// Errors  none
// Source  protocol §3; RFC 9562 §5.4 (shape of the request id)
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/delivery.hpp"

namespace denrei {

struct OutboundFacts {
  const Destination& destination;
  const HmacSha256& key;                 // of the destination's current secret
  const Secret* bearer = nullptr;        // null: no Authorization is sent
  const Delivery& delivery;
  std::uint32_t attempt = 1;
  WallTime now{};
  std::string_view version;              // of Denrei
};

// Content-Type, User-Agent, webhook-id, Denrei-Sequence, the scheme's signature and time, Authorization, request id, fixed ones.
[[nodiscard]] std::vector<OwnedHeader> make_outbound_headers(const OutboundFacts& facts);

// A UUID in the shape of version 4: another for each attempt, and the same for the same attempt at the same time.
[[nodiscard]] std::string make_attempt_uuid(const DeliveryId& delivery, std::uint32_t attempt, WallTime now);

}  // namespace denrei
