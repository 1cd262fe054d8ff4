// When alert rules fire and when they are over: the rules of the contract at their edges, restarts, and clocks that jump.
#include "denrei/domain/rule_judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/rule_world.hpp"

namespace denrei {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto fired = RuleTurn::fired;
constexpr auto resolved = RuleTurn::resolved;
constexpr auto pending = RuleTurn::pending;
constexpr auto let_go = RuleTurn::let_go;

// --- seed analytics-notification §11.2

TEST(SignatureRule, FiresOnceAndEndsOnceWhenTheWindowIsEmpty) {
  RuleWorld world(rule_of(Measure::signature_failures, 1));
  world.pass(10min);
  EXPECT_THAT(world.turns, IsEmpty());
  ++world.counts.bad_signatures;
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  ++world.counts.bad_signatures;
  world.pass(299s);
  ++world.counts.bad_signatures;
  world.pass(300s);
  EXPECT_THAT(world.turns, ElementsAre(fired)) << "the last one is still in the window";
  world.pass(6s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
  world.pass(1h);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(SignatureRule, CountsWhatCameBeforeTheFirstSample) {
  RuleWorld world(rule_of(Measure::signature_failures, 1));
  world.counts.bad_signatures = 1;
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
}

TEST(SuccessRule, FiresBelowItsThresholdAndEndsAtIt) {
  RuleWorld world(rule_of(Measure::success_rate, 95));
  world.answer(95, 5);
  world.pass(5min);
  EXPECT_THAT(world.turns, IsEmpty());
  world.pass(10min);
  world.answer(94, 6);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  world.answer(20, 0);  // 114 of 120
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(SuccessRule, SilenceIsNeitherBadNewsNorTheEndOfIt) {
  RuleWorld world(rule_of(Measure::success_rate, 95));
  world.pass(1h);
  EXPECT_THAT(world.turns, IsEmpty());
  world.answer(0, 1);
  world.pass(10h);
  EXPECT_EQ(world.phase(), RulePhase::firing);
  world.answer(1);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(MeanRule, FiresAboveASecondAndNotAtIt) {
  RuleWorld world(rule_of(Measure::mean_answer, 1));
  world.take(4, 1s);
  world.pass(10min);
  EXPECT_THAT(world.turns, IsEmpty());
  world.take(2, 1001ms);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  world.take(2, 10ms);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(ErrorNotificationsRule, FiresAboveTenPercent) {
  RuleWorld world(rule_of(Measure::error_notifications, 10));
  world.accept(10, 1);
  world.pass(6min);
  EXPECT_THAT(world.turns, IsEmpty());
  world.accept(9, 1);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
}

// --- seed announcement-stats §10.2

TEST(ErrorRateRule, FiresWhenItHasBeenTooMuchForFiveMinutes) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  const auto fail_for = [&](Millis time) {
    for (Millis passed{0}; passed < time; passed += 10s) {
      world.answer(9, 1);
      world.pass(10s);
    }
  };
  fail_for(290s);
  world.answer(1'000);  // 1.0 %
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(pending, let_go));
  world.pass(2min);
  world.turns.clear();
  fail_for(300s);
  EXPECT_THAT(world.turns, ElementsAre(pending)) << "since 299 s";
  fail_for(10s);
  EXPECT_THAT(world.turns, ElementsAre(pending, fired));
  world.pass(2min);
  EXPECT_EQ(world.phase(), RulePhase::firing);
  world.answer(20, 1);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(pending, fired, resolved));
}

TEST(ErrorRateRule, OneErrorInQuietTimesDoesNotFire) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  world.answer(0, 1);
  world.pass(1h);
  EXPECT_THAT(world.turns, ElementsAre(pending, let_go));
}

TEST(ErrorRateRule, FewRequestsThatAllFailFire) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  for (int i = 0; i < 3; ++i) {
    world.answer(0, 1);
    world.pass(3min);
  }
  EXPECT_THAT(world.turns, ElementsAre(pending, fired));
}

TEST(SlowAnswersRule, FiresWhenTheyHaveBeenSlowForTenMinutes) {
  RuleWorld world(rule_of(Measure::mean_answer, 3, 1min, 10min));
  for (int i = 0; i < 60; ++i) {
    world.take(1, 3001ms);
    world.pass(10s);
  }
  EXPECT_THAT(world.turns, ElementsAre(pending));
  world.take(1, 3001ms);
  world.pass(1s);
  EXPECT_THAT(world.turns, ElementsAre(pending, fired));
}

// --- restarts

TEST(RuleRestart, FiringOneIsNotOverBeforeAWholeWindowSaysSo) {
  RuleWorld world(rule_of(Measure::signature_failures, 1));
  world.counts.bad_signatures = 1;
  world.pass(60s);
  world.restart(2s);
  EXPECT_EQ(world.phase(), RulePhase::firing);
  world.pass(299s);
  EXPECT_THAT(world.turns, ElementsAre(fired));
  world.pass(2s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

TEST(RuleRestart, PendingOneGoesOnCountingItsTime) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  const auto fail_for = [&](Millis time) {
    for (Millis passed{0}; passed < time; passed += 10s) {
      world.answer(0, 1);
      world.pass(10s);
    }
  };
  fail_for(200s);
  world.restart(20s);
  fail_for(80s);
  EXPECT_THAT(world.turns, ElementsAre(pending));
  fail_for(10s);
  EXPECT_THAT(world.turns, ElementsAre(pending, fired));
}

TEST(RuleRestart, PendingOneThatWasDownForLongWaitsForBadNews) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  world.answer(0, 1);
  world.pass(10s);
  world.restart(2h);
  world.pass(5min);
  EXPECT_THAT(world.turns, ElementsAre(pending));
  world.pass(2s);
  EXPECT_THAT(world.turns, ElementsAre(pending, let_go));
}

TEST(RuleRestart, PendingOneOfTheFutureWaitsItsWholeTime) {
  RuleWorld world(rule_of(Measure::error_rate, 5, 1min, 5min));
  world.answer(0, 1);
  world.pass(10s);
  world.wall -= 1h;  // the clock was wrong
  world.restart();
  for (int i = 0; i < 4; ++i) {
    world.answer(0, 1);
    world.pass(1min);
  }
  EXPECT_THAT(world.turns, ElementsAre(pending));
  world.answer(0, 1);
  world.pass(59s);
  EXPECT_THAT(world.turns, ElementsAre(pending));
  world.pass(2s);
  EXPECT_THAT(world.turns, ElementsAre(pending, fired));
}

TEST(RuleClock, SetBackOrForwardMovesNoWindow) {
  RuleWorld world(rule_of(Measure::signature_failures, 1));
  world.counts.bad_signatures = 1;
  world.pass(10s);
  world.wall -= 24h;
  world.pass(200s);
  EXPECT_EQ(world.phase(), RulePhase::firing);
  world.wall += 48h;
  world.pass(80s);
  EXPECT_EQ(world.phase(), RulePhase::firing);
  world.pass(20s);
  EXPECT_THAT(world.turns, ElementsAre(fired, resolved));
}

}  // namespace
}  // namespace denrei
