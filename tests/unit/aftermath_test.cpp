// What becomes of a delivery that is left out, and which ends are dead letters.
#include "denrei/domain/aftermath.hpp"

#include <gtest/gtest.h>

#include "unit/sample_deliveries.hpp"

namespace denrei {
namespace {

const WallTime now = from_unix_ms(1'763'608'800'000);

TEST(LeaveOut, KeepsWhatWasTriedAndForgetsWhatWouldHaveBeenSent) {
  auto delivery = samples::full_delivery();
  delivery.head.dead = DeadReason::alive;
  delivery.head.blocks_lane = delivery.head.alert_due = false;
  const auto left = leave_out(delivery, now);
  EXPECT_EQ(left.head.dead, DeadReason::superseded);
  EXPECT_EQ(left.head.ended_at, now);
  EXPECT_FALSE(left.head.waits_for_batch);
  EXPECT_EQ(left.head.attempts, delivery.head.attempts);
  EXPECT_EQ(left.attempts.size(), delivery.attempts.size());
  EXPECT_TRUE(left.body.empty());
  EXPECT_EQ(decode_delivery(encode_delivered(left)).value().head.dead, DeadReason::superseded);
}

TEST(LeaveOut, AlarmsNobody) {
  Destination destination;
  destination.exhausted = Severity::critical;
  const auto left = leave_out(samples::full_delivery(), now);
  EXPECT_EQ(burial_severity(destination, left.head), Severity::none);
  EXPECT_FALSE(is_dead_letter(left.head));
}

TEST(DeadLetter, IsWhatWaitsForAnOperator) {
  DeliveryHead head;
  EXPECT_FALSE(is_dead_letter(head));
  for (const auto reason : {DeadReason::exhausted, DeadReason::given_up, DeadReason::pending_limit}) {
    head.dead = reason;
    EXPECT_TRUE(is_dead_letter(head)) << dead_reason_name(reason);
  }
}

}  // namespace
}  // namespace denrei
