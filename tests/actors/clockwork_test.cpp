// The Clockwork by the calendar: what is handed in when, what is made up for, and what a clock that is set does.
#include "clockwork_world.hpp"

namespace denrei::test {
namespace {

using Words = std::vector<std::string>;

class ClockworkTest : public ClockworkWorld {};  // it is 2025-10-09T08:53:20Z, 17:53 in Tokyo

TEST_F(ClockworkTest, HandsEveryAnnouncementItsEventOnTheHour) {
  announce({"A", "B", "C", "D", "E"});
  journal.log("p0").states[file_field("announcement", "X")] = "another family";
  begin({.hourly = true});
  until("2025-10-09T08:59:59.999Z");
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T09:00:00Z");
  EXPECT_EQ(news(), (Words{"tally.hour 09:00 A", "tally.hour 09:00 B", "tally.hour 09:00 C", "tally.hour 09:00 D", "tally.hour 09:00 E"}));
  answer();
  until("2025-10-09T09:59:59.999Z");
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T10:00:00Z");
  EXPECT_EQ(news().size(), 5u);
}

TEST_F(ClockworkTest, HandsEachEventToTheScribeOfItsPartition) {
  announce_many(40);
  begin({.hourly = true});
  until("2025-10-09T09:00:00Z");
  EXPECT_EQ(even.count<AppendOwn>() + odd.count<AppendOwn>(), 40u);
  for (const auto& order : even.all<AppendOwn>()) EXPECT_EQ(partition_of("tally", order.event->key, partitions) % 2, 0u);
  for (const auto& order : odd.all<AppendOwn>()) EXPECT_EQ(partition_of("tally", order.event->key, partitions) % 2, 1u);
}

TEST_F(ClockworkTest, HandsTheDaysEventsInAtMidnightInTokyoAfterTheHours) {
  announce({"A"});
  begin({.hourly = true, .daily = true});
  live_until("2025-10-09T14:53:20Z");
  EXPECT_EQ(news().size(), 6u);
  until("2025-10-09T15:00:00Z");
  EXPECT_EQ(news(), Words{"tally.hour 15:00 A"}) << "one boundary at a time";
  answer();
  EXPECT_EQ(news(), Words{"tally.day 15:00 A"});
  EXPECT_EQ(remembered("day"), "2025-10-09T15:00:00.000Z");
}

TEST_F(ClockworkTest, DoesOnlyWhatIsSwitchedOn) {
  announce({"A"});
  begin({.daily = true});
  until("2025-10-09T14:59:59Z");
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T15:00:00Z");
  EXPECT_EQ(news(), Words{"tally.day 15:00 A"});
  answer();
  EXPECT_FALSE(outbox.registers("clockwork").contains("hour"));
}

TEST_F(ClockworkTest, WritesABoundaryDownOnlyWhenEveryEventIsInTheLog) {
  announce({"A", "B", "C"});
  begin({.hourly = true});
  until("2025-10-09T09:00:00Z");
  answer_once(true, 2);
  EXPECT_EQ(remembered("hour"), "2025-10-09T08:00:00.000Z");
  EXPECT_EQ(log.count(""), 0u);
  advance(250ms);
  answer();
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0], R"({"timestamp":"2025-10-09T09:00:00.250Z","log":"clockwork","order":"hour","at":"2025-10-09T09:00:00.000Z",)"
                            R"("announcements":3,"tookMs":250})");
}

TEST_F(ClockworkTest, HasABoundaryBehindItThoughNobodyIsCounted) {
  begin({.hourly = true});
  until("2025-10-09T09:00:00Z");
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
  EXPECT_EQ(log.count(R"("announcements":0)"), 1u);
}

// --- what was missed

TEST_F(ClockworkTest, MakesUpForNothingAtTheVeryFirstStart) {
  announce({"A"});
  begin({.hourly = true, .daily = true});
  until("2025-10-09T08:59:00Z");
  EXPECT_EQ(news(), Words{});
  EXPECT_EQ(remembered("hour"), "2025-10-09T08:00:00.000Z") << "from now on something can be missed";
  EXPECT_EQ(remembered("day"), "2025-10-08T15:00:00.000Z");
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(ClockworkTest, MakesUpForTheLatestMissedBoundaryOfEachOrder) {
  announce({"A"});
  remember("hour", "2025-10-09T03:00:00.000Z");
  remember("day", "2025-10-05T15:00:00.000Z");
  begin({.hourly = true, .daily = true});
  EXPECT_EQ(news(), Words{"tally.hour 08:00 A"});
  answer();
  EXPECT_EQ(news(), Words{"tally.day 15:00 A"});
  answer();
  EXPECT_EQ(log.count(R"("skipped":4)"), 1u) << "04:00 to 07:00";
  EXPECT_EQ(log.count(R"("at":"2025-10-08T15:00:00.000Z","announcements":1,"tookMs":0,"skipped":2)"), 1u);
  until("2025-10-09T08:59:59Z");
  EXPECT_EQ(news(), Words{});
}

TEST_F(ClockworkTest, MakesUpForNothingWhenNothingWasMissed) {
  announce({"A"});
  remember("hour", "2025-10-09T08:00:00.000Z");
  begin({.hourly = true});
  EXPECT_EQ(news(), Words{});
  EXPECT_EQ(outbox.calls(OutboxCall::put), 0u);
}

TEST_F(ClockworkTest, TakesARegisterThatCannotBeReadForNone) {
  announce({"A"});
  remember("hour", "yesterday");
  begin({.hourly = true});
  EXPECT_EQ(news(), Words{});
  EXPECT_EQ(remembered("hour"), "2025-10-09T08:00:00.000Z");
}

TEST_F(ClockworkTest, BeginsTheNextBoundaryWhenTheOneBeforeItIsDone) {
  announce({"A", "B"});
  begin({.hourly = true});
  until("2025-10-09T09:00:00Z");
  EXPECT_EQ(news().size(), 2u);
  answer_once(true, 1);
  for (int n = 0; n < 200; ++n) {  // refused all the time, until 11:30
    advance(45s);
    answer_once(false);
  }
  for (const auto& word : news()) EXPECT_EQ(word.substr(0, 16), "tally.hour 09:00");
  advance(30s);
  answer();
  const auto last = news();
  EXPECT_EQ(std::count_if(last.begin(), last.end(), [](const auto& word) { return word.starts_with("tally.hour 11:00"); }), 2) << "the latest, at once";
  EXPECT_EQ(std::count_if(last.begin(), last.end(), [](const auto& word) { return word.starts_with("tally.hour 10:00"); }), 0);
}

// --- a clock that is set

TEST_F(ClockworkTest, SeesWithinAMinuteThatTheClockWasSetForward) {
  announce({"A"});
  begin({.hourly = true});
  set_clock("2025-10-09T12:20:00Z");
  advance(60s);
  EXPECT_EQ(news(), Words{"tally.hour 12:00 A"});
}

TEST_F(ClockworkTest, NeitherRepeatsNorStallsWhenTheClockWasSetBack) {
  announce({"A"});
  begin({.hourly = true});
  live_until("2025-10-09T12:53:20Z");
  EXPECT_EQ(news().size(), 4u);
  set_clock("2025-10-09T09:30:00Z");
  advance(10min);
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T10:00:00Z");
  EXPECT_EQ(news(), Words{"tally.hour 10:00 A"}) << "it goes on";
  const auto all = heard();
  EXPECT_EQ(all.back().event->id, all[1].event->id) << "and the log knows that one";
}

TEST_F(ClockworkTest, DoesNotRepeatABoundaryWhenTheClockWasSetBackALittle) {
  announce({"A"});
  begin({.hourly = true});
  until("2025-10-09T09:00:00Z");
  answer();
  EXPECT_EQ(news().size(), 1u);
  set_clock("2025-10-09T08:59:58Z");
  advance(2min);
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T10:00:00Z");
  EXPECT_EQ(news(), Words{"tally.hour 10:00 A"});
}

TEST_F(ClockworkTest, GoesOnAfterAStartWithARegisterFromTheFuture) {
  announce({"A"});
  remember("hour", "2039-01-01T00:00:00.000Z");
  begin({.hourly = true});
  EXPECT_EQ(news(), Words{});
  until("2025-10-09T09:00:00Z");
  EXPECT_EQ(news(), Words{"tally.hour 09:00 A"});
  answer();
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
}

}  // namespace
}  // namespace denrei::test
