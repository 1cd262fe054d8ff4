// The Scribe: what is grouped, when answers leave, and what a fault of the store looks like to a sender.
#include "denrei/actors/scribe.hpp"

#include "denrei/actors/verifier.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ScribeTest : public ActorWorld {
 protected:
  void SetUp() override {
    scribe = keep(spawn_scribe(stage, meter("Scribe"),
                               {.journal = journal, .observer = observer.actor(), .registry = registry.actor(),
                                .append_duration = &metrics.histogram("append", ""), .appends = &appends, .clock = clock()}));
    caf::anon_send(scribe, PartitionsOpened{{partition.actor()}});
    caf::anon_send(scribe, StoreChanged{true, {}});
    run();
  }

  Append order(const std::string& key, int n) {
    return {make_request({.edge = edge.actor()}), site, &site->sources[0], ledger_event(key, n, now)};
  }
  void append(Append what) {
    caf::anon_send(scribe, std::move(what));
    run_on();
  }
  void deliver() {
    journal.deliver();
    run_on();
  }
  // The Scribe may wait a moment for company before it appends.
  void run_on() { advance(1ms); }
  std::vector<Reply> replies() {
    std::vector<Reply> out;
    for (auto& ready : edge.all<RepliesReady>()) out.insert(out.end(), ready.replies.begin(), ready.replies.end());
    return out;
  }
  std::vector<int> statuses() {
    std::vector<int> out;
    for (const auto& reply : replies()) out.push_back(reply.answer.status);
    return out;
  }

  SitePtr site = ledger_site();
  FakeJournal journal{Answers::by_hand};
  Counter appends;
  Recorder<RepliesReady> edge{system}, second_edge{system};
  Recorder<EventsAppended, TellWhenApplied> partition{system};
  Recorder<Drained> observer{system};
  Recorder<WritesRefused> registry{system};
  Recorder<BudgetReturned> verifier{system};
  Scribe scribe;
};

TEST_F(ScribeTest, AnswersOnlyAfterTheJournalHasAnswered) {
  append(order("A", 1));
  EXPECT_EQ(journal.appends(), 1u);
  EXPECT_TRUE(replies().empty());
  EXPECT_EQ(partition.count<EventsAppended>(), 0u);
  deliver();
  ASSERT_EQ(statuses(), std::vector{200});
  EXPECT_EQ(replies()[0].verdict, Verdict::accepted);
  EXPECT_EQ(header_of(replies()[0].answer, "Idempotent-Replayed"), "");
  ASSERT_EQ(partition.count<EventsAppended>(), 1u);
}

TEST_F(ScribeTest, SendsEventsThatArriveDuringAnAppendWithTheNextOne) {
  append(order("A", 1));
  for (int n = 2; n <= 5; ++n) append(order("A", n));
  EXPECT_EQ(journal.appends(), 1u) << "the second append waits until it is worth its fsync";
  deliver();
  EXPECT_EQ(statuses().size(), 1u);
  EXPECT_EQ(journal.appends(), 2u);
  deliver();
  EXPECT_EQ(statuses(), std::vector<int>(5, 200));
  ASSERT_EQ(partition.count<EventsAppended>(), 2u);
  const auto& second = partition.all<EventsAppended>()[1];
  EXPECT_EQ(second.previous, partition.all<EventsAppended>()[0].last);
  ASSERT_EQ(second.events.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(second.events[i].seq, i + 2);
    EXPECT_EQ(second.events[i].event->body, ledger_body("A", static_cast<int>(i) + 2));
  }
}

TEST_F(ScribeTest, GroupsWhatIsAlreadyInItsMailbox) {
  for (int n = 0; n < 300; ++n) caf::anon_send(scribe, order("A", n));
  run_on();
  EXPECT_EQ(journal.appends(), 1u) << "one append of 256 flies; 44 that are left are not worth a second one";
  deliver();
  deliver();
  EXPECT_EQ(appends.value(), 2u);
  EXPECT_EQ(statuses(), std::vector<int>(300, 200));
  EXPECT_EQ(edge.count<RepliesReady>(), 2u) << "one message an append, not one an answer";
}

TEST_F(ScribeTest, FliesASecondAppendOnlyWhenItIsFull) {
  for (int n = 0; n < 256 + 10; ++n) caf::anon_send(scribe, order("A", n));
  run_on();
  EXPECT_EQ(journal.appends(), 1u);
  for (int n = 1'000; n < 1'246; ++n) caf::anon_send(scribe, order("A", n));
  run_on();
  EXPECT_EQ(journal.appends(), 2u);
  for (int n = 2'000; n < 2'300; ++n) caf::anon_send(scribe, order("A", n));
  run_on();
  EXPECT_EQ(journal.appends(), 2u) << "two appends a partition at most";
}

TEST_F(ScribeTest, TellsEachEdgeOnceForAllItsAnswers) {
  auto other = order("B", 1);
  other.request = make_request({.edge = second_edge.actor()});
  caf::anon_send(scribe, order("A", 1));
  caf::anon_send(scribe, other);
  caf::anon_send(scribe, order("A", 2));
  run_on();
  deliver();
  ASSERT_EQ(edge.count<RepliesReady>(), 1u);
  ASSERT_EQ(second_edge.count<RepliesReady>(), 1u);
  EXPECT_EQ(edge.all<RepliesReady>()[0].replies.size(), 2u);
  EXPECT_EQ(second_edge.all<RepliesReady>()[0].replies.size(), 1u);
}

TEST_F(ScribeTest, AnswersARepeatWithTheFirstOnesTime) {
  append(order("A", 1));
  deliver();
  now += 5min;
  append(order("A", 1));
  deliver();
  const auto all = replies();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].verdict, Verdict::repeat);
  EXPECT_EQ(all[1].answer.status, 200);
  EXPECT_EQ(all[1].answer.body, all[0].answer.body);
  EXPECT_EQ(header_of(all[1].answer, "Idempotent-Replayed"), "true");
  EXPECT_EQ(partition.count<EventsAppended>(), 1u) << "a repeat has no second effect";
}

TEST_F(ScribeTest, AnswersTheSameEventTwiceInOneAppendOnceAsARepeat) {
  caf::anon_send(scribe, order("A", 1));
  caf::anon_send(scribe, order("A", 1));
  run_on();
  deliver();
  ASSERT_EQ(replies().size(), 2u);
  EXPECT_EQ(replies()[0].verdict, Verdict::accepted);
  EXPECT_EQ(replies()[1].verdict, Verdict::repeat);
}

TEST_F(ScribeTest, CallsAnotherBodyUnderTheSameIdentityAConflict) {
  append(order("A", 1));
  deliver();
  auto forged = order("A", 1);
  forged.event = std::make_shared<Event>(*forged.event);
  ++forged.event->body_hash;
  append(std::move(forged));
  deliver();
  ASSERT_EQ(replies().size(), 2u);
  EXPECT_EQ(replies()[1].verdict, Verdict::conflict);
  EXPECT_EQ(replies()[1].answer.status, 200);
  EXPECT_EQ(header_of(replies()[1].answer, "Idempotent-Replayed"), "true");
}

TEST_F(ScribeTest, RefusesANewEventBehindASpentBudgetButNotARepeat) {
  append(order("A", 1));
  deliver();
  auto probe_new = order("A", 2), probe_repeat = order("A", 1);
  for (auto* probe : {&probe_new, &probe_repeat}) {
    probe->probe = true;
    probe->refusal = {.why = Refusal::rate_limited, .retry_after = 7s};
  }
  append(probe_new);
  append(probe_repeat);
  deliver();
  deliver();
  ASSERT_EQ(statuses(), (std::vector{200, 429, 200}));
  EXPECT_EQ(header_of(replies()[1].answer, "Retry-After"), "7");
  EXPECT_EQ(journal.log("p0").entries.size(), 1u);
}

TEST_F(ScribeTest, LetsOneEventInADayWhereTheLimitSaysSo) {
  const auto day = make_event_id("day", "1");
  for (int n = 1; n <= 2; ++n) {
    auto daily = order("A", n);
    daily.once = day;
    daily.refusal = {.why = Refusal::rate_limited, .retry_after = 3'600s};
    append(std::move(daily));
    deliver();
  }
  EXPECT_EQ(statuses(), (std::vector{200, 429}));
}

TEST_F(ScribeTest, GivesTheBudgetBackForWhateverWasNotNew) {
  const auto asks_with_budget = [&](Append what) {
    what.limit = 3;
    caf::send_as(verifier.actor(), scribe, std::move(what));
    run_on();
    deliver();
  };
  asks_with_budget(order("A", 1));
  EXPECT_EQ(verifier.count<BudgetReturned>(), 0u);
  asks_with_budget(order("A", 1));
  ASSERT_EQ(verifier.count<BudgetReturned>(), 1u);
  EXPECT_EQ(verifier.all<BudgetReturned>()[0].limit, 3);
  journal.fail_next_append({FaultCode::unavailable, "lost"});
  asks_with_budget(order("A", 2));
  EXPECT_EQ(verifier.count<BudgetReturned>(), 2u);
}

TEST_F(ScribeTest, GivesTheBudgetBackForWhatItRefusesAtOnce) {
  caf::anon_send(scribe, StoreChanged{false, "cut"});
  auto limited = order("A", 1);
  limited.limit = 3;
  caf::send_as(verifier.actor(), scribe, std::move(limited));
  run();
  EXPECT_EQ(statuses(), std::vector{503});
  EXPECT_EQ(verifier.count<BudgetReturned>(), 1u);
}

TEST_F(ScribeTest, AnswersEveryFaultOfTheJournalAsOverload) {
  for (const auto code : {FaultCode::unavailable, FaultCode::overloaded, FaultCode::invalid}) {
    journal.fail_next_append({code, "planned"});
    append(order("A", static_cast<int>(code)));
    deliver();
  }
  EXPECT_EQ(statuses(), std::vector<int>(3, 503));
  EXPECT_NE(header_of(replies()[0].answer, "Retry-After"), "");
  EXPECT_EQ(partition.count<EventsAppended>(), 0u);
}

TEST_F(ScribeTest, FindsOutByTheRepeatThatALostAppendHadLanded) {
  journal.fail_next_append({FaultCode::unavailable, "lost"}, Acted::yes);
  append(order("A", 1));
  deliver();
  append(order("A", 1));
  deliver();
  EXPECT_EQ(statuses(), (std::vector{503, 200}));
  EXPECT_EQ(header_of(replies()[1].answer, "Idempotent-Replayed"), "true");
  EXPECT_EQ(journal.log("p0").seq, 1u);
}

TEST_F(ScribeTest, RefusesAtOnceWhileTheStoreIsAway) {
  append(order("A", 1));
  append(order("A", 2));
  caf::anon_send(scribe, StoreChanged{false, "cut"});
  run();
  EXPECT_EQ(statuses(), std::vector{503}) << "what waited is refused; what is under way waits for its answer";
  append(order("A", 3));
  EXPECT_EQ(statuses(), (std::vector{503, 503}));
  journal.lose_connection();
  run();
  EXPECT_EQ(statuses(), (std::vector{503, 503, 503}));
  caf::anon_send(scribe, StoreChanged{true, {}});
  append(order("A", 4));
  deliver();
  EXPECT_EQ(statuses().back(), 200);
}

TEST_F(ScribeTest, RefusesBeforeTheStoreIsOpen) {
  const auto early = keep(spawn_scribe(stage, meter("Scribe"),
                                       {.journal = journal, .observer = observer.actor(), .registry = registry.actor(),
                                        .append_duration = &metrics.histogram("a", ""), .appends = &appends, .clock = clock()}));
  caf::anon_send(early, StoreChanged{true, {}});
  caf::anon_send(early, order("A", 1));
  run();
  EXPECT_EQ(statuses(), std::vector{503});
  EXPECT_EQ(journal.appends(), 0u);
}

TEST_F(ScribeTest, HoldsABoundedNumberOfEvents) {
  append(order("A", 0));
  append(order("A", 1));
  for (int n = 0; n < 17'500; ++n) caf::anon_send(scribe, order("A", 2 + n));
  run();
  const auto refused = statuses().size();
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, 1'200u);
  EXPECT_EQ(statuses(), std::vector<int>(refused, 503));
}

TEST_F(ScribeTest, TellsTheRegistryWhenTheStoreTakesNoWritesAndWhenItDoesAgain) {
  journal.full(true);
  append(order("A", 1));
  deliver();
  ASSERT_EQ(registry.count<WritesRefused>(), 1u);
  EXPECT_EQ(registry.all<WritesRefused>()[0].why, "OOM");
  for (int i = 0; i < 3; ++i) {
    advance(1s);
    deliver();
  }
  EXPECT_EQ(registry.count<WritesRefused>(), 1u) << "told once";
  journal.full(false);
  advance(1s);
  deliver();
  ASSERT_EQ(registry.count<WritesRefused>(), 2u) << "without any traffic";
  EXPECT_EQ(registry.all<WritesRefused>()[1].why, "");
  EXPECT_EQ(journal.log("p0").seq, 0u) << "asking whether it takes writes writes nothing";
}

TEST_F(ScribeTest, KeepsPartitionsApart) {
  Recorder<EventsAppended> other{system};
  caf::anon_send(scribe, PartitionsOpened{{partition.actor(), other.actor()}});
  for (int n = 0; n < 32; ++n) caf::anon_send(scribe, order("K" + std::to_string(n), n));
  run_on();
  EXPECT_EQ(journal.appends(), 2u);
  journal.deliver_of("p1");
  run_on();
  EXPECT_EQ(partition.count<EventsAppended>(), 0u) << "one partition's answer does not wait for another's";
  ASSERT_EQ(other.count<EventsAppended>(), 1u);
  for (const auto& it : other.all<EventsAppended>()[0].events) EXPECT_EQ(partition_of("ledger", it.event->key, 2), 1u);
}

TEST_F(ScribeTest, GoesOnAfterACrash) {
  journal.crash_next_write();
  append(order("A", 1));
  caf::anon_send(scribe, order("A", 2));
  advance(5s);
  deliver();
  EXPECT_EQ(statuses(), std::vector{200}) << "the event that waited in the mailbox; the first one's session times out";
  append(order("A", 1));
  deliver();
  EXPECT_EQ(statuses(), (std::vector{200, 200}));
}

TEST_F(ScribeTest, IsDrainedAfterACrashToo) {
  append(order("A", 1));
  caf::anon_send(scribe, Drain{});
  append(order("A", 2));
  journal.crash_next_write();
  deliver();
  advance(5s);
  deliver();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(ScribeTest, IsDrainedOnlyWhenNothingIsUnderWay) {
  append(order("A", 1));
  append(order("A", 2));
  caf::anon_send(scribe, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  deliver();
  EXPECT_EQ(observer.count<Drained>(), 0u) << "the second append is under way";
  deliver();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(statuses(), (std::vector{200, 200}));
  caf::anon_send(scribe, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u) << "said once";
}

TEST_F(ScribeTest, IsDrainedWhenTheStoreGoesWhileItDrains) {
  append(order("A", 1));
  append(order("A", 2));
  caf::anon_send(scribe, Drain{});
  caf::anon_send(scribe, StoreChanged{false, "cut"});
  journal.lose_connection();
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(statuses(), (std::vector{503, 503}));
}

}  // namespace
}  // namespace denrei::test
