// The token bucket: its rate to the millisecond, its burst, and clocks and settings that are out of the ordinary.
#include "denrei/domain/token_bucket.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace denrei {
namespace {

using namespace std::chrono_literals;

const WallTime start = from_unix_ms(1'760'000'000'000);

int take_all(TokenBucket& bucket, WallTime now, int tries = 1'000) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) taken += bucket.take(now) ? 1 : 0;
  return taken;
}

TEST(TokenBucket, GivesFiveASecondExactlyOneEvery200Milliseconds) {
  TokenBucket bucket{5, 1};
  for (int i = 0; i < 100; ++i) {
    const auto now = start + i * 200ms;
    ASSERT_TRUE(bucket.take(now)) << i;
    ASSERT_FALSE(bucket.take(now + 199ms)) << i;
  }
}

TEST(TokenBucket, BeginsFullAndGivesItsBurstAtOnce) {
  TokenBucket bucket{5, 10};
  EXPECT_EQ(take_all(bucket, start), 10);
  EXPECT_EQ(take_all(bucket, start + 1s), 5);
  EXPECT_EQ(take_all(bucket, start + 1h), 10) << "an idle hour fills it, and no more";
}

TEST(TokenBucket, WithoutARateIsUnlimited) {
  TokenBucket bucket;
  EXPECT_EQ(take_all(bucket, start), 1'000);
  EXPECT_EQ(bucket.wait(start), 0ms);
  for (const double rate : {0.0, -1.0, std::nan("")}) {
    TokenBucket odd{rate, 1};
    EXPECT_EQ(take_all(odd, start), 1'000) << rate;
    EXPECT_EQ(odd.wait(start), 0ms);
  }
}

TEST(TokenBucket, TellsTheWaitRoundedUpToTheMillisecond) {
  TokenBucket bucket{3, 1};  // one every 333⅓ ms
  EXPECT_EQ(bucket.wait(start), 0ms);
  EXPECT_TRUE(bucket.take(start));
  EXPECT_EQ(bucket.wait(start), 334ms);
  EXPECT_EQ(bucket.wait(start + 333ms), 1ms);
  EXPECT_EQ(bucket.wait(start + 334ms), 0ms);
}

TEST(TokenBucket, WaitLeadsToTheNextTokenAndNoFurther) {
  std::mt19937 dice{20251007};
  const auto pick = [&](std::uint32_t below) { return static_cast<std::uint32_t>(dice()) % below; };
  for (int round = 0; round < 2'000; ++round) {
    TokenBucket bucket{(1 + pick(5'000)) / 10.0, 1 + pick(5)};
    auto now = start;
    for (int i = 0; i < 5; ++i) {
      now += Millis{pick(2'000)};
      (void)take_all(bucket, now, static_cast<int>(pick(10)));
    }
    (void)take_all(bucket, now);
    const auto wait = bucket.wait(now);
    ASSERT_GT(wait, 0ms);
    auto earlier = bucket;
    ASSERT_FALSE(wait > 1ms && earlier.take(now + wait - 1ms));
    ASSERT_TRUE(bucket.take(now + wait));
  }
}

TEST(TokenBucket, KeepsItsRateOverALongTimeHoweverOftenItIsAsked) {
  TokenBucket bucket{5, 2};  // of one alone, the milliseconds between a token and the question are lost
  int taken = 0;
  for (auto now = start; now < start + 10min; now += 7ms) taken += bucket.take(now) ? 1 : 0;
  EXPECT_GE(taken, 3'000);
  EXPECT_LE(taken, 3'002);
}

TEST(TokenBucket, TakesBackWhatWasNotUsedButNeverMoreThanItsBurst) {
  TokenBucket bucket{5, 2};
  EXPECT_EQ(take_all(bucket, start), 2);
  bucket.give_back();
  EXPECT_EQ(take_all(bucket, start), 1);
  for (int i = 0; i < 10; ++i) bucket.give_back();
  EXPECT_EQ(take_all(bucket, start), 2);
}

TEST(TokenBucket, AClockThatJumpsBackCostsNothingAndGivesNothing) {
  TokenBucket bucket{5, 2};
  EXPECT_EQ(take_all(bucket, start), 2);
  EXPECT_EQ(take_all(bucket, start - 1h), 0);
  EXPECT_EQ(bucket.wait(start - 1h), 200ms) << "not an hour and 200 ms";
  EXPECT_EQ(take_all(bucket, start - 1h + 200ms), 1);
}

TEST(TokenBucket, StandsRatesBeyondReason) {
  const auto far = from_unix_ms(253'402'300'799'000);  // the last second of the year 9999
  TokenBucket fast{std::numeric_limits<double>::infinity(), 1'000};
  EXPECT_EQ(take_all(fast, start), 1'000);
  EXPECT_EQ(take_all(fast, start + 1ms), 1'000);
  TokenBucket wide{1, std::numeric_limits<std::uint32_t>::max()};
  EXPECT_EQ(take_all(wide, from_unix_ms(0)), 1'000);
  EXPECT_EQ(take_all(wide, far), 1'000);
  TokenBucket slow{1e-9, 1};
  EXPECT_TRUE(slow.take(from_unix_ms(0)));
  EXPECT_FALSE(slow.take(from_unix_ms(0) + 15min)) << "slow is not unlimited";
  EXPECT_TRUE(slow.take(far));
}

TEST(TokenBucket, TreatsABurstOfNoneAsOne) {
  TokenBucket bucket{5, 0};
  EXPECT_EQ(take_all(bucket, start), 1);
  EXPECT_EQ(take_all(bucket, start + 1s), 1);
}

}  // namespace
}  // namespace denrei
