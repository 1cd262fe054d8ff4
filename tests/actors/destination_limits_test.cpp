// Destinations: limits of how many of a type go in a window, and waiting deliveries that a newer one of their key makes needless.
#include "delivery_world.hpp"

namespace denrei::test {
namespace {

class DestinationLimits : public DeliveryWorld {
 protected:
  static Destination limited(std::uint32_t count, Millis window, const std::string& type = "updated") {
    auto d = plain_destination("d");
    d.limits = {{type, count, window}};
    d.breaker_failures = 0;
    return d;
  }
  static Destination coalescing() {
    auto d = plain_destination("d");
    d.coalesce = {"updated"};
    return d;
  }

  // Every arrival is noted with its time, and answered at once.
  void note_times(int status = 200) {
    client("d").always([this, status](const OutboundRequest&) {
      times.push_back(now);
      return answered(status);
    });
  }
  std::size_t most_in(Millis window) {
    std::size_t most = 0;
    for (std::size_t first = 0, last = 0; last < times.size(); ++last) {
      while (times[first] + window <= times[last]) ++first;
      most = std::max(most, last - first + 1);
    }
    return most;
  }

  std::size_t sent() { return client("d").sent().size(); }
  bool answer_one(int status = 200) {
    const bool any = client("d").answer(answered(status));
    settle();
    return any;
  }
  void answer_all() {
    while (answer_one()) {}
  }
  // Of the history, those that were left out: their `n`, by their place in the lane.
  std::vector<std::uint32_t> superseded() {
    std::vector<std::uint32_t> out;
    for (const auto& [number, record] : log().history.texts) {
      const auto delivery = decode_delivery(record).value();
      if (delivery.head.dead == DeadReason::superseded) out.push_back(delivery.head.lane_sequence);
    }
    return out;
  }
  // As when the connection to the store is gone for a moment.
  void reopen() {
    caf::anon_send(partition, StoreChanged{false, "cut"});
    run();
    caf::anon_send(partition, StoreChanged{true, {}});
    settle();
  }

  std::vector<WallTime> times;
};

// --- limits

TEST_F(DestinationLimits, NeverMoreThanItsCountGoesInAnyWindowAndTheRestFollows) {
  open({limited(10, 60s)});
  note_times();
  std::vector<WallTime> came;
  for (int i = 0; i < 95; ++i) {
    came.push_back(now);
    accept("k" + std::to_string(i), i, "updated");
    advance(Millis{i % 7 * 400});
  }
  advance(20min);
  ASSERT_EQ(sent(), 95u);
  EXPECT_EQ(most_in(60s), 10u);
  for (std::size_t i = 0; i < 95; ++i) EXPECT_EQ(times[i], i < 10 ? came[i] : std::max(came[i], times[i - 10] + 60s)) << "as soon as it may: " << i;
  EXPECT_TRUE(pending().empty());
}

TEST_F(DestinationLimits, WhoComesFirstGoesFirst) {
  open({limited(1, 10s)});
  note_times();
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i), i, "updated");
  advance(20s);
  accept("late", 9, "updated");
  advance(1min);
  EXPECT_EQ(arrived("d"), (std::vector<int>{0, 1, 2, 3, 4, 9}));
}

TEST_F(DestinationLimits, OtherTypesAndOtherLanesDoNotWaitForIt) {
  open({limited(1, 1h)});
  note_times();
  accept("a", 1, "updated");
  accept("a", 2, "updated");
  accept("a", 3, "daily");
  accept("b", 4, "daily");
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 4})) << "behind 2, 3 keeps its place in the lane of a";
  EXPECT_EQ(meter_of("d").in_flight.load(), 0u) << "who waits for a limit takes no place of the others";
  advance(1h);
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 2, 3}));
}

TEST_F(DestinationLimits, TheFirstThatFitsATypeCounts) {
  auto d = limited(2, 1h, "hourly");
  d.limits.push_back({"*", 3, 1h});
  open({d});
  note_times();
  for (int i = 0; i < 8; ++i) accept("k" + std::to_string(i), i, i % 2 == 0 ? "hourly" : "updated");
  EXPECT_EQ(arrived("d"), (std::vector<int>{0, 1, 2, 3, 5}));
  advance(1h);
  EXPECT_EQ(sent(), 8u);
}

TEST_F(DestinationLimits, RetriesCountToo) {
  auto d = limited(2, 10s);
  d.schedule = {1s, 1s, 1s};
  open({d});
  note_times(500);
  for (int i = 0; i < 3; ++i) accept("k" + std::to_string(i), i, "updated");
  advance(10min);
  EXPECT_EQ(sent(), 12u);
  EXPECT_EQ(most_in(10s), 2u);
  EXPECT_EQ(dead().size(), 3u);
}

TEST_F(DestinationLimits, NeitherWhoWaitsForALimitNorTheOthersStarve) {
  auto d = limited(1, 1s);
  d.rate = 1;
  d.burst = 10;
  open({d});
  note_times();
  for (int i = 0; i < 10; ++i) accept("u" + std::to_string(i), i, "updated");
  for (int i = 0; i < 30; ++i) accept("o" + std::to_string(i), 100 + i, "other");
  const auto others = [this] {
    const auto all = arrived("d");
    return std::count_if(all.begin(), all.end(), [](int n) { return n >= 100; });
  };
  ASSERT_EQ(sent(), 10u);
  ASSERT_EQ(others(), 9) << "nine wait for their limit, which has room once a second, as often as anything may go";
  advance(10s);
  EXPECT_EQ(sent(), 20u);
  EXPECT_EQ(others(), 9 + 5);
}

TEST_F(DestinationLimits, HoldsOverALostOutboxAndWhoWaitedWaitsAgain) {
  open({limited(2, 60s)});
  note_times();
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i), i, "updated");
  advance(30s);
  reopen();
  EXPECT_EQ(sent(), 2u);
  advance(10min);
  EXPECT_EQ(sent(), 5u);
  EXPECT_EQ(most_in(60s), 2u);
  EXPECT_TRUE(pending().empty());
}

// 16 MiB of payloads are kept: of those that wait here, sixteen.
TEST_F(DestinationLimits, FetchesAgainWhatItHadNoRoomToKeepWhileItWaited) {
  open({limited(2, 10s)});
  note_times();
  for (int i = 0; i < 24; ++i) accept("k" + std::to_string(i), i, "updated", 1'000'000);
  EXPECT_EQ(outbox.calls(OutboxCall::fetch), 6u) << "to learn their types";
  advance(2min);
  EXPECT_EQ(outbox.calls(OutboxCall::fetch), 6u + 3u) << "when two at a time may go";
  EXPECT_EQ(sent(), 24u);
  EXPECT_EQ(most_in(10s), 2u);
}

TEST_F(DestinationLimits, KeepsNoRoomForOneThatTheOutboxDoesNotKnow) {
  open({limited(1, 10s)});
  note_times();
  for (int i = 0; i < 20; ++i) accept("k" + std::to_string(i), i, "updated", 1'000'000);
  advance(160s);
  ASSERT_EQ(sent(), 17u);
  std::erase_if(pending(), [](const auto& record) { return decode_delivery_head(record.second)->key == "k17"; });
  advance(10s);
  ASSERT_EQ(sent(), 18u);
  EXPECT_EQ(arrived("d").back(), 18);
}

// --- coalescing

TEST_F(DestinationLimits, WhileTheReceiverIsSlowAThousandUpdatesOfAKeyBecomeFew) {
  open({coalescing()});
  for (int i = 1; i <= 1'000; ++i) {
    accept("a", i, "updated");
    if (i % 250 == 0) answer_one();
  }
  answer_all();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 250, 500, 750, 1'000}));
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(superseded().size(), 995u);
  EXPECT_EQ(receivers.at("d")->superseded.value(), 995u);
  EXPECT_EQ(meter_of("d").delivered->value(), 5u);
  EXPECT_EQ(meter_of("d").dead.load(), 0u) << "what is superseded is no dead letter";
  EXPECT_TRUE(dead().empty());
  EXPECT_EQ(alerts.count<RaiseAlert>(), 0u);
  EXPECT_EQ(header(client("d").sent().back(), "Denrei-Sequence"), "1000") << "with gaps";
}

TEST_F(DestinationLimits, OtherKeysAndOtherTypesAreSentAllTheSame) {
  auto d = coalescing();
  d.coalesce = {"updated", "hourly*"};
  open({d});
  accept("a", 1, "updated");
  accept("a", 2, "updated");
  accept("a", 3, "hourly");
  accept("a", 4, "hourly");
  accept("a", 5, "daily");
  accept("a", 6, "daily");
  accept("b", 7, "updated");
  answer_all();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 2, 4, 5, 6}));
  EXPECT_EQ(arrived("d", "b"), (std::vector<int>{7}));
}

TEST_F(DestinationLimits, UnorderedOnesHaveNoNewer) {
  auto d = coalescing();
  d.order = LaneOrder::unordered;
  d.concurrency = 1;
  open({d});
  for (int i = 1; i <= 3; ++i) accept("a", i, "updated");
  answer_all();
  EXPECT_EQ(sent(), 3u);
}

TEST_F(DestinationLimits, ARetryGivesWayToANewerOne) {
  open({coalescing()});
  client("d").plan(answered(500));
  accept("a", 1, "updated");
  accept("a", 2, "updated");
  advance(59s);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1})) << "its turn comes when the retry is due";
  advance(1s);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
  ASSERT_EQ(log().history.texts.size(), 1u);
  const auto left = decode_delivery(log().history.texts.begin()->second).value();
  EXPECT_EQ(left.head.dead, DeadReason::superseded);
  EXPECT_EQ(left.head.ended_at, now);
  EXPECT_EQ(left.attempts.size(), 1u) << "what was tried is kept";
}

TEST_F(DestinationLimits, WhatIsSupersededLeavesTheStoreBeforeTheNewerOneGoes) {
  open({coalescing()});
  accept("a", 1, "updated");
  accept("a", 2, "updated");
  accept("a", 3, "updated");
  journal.set_answers(Answers::by_hand);
  client("d").answer(answered(200));
  run();
  for (int settles = 0; settles < 2; ++settles) {
    EXPECT_EQ(sent(), 1u) << settles;
    ASSERT_GT(journal.deliver(), 0u);
    run();
  }
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 3}));
}

TEST_F(DestinationLimits, AfterARestartNothingThatWasSettledGoesAgainAndTheNewestGoes) {
  open({coalescing()});
  for (int i = 1; i <= 5; ++i) accept("a", i, "updated");
  journal.set_answers(Answers::by_hand);
  client("d").answer(answered(200));
  run();
  journal.deliver();  // 1 is settled, 2 is being left out
  run();
  journal.deliver();
  journal.set_answers(Answers::at_once);
  start_again();
  accept("a", 6, "updated");
  answer_all();
  const auto all = arrived("d");
  EXPECT_EQ(std::count(all.begin(), all.end(), 1), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), 2), 0);
  EXPECT_EQ(all.back(), 6);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_TRUE(pending().empty());
}

TEST_F(DestinationLimits, WhatIsNotKnownToBeNewerMakesNothingNeedless) {
  open({coalescing()});
  for (int i = 1; i <= 3; ++i) accept("a", i, "updated");
  reopen();  // the lanes come back without types
  answer_all();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2, 3}));
}

TEST_F(DestinationLimits, WhatANewerOneLeftBehindWhenItWentMakesNothingNeedless) {
  auto d = coalescing();
  d.retry_on = {};
  open({d});
  accept("a", 1, "updated");
  accept("a", 2, "updated");
  answer_one(500);  // 1 is dead
  answer_one();     // 2 is delivered
  ASSERT_EQ(dead().size(), 1u);
  caf::anon_send(dispatcher, ReviveDead{7, {only(dead()).head.id}, "operator"});
  settle();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2, 1}));
}

TEST_F(DestinationLimits, WhatAnOperatorSentAgainGoesWhateverIsNewer) {
  auto d = coalescing();
  d.retry_on = {};
  open({d});
  accept("a", 1, "updated");
  answer_one(500);
  accept("a", 2, "updated");  // under way
  accept("a", 3, "updated");
  caf::anon_send(dispatcher, ReviveDead{7, {only(dead()).head.id}, "operator"});
  settle();
  answer_all();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2, 1, 3}));
  EXPECT_EQ(desk.all<ResendEnded>().back().delivered, true);
}

TEST_F(DestinationLimits, WhatHasNoRoomMakesNothingNeedless) {
  auto d = coalescing();
  d.pending_max = 2;
  open({d});
  for (int i = 1; i <= 3; ++i) accept("a", i, "updated");  // 3 is refused
  ASSERT_EQ(dead().size(), 1u);
  answer_all();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
}

// --- both

TEST_F(DestinationLimits, TheNewestTakesTheTurnOfTheOneThatWaited) {
  auto d = limited(1, 10s);
  d.coalesce = {"updated"};
  open({d});
  note_times();
  for (const auto* key : {"a", "b", "c", "d"}) accept(key, 1, "updated");
  for (int i = 2; i <= 30; ++i) {  // b is updated more often than its turn comes
    accept("b", i, "updated");
    advance(1s);
  }
  advance(30s);
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1}));
  EXPECT_EQ(arrived("d", "b"), (std::vector<int>{11, 30}));
  const auto all = arrived("d");
  ASSERT_GE(all.size(), 2u);
  EXPECT_EQ(all[1], 11) << "b was the second to come, and is the second to go";
  EXPECT_EQ(arrived("d", "c").size() + arrived("d", "d").size(), 2u);
  EXPECT_EQ(most_in(10s), 1u);
}

TEST_F(DestinationLimits, WhatIsLeftOutTakesNothingOfTheLimit) {
  auto d = limited(2, 1h);
  d.coalesce = {"updated"};
  open({d});
  for (int i = 1; i <= 100; ++i) accept("a", i, "updated");
  answer_one();
  answer_one();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 100}));
}

}  // namespace
}  // namespace denrei::test
