// The event's packed record, record batches, and which partition a key belongs to.
#include "denrei/domain/event.hpp"

#include <array>
#include <limits>

#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t record_fixed_bytes = 1 + 1 + 16 + 8 + 8 + 4 + 6 * 4;  // all but the bytes of the six texts
constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();
constexpr std::array<std::string_view, 6> effect_names{"ledger", "employee", "acknowledgement", "bulletin", "announcement", "tally"};

constexpr std::uint64_t fnv_offset = 14695981039346656037u;
constexpr std::uint64_t fnv_prime = 1099511628211u;

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) noexcept {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
  return hash;
}

}  // namespace

Result<Effect> parse_effect(std::string_view name) {
  for (std::size_t i = 0; i < effect_names.size(); ++i)
    if (effect_names[i] == name) return static_cast<Effect>(i);
  return fail(FaultCode::invalid, "unknown effect; known are ledger, employee, acknowledgement, bulletin, announcement, tally");
}

std::string_view effect_name(Effect effect) noexcept {
  const auto index = static_cast<std::size_t>(effect);
  return index < effect_names.size() ? effect_names[index] : std::string_view("unknown");
}

std::string encode_event(const Event& event) {
  const auto texts = event.source.size() + event.family.size() + event.key.size() + event.type.size() +
                     event.identity.size() + event.body.size();
  Packer packer(record_fixed_bytes + texts);
  packer.u8(record_version).u8(static_cast<std::uint8_t>(event.effect)).raw(event.id.raw());
  packer.i64(to_unix_ms(event.received_at)).i64(event.occurred_at ? to_unix_ms(*event.occurred_at) : no_time);
  packer.u32(event.body_hash).text(event.source).text(event.family).text(event.key).text(event.type);
  return packer.text(event.identity).text(event.body).take();
}

Result<Event> decode_event(std::string_view record) {
  Unpacker unpacker(record);
  if (unpacker.u8() != record_version) return fail(FaultCode::invalid, "not an event record of a known version");
  const auto effect = unpacker.u8();
  const auto id = unpacker.raw(16);
  if (!unpacker.ok() || effect >= effect_names.size()) return fail(FaultCode::invalid, "an event record with an unknown effect");
  Event event;
  event.effect = static_cast<Effect>(effect);
  event.id = event_id_from_raw(id);
  event.received_at = from_unix_ms(unpacker.i64());
  if (const auto occurred = unpacker.i64(); occurred != no_time) event.occurred_at = from_unix_ms(occurred);
  event.body_hash = unpacker.u32();
  for (auto* text : {&event.source, &event.family, &event.key, &event.type, &event.identity, &event.body})
    *text = unpacker.text();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "an event record of the wrong length");
  return event;
}

Result<std::shared_ptr<const JsonDocument>> json_of(const Event& event) {
  if (event.json) return event.json;
  return parse_json(event.body);
}

Result<std::vector<EventPtr>> decode_batch(std::string_view blob) {
  std::vector<EventPtr> events;
  Unpacker unpacker(blob);
  while (!unpacker.at_end()) {
    const auto record = unpacker.text();
    if (!unpacker.ok()) return fail(FaultCode::invalid, "a record batch ends inside a record");
    auto event = decode_event(record);
    if (!event) return tl::unexpected(std::move(event.error()));
    events.push_back(std::make_shared<const Event>(std::move(*event)));
  }
  return events;
}

std::uint32_t partition_of(std::string_view family, std::string_view key, std::uint32_t partitions) noexcept {
  if (partitions == 0) return 0;
  const auto hash = fnv1a(fnv1a(fnv1a(fnv_offset, family), std::string_view("\0", 1)), key);
  return (static_cast<std::uint32_t>(hash >> 32) ^ static_cast<std::uint32_t>(hash)) % partitions;
}

}  // namespace denrei
