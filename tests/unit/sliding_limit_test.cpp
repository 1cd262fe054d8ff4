// The sliding limit: exact in every window, against a count that looks at all that was ever taken.
#include "denrei/domain/sliding_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace denrei {
namespace {

using namespace std::chrono_literals;

const WallTime start = from_unix_ms(1'760'000'000'000);

int take_all(SlidingLimit& limit, WallTime now, int tries = 1'000) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) taken += limit.take(now) ? 1 : 0;
  return taken;
}

TEST(SlidingLimit, GivesItsCountAtOnceAndThenWaitsForTheOldest) {
  SlidingLimit limit{3, 60s};
  EXPECT_TRUE(limit.take(start));
  EXPECT_TRUE(limit.take(start + 10s));
  EXPECT_TRUE(limit.take(start + 20s));
  EXPECT_FALSE(limit.take(start + 20s));
  EXPECT_EQ(limit.wait(start + 20s), 40s);
  EXPECT_FALSE(limit.take(start + 60s - 1ms));
  EXPECT_TRUE(limit.take(start + 60s)) << "one at t and one at t + window are not in the same window";
  EXPECT_EQ(limit.wait(start + 60s), 10s);
}

TEST(SlidingLimit, IsNoTokenBucketThatWouldGiveTwiceItsCountAroundAPause) {
  SlidingLimit limit{100, 60s};
  EXPECT_EQ(take_all(limit, start), 100);
  EXPECT_EQ(take_all(limit, start + 59s), 0);
  EXPECT_EQ(take_all(limit, start + 60s), 100);
  EXPECT_EQ(take_all(limit, start + 2h), 100) << "an idle hour fills it, and no more";
}

TEST(SlidingLimit, WhatIsReservedIsRoomThatOthersDoNotGet) {
  SlidingLimit limit{2, 60s};
  ASSERT_TRUE(limit.reserve(start));
  EXPECT_EQ(take_all(limit, start), 1);
  EXPECT_FALSE(limit.reserve(start));
  limit.give_back();
  EXPECT_TRUE(limit.take(start + 30s));
  EXPECT_EQ(limit.wait(start + 30s), 30s) << "it counts from when it went, not from when its place was kept";
  EXPECT_TRUE(limit.take(start + 60s));
  EXPECT_FALSE(limit.take(start + 60s));
}

TEST(SlidingLimit, WhileEverythingIsReservedItWaitsAWindow) {
  SlidingLimit limit{1, 5s};
  ASSERT_TRUE(limit.reserve(start));
  EXPECT_EQ(limit.wait(start + 1h), 5s);
  EXPECT_FALSE(limit.take(start + 1h));
  limit.give_back();
  limit.give_back();  // once too often: nothing was kept
  EXPECT_EQ(take_all(limit, start + 1h), 1);
}

TEST(SlidingLimit, ClockThatIsSetBackCostsAWindowAtMost) {
  SlidingLimit limit{2, 60s};
  EXPECT_EQ(take_all(limit, start), 2);
  const auto back = start - 24h;
  EXPECT_EQ(limit.wait(back), 60s);
  EXPECT_EQ(take_all(limit, back + 60s), 2);
}

TEST(SlidingLimit, WithoutACountItGivesOneAWindow) {
  SlidingLimit limit{0, 1s};
  EXPECT_EQ(take_all(limit, start), 1);
  EXPECT_EQ(take_all(limit, start + 1s), 1);
}

// What it must agree with: every take and every reservation that there ever was, counted anew each time.
class NaiveLimit {
 public:
  NaiveLimit(std::size_t count, Millis window) : count_(count), window_(window) {}
  bool take(WallTime now) {
    if (!has_room(now)) return false;
    times_.push_back(now);
    return true;
  }
  bool reserve(WallTime now) {
    if (!has_room(now)) return false;
    ++reserved_;
    return true;
  }
  void give_back() { reserved_ -= reserved_ > 0 ? 1 : 0; }
  [[nodiscard]] bool has_room(WallTime now) const { return in_window(now) + reserved_ < count_; }
  [[nodiscard]] std::size_t in_window(WallTime end) const {
    return static_cast<std::size_t>(std::count_if(times_.begin(), times_.end(), [&](WallTime t) { return t > end - window_ && t <= end; }));
  }
  [[nodiscard]] std::size_t most_in_any_window() const {
    std::size_t most = 0;
    for (const auto t : times_) most = std::max(most, in_window(t));
    return most;
  }

 private:
  std::size_t count_;
  Millis window_;
  std::deque<WallTime> times_;
  std::size_t reserved_ = 0;
};

TEST(SlidingLimit, AgreesWithACountOfEverything) {
  std::mt19937 dice{20251007};
  const auto pick = [&](std::uint32_t below) { return static_cast<std::uint32_t>(dice()) % below; };
  for (int round = 0; round < 300; ++round) {
    const auto count = 1 + pick(8);
    const Millis window{1 + pick(1'000)};
    SlidingLimit limit{count, window};
    NaiveLimit naive{count, window};
    auto now = start;
    for (int step = 0; step < 150; ++step) {
      now += Millis{pick(4) == 0 ? 0 : pick(400)};
      ASSERT_EQ(limit.wait(now) == 0ms, naive.has_room(now)) << round << ' ' << step;
      switch (pick(5)) {
        case 0: ASSERT_EQ(limit.reserve(now), naive.reserve(now)); break;
        case 1: limit.give_back(), naive.give_back(); break;
        default: ASSERT_EQ(limit.take(now), naive.take(now)) << round << ' ' << step;
      }
    }
    ASSERT_LE(naive.most_in_any_window(), count);
  }
}

TEST(SlidingLimit, WaitLeadsToTheNextRoomAndNoFurther) {
  std::mt19937 dice{7};
  for (int round = 0; round < 500; ++round) {
    SlidingLimit limit{1 + static_cast<std::uint32_t>(dice() % 5), 1s};
    auto now = start;
    for (int i = 0; i < 20; ++i) {
      now += Millis{dice() % 300};
      (void)take_all(limit, now, static_cast<int>(dice() % 3));
    }
    (void)take_all(limit, now);
    const auto wait = limit.wait(now);
    ASSERT_GT(wait, 0ms);
    ASSERT_FALSE(limit.take(now + wait - 1ms));
    ASSERT_TRUE(limit.take(now + wait));
  }
}

}  // namespace
}  // namespace denrei
