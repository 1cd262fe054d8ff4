// Retry: the schedule and its jitter, what Retry-After may change, rounds, HTTP dates in their three forms, and the dice.
#include "denrei/domain/retry.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>
#include <string>

namespace denrei {
namespace {

using namespace std::chrono_literals;
using Kind = NextStep::Kind;

const WallTime now = parse_iso8601("2025-10-07T01:30:45.250Z").value();

Destination with_schedule(std::vector<Millis> schedule) {
  Destination destination;
  destination.schedule = std::move(schedule);
  return destination;
}

// How long until the next attempt; -1 ms: there is none in this round.
Millis wait_of(const Destination& destination, RetryFacts facts) {
  facts.now = now;
  const auto step = decide_retry(destination, facts);
  return step.kind == Kind::retry ? step.due - now : -1ms;
}

TEST(RetrySchedule, WaitsAsItSaysAndThenGivesUp) {
  const auto destination = with_schedule({60s, 300s, 1800s});
  EXPECT_EQ(wait_of(destination, {.attempts = 1}), 60s);
  EXPECT_EQ(wait_of(destination, {.attempts = 2}), 300s);
  EXPECT_EQ(wait_of(destination, {.attempts = 3}), 1800s);
  for (const std::uint32_t attempts : {4u, 5u, std::numeric_limits<std::uint32_t>::max()})
    EXPECT_EQ(decide_retry(destination, {.attempts = attempts, .now = now}).kind, Kind::give_up) << attempts;
}

TEST(RetrySchedule, WithoutWaitsIsOneAttempt) {
  EXPECT_EQ(decide_retry(with_schedule({}), {.now = now}).kind, Kind::give_up);
}

TEST(RetrySchedule, CountsNoAttemptAsTheFirst) { EXPECT_EQ(wait_of(with_schedule({5s, 7s}), {.attempts = 0}), 5s); }

TEST(RetrySchedule, JitterGrowsAWaitAndNeverShrinksIt) {
  auto destination = with_schedule({1000ms});
  destination.jitter = 0.2;
  EXPECT_EQ(wait_of(destination, {.dice = 0}), 1000ms);
  EXPECT_EQ(wait_of(destination, {.dice = 0.5}), 1100ms);
  EXPECT_LE(wait_of(destination, {.dice = 0.999'999}), 1200ms);
  destination.jitter = 0;
  EXPECT_EQ(wait_of(destination, {.dice = 0.999}), 1000ms);
  for (const double odd : {-5.0, std::numeric_limits<double>::quiet_NaN()}) {
    destination.jitter = odd;
    EXPECT_EQ(wait_of(destination, {.dice = 0.5}), 1000ms) << odd;
  }
  destination.jitter = 1e300;
  EXPECT_EQ(wait_of(destination, {.dice = 0.5}), 2000ms) << "at most double";
}

TEST(RetrySchedule, RetryAfterOnlyEverLengthens) {
  auto destination = with_schedule({60s});
  EXPECT_EQ(wait_of(destination, {.retry_after = 0ms}), 60s);
  EXPECT_EQ(wait_of(destination, {.retry_after = 59s}), 60s);
  EXPECT_EQ(wait_of(destination, {.retry_after = -10s}), 60s);
  EXPECT_EQ(wait_of(destination, {.retry_after = 120s}), 120s);
  EXPECT_EQ(wait_of(destination, {.retry_after = 24h}), 1h) << "no longer than the destination allows";
  destination.retry_after_max = 10s;
  EXPECT_EQ(wait_of(destination, {.retry_after = 24h}), 60s) << "never shorter than the schedule says";
}

TEST(RetrySchedule, TakesTheLongerOfJitterAndRetryAfter) {
  auto destination = with_schedule({100s});
  destination.jitter = 1;
  EXPECT_EQ(wait_of(destination, {.retry_after = 120s, .dice = 0.5}), 150s);
  EXPECT_EQ(wait_of(destination, {.retry_after = 180s, .dice = 0.5}), 180s);
}

TEST(RetrySchedule, RetryAfterDoesNotAddAnAttempt) {
  EXPECT_EQ(decide_retry(with_schedule({1s}), {.attempts = 2, .now = now, .retry_after = 5s}).kind, Kind::give_up);
}

TEST(RetrySchedule, KeepsADeliveryForTheNextRoundUntilThereIsNoneLeft) {
  auto destination = with_schedule({1s});
  destination.rounds = 3;
  destination.round_wait = 30min;
  EXPECT_EQ(wait_of(destination, {.attempts = 1, .round = 2}), 1s);
  for (const std::uint32_t round : {1u, 2u}) {
    const auto step = decide_retry(destination, {.attempts = 2, .round = round, .now = now});
    EXPECT_EQ(step.kind, Kind::next_round);
    EXPECT_EQ(step.due, now + 30min);
  }
  EXPECT_EQ(decide_retry(destination, {.attempts = 2, .round = 3, .now = now}).kind, Kind::give_up);
}

TEST(RetrySchedule, BeginsTheNextRoundLaterWhenTheReceiverAsks) {
  auto destination = with_schedule({});
  destination.rounds = 2;
  destination.round_wait = 1min;
  EXPECT_EQ(decide_retry(destination, {.now = now, .retry_after = 10min}).due, now + 10min);
  EXPECT_EQ(decide_retry(destination, {.now = now, .retry_after = 10s}).due, now + 1min);
  EXPECT_EQ(decide_retry(destination, {.now = now, .retry_after = 48h}).due, now + 1h);
}

// --- Retry-After

std::optional<Millis> after(std::string_view value) { return parse_retry_after(value, now); }

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(after("120"), 120s);
  EXPECT_EQ(after("0"), 0s);
  EXPECT_EQ(after("007"), 7s);
  EXPECT_EQ(after(" \t30 "), 30s);
}

TEST(RetryAfter, CountsAbsurdlyManySecondsAsSixtyEightYears) {
  for (const std::string& text : {std::string("2147483648"), std::string("99999999999999999999999"), std::string(8'000, '9')})
    EXPECT_EQ(after(text), std::chrono::seconds{2'147'483'648}) << text.size();
}

TEST(RetryAfter, ReadsTheThreeFormsOfAnHttpDate) {
  const auto expected = parse_iso8601("2025-11-06T08:49:37Z").value() - now;
  EXPECT_EQ(after("Thu, 06 Nov 2025 08:49:37 GMT"), expected);
  EXPECT_EQ(after("Thursday, 06-Nov-25 08:49:37 GMT"), expected);
  EXPECT_EQ(after("Thu Nov  6 08:49:37 2025"), expected);
  EXPECT_EQ(after("Sun Nov 16 08:49:37 2025"), expected + 240h);
  EXPECT_EQ(after("  Thu, 06 Nov 2025 08:49:37 GMT\t"), expected);
  EXPECT_EQ(after("Mon, 06 Nov 2025 08:49:37 GMT"), expected) << "the day of the week is not what counts";
}

TEST(RetryAfter, ReadsEveryMonth) {
  const std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned m = 0; m < 12; ++m) {
    const auto text = "Mon, 01 " + std::string(months[m]) + " 2026 00:00:00 GMT";
    const auto expected = std::chrono::sys_days{std::chrono::year{2026} / std::chrono::month{m + 1} / 1};
    EXPECT_EQ(after(text), expected - now) << text;
  }
}

TEST(RetryAfter, SaysNothingOfADateThatIsPast) {
  EXPECT_EQ(after("Sun, 06 Nov 1994 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(after("Sunday, 06-Nov-94 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(after("Sun Nov  6 08:49:37 1994"), std::nullopt);
  EXPECT_EQ(after("Tue, 07 Oct 2025 01:30:45 GMT"), std::nullopt) << "a quarter of a second ago";
  EXPECT_EQ(after("Tue, 07 Oct 2025 01:30:46 GMT"), 750ms);
  EXPECT_EQ(parse_retry_after("Tue, 07 Oct 2025 01:30:46 GMT", now + 750ms), 0ms);
}

TEST(RetryAfter, TakesATwoDigitYearAsTheLastThatIsNotFarAhead) {
  const auto at = [](std::string_view iso) { return parse_iso8601(iso).value(); };
  EXPECT_EQ(after("Thursday, 06-Nov-75 08:49:37 GMT"), at("2075-11-06T08:49:37Z") - now) << "50 years ahead";
  EXPECT_EQ(after("Thursday, 06-Nov-76 08:49:37 GMT"), std::nullopt) << "1976";
  const auto late = at("2099-12-31T23:59:59Z");
  EXPECT_EQ(parse_retry_after("Friday, 01-Jan-00 00:00:00 GMT", late), 1s) << "2100";
}

TEST(RetryAfter, ReadsLeapDaysAndLeapSeconds) {
  EXPECT_EQ(after("Tue, 29 Feb 2028 00:00:00 GMT"), parse_iso8601("2028-02-29T00:00:00Z").value() - now);
  EXPECT_EQ(after("Mon, 29 Feb 2027 00:00:00 GMT"), std::nullopt);
  EXPECT_EQ(after("Wed, 31 Dec 2025 23:59:60 GMT"), parse_iso8601("2026-01-01T00:00:00Z").value() - now);
}

TEST(RetryAfter, SaysNothingOfWhatItCannotRead) {
  for (const std::string_view text :
       {"", " ", "-1", "+5", "1.5", "5s", "1 2", "0x10", "\xEF\xBC\x95", "soon", "Thu", "Thu, 06 Nov 2025 08:49:37",
        "Thu, 06 Nov 2025 08:49:37 UTC", "Thu, 06 Nov 2025 08:49:37 GMT+1", "Thu, 6 Nov 2025 08:49:37 GMT",
        "Thu, 06 nov 2025 08:49:37 GMT", "Xxx, 06 Nov 2025 08:49:37 GMT",
        "Thu, 06 Nov 2025 24:00:00 GMT", "Thu, 06 Nov 2025 08:60:00 GMT", "Thu, 06 Nov 2025 08:49:61 GMT", "Thu, 00 Nov 2025 08:49:37 GMT",
        "Thu, 31 Nov 2025 08:49:37 GMT", "Thu, 99 Nov 2025 08:49:37 GMT", "Thu, 06 Nov 25 08:49:37 GMT", "Thu, 06-Nov-25 08:49:37 GMT",
        "Thursday, 06 Nov 2025 08:49:37 GMT", "Thu Nov 6 08:49:37 2025", "Thu Nov  6 08:49:37 2025 GMT", "2025-11-06T08:49:37Z",
        "Thu, 06 Nov 2025 -8:49:37 GMT", "Thu,06 Nov 2025 08:49:37 GMT"})
    EXPECT_EQ(after(text), std::nullopt) << text;
}

TEST(RetryAfter, StandsAnyBytes) {
  std::mt19937 dice{20251007};
  const std::string_view sample = "Thursday, 06-Nov-25 08:49:37 GMT";
  for (int i = 0; i < 20'000; ++i) {
    std::string text(sample.substr(0, dice() % (sample.size() + 1)));
    for (auto changes = dice() % 4; changes > 0 && !text.empty(); --changes) text[dice() % text.size()] = static_cast<char>(dice());
    const auto wait = after(text);
    ASSERT_TRUE(!wait || *wait >= 0ms);
  }
}

// --- the dice

TEST(RetryDice, AreTheSameForTheSameDeliveryAndAttempt) {
  const std::string id = "0123456789abcdef";
  EXPECT_EQ(retry_dice(id, 3), retry_dice(std::string(id), 3));
  EXPECT_NE(retry_dice(id, 3), retry_dice(id, 4));
  EXPECT_NE(retry_dice(id, 3), retry_dice("1123456789abcdef", 3));
  EXPECT_GE(retry_dice("", 0), 0.0);
}

TEST(RetryDice, SpreadEvenlyOverAttemptsAndDeliveries) {
  std::mt19937_64 ids{20251007};
  std::array<int, 10> tenths{};
  for (int i = 0; i < 1'000; ++i) {
    const auto id = std::to_string(ids());
    for (std::uint32_t attempt = 1; attempt <= 10; ++attempt) {
      const auto thrown = retry_dice(id, attempt);
      ASSERT_GE(thrown, 0.0);
      ASSERT_LT(thrown, 1.0);
      ++tenths[static_cast<std::size_t>(thrown * 10)];
    }
  }
  for (const int count : tenths) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1'150);
  }
}

}  // namespace
}  // namespace denrei
