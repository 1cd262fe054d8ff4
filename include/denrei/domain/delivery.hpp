// A delivery: one event on its way to one destination, as it stands in the outbox, among the dead letters and in the history.
//
// Shape   encode_delivery(delivery) -> record; decode_delivery(record); decode_delivery_head(record or its head alone)
//         record = u16 length of the head, head (all but attempts and body), attempts, body
// Units   times in milliseconds since 1970; durations of an attempt in microseconds
// Limits  attempts_kept_max attempts are kept, the newest; answer headers answer_headers_kept, answer body answer_body_kept bytes
// Errors  invalid: not a record of a known version
// Source  protocol §3; redis.md §4d (head first, so that a scan reads heads only)
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/ids.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/domain/event.hpp"

namespace denrei {

// A function of event, destination and route: the same over retries, crashes and replays. Sent as webhook-id.
struct DeliveryId {
  EventId hash;
  [[nodiscard]] std::string_view raw() const noexcept { return hash.raw(); }
  [[nodiscard]] std::string text() const { return "dlv_" + hash.hex(); }
  friend auto operator<=>(const DeliveryId&, const DeliveryId&) = default;
};
[[nodiscard]] DeliveryId make_delivery_id(const EventId& event, std::string_view destination, std::string_view route);
[[nodiscard]] Result<DeliveryId> parse_delivery_id(std::string_view text);

// One HTTP try.
struct Attempt {
  std::uint32_t number = 1;              // over all rounds and re-sends
  WallTime started_at{};
  int status = 0;                        // 0: no answer
  AttemptError error = AttemptError::none;
  std::string error_text;
  std::string address;                   // really connected to; empty: none
  std::uint32_t dns_us = 0, connect_us = 0, tls_us = 0, first_byte_us = 0, total_us = 0;  // since the start; 0: not reached
  std::string answer_headers;            // lines, as received
  std::string answer_body;
  std::optional<WallTime> next_at;       // when the next try was due then
};

// Why a delivery is dead, or was left out of its lane (superseded: a newer one says all that it said). The number is written to the store.
enum class DeadReason : std::uint8_t { alive = 0, exhausted = 1, given_up = 2, pending_limit = 3, superseded = 4 };
[[nodiscard]] std::string_view dead_reason_name(DeadReason reason) noexcept;

struct DeliveryHead {
  DeliveryId id;
  EventId event;
  std::uint64_t seq = 0;                 // the event's place in its partition's log
  std::string destination;
  std::string route;
  std::string source;
  std::string family;
  std::string key;
  std::string type;
  std::uint32_t lane_sequence = 0;       // 1, 2, 3 … per destination and key; sent as Denrei-Sequence. One that is superseded leaves a gap
  WallTime received_at{};                // of the event
  WallTime due{};
  std::uint32_t attempts = 0;            // ever made
  std::uint32_t round_attempts = 0;      // of this round
  std::uint32_t round = 1;
  std::uint32_t resends = 0;             // by an operator
  bool waits_for_batch = false;          // between two rounds
  int last_status = 0;
  AttemptError last_error = AttemptError::none;
  DeadReason dead = DeadReason::alive;
  WallTime ended_at{};                   // dead or delivered since
  bool blocks_lane = false;              // dead, and its lane waits for an operator
  bool alert_due = false;                // dead, and its alert is not yet known to be sent
};

struct Delivery {
  DeliveryHead head;
  std::vector<Attempt> attempts;         // oldest first
  std::string body;                      // what is sent
};
using DeliveryPtr = std::shared_ptr<const Delivery>;

[[nodiscard]] std::string encode_delivery(const Delivery& delivery);
// The record of a delivered one for the history: without the body that was sent.
[[nodiscard]] std::string encode_delivered(const Delivery& delivery);
[[nodiscard]] Result<Delivery> decode_delivery(std::string_view record);
[[nodiscard]] Result<DeliveryHead> decode_delivery_head(std::string_view record_or_head);

// The order that a delivery keeps: lanes of equal number wait for each other. Never equal for different partitions.
[[nodiscard]] std::uint64_t lane_of(std::uint32_t partition, const DeliveryHead& head, LaneOrder order) noexcept;

// Views for people and programs: {"id","eventId","destination","key","state","attempts",…}; with every attempt.
[[nodiscard]] std::string delivery_json(const DeliveryHead& head, std::string_view state);
[[nodiscard]] std::string delivery_json(const Delivery& delivery, std::string_view state, bool with_body);

}  // namespace denrei
