// Destinations: when the next attempt is due, how many go at once, and what a lost outbox does to those under way.
#include "delivery_world.hpp"

namespace denrei::test {
namespace {

const Fault lost{FaultCode::unavailable, "the connection was lost"};

class DestinationOrder : public DeliveryWorld {
 protected:
  std::size_t sent() { return client("d").sent().size(); }
  void always(int status) {
    client("d").always([status](const OutboundRequest&) { return answered(status); });
  }
  // As when the connection to the store is gone for a moment.
  void reopen() {
    caf::anon_send(partition, StoreChanged{false, "cut"});
    run();
    caf::anon_send(partition, StoreChanged{true, {}});
    settle();
  }
};

// --- batches (protocol §3.4)

Destination batch_destination() {
  auto d = plain_destination("d");
  d.schedule = {1s, 2s};
  d.rounds = 3;
  d.round_wait = 1h;
  return d;
}

TEST_F(DestinationOrder, WhatABatchCouldNotDeliverGoesWithTheNext) {
  open({batch_destination()});
  always(503);
  accept("a", 1);
  advance(30min);
  EXPECT_EQ(sent(), 3u);
  EXPECT_TRUE(only(pending()).head.waits_for_batch);
  always(200);
  accept("b", 2);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 1, 1, 1, 2})) << "the older one first";
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(alerts.count<RaiseAlert>(), 0u);
}

TEST_F(DestinationOrder, AfterThreeFailedBatchesItIsDead) {
  open({batch_destination()});
  always(503);
  accept("a", 1);
  advance(10s);
  EXPECT_EQ(sent(), 3u);
  advance(1h);  // nothing new: the round begins at the latest now
  EXPECT_EQ(sent(), 6u);
  start_again();
  always(503);
  advance(1h);
  EXPECT_EQ(sent(), 9u);
  EXPECT_TRUE(pending().empty());
  ASSERT_EQ(dead().size(), 1u);
  const auto letter = only(dead());
  EXPECT_EQ(letter.head.dead, DeadReason::exhausted);
  EXPECT_EQ(letter.head.round, 3u);
  EXPECT_EQ(letter.attempts.size(), 9u);
  EXPECT_EQ(alerts.count<RaiseAlert>(), 1u);
}

TEST_F(DestinationOrder, NewsDoNotHideThatThreeBatchesFailed) {
  auto d = batch_destination();
  d.coalesce = {"*"};
  open({d});
  always(503);
  for (int n = 1; n <= 3; ++n) {
    EXPECT_EQ(alerts.count<RaiseAlert>(), 0u) << n;
    accept("a", n);
    advance(10s);
  }
  EXPECT_EQ(sent(), 9u);
  ASSERT_EQ(dead().size(), 1u) << "the newest";
  EXPECT_EQ(only(dead()).head.dead, DeadReason::exhausted);
  EXPECT_EQ(alerts.count<RaiseAlert>(), 1u);
  accept("a", 4);
  advance(10s);
  EXPECT_EQ(only(pending()).head.round, 2u) << "and the next one begins anew";
}

TEST_F(DestinationOrder, ABatchIsBegunByWhatComesWhileTheOutboxIsReadToo) {
  open({batch_destination()});
  always(503);
  accept("a", 1);
  advance(10s);
  ASSERT_EQ(sent(), 3u);
  always(200);
  journal.set_answers(Answers::by_hand);
  caf::anon_send(partition, StoreChanged{false, "cut"});
  run();
  caf::anon_send(partition, StoreChanged{true, {}});
  run();
  accept("b", 2);
  EXPECT_EQ(sent(), 5u);
  EXPECT_TRUE(pending().empty());
}

// --- lanes

TEST_F(DestinationOrder, UnorderedOnesDoNotWaitForEachOther) {
  auto d = plain_destination("d");
  d.order = LaneOrder::unordered;
  open({d});
  accept("a", 1);
  accept("a", 2);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
  client("d").answer(answered(500));
  settle();
  accept("a", 3);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2, 3}));
}

TEST_F(DestinationOrder, NumbersEachLaneFromOne) {
  open({plain_destination("d")});
  always(200);
  for (int i = 0; i < 3; ++i) accept("a", i);
  accept("b", 9);
  start_again();
  always(200);
  accept("a", 3);
  std::map<std::string, std::vector<std::string>> numbers;
  for (const auto& request : client("d").sent())
    numbers[std::string(find_string(parse_json(request.body).value()->root(), "/key"))].push_back(header(request, "Denrei-Sequence"));
  EXPECT_EQ(numbers["a"], (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(numbers["b"], (std::vector<std::string>{"1"}));
}

TEST_F(DestinationOrder, WhatWasRefusedForWantOfRoomKeepsItsPlaceUntilThatIsWritten) {
  auto d = plain_destination("d");
  d.pending_max = 2;
  open({d});
  always(200);
  journal.set_answers(Answers::by_hand);
  client("d").plan(answered(500));
  accept("full", 1);
  client("d").plan(answered(500));
  accept("full too", 2);
  outbox.fail_next(OutboxCall::settle, lost);
  accept("a", 3);  // no room; and nobody learns whether it is dead
  advance(2min);
  settle();
  accept("a", 4);
  advance(2min);
  settle();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{3, 4})) << "there is room by then";
}

// --- time

TEST_F(DestinationOrder, WaitsAsLongAsTheReceiverAsksFor) {
  auto d = plain_destination("d");
  d.retry_after_max = 1h;
  open({d});
  client("d").plan(answered(429, {}, "600"));
  accept("a", 1);
  advance(599s);
  EXPECT_EQ(sent(), 1u);
  client("d").plan(answered(503, {}, "Thu, 09 Oct 2025 09:33:20 GMT"));  // 30 minutes after the second attempt
  advance(1s);
  ASSERT_EQ(sent(), 2u);
  advance(30min - 1s);
  EXPECT_EQ(sent(), 2u);
  client("d").plan(answered(503, {}, "86400"));  // a day; an hour is the most that counts
  advance(1s);
  ASSERT_EQ(sent(), 3u);
  advance(1h - 1s);
  EXPECT_EQ(sent(), 3u);
  advance(1s);
  EXPECT_EQ(sent(), 4u);
}

TEST_F(DestinationOrder, NeverGoesSoonerThanItsScheduleBecauseTheReceiverAsksForIt) {
  open({plain_destination("d")});
  client("d").plan(answered(429, {}, "1"));
  accept("a", 1);
  advance(59s);
  EXPECT_EQ(sent(), 1u);
  advance(1s);
  EXPECT_EQ(sent(), 2u);
}

TEST_F(DestinationOrder, RateAndBreakerHoldTogether) {
  auto d = plain_destination("d");
  d.rate = 2;
  d.breaker_failures = 2;
  d.breaker_open = 10s;
  open({d});
  always(503);
  for (int i = 0; i < 20; ++i) accept("k" + std::to_string(i), i);
  advance(9s);
  EXPECT_EQ(sent(), 2u) << "the second opened it after half a second";
  always(200);
  advance(1500ms);
  EXPECT_EQ(sent(), 3u) << "the probe";
  advance(4s);
  EXPECT_EQ(sent(), 11u);
}

TEST_F(DestinationOrder, KeepsOneTimerHoweverManyWait) {
  open({plain_destination("d")});
  client("d").always([](const OutboundRequest&) { return answered(500); });
  const auto fail_some = [this](int from, int to) {
    for (int i = from; i < to; ++i) {
      accept("k" + std::to_string(i), i);
      advance(10ms);
    }
    return scheduler.clock().schedule().size();
  };
  const auto few = fail_some(0, 60);  // with those of the partition, the last of which starts after half a second
  EXPECT_EQ(fail_some(60, 200), few);
  EXPECT_EQ(pending().size(), 200u);
}

// --- at once

TEST_F(DestinationOrder, HasNoMoreUnderWayThanItsConcurrency) {
  auto d = plain_destination("d");
  d.concurrency = 3;
  open({d});
  for (int i = 0; i < 10; ++i) accept("k" + std::to_string(i), i);
  EXPECT_EQ(sent(), 3u);
  EXPECT_EQ(meter_of("d").in_flight.load(), 3u);
  client("d").answer(answered(200));
  settle();
  EXPECT_EQ(sent(), 4u);
}

// A reload may leave more under way than may be: then it waits for one that ends, not for a time that has passed.
TEST_F(DestinationOrder, IsQuietWhileMoreAreUnderWayThanMayBe) {
  auto d = plain_destination("d");
  d.concurrency = 3;
  d.breaker_failures = 1;
  d.breaker_open = 5s;
  open({d});
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i), i);
  client("d").answer(answered(503));
  settle();
  d.concurrency = 1;
  open({d}, false);
  caf::anon_send(receivers.at("d")->actor, SiteChanged{site_});
  advance(10s);
  EXPECT_EQ(sent(), 3u);
  const auto& timers = scheduler.clock().schedule();
  for (const auto& [at, timer] : timers) EXPECT_GT(at, scheduler.clock().now());
}

TEST_F(DestinationOrder, FetchesPayloadsThatItHasNoRoomFor) {
  open({plain_destination("d")});
  constexpr int many = 90;  // of a megabyte each, with 16 MiB of room; 64 of them are under way at once
  for (int i = 0; i < many; ++i) accept("k" + std::to_string(i), i, "made", 1'000'000);
  EXPECT_EQ(outbox.calls(OutboxCall::fetch), 0u);
  while (client("d").answer(answered(200))) settle();
  EXPECT_GT(outbox.calls(OutboxCall::fetch), 0u);
  EXPECT_TRUE(pending().empty());
  std::set<int> numbers;
  for (const auto n : arrived("d")) numbers.insert(n);
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(many));
}

// --- the outbox is lost and found again

TEST_F(DestinationOrder, WhatIsUnderWayIsNotSentASecondTimeWhenTheOutboxIsOpenedAgain) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  reopen();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1}));
  client("d").answer(answered(200));
  settle();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
  client("d").answer(answered(200));
  settle();
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(log().history.texts.size(), 2u);
}

TEST_F(DestinationOrder, WhatEndsWhileTheOutboxIsLostGoesAgain) {
  open({plain_destination("d")});
  accept("a", 1);
  journal.set_answers(Answers::by_hand);
  caf::anon_send(partition, StoreChanged{false, "cut"});
  run();
  client("d").answer(answered(200));
  run();
  caf::anon_send(partition, StoreChanged{true, {}});
  settle();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 1}));
  EXPECT_EQ(log().history.texts.size(), 0u);
}

TEST_F(DestinationOrder, CountsEveryAttemptOverALostOutbox) {
  auto d = plain_destination("d");
  d.concurrency = 1;
  open({d});
  accept("a", 1);
  for (int i = 0; i < 3; ++i) {
    journal.set_answers(Answers::by_hand);
    reopen();
    client("d").answer(answered(500));
    settle();
    advance(i == 0 ? 1min : 5min);
    settle();
  }
  EXPECT_EQ(only(pending()).head.attempts, 3u);
}

TEST_F(DestinationOrder, AProbeThatIsLostWithTheOutboxIsMadeAgain) {
  auto d = plain_destination("d");
  d.breaker_failures = 1;
  d.breaker_open = 10s;
  open({d});
  client("d").plan(answered(503));
  accept("a", 1);
  accept("b", 2);
  reopen();        // the payload of b is not in memory any more
  journal.set_answers(Answers::by_hand);
  advance(10s);    // it is fetched, to be the probe
  ASSERT_EQ(sent(), 1u);
  reopen();
  EXPECT_EQ(sent(), 2u);
}

}  // namespace
}  // namespace denrei::test
