// The headers of an attempt.
#include "denrei/domain/outbound.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/encoding.hpp"
#include "denrei/base/packing.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::size_t own_headers_max = 9;  // a hint for one allocation: three of the scheme and six of ours

bool has_header(std::span<const OwnedHeader> headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const OwnedHeader& h) { return equal_ignoring_case(h.name, name); });
}

void add_if_new(std::vector<OwnedHeader>& headers, std::string_view name, std::string_view value) {
  if (!has_header(headers, name)) headers.push_back({std::string(name), std::string(value)});
}

// A name may be configured twice; only what we have already said must not be contradicted.
void add_configured(std::vector<OwnedHeader>& headers, const std::vector<OwnedHeader>& configured) {
  const auto said = headers.size();
  for (const auto& header : configured)
    if (!has_header({headers.data(), said}, header.name)) headers.push_back(header);
}

// Whoever still knows only the previous secret finds its signature behind the current one.
void add_signature(std::vector<OwnedHeader>& headers, std::string_view name, const std::vector<OwnedHeader>& signed_again) {
  for (const auto& again : signed_again)
    for (auto& header : headers)
      if (again.name == name && header.name == name) header.value += " " + again.value;
}

}  // namespace

Result<OutboundKeys> make_outbound_keys(const SignatureSpec& spec, std::span<const Secret> secrets) {
  if (secrets.empty()) return fail(FaultCode::invalid, "the destination has no secret to sign with");
  auto current = make_signature_key(spec, secrets.front());
  if (!current) return tl::unexpected(std::move(current.error()));
  OutboundKeys keys{std::move(*current), std::nullopt};
  if (spec.scheme != "standard_webhooks" || secrets.size() < 2) return keys;
  auto previous = make_signature_key(spec, secrets[1]);
  if (!previous) return tl::unexpected(std::move(previous.error()));
  keys.previous = std::move(*previous);
  return keys;
}

std::vector<OwnedHeader> make_outbound_headers(const OutboundFacts& facts) {
  const auto& destination = facts.destination;
  const auto& head = facts.delivery.head;
  const auto id = head.id.text();
  // Standard Webhooks signs the id and sends it itself; the other schemes leave it to us.
  const auto& spec = destination.signature;
  auto headers = sign_request(spec, facts.keys.current, facts.now, id, facts.delivery.body);
  if (facts.keys.previous) add_signature(headers, spec.signature_header, sign_request(spec, *facts.keys.previous, facts.now, id, facts.delivery.body));
  headers.reserve(own_headers_max + destination.headers.size());
  add_if_new(headers, "webhook-id", id);
  const fmt::format_int sequence(head.lane_sequence);
  add_if_new(headers, "Denrei-Sequence", {sequence.data(), sequence.size()});
  if (facts.bearer != nullptr) add_if_new(headers, "Authorization", fmt::format("Bearer {}", facts.bearer->reveal()));
  if (!destination.request_id_header.empty())
    add_if_new(headers, destination.request_id_header, make_attempt_uuid(head.id, facts.attempt, facts.now));
  add_configured(headers, destination.headers);
  add_if_new(headers, "Content-Type", "application/json");
  add_if_new(headers, "User-Agent", fmt::format("denrei/{}", facts.version));
  return headers;
}

std::string make_attempt_uuid(const DeliveryId& delivery, std::uint32_t attempt, WallTime now) {
  const auto seed = Packer(16).u32(attempt).i64(to_unix_ms(now)).take();
  auto bytes = sha256({delivery.raw(), seed});
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
  auto text = encode_hex(as_view(bytes).substr(0, 16));
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace denrei
