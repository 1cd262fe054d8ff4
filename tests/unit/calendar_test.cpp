// The calendar: hours, midnights of Tokyo, and which boundary is due after what.
#include "denrei/domain/calendar.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

using namespace std::chrono_literals;

WallTime at(std::string_view text) { return parse_iso8601(text).value(); }

std::string due(Boundary kind, std::string_view handled, std::string_view now) {
  const auto step = decide_boundary(kind, at(handled), at(now));
  return step.due ? format_iso8601(*step.due) : "nothing";
}

TEST(Calendar, KnowsTheHour) {
  EXPECT_EQ(next_boundary(Boundary::hour, at("2025-10-07T10:30:45.123Z")), at("2025-10-07T11:00:00Z"));
  EXPECT_EQ(next_boundary(Boundary::hour, at("2025-10-07T10:59:59.999Z")), at("2025-10-07T11:00:00Z"));
  EXPECT_EQ(next_boundary(Boundary::hour, at("2025-10-07T11:00:00Z")), at("2025-10-07T12:00:00Z")) << "the next one, not this one";
  EXPECT_EQ(next_boundary(Boundary::hour, at("2025-12-31T23:00:00.001Z")), at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(latest_boundary(Boundary::hour, at("2025-10-07T10:30:45.123Z")), at("2025-10-07T10:00:00Z"));
  EXPECT_EQ(latest_boundary(Boundary::hour, at("2025-10-07T11:00:00Z")), at("2025-10-07T11:00:00Z"));
}

TEST(Calendar, KnowsTheMidnightOfTokyo) {
  EXPECT_EQ(next_boundary(Boundary::tokyo_day, at("2025-10-07T14:59:59.999Z")), at("2025-10-08T00:00:00+09:00"));
  EXPECT_EQ(next_boundary(Boundary::tokyo_day, at("2025-10-07T15:00:00Z")), at("2025-10-09T00:00:00+09:00"));
  EXPECT_EQ(latest_boundary(Boundary::tokyo_day, at("2025-10-07T15:00:00Z")), at("2025-10-08T00:00:00+09:00"));
  EXPECT_EQ(latest_boundary(Boundary::tokyo_day, at("2025-10-07T14:59:59Z")), at("2025-10-07T00:00:00+09:00"));
  EXPECT_EQ(next_boundary(Boundary::tokyo_day, at("2024-02-28T15:00:00Z")), at("2024-03-01T00:00:00+09:00")) << "the 29th";
}

TEST(Calendar, EveryMomentLiesBetweenTwoBoundaries) {
  for (const auto kind : {Boundary::hour, Boundary::tokyo_day})
    for (auto t = at("2025-12-30T00:00:00Z"); t < at("2026-01-02T00:00:00Z"); t += 17min) {
      EXPECT_LE(latest_boundary(kind, t), t);
      EXPECT_LT(t, next_boundary(kind, t));
      EXPECT_EQ(next_boundary(kind, latest_boundary(kind, t)), next_boundary(kind, t));
    }
}

TEST(DueBoundary, IsNoneAtTheVeryFirstStart) {
  const auto step = decide_boundary(Boundary::hour, std::nullopt, at("2025-10-07T10:30:00Z"));
  EXPECT_FALSE(step.due);
  EXPECT_EQ(step.handled, at("2025-10-07T10:00:00Z"));
}

TEST(DueBoundary, IsDueWhenItIsReachedAndNotASecondTime) {
  EXPECT_EQ(due(Boundary::hour, "2025-10-07T10:00:00Z", "2025-10-07T10:59:59.999Z"), "nothing");
  EXPECT_EQ(due(Boundary::hour, "2025-10-07T10:00:00Z", "2025-10-07T11:00:00Z"), "2025-10-07T11:00:00.000Z");
  EXPECT_EQ(due(Boundary::hour, "2025-10-07T11:00:00Z", "2025-10-07T11:00:00Z"), "nothing");
  EXPECT_EQ(due(Boundary::tokyo_day, "2025-10-06T15:00:00Z", "2025-10-07T15:00:00Z"), "2025-10-07T15:00:00.000Z");
}

TEST(DueBoundary, OfSeveralThatWereMissedIsTheLatest) {
  const auto hours = decide_boundary(Boundary::hour, at("2025-10-07T03:00:00Z"), at("2025-10-07T10:30:00Z"));
  EXPECT_EQ(hours.due, at("2025-10-07T10:00:00Z"));
  EXPECT_EQ(hours.skipped, 6u) << "04:00 to 09:00";
  EXPECT_EQ(hours.handled, at("2025-10-07T03:00:00Z")) << "until it is done";
  const auto days = decide_boundary(Boundary::tokyo_day, at("2025-10-01T15:00:00Z"), at("2025-10-04T16:00:00Z"));
  EXPECT_EQ(days.due, at("2025-10-04T15:00:00Z"));
  EXPECT_EQ(days.skipped, 2u);
}

TEST(DueBoundary, WaitsForABoundaryThatWasHandledBeforeTheClockWasSetBackALittle) {
  const auto step = decide_boundary(Boundary::hour, at("2025-10-07T11:00:00Z"), at("2025-10-07T10:59:59Z"));
  EXPECT_FALSE(step.due);
  EXPECT_EQ(step.handled, at("2025-10-07T11:00:00Z")) << "11:00 does not come twice";
}

TEST(DueBoundary, GoesOnFromWhereTheClockWasSetBackTo) {
  const auto step = decide_boundary(Boundary::hour, at("2039-01-01T00:00:00Z"), at("2025-10-07T10:30:00Z"));
  EXPECT_FALSE(step.due);
  EXPECT_EQ(step.handled, at("2025-10-07T10:00:00Z"));
  EXPECT_EQ(decide_boundary(Boundary::hour, step.handled, at("2025-10-07T11:00:00Z")).due, at("2025-10-07T11:00:00Z"));
}

TEST(DueBoundary, TakesAMomentThatIsNoBoundaryForTheOneBeforeIt) {
  const auto step = decide_boundary(Boundary::hour, at("2025-10-07T03:20:00Z"), at("2025-10-07T05:00:00Z"));
  EXPECT_EQ(step.due, at("2025-10-07T05:00:00Z"));
  EXPECT_EQ(step.skipped, 1u);
}

}  // namespace
}  // namespace denrei
