// The Clockwork and what goes wrong: Scribes that refuse or say nothing, a store that is away, crashes, the end.
#include "clockwork_world.hpp"
#include "denrei/actors/scribe.hpp"

namespace denrei::test {
namespace {

using Words = std::vector<std::string>;

class ClockworkFaultsTest : public ClockworkWorld {
 protected:
  // At nine, with the first events handed in.
  void begin_at_nine(int announcements) {
    announce_many(announcements);
    begin({.hourly = true});
    until("2025-10-09T09:00:00Z");
  }
};

TEST_F(ClockworkFaultsTest, KeepsABoundedNumberOfEventsOutstanding) {
  begin_at_nine(1'100);
  EXPECT_EQ(heard().size(), 256u);
  answer_once(true, 10);
  EXPECT_EQ(heard().size(), 266u);
  answer();
  EXPECT_EQ(heard().size(), 1'100u);
  std::set<std::string> keys;
  for (const auto& order : heard()) keys.insert(order.event->key);
  EXPECT_EQ(keys.size(), 1'100u);
  EXPECT_EQ(log.count(R"("announcements":1100)"), 1u);
}

TEST_F(ClockworkFaultsTest, ReadsEveryPageOfNames) {
  journal.fields_scan.step = 3;
  journal.fields_scan.looked_at = 7;
  begin_at_nine(100);
  answer();
  EXPECT_EQ(news().size(), 100u);
}

TEST_F(ClockworkFaultsTest, HandsARefusedEventInAgainAndWaitsLongerEachTime) {
  begin_at_nine(1);
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    EXPECT_EQ(news(), Words{"tally.hour 09:00 A0"});
    answer_once(false);
    advance(wait - 1ms);
    EXPECT_EQ(news(), Words{}) << wait.count();
    advance(1ms);
  }
  EXPECT_EQ(news().size(), 1u);
  answer();
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
  EXPECT_EQ(log.count(R"("announcements":1,)"), 1u);
}

TEST_F(ClockworkFaultsTest, WaitsOnceForManyRefusalsTogether) {
  begin_at_nine(100);
  answer_once(false);
  advance(1s);
  EXPECT_EQ(heard().size(), 200u) << "after the first wait, not after a hundred of them";
  answer();
  EXPECT_EQ(heard().size(), 200u);
}

TEST_F(ClockworkFaultsTest, DoesNotWaitAnyLongerOnceTheStoreIsBack) {
  begin_at_nine(2);
  for (int n = 0; n < 6; ++n) {
    answer_once(false);
    advance(30s);
  }
  answer_once(false);
  EXPECT_EQ(news().size(), 14u);
  say(StoreChanged{false, "cut"});
  say(StoreChanged{true, {}});
  EXPECT_EQ(news().size(), 2u);
}

TEST_F(ClockworkFaultsTest, HandsInAgainWhatAScribeForgot) {
  begin_at_nine(3);
  answer_once(true, 1);
  advance(29s);
  EXPECT_EQ(heard().size(), 3u);
  advance(1s);
  EXPECT_EQ(heard().size(), 5u);
  const auto all = heard();
  say(OwnAppended{all[1].ticket, true});
  EXPECT_EQ(remembered("hour"), "2025-10-09T08:00:00.000Z") << "an answer that comes late answers nothing";
  say(OwnAppended{all[3].ticket, true});
  say(OwnAppended{all[4].ticket, true});
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
}

// --- the store

TEST_F(ClockworkFaultsTest, WaitsForAStoreThatIsAway) {
  announce({"A"});
  remember("hour", "2025-10-09T07:00:00.000Z");
  journal.away(true);
  begin({.hourly = true});
  advance(10s);
  EXPECT_EQ(news(), Words{}) << "nobody knows what was handled";
  journal.away(false);
  advance(8s);
  EXPECT_EQ(news(), Words{"tally.hour 08:00 A"});
}

TEST_F(ClockworkFaultsTest, BeginsNothingWhileTheStoreIsDown) {
  announce({"A"});
  begin({.hourly = true});
  say(StoreChanged{false, "cut"});
  until("2025-10-09T09:30:00Z");
  EXPECT_EQ(news(), Words{});
  say(StoreChanged{true, {}});
  EXPECT_EQ(news(), Words{"tally.hour 09:00 A"});
}

TEST_F(ClockworkFaultsTest, ReadsAPartitionsNamesFromTheStartAfterAFault) {
  journal.fields_scan.step = 5;
  journal.fields_scan.looked_at = 10;
  announce_many(120);
  begin({.hourly = true});
  journal.set_answers(Answers::by_hand);
  until("2025-10-09T09:00:00Z");
  for (int n = 0; n < 4; ++n) {  // some pages
    journal.deliver(1);
    run();
    answer();
  }
  journal.lose_connection();
  journal.set_answers(Answers::at_once);
  advance(1s);
  answer();
  std::set<std::string> keys;
  for (const auto& word : news()) keys.insert(word);
  EXPECT_EQ(keys.size(), 120u);
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
}

TEST_F(ClockworkFaultsTest, TriesToWriteABoundaryDownUntilItIs) {
  begin_at_nine(1);
  outbox.fail_next(OutboxCall::put, {FaultCode::unavailable, "lost"});
  answer();
  EXPECT_EQ(remembered("hour"), "2025-10-09T08:00:00.000Z");
  EXPECT_TRUE(log.lines().empty());
  advance(1s);
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
  EXPECT_EQ(heard().size(), 1u) << "the events are in the log";
}

// --- crashes and the end

TEST_F(ClockworkFaultsTest, HandsTheSameEventsInAgainAfterACrash) {
  begin_at_nine(300);
  answer_once(true, 100);
  const auto before = heard().size();
  crash_once();
  answer_once(true, 10);
  advance(1s);
  answer();
  EXPECT_EQ(clockwork_meter.restarts.load(), 1u);
  EXPECT_GE(heard().size(), before + 300);
  std::set<EventId> ids;
  for (const auto& order : heard()) ids.insert(order.event->id);
  EXPECT_EQ(ids.size(), 300u);
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
}

TEST_F(ClockworkFaultsTest, GoesOnByTheClockAfterACrash) {
  begin_at_nine(1);
  log.crash_next();
  answer();
  advance(1s);
  EXPECT_EQ(clockwork_meter.restarts.load(), 1u);
  EXPECT_EQ(news().size(), 1u) << "09:00 stands in the registers";
  until("2025-10-09T10:00:00Z");
  EXPECT_EQ(news(), Words{"tally.hour 10:00 A0"});
}

TEST_F(ClockworkFaultsTest, ARepetitionHasNoSecondEffect) {
  Recorder<EventsAppended, MakeRoom> partition{system};
  Recorder<WritesRefused> registry{system};
  Counter appends;
  const auto scribe = keep(spawn_scribe(stage, meter("Scribe"),
                                        {.journal = journal, .observer = observer.actor(), .registry = registry.actor(),
                                         .append_duration = &metrics.histogram("append", ""), .appends = &appends, .clock = clock()}));
  caf::anon_send(scribe, PartitionsOpened{std::vector<caf::actor>(partitions, partition.actor())});
  caf::anon_send(scribe, StoreChanged{true, {}});
  announce_many(50);
  begin({.hourly = true}, {scribe});
  until("2025-10-09T09:00:01Z");
  const auto in_log = [&] {
    std::size_t count = 0;
    for (const auto& fact : partition.all<EventsAppended>()) count += fact.events.size();
    return count;
  };
  EXPECT_EQ(in_log(), 50u);
  EXPECT_EQ(remembered("hour"), "2025-10-09T09:00:00.000Z");
  end(caf::actor_cast<caf::actor>(clockwork));
  remember("hour", "2025-10-09T08:00:00.000Z");  // as if the process had died before it was written
  begin({.hourly = true}, {scribe});
  advance(1s);
  EXPECT_EQ(in_log(), 50u);
  EXPECT_EQ(log.count(R"("announcements":50)"), 2u);
}

TEST_F(ClockworkFaultsTest, IsDrainedAtOnceAndThenHandsInNothing) {
  begin_at_nine(300);
  say(Drain{});
  EXPECT_EQ(observer.count<Drained>(), 1u);
  answer();
  EXPECT_EQ(heard().size(), 256u);
  until("2025-10-09T11:00:00Z");
  EXPECT_EQ(heard().size(), 256u);
  say(Drain{});
  EXPECT_EQ(observer.count<Drained>(), 1u) << "said once";
}

}  // namespace
}  // namespace denrei::test
