// Dispatchers: how an outbox is opened, settled, lost and opened again.
#include "delivery_world.hpp"

namespace denrei::test {
namespace {

const Fault lost{FaultCode::unavailable, "the connection was lost"};

class DispatcherTest : public DeliveryWorld {
 protected:
  // One entry of the log with these events of one key, handed over; nobody has acted on it yet.
  void hand_in(const std::string& key, const std::vector<int>& numbers) {
    std::vector<AppendRecord> records;
    std::vector<EventPtr> events;
    for (const auto n : numbers) {
      EventPtr event = ledger_event(key, n, now);
      records.push_back({event->id, event->received_at, event->body_hash, encode_event(*event), false, {}});
      events.push_back(std::move(event));
    }
    const auto reply = log().append(records, std::to_string(1'000 + ++appended), now, std::chrono::hours(72));
    EventsAppended fact{reply.previous, reply.last, {}};
    for (std::size_t i = 0; i < events.size(); ++i) fact.events.push_back({reply.outcomes[i].seq, events[i]});
    caf::anon_send(partition, std::move(fact));
  }
  DeliveryId id_of(const std::string& key, int n) { return make_delivery_id(ledger_event(key, n, now)->id, "d", "d"); }

  // The partition loses its outbox and finds that out at once.
  void reopen() {
    caf::anon_send(partition, StoreChanged{false, "cut"});
    run();
    caf::anon_send(partition, StoreChanged{true, {}});
    run();
  }
  void answer_all(const std::string& name, int status) {
    while (client(name).answer(answered(status))) settle();
  }
  std::size_t settles() { return outbox.calls(OutboxCall::settle); }
  bool is_open() {
    caf::send_as(asker.actor(), dispatcher, ListDead{1, {}, 0, 0});
    run();
    return asker.all<DeadListed>().back().open;
  }
};

TEST_F(DispatcherTest, ReadsItsOutboxPageByPage) {
  open({plain_destination("d"), plain_destination("e")});
  for (int i = 0; i < 7; ++i) accept("k" + std::to_string(i), i);
  outbox.page_heads = 2;
  outbox.repeats_heads = true;
  start_again();
  EXPECT_EQ(meter_of("d").pending.load(), 7u);
  EXPECT_EQ(meter_of("e").pending.load(), 7u);
  answer_all("d", 200);
  answer_all("e", 200);
  EXPECT_TRUE(pending().empty());
  for (const auto* name : {"d", "e"}) {
    std::map<std::string, int> sent;
    for (const auto& request : client(name).sent()) ++sent[header(request, "webhook-id")];
    EXPECT_EQ(sent.size(), 7u);
    for (const auto& [id, times] : sent) EXPECT_EQ(times, 2) << "once in each life of the process";
  }
}

TEST_F(DispatcherTest, ReadsItAgainWhenReadingFails) {
  open({plain_destination("d")});
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i), i);
  outbox.page_heads = 2;
  outbox.fail_next(OutboxCall::scan, lost);
  start_again();
  EXPECT_FALSE(is_open());
  advance(1s);
  EXPECT_TRUE(is_open());
  EXPECT_EQ(meter_of("d").pending.load(), 5u);
}

TEST_F(DispatcherTest, HandsOverWhatIsCommittedWhileItReads) {
  open({plain_destination("d")});
  for (int i = 0; i < 4; ++i) accept("old" + std::to_string(i), i);
  outbox.page_heads = 1;
  journal.set_answers(Answers::by_hand);
  reopen();
  journal.deliver(2);  // the partition is ours, its dead letters are read
  run();
  hand_in("new", {10, 11});
  settle();
  EXPECT_EQ(meter_of("d").pending.load(), 6u);
  answer_all("d", 200);
  EXPECT_EQ(arrived("d", "new"), (std::vector<int>{10, 11}));
  EXPECT_TRUE(pending().empty());
}

// Two of one lane are committed together while the outbox is read, and the reading meets only the later one.
TEST_F(DispatcherTest, KeepsTheOrderOfWhatTheReadingHasHalfSeen) {
  open({plain_destination("d")});
  for (int i = 0; i < 3; ++i) accept("old" + std::to_string(i), i);
  const auto first_page_ends = decode_delivery_head(std::next(pending().begin())->second)->id;
  int passed = 100, seen = 200;  // the reading is past the one, and finds the other
  while (id_of("k", passed) > first_page_ends) ++passed;
  while (id_of("k", seen) < first_page_ends) ++seen;
  outbox.page_heads = 2;
  journal.set_answers(Answers::by_hand);
  reopen();
  ASSERT_EQ(journal.deliver(1), 1u);  // acquired
  run();
  ASSERT_EQ(journal.deliver(1), 1u);  // no dead letters; the first page is being read
  run();
  hand_in("k", {passed, seen});
  run();
  while (journal.commits() < 4) {     // until it is written; the answers come later
    ASSERT_EQ(journal.deliver(1), 1u);
    run();
  }
  client("d").always([](const OutboundRequest&) { return answered(200); });
  for (int i = 0; i < 20; ++i) {
    journal.deliver();
    run();
  }
  EXPECT_EQ(arrived("d", "k"), (std::vector<int>{passed, seen}));
}

TEST_F(DispatcherTest, SettlesTogetherWhatEndsWhileItSettles) {
  journal.set_answers(Answers::by_hand);
  auto d = plain_destination("d");
  d.concurrency = 1'000;
  open({d});
  for (int i = 0; i < 400; ++i) accept("k" + std::to_string(i), i);
  while (client("d").answer(answered(200))) run();
  EXPECT_EQ(settles(), 1u);
  settle();
  EXPECT_EQ(settles(), 3u) << "one, then as many as one call takes, then the rest";
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(log().history.texts.size(), 400u);
}

TEST_F(DispatcherTest, WhatASettleOfAFormerOwnerWasToSayIsDoneAgain) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("b", 2);
  ASSERT_TRUE(log().acquire({"node-2", true}, "their-token").has_value());
  client("d").answer(answered(200));
  settle();
  advance(1s);
  EXPECT_NE(log().token, "their-token") << "acquired again";
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1}));
  EXPECT_EQ(arrived("d", "b"), (std::vector<int>{2})) << "it was under way all the time";
  answer_all("d", 200);
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(log().history.texts.size(), 2u);
}

TEST_F(DispatcherTest, WhatWasSettledThoughNobodySaidSoIsNotSentAgain) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  outbox.fail_next(OutboxCall::settle, lost, Acted::yes);
  client("d").answer(answered(200));
  settle();
  advance(1s);
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 2}));
  answer_all("d", 200);
  EXPECT_EQ(log().history.texts.size(), 2u);
  EXPECT_TRUE(pending().empty());
}

TEST_F(DispatcherTest, SurvivesACrashOfItsOwn) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  outbox.crash_next_settle();
  client("d").answer(answered(200));
  settle();
  advance(1s);
  answer_all("d", 200);
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1, 2}));
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(log().history.texts.size(), 2u);
}

TEST_F(DispatcherTest, AStoreThatTakesNoSettleIsNotAskedInARow) {
  open({plain_destination("d")});
  client("d").always([this](const OutboundRequest&) {
    outbox.fail_next(OutboxCall::settle, {FaultCode::overloaded, "OOM"});
    return answered(200);
  });
  accept("a", 1);
  advance(1min);
  EXPECT_GE(client("d").sent().size(), 10u);
  EXPECT_LE(client("d").sent().size(), 30u);
  accept("a", 2);
  EXPECT_EQ(log().cursor, log().last) << "what comes in is taken and applied all the same";
  client("d").always([](const OutboundRequest&) { return answered(200); });
  advance(10s);
  EXPECT_TRUE(pending().empty());
}

TEST_F(DispatcherTest, ARecordThatNobodyCanReadDoesNotStopWhatComesIn) {
  open({plain_destination("d")});
  accept("a", 1);
  pending()["0123456789abcdef"] = "garbage";
  start_again();
  EXPECT_FALSE(is_open());
  const auto scans = outbox.calls(OutboxCall::scan);
  advance(1min);
  EXPECT_LE(outbox.calls(OutboxCall::scan), scans + 60);
  accept("b", 2);
  EXPECT_EQ(log().cursor, log().last);
  pending().erase("0123456789abcdef");
  advance(10s);
  EXPECT_TRUE(is_open());
  answer_all("d", 200);
  EXPECT_TRUE(pending().empty());
}

TEST_F(DispatcherTest, KeepsWhatIsForADestinationThatIsNotConfigured) {
  const std::vector both{plain_destination("d"), plain_destination("e")};
  open(both);
  accept("a", 1);
  auto site = std::make_shared<Site>(*site_);
  site->destinations.erase("e");
  auto routes = std::make_shared<Routes>(*site->routes);
  routes->pop_back();
  site->routes = routes;
  site_ = site;
  start_again();
  receivers.at("e")->client.always([](const OutboundRequest&) { return answered(200); });
  answer_all("d", 200);
  EXPECT_EQ(pending().size(), 1u);
  EXPECT_EQ(client("e").sent().size(), 1u);
  open(both, false);
  start_again();
  EXPECT_EQ(client("e").sent().size(), 2u);
  EXPECT_TRUE(pending().empty());
}

TEST_F(DispatcherTest, HandsEverythingOverAgainToADestinationThatForgotIt) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  caf::anon_send(dispatcher, LanesForgotten{});
  settle();
  advance(1s);
  EXPECT_EQ(meter_of("d").pending.load(), 2u);
  answer_all("d", 200);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
}

// A reload does not change the order that lanes keep until the process starts again; so both sides must go on as they were.
TEST_F(DispatcherTest, KeepsTheOrderThatLanesHadBeforeAReload) {
  auto d = plain_destination("d");
  open({d});
  accept("a", 1);
  accept("a", 2);
  d.order = LaneOrder::unordered;
  open({d}, false);
  for (const auto& actor : {caf::actor_cast<caf::actor>(receivers.at("d")->actor), caf::actor_cast<caf::actor>(dispatcher)})
    caf::anon_send(actor, SiteChanged{site_});
  reopen();
  accept("a", 3);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1}));
  answer_all("d", 200);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2, 3}));
}

TEST_F(DispatcherTest, DrainsWhenAllIsSettled) {
  open({plain_destination("d")});
  accept("a", 1);
  journal.set_answers(Answers::by_hand);
  client("d").answer(answered(200));
  run();
  caf::anon_send(dispatcher, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  settle();
  ASSERT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(observer.all<Drained>().front().who, "Dispatcher");
}

TEST_F(DispatcherTest, DrainsEvenWhenItsLastSettleFails) {
  open({plain_destination("d")});
  accept("a", 1);
  journal.set_answers(Answers::by_hand);
  client("d").answer(answered(200));
  run();
  caf::anon_send(dispatcher, Drain{});
  run();
  journal.lose_connection();
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

}  // namespace
}  // namespace denrei::test
