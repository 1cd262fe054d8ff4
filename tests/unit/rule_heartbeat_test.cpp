// The heartbeat: a success notification that has to come between 02:00 and 02:30 of each day in Asia/Tokyo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/domain/rule_judge.hpp"
#include "unit/rule_world.hpp"

namespace denrei {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto fired = RuleTurn::fired;
constexpr auto resolved = RuleTurn::resolved;

RuleWorld world_at(std::string_view begin) { return RuleWorld(heartbeat_rule(), begin); }
void beat(RuleWorld& world) { world.accept(1, 1); }

TEST(HeartbeatRule, StaysQuietWhenOneComesInTime) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:14:00+09:00");
  beat(world);
  world.pass_until("2025-11-21T01:00:00+09:00");
  EXPECT_THAT(world.turns, IsEmpty());
  EXPECT_EQ(format_jst(world.judge.state().last_seen.value()), "2025-11-20 02:14:01 JST");
}

TEST(HeartbeatRule, FiresAtHalfPastTwoWhenNoneHasCome) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.accept(5, 0);  // others count for nothing
  world.pass_until("2025-11-20T02:29:59+09:00");
  EXPECT_THAT(world.turns, IsEmpty());
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  world.pass_until("2025-11-20T23:00:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired));
}

TEST(HeartbeatRule, OneBeforeItsTimeIsNotTheOneThatIsDue) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T01:59:58+09:00");
  beat(world);
  world.pass_until("2025-11-20T02:30:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired));
}

TEST(HeartbeatRule, BothEndsOfItsTimeBelongToIt) {
  for (const auto* at : {"2025-11-20T01:59:59+09:00", "2025-11-20T02:29:58+09:00", "2025-11-20T02:29:59+09:00"}) {
    auto world = world_at("2025-11-20T01:50:00+09:00");
    world.pass_until(at);
    beat(world);  // seen a second later
    world.pass_until("2025-11-20T02:40:00+09:00");
    EXPECT_THAT(world.turns, IsEmpty()) << at;
  }
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:30:00+09:00");
  beat(world);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(HeartbeatRule, EndsWithALateOne) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:47:00+09:00");
  beat(world);
  world.pass_until("2025-11-21T02:29:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
  world.pass_until("2025-11-21T02:31:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved, fired)) << "the late one was yesterday's";
}

TEST(HeartbeatRule, FiresOnceForManyDaysAndEndsWithTheNextOneInTime) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-22T02:10:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired));
  beat(world);
  world.pass_until("2025-11-22T12:00:00+09:00");
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(HeartbeatRule, DoesNotJudgeADayWhoseBeginningNobodyWatched) {
  auto world = world_at("2025-11-20T02:00:01+09:00");
  world.pass_until("2025-11-21T02:29:59+09:00");
  EXPECT_THAT(world.turns, IsEmpty());
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  auto in_time = world_at("2025-11-20T02:00:00+09:00");
  in_time.pass_until("2025-11-20T02:30:00+09:00");
  EXPECT_THAT(in_time.turns, ElementsAre(fired));
}

TEST(HeartbeatRule, RemembersOverARestartThatOneHasCome) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:05:00+09:00");
  beat(world);
  EXPECT_EQ((world.pass(1s), world.judge.state().seen_day), tokyo_day(world.wall));
  world.restart(10min);
  world.pass_until("2025-11-20T03:00:00+09:00");
  EXPECT_THAT(world.turns, IsEmpty());
}

TEST(HeartbeatRule, FiresAfterAStartThatWasTooLateForIt) {
  auto world = world_at("2025-11-19T12:00:00+09:00");
  world.pass(1s);
  world.restart(15h);  // 03:00 of the next day
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  world.restart(1min);
  world.pass(1h);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  beat(world);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(HeartbeatRule, JudgesADayOnceEvenWhenTheClockIsSetBack) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:31:00+09:00");
  beat(world);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
  world.wall -= 10min;
  world.pass(20min);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(HeartbeatRule, OneThatCameAfterTheClockWasSetBackIsInTime) {
  auto world = world_at("2025-11-20T01:50:00+09:00");
  world.pass_until("2025-11-20T02:20:00+09:00");
  world.wall += 2h;  // wrong for a moment: it fires
  world.pass(1s);
  world.wall -= 2h;
  world.pass(1min);
  beat(world);
  world.pass(20min);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
  EXPECT_EQ(world.judge.state().seen_day, tokyo_day(world.wall));
}

}  // namespace
}  // namespace denrei
