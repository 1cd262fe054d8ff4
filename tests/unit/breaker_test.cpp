// The breaker: when it opens, its single probes, and attempts that end after the world has changed.
#include "denrei/domain/breaker.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

const WallTime start = from_unix_ms(1'760'000'000'000);

void fail(Breaker& breaker, int times, WallTime now = start) {
  for (int i = 0; i < times; ++i) {
    breaker.begun();
    breaker.failed(now);
  }
}

Breaker open_breaker() {
  Breaker breaker{3, 30s};
  fail(breaker, 3);
  return breaker;
}

TEST(Breaker, OpensAfterFailuresInARow) {
  Breaker breaker{3, 30s};
  fail(breaker, 2);
  EXPECT_EQ(breaker.state(start), State::closed);
  EXPECT_TRUE(breaker.may_begin(start));
  EXPECT_EQ(breaker.opens_at(), std::nullopt);
  fail(breaker, 1);
  EXPECT_EQ(breaker.failures(), 3u);
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_FALSE(breaker.may_begin(start + 30s - 1ms));
  EXPECT_EQ(breaker.opens_at(), start + 30s);
}

TEST(Breaker, ASuccessBetweenThemStartsTheCountAfresh) {
  Breaker breaker{3, 30s};
  fail(breaker, 2);
  breaker.begun();
  breaker.succeeded();
  EXPECT_EQ(breaker.failures(), 0u);
  fail(breaker, 2);
  EXPECT_EQ(breaker.state(start), State::closed);
}

TEST(Breaker, LetsOneProbeBeginWhenItsTimeIsOver) {
  auto breaker = open_breaker();
  const auto later = start + 30s;
  EXPECT_EQ(breaker.state(later), State::half_open);
  EXPECT_TRUE(breaker.may_begin(later));
  EXPECT_TRUE(breaker.may_begin(later)) << "asking is not beginning";
  breaker.begun();
  EXPECT_FALSE(breaker.may_begin(later + 1h)) << "until the probe has ended";
  EXPECT_EQ(breaker.state(later), State::half_open);
  EXPECT_EQ(breaker.opens_at(), std::nullopt) << "no time to wait for while it probes";
}

TEST(Breaker, ClosesWhenTheProbeSucceeds) {
  auto breaker = open_breaker();
  ASSERT_TRUE(breaker.may_begin(start + 30s));
  breaker.begun();
  breaker.succeeded();
  EXPECT_EQ(breaker.state(start + 30s), State::closed);
  EXPECT_TRUE(breaker.may_begin(start + 30s));
  breaker.begun();
  EXPECT_TRUE(breaker.may_begin(start + 30s)) << "as many as there are";
  fail(breaker, 2, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::closed) << "it takes three again";
}

TEST(Breaker, OpensAgainWhenTheProbeFails) {
  auto breaker = open_breaker();
  ASSERT_TRUE(breaker.may_begin(start + 40s));
  breaker.begun();
  breaker.failed(start + 45s);
  EXPECT_EQ(breaker.state(start + 45s), State::open);
  EXPECT_EQ(breaker.opens_at(), start + 75s);
  EXPECT_FALSE(breaker.may_begin(start + 75s - 1ms));
  EXPECT_TRUE(breaker.may_begin(start + 75s));
}

TEST(Breaker, TriesAgainAtOnceWhenTheProbeSaidNothing) {
  auto breaker = open_breaker();
  ASSERT_TRUE(breaker.may_begin(start + 30s));
  breaker.begun();
  breaker.given_back();
  EXPECT_TRUE(breaker.may_begin(start + 30s));
  EXPECT_EQ(breaker.failures(), 3u);
}

TEST(Breaker, LateFailuresDoNotKeepItOpenForLonger) {
  auto breaker = open_breaker();
  for (int i = 0; i < 10; ++i) breaker.failed(start + 20s);
  EXPECT_EQ(breaker.opens_at(), start + 30s);
}

TEST(Breaker, ALateSuccessClosesIt) {
  auto breaker = open_breaker();
  breaker.succeeded();
  EXPECT_EQ(breaker.state(start), State::closed);
  EXPECT_TRUE(breaker.may_begin(start));
}

TEST(Breaker, NeverOpensWithoutALimit) {
  for (auto breaker : {Breaker{}, Breaker{0, 30s}}) {
    fail(breaker, 1'000);
    EXPECT_EQ(breaker.state(start), State::closed);
    EXPECT_TRUE(breaker.may_begin(start));
    EXPECT_EQ(breaker.opens_at(), std::nullopt);
  }
}

TEST(Breaker, AClockThatIsSetBackDoesNotKeepItOpen) {
  auto breaker = open_breaker();
  EXPECT_FALSE(breaker.may_begin(start - 24h));
  EXPECT_EQ(breaker.opens_at(), start - 24h + 30s);
  EXPECT_TRUE(breaker.may_begin(start - 24h + 30s));
}

}  // namespace
}  // namespace denrei
