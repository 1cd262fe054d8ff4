// Deliveries for the unit tests of records, views and alerts: one that has everything, and how two are compared.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "denrei/domain/delivery.hpp"

namespace denrei::samples {

inline constexpr std::int64_t noon_ms = 1'763'608'800'000;  // 2025-11-20T03:20:00Z

inline Attempt refused_attempt(std::uint32_t number) {
  return {.number = number, .started_at = from_unix_ms(noon_ms + 1000 * number), .status = 500, .address = "192.0.2.7",
          .dns_us = 1'200, .connect_us = 2'345, .tls_us = 7'000, .first_byte_us = 31'007, .total_us = 31'050,
          .answer_headers = "Content-Type: application/json\r\nServer: x\r\n", .answer_body = R"({"error":"二"})",
          .next_at = from_unix_ms(noon_ms + 60'000)};
}

inline Attempt timed_out_attempt(std::uint32_t number) {
  return {.number = number, .started_at = from_unix_ms(noon_ms + 90'000), .error = AttemptError::timeout,
          .error_text = "no answer within 30000 ms", .total_us = 30'000'123};
}

// Nothing in it has its initial value, so that a codec which forgets a member is found out.
inline Delivery full_delivery() {
  Delivery d;
  d.head = {.event = make_event_id("employee", "1"), .seq = 77, .destination = "voicedrive-employee", .route = "employee-out",
            .source = "employee", .family = "staff", .key = std::string("EMP\0二", 7), .type = "employee.created", .lane_sequence = 5,
            .received_at = from_unix_ms(noon_ms), .due = from_unix_ms(noon_ms + 5), .attempts = 9, .round_attempts = 4, .round = 2,
            .resends = 3, .waits_for_batch = true, .last_status = 503, .last_error = AttemptError::broken, .dead = DeadReason::exhausted,
            .ended_at = from_unix_ms(noon_ms + 7), .blocks_lane = true, .alert_due = true};
  d.head.id = make_delivery_id(d.head.event, d.head.destination, d.head.route);
  d.attempts = {refused_attempt(8), timed_out_attempt(9)};
  d.body = R"({"data":{"staffId":"EMP-1"}})";
  return d;
}

inline void expect_same_head(const DeliveryHead& a, const DeliveryHead& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.event, b.event);
  EXPECT_EQ(a.seq, b.seq);
  EXPECT_EQ(a.destination, b.destination);
  EXPECT_EQ(a.route, b.route);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.lane_sequence, b.lane_sequence);
  EXPECT_EQ(a.received_at, b.received_at);
  EXPECT_EQ(a.due, b.due);
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.round_attempts, b.round_attempts);
  EXPECT_EQ(a.round, b.round);
  EXPECT_EQ(a.resends, b.resends);
  EXPECT_EQ(a.waits_for_batch, b.waits_for_batch);
  EXPECT_EQ(a.last_status, b.last_status);
  EXPECT_EQ(a.last_error, b.last_error);
  EXPECT_EQ(a.dead, b.dead);
  EXPECT_EQ(a.ended_at, b.ended_at);
  EXPECT_EQ(a.blocks_lane, b.blocks_lane);
  EXPECT_EQ(a.alert_due, b.alert_due);
}

inline void expect_same_attempt(const Attempt& a, const Attempt& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.error_text, b.error_text);
  EXPECT_EQ(a.address, b.address);
  EXPECT_EQ(a.dns_us, b.dns_us);
  EXPECT_EQ(a.connect_us, b.connect_us);
  EXPECT_EQ(a.tls_us, b.tls_us);
  EXPECT_EQ(a.first_byte_us, b.first_byte_us);
  EXPECT_EQ(a.total_us, b.total_us);
  EXPECT_EQ(a.answer_headers, b.answer_headers);
  EXPECT_EQ(a.answer_body, b.answer_body);
  EXPECT_EQ(a.next_at, b.next_at);
}

}  // namespace denrei::samples
