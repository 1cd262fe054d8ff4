// Rate budgets: a quota in a sliding window, what a repeat gives back, and how long to wait.
#include "denrei/domain/rate_budget.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace denrei {
namespace {

using std::chrono::seconds;

const WallTime minute_start = from_unix_ms(1'728'450'000'000);  // a multiple of a minute

std::uint32_t take_all(RateBudget& budget, WallTime at, std::uint32_t tries = 1'000) {
  std::uint32_t taken = 0;
  for (std::uint32_t i = 0; i < tries; ++i) taken += budget.take(at) ? 1u : 0u;
  return taken;
}

TEST(RateBudget, GivesExactlyTheQuotaInOneWindow) {
  RateBudget budget{100, seconds{60}};
  EXPECT_EQ(budget.remaining(minute_start), 100u);
  EXPECT_EQ(take_all(budget, minute_start), 100u);
  EXPECT_EQ(budget.remaining(minute_start), 0u);
  EXPECT_FALSE(budget.take(minute_start + seconds{59}));
}

TEST(RateBudget, DoesNotStartAfreshWhenTheWindowTurns) {
  RateBudget budget{100, seconds{60}};
  EXPECT_EQ(take_all(budget, minute_start + seconds{59}), 100u);
  EXPECT_EQ(take_all(budget, minute_start + seconds{60}), 0u);
  EXPECT_EQ(take_all(budget, minute_start + seconds{90}), 50u);
  EXPECT_EQ(take_all(budget, minute_start + seconds{180}), 100u) << "a whole idle window forgets everything";
}

TEST(RateBudget, GivesBackWhatARepeatTook) {
  RateBudget budget{2, seconds{60}};
  EXPECT_EQ(take_all(budget, minute_start), 2u);
  budget.give_back(minute_start + seconds{1});
  EXPECT_TRUE(budget.take(minute_start + seconds{1}));
  EXPECT_FALSE(budget.take(minute_start + seconds{1}));
}

TEST(RateBudget, GivesBackIntoTheWindowBefore) {
  RateBudget budget{2, seconds{60}};
  EXPECT_EQ(take_all(budget, minute_start + seconds{59}), 2u);
  budget.give_back(minute_start + seconds{60});
  EXPECT_TRUE(budget.take(minute_start + seconds{60}));
}

TEST(RateBudget, NeverHoldsMoreThanItsQuota) {
  RateBudget budget{2, seconds{60}};
  for (int i = 0; i < 10; ++i) budget.give_back(minute_start);
  EXPECT_EQ(take_all(budget, minute_start), 2u);
}

TEST(RateBudget, WaitsNotAtAllWhileSomethingIsLeft) {
  RateBudget budget{2, seconds{60}};
  EXPECT_TRUE(budget.take(minute_start));
  EXPECT_EQ(budget.wait(minute_start), seconds{0});
}

TEST(RateBudget, WaitLeadsToTheNextFreeOneAndNoFurther) {
  std::mt19937 dice{20251007};
  const auto pick = [&](std::uint32_t below) { return static_cast<std::uint32_t>(dice()) % below; };
  for (int round = 0; round < 2'000; ++round) {
    const std::uint32_t count = 1 + pick(120);
    const seconds window{1 + pick(300)};
    RateBudget budget{count, window};
    auto now = minute_start;
    for (int step = 0; step < 6; ++step) {
      now += Millis{pick(100'000)};
      (void)take_all(budget, now, pick(150));
    }
    (void)take_all(budget, now);
    const auto wait = budget.wait(now);
    ASSERT_GE(wait, seconds{1});
    auto earlier = budget;
    const bool too_early = wait > seconds{1} && earlier.take(now + wait - seconds{1});
    ASSERT_FALSE(too_early) << count << "/" << window.count() << " wait " << wait.count();
    ASSERT_TRUE(budget.take(now + wait)) << count << "/" << window.count() << " wait " << wait.count();
  }
}

TEST(RateBudget, KeepsASteadySenderNearTheQuota) {
  RateBudget budget{100, seconds{60}};
  std::deque<WallTime> taken;
  std::size_t most = 0;
  std::size_t total = 0;
  for (Millis t{0}; t < std::chrono::minutes{20}; t += Millis{100}) {  // ten a second, six times the quota
    const auto now = minute_start + t;
    if (budget.take(now)) {
      taken.push_back(now);
      ++total;
    }
    while (!taken.empty() && now - taken.front() >= seconds{60}) taken.pop_front();
    if (t > std::chrono::minutes{5}) most = std::max(most, taken.size());
  }
  EXPECT_LE(total, 2'100u);
  EXPECT_GE(total, 1'500u);
  EXPECT_LE(most, 130u);
}

TEST(RateBudget, WithoutAQuotaGivesNothingAndStillNamesAWait) {
  RateBudget budget{0, seconds{60}};
  EXPECT_FALSE(budget.take(minute_start));
  EXPECT_EQ(budget.remaining(minute_start), 0u);
  EXPECT_EQ(budget.wait(minute_start), seconds{60});
}

TEST(RateBudget, SurvivesAClockThatIsSetBack) {
  RateBudget budget{5, seconds{60}};
  EXPECT_EQ(take_all(budget, minute_start), 5u);
  EXPECT_FALSE(budget.take(minute_start - seconds{30})) << "a little back gives nothing new";
  const auto wait = budget.wait(minute_start - seconds{30});
  EXPECT_TRUE(budget.take(minute_start - seconds{30} + wait));
  EXPECT_TRUE(budget.take(minute_start - std::chrono::hours{24})) << "far back does not lock the sender out for a day";
}

TEST(RateBudget, TreatsAnEmptyWindowAsOneSecond) {
  RateBudget budget{1, seconds{0}};
  EXPECT_TRUE(budget.take(minute_start));
  EXPECT_FALSE(budget.take(minute_start));
  EXPECT_EQ(budget.wait(minute_start), seconds{2});
}

}  // namespace
}  // namespace denrei
