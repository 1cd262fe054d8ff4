// The headers of an attempt: who sends, which delivery it is, and the signature over its body. Pure.
//
// Shape   make_outbound_headers(facts) -> headers, in no order that means anything
//         make_outbound_keys(spec, secrets) -> what signs: the current secret and, for Standard Webhooks, the previous one too
// Rules   a name is sent once: the contract's own headers go before configured ones, those before our defaults
// Units   attempts count from 1 over all rounds and re-sends
// Errors  a secret that is not in the form of its scheme makes no keys; headers can always be made
// Source  protocol §3; RFC 9562 §5.4 (shape of the request id); Standard Webhooks ("v1,… v1,…": zero downtime rotation)
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/delivery.hpp"

namespace denrei {

// Made once for many attempts of one thread.
struct OutboundKeys {
  HmacSha256 current;
  std::optional<HmacSha256> previous;    // while the secret is being rotated, where the scheme carries two signatures
};
[[nodiscard]] Result<OutboundKeys> make_outbound_keys(const SignatureSpec& spec, std::span<const Secret> secrets);  // current first

struct OutboundFacts {
  const Destination& destination;
  const OutboundKeys& keys;
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
