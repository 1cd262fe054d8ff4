// The Scribe and events of Denrei's own: in the same lanes and appends as requests, answered to whoever handed them in.
#include "denrei/actors/scribe.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ScribeOwnTest : public ActorWorld {
 protected:
  using Told = std::vector<std::pair<std::uint64_t, bool>>;

  void SetUp() override {
    scribe = keep(spawn_scribe(stage, meter("Scribe"),
                               {.journal = journal, .observer = observer.actor(), .registry = registry.actor(),
                                .append_duration = &metrics.histogram("append", ""), .appends = &appends, .clock = clock()}));
    caf::anon_send(scribe, PartitionsOpened{{partition.actor()}});
    caf::anon_send(scribe, StoreChanged{true, {}});
    run();
  }

  // The Scribe may wait a moment for company before it appends.
  void append(int n) {
    caf::anon_send(scribe, Append{make_request({.edge = edge.actor()}), site, &site->sources[0], ledger_event("A", n, now)});
    advance(1ms);
  }
  void append_own(std::uint64_t ticket, int n) {
    caf::send_as(clockwork.actor(), scribe, AppendOwn{ticket, ledger_event("A", n, now)});
    advance(1ms);
  }
  void deliver() {
    journal.deliver();
    advance(1ms);
  }
  Told told() {
    Told out;
    for (const auto& fact : clockwork.all<OwnAppended>()) out.emplace_back(fact.ticket, fact.ok);
    return out;
  }
  std::vector<int> statuses() {
    std::vector<int> out;
    for (auto& ready : edge.all<RepliesReady>())
      for (const auto& reply : ready.replies) out.push_back(reply.answer.status);
    return out;
  }

  SitePtr site = ledger_site();
  FakeJournal journal{Answers::by_hand};
  Counter appends;
  Recorder<RepliesReady> edge{system};
  Recorder<EventsAppended, TellWhenApplied, MakeRoom> partition{system};
  Recorder<Drained> observer{system};
  Recorder<WritesRefused> registry{system};
  Recorder<OwnAppended> clockwork{system};
  Scribe scribe;
};

TEST_F(ScribeOwnTest, GoesTogetherWithTheOthers) {
  append(1);
  append(2);
  append_own(7, 3);
  append(4);
  EXPECT_EQ(journal.appends(), 1u) << "it waits in the lane as any other";
  deliver();
  EXPECT_TRUE(told().empty()) << "answered only when it is durable";
  EXPECT_EQ(journal.appends(), 2u);
  deliver();
  EXPECT_EQ(told(), (Told{{7, true}}));
  EXPECT_EQ(statuses(), std::vector<int>(3, 200)) << "and no request is answered for it";
  ASSERT_EQ(partition.count<EventsAppended>(), 2u);
  const auto& events = partition.all<EventsAppended>()[1].events;
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].event->body, ledger_body("A", 3)) << "in the order of arrival";
}

TEST_F(ScribeOwnTest, IsThereWhenItWasBefore) {
  append_own(1, 1);
  deliver();
  append_own(2, 1);
  deliver();
  EXPECT_EQ(told(), (Told{{1, true}, {2, true}}));
  EXPECT_EQ(partition.count<EventsAppended>(), 1u) << "without a second effect";
}

TEST_F(ScribeOwnTest, IsNotOkWheneverItMayNotBeInTheLog) {
  journal.fail_next_append({FaultCode::unavailable, "lost"});
  append_own(1, 1);
  deliver();
  append(2);
  append_own(2, 3);
  caf::anon_send(scribe, StoreChanged{false, "cut"});
  run();
  append_own(3, 4);
  EXPECT_EQ(told(), (Told{{1, false}, {2, false}, {3, false}}));
}

TEST_F(ScribeOwnTest, IsRefusedByAFullStoreWithoutTakingItDown) {
  journal.full(true);
  append_own(1, 1);
  deliver();
  EXPECT_EQ(told(), (Told{{1, false}}));
  journal.full(false);
  append_own(2, 1);
  deliver();
  EXPECT_EQ(told(), (Told{{1, false}, {2, true}}));
}

TEST_F(ScribeOwnTest, IsWaitedForWhenTheScribeDrains) {
  append_own(1, 1);
  caf::anon_send(scribe, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  deliver();
  EXPECT_EQ(told(), (Told{{1, true}}));
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(ScribeOwnTest, NeedsNobodyWhoListens) {
  caf::anon_send(scribe, AppendOwn{1, ledger_event("A", 1, now)});
  advance(1ms);
  deliver();
  EXPECT_EQ(partition.count<EventsAppended>(), 1u);
}

}  // namespace
}  // namespace denrei::test
