// An event: one accepted webhook, as it stands in the log and travels between actors.
//
// Shape   encode_event(event) -> packed record (version 1); decode_event(record) -> Result<Event>
// Units   times in milliseconds since 1970; body_hash is the first 4 bytes of the body's SHA-256
// Errors  invalid: not a record of a known version
// Source  protocol §1.7; design §5 (record batches)
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/ids.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

// What an accepted event does to its key. The number is written to the log: add at the end, never renumber.
enum class Effect : std::uint8_t { ledger = 0, employee = 1, acknowledgement = 2, bulletin = 3, announcement = 4, tally = 5 };
[[nodiscard]] Result<Effect> parse_effect(std::string_view name);
[[nodiscard]] std::string_view effect_name(Effect effect) noexcept;

struct Event {
  EventId id;
  Effect effect = Effect::ledger;
  std::string source;
  std::string family;    // keys of one family share a name space: partition = hash(family, key)
  std::string key;
  std::string type;
  std::string identity;  // the sender's own id where the source has one (notificationId); else empty
  std::optional<WallTime> occurred_at;  // the body's own timestamp
  WallTime received_at{};
  std::uint32_t body_hash = 0;
  std::string body;      // the raw bytes as received
  std::shared_ptr<const JsonDocument> json;  // the parsed body; absent after reading back from the log
};
using EventPtr = std::shared_ptr<const Event>;

[[nodiscard]] std::string encode_event(const Event& event);
[[nodiscard]] Result<Event> decode_event(std::string_view record);
// The parsed body, parsing it now if it came from the log. It was valid when it was accepted.
[[nodiscard]] Result<std::shared_ptr<const JsonDocument>> json_of(const Event& event);

// A log entry is a record batch: records one after the other, each preceded by its u32 length.
[[nodiscard]] Result<std::vector<EventPtr>> decode_batch(std::string_view blob);

// The partition of a key: the same in every process and for ever (FNV-1a over family ‖ 0 ‖ key, folded).
[[nodiscard]] std::uint32_t partition_of(std::string_view family, std::string_view key, std::uint32_t partitions) noexcept;

}  // namespace denrei
