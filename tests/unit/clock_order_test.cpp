// Events of the clock: what they say, and that the same boundary and key always make the same one.
#include "denrei/domain/clock_order.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

const auto boundary = parse_iso8601("2025-10-07T11:00:00Z").value();
const auto now = parse_iso8601("2025-10-07T11:00:00.250Z").value();

TEST(ClockEvents, SayWhichBoundaryItWas) {
  const auto event = ClockEvents(clock_orders[0], boundary).make("ann_1", now);
  EXPECT_EQ(event->source, "denrei");
  EXPECT_EQ(event->family, "tally");
  EXPECT_EQ(event->key, "ann_1");
  EXPECT_EQ(event->type, "tally.hour");
  EXPECT_EQ(event->effect, Effect::tally);
  EXPECT_EQ(event->occurred_at, boundary);
  EXPECT_EQ(event->received_at, now);
  EXPECT_EQ(event->body, R"({"at":"2025-10-07T11:00:00.000Z"})");
  EXPECT_EQ(find_string(json_of(*event).value()->root(), "/at"), "2025-10-07T11:00:00.000Z");
  EXPECT_EQ(ClockEvents(clock_orders[1], boundary).make("ann_1", now)->type, "tally.day");
}

TEST(ClockEvents, HaveAnIdOfTypeBoundaryAndKey) {
  const auto id = ClockEvents(clock_orders[0], boundary).make("ann_1", now)->id;
  EXPECT_EQ(id, make_event_id("denrei", "tally.hour 2025-10-07T11:00:00.000Z ann_1"));
  EXPECT_EQ(id, ClockEvents(clock_orders[0], boundary).make("ann_1", now + std::chrono::hours{5})->id) << "whenever it is made";
  EXPECT_NE(id, ClockEvents(clock_orders[0], boundary).make("ann_2", now)->id);
  EXPECT_NE(id, ClockEvents(clock_orders[1], boundary).make("ann_1", now)->id);
  EXPECT_NE(id, ClockEvents(clock_orders[0], boundary + std::chrono::hours{1}).make("ann_1", now)->id);
}

}  // namespace
}  // namespace denrei
