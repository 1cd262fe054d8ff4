// The delivery's packed record, its id and its lane.
#include "denrei/domain/delivery.hpp"

#include <array>
#include <limits>
#include <span>

#include "denrei/base/assert.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t head_texts = 6;
constexpr std::size_t head_fixed_bytes = 4 * 1 + 2 * 16 + 4 * 8 + 5 * 4 + 2 + head_texts * 2;  // all but the bytes of the texts
constexpr std::size_t attempt_fixed_bytes = 4 + 2 + 1 + 2 * 8 + 5 * 4 + 4 * 2;
constexpr std::size_t short_bytes_max = std::numeric_limits<std::uint16_t>::max();
constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();
constexpr std::uint8_t waits_for_batch = 1, blocks_lane = 2, alert_due = 4;
constexpr std::array<std::string_view, 5> reason_names{"alive", "exhausted", "given_up", "pending_limit", "superseded"};
constexpr auto errors = static_cast<std::uint8_t>(AttemptError::crashed) + 1;
static_assert(limits::attempts_kept_max <= 255 && limits::answer_body_kept <= short_bytes_max && limits::answer_headers_kept <= short_bytes_max);

void put_short(Packer& packer, std::string_view text) { packer.u16(static_cast<std::uint16_t>(text.size())).raw(text); }
std::string_view take_short(Unpacker& unpacker) { return unpacker.raw(unpacker.u16()); }

// A receiver may answer with any number; only three digits are a status.
std::uint16_t status_number(int status) noexcept { return status > 0 && status <= 999 ? static_cast<std::uint16_t>(status) : 0; }

std::size_t head_bytes(const DeliveryHead& head) noexcept {
  return head_fixed_bytes + head.destination.size() + head.route.size() + head.source.size() + head.family.size() + head.key.size() +
         head.type.size();
}

void put_head(Packer& packer, const DeliveryHead& head) {
  const auto flags = (head.waits_for_batch ? waits_for_batch : 0) | (head.blocks_lane ? blocks_lane : 0) | (head.alert_due ? alert_due : 0);
  packer.u8(record_version).u8(static_cast<std::uint8_t>(flags));
  packer.u8(static_cast<std::uint8_t>(head.last_error)).u8(static_cast<std::uint8_t>(head.dead));
  packer.raw(head.id.raw()).raw(head.event.raw()).u64(head.seq);
  packer.i64(to_unix_ms(head.received_at)).i64(to_unix_ms(head.due)).i64(to_unix_ms(head.ended_at));
  packer.u32(head.lane_sequence).u32(head.attempts).u32(head.round_attempts).u32(head.round).u32(head.resends);
  packer.u16(status_number(head.last_status));
  for (const auto* text : {&head.destination, &head.route, &head.source, &head.family, &head.key, &head.type}) put_short(packer, *text);
}

Result<DeliveryHead> read_head(std::string_view bytes) {
  Unpacker unpacker(bytes);
  if (unpacker.u8() != record_version) return fail(FaultCode::invalid, "not a delivery record of a known version");
  const auto flags = unpacker.u8();
  const auto error = unpacker.u8();
  const auto dead = unpacker.u8();
  const auto id = unpacker.raw(16);
  const auto event = unpacker.raw(16);
  if (!unpacker.ok() || flags > (waits_for_batch | blocks_lane | alert_due) || error >= errors || dead >= reason_names.size())
    return fail(FaultCode::invalid, "a delivery record with an unknown flag, error or reason");
  DeliveryHead head;
  head.waits_for_batch = (flags & waits_for_batch) != 0;
  head.blocks_lane = (flags & blocks_lane) != 0;
  head.alert_due = (flags & alert_due) != 0;
  head.last_error = static_cast<AttemptError>(error);
  head.dead = static_cast<DeadReason>(dead);
  head.id.hash = event_id_from_raw(id);
  head.event = event_id_from_raw(event);
  head.seq = unpacker.u64();
  for (auto* time : {&head.received_at, &head.due, &head.ended_at}) *time = from_unix_ms(unpacker.i64());
  for (auto* number : {&head.lane_sequence, &head.attempts, &head.round_attempts, &head.round, &head.resends}) *number = unpacker.u32();
  head.last_status = unpacker.u16();
  for (auto* text : {&head.destination, &head.route, &head.source, &head.family, &head.key, &head.type}) *text = take_short(unpacker);
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a delivery record whose head has the wrong length");
  return head;
}

std::span<const Attempt> kept(const std::vector<Attempt>& attempts) noexcept {
  const std::span all(attempts);
  return all.size() > limits::attempts_kept_max ? all.last(limits::attempts_kept_max) : all;
}

// What of an attempt is written, already cut.
struct AttemptTexts {
  explicit AttemptTexts(const Attempt& attempt)
      : all{std::string_view(attempt.error_text).substr(0, limits::attempt_text_kept),
            std::string_view(attempt.address).substr(0, limits::attempt_text_kept),
            std::string_view(attempt.answer_headers).substr(0, limits::answer_headers_kept),
            std::string_view(attempt.answer_body).substr(0, limits::answer_body_kept)} {}
  [[nodiscard]] std::size_t bytes() const noexcept { return all[0].size() + all[1].size() + all[2].size() + all[3].size(); }
  std::array<std::string_view, 4> all;
};

std::size_t attempts_bytes(std::span<const Attempt> attempts) {
  std::size_t bytes = 1;
  for (const auto& attempt : attempts) bytes += attempt_fixed_bytes + AttemptTexts(attempt).bytes();
  return bytes;
}

void put_attempt(Packer& packer, const Attempt& attempt) {
  packer.u32(attempt.number).u16(status_number(attempt.status)).u8(static_cast<std::uint8_t>(attempt.error));
  packer.i64(to_unix_ms(attempt.started_at)).i64(attempt.next_at ? to_unix_ms(*attempt.next_at) : no_time);
  packer.u32(attempt.dns_us).u32(attempt.connect_us).u32(attempt.tls_us).u32(attempt.first_byte_us).u32(attempt.total_us);
  for (const auto text : AttemptTexts(attempt).all) put_short(packer, text);
}

// False: no attempt of a known form.
bool read_attempt(Unpacker& unpacker, Attempt& attempt) {
  attempt.number = unpacker.u32();
  attempt.status = unpacker.u16();
  const auto error = unpacker.u8();
  attempt.started_at = from_unix_ms(unpacker.i64());
  if (const auto next = unpacker.i64(); next != no_time) attempt.next_at = from_unix_ms(next);
  for (auto* us : {&attempt.dns_us, &attempt.connect_us, &attempt.tls_us, &attempt.first_byte_us, &attempt.total_us}) *us = unpacker.u32();
  for (auto* text : {&attempt.error_text, &attempt.address, &attempt.answer_headers, &attempt.answer_body}) *text = take_short(unpacker);
  if (!unpacker.ok() || error >= errors) return false;
  attempt.error = static_cast<AttemptError>(error);
  return true;
}

std::string encode(const Delivery& delivery, std::string_view body) {
  const auto head_size = head_bytes(delivery.head);
  DENREI_ASSERT(head_size <= short_bytes_max);  // names are bounded by the configuration, key and type by the verifier
  const auto attempts = kept(delivery.attempts);
  Packer packer(2 + head_size + attempts_bytes(attempts) + 4 + body.size());
  packer.u16(static_cast<std::uint16_t>(head_size));
  put_head(packer, delivery.head);
  packer.u8(static_cast<std::uint8_t>(attempts.size()));
  for (const auto& attempt : attempts) put_attempt(packer, attempt);
  return packer.text(body).take();
}

constexpr std::uint64_t fnv_offset = 14695981039346656037u;
constexpr std::uint64_t fnv_prime = 1099511628211u;

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) noexcept {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
  return hash;
}

// FNV-1a leaves the upper bits of short texts nearly alike; two rounds of the splitmix64 finalizer spread them.
std::uint64_t mixed(std::uint64_t hash) noexcept {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
  return hash ^ (hash >> 31);
}

}  // namespace

DeliveryId make_delivery_id(const EventId& event, std::string_view destination, std::string_view route) {
  const auto digest = sha256({event.raw(), destination, std::string_view("\0", 1), route});
  return {event_id_from_raw(as_view(digest).substr(0, 16))};
}

Result<DeliveryId> parse_delivery_id(std::string_view text) {
  DeliveryId id;
  if (!text.starts_with("dlv_") || !decode_hex(text.substr(4), id.hash.bytes.data(), id.hash.bytes.size()))
    return fail(FaultCode::invalid, "a delivery id is dlv_ and 32 hex digits");
  return id;
}

std::string_view dead_reason_name(DeadReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < reason_names.size() ? reason_names[index] : std::string_view("unknown");
}

std::string encode_delivery(const Delivery& delivery) { return encode(delivery, delivery.body); }
std::string encode_delivered(const Delivery& delivery) { return encode(delivery, {}); }

Result<Delivery> decode_delivery(std::string_view record) {
  Unpacker unpacker(record);
  auto head = read_head(take_short(unpacker));
  if (!head) return tl::unexpected(std::move(head.error()));
  Delivery delivery;
  delivery.head = std::move(*head);
  delivery.attempts.resize(unpacker.u8());
  for (auto& attempt : delivery.attempts)
    if (!read_attempt(unpacker, attempt)) return fail(FaultCode::invalid, "a delivery record with an attempt of no known form");
  delivery.body = unpacker.text();
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a delivery record of the wrong length");
  return delivery;
}

Result<DeliveryHead> decode_delivery_head(std::string_view record_or_head) {
  Unpacker unpacker(record_or_head);
  return read_head(take_short(unpacker));
}

std::uint64_t lane_of(std::uint32_t partition, const DeliveryHead& head, LaneOrder order) noexcept {
  constexpr std::uint64_t lower = (std::uint64_t{1} << 48) - 1;
  const auto hash = order == LaneOrder::unordered
                        ? mixed(fnv1a(fnv_offset, head.id.raw()))
                        : mixed(fnv1a(fnv1a(fnv1a(fnv_offset, head.family), std::string_view("\0", 1)), head.key));
  return std::uint64_t{partition} << 48 | ((hash ^ (hash >> 48)) & lower);
}

}  // namespace denrei
