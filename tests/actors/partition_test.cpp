// The Partition at work: order, batches, what a commit carries, who is told when, and which keys stay awake.
#include "partition_world.hpp"

namespace denrei::test {
namespace {

using PartitionTest = PartitionWorld;

TEST_F(PartitionTest, AppliesEachKeyInLogOrderWithinAndAcrossBatches) {
  start();
  hand_over(append({"A", "B", "A", "C", "A"}));
  hand_over(append({"B", "A", "B"}));
  settle();
  hand_over(append({"A", "C"}));
  settle();
  for (const auto* key : {"A", "B", "C"}) EXPECT_EQ(decided_of(key), appended_of(key)) << key;
  expect_everything_applied_once();
  EXPECT_EQ(applied.value(), 10u);
}

TEST_F(PartitionTest, TakesHandedOverEventsWithoutReadingTheLog) {
  start();
  EXPECT_EQ(journal.reads(), 0u) << "an empty log needs no reading";
  for (int i = 0; i < 5; ++i) {
    hand_over(append({"A", "B"}));
    settle();
  }
  EXPECT_EQ(journal.reads(), 0u);
  expect_everything_applied_once();
}

TEST_F(PartitionTest, ReadsFromTheLogWhatWasNotHandedOver) {
  start();
  hand_over(append({"A"}));
  const auto lost = append({"A", "B"});
  hand_over(append({"B"}));
  settle();
  EXPECT_GT(journal.reads(), 0u);
  for (const auto* key : {"A", "B"}) EXPECT_EQ(decided_of(key), appended_of(key)) << key;
  expect_everything_applied_once();
  hand_over(lost);  // late after all
  settle();
  expect_everything_applied_once();
}

TEST_F(PartitionTest, ReadsMoreEntriesThanOnePageHolds) {
  for (int i = 0; i < 150; ++i) (void)append({"A", "B"});
  start();
  EXPECT_EQ(decided_of("A"), appended_of("A"));
  expect_everything_applied_once();
}

TEST_F(PartitionTest, StartsAtTheCursorOfTheStore) {
  start();
  hand_over(append({"A", "A"}));
  settle();
  end(caf::actor_cast<caf::actor>(partition));
  run();
  (void)append({"A"});
  partition = spawn_one();
  start();
  EXPECT_EQ(decided.size(), 3u) << "the first two are not decided again";
  expect_everything_applied_once();
}

TEST_F(PartitionTest, LeavesToTheLogWhatItsWindowCannotHold) {
  start();
  hand_over(append({"A"}));
  run();  // its commit is under way from here on: no answer
  for (int i = 0; i < 60; ++i) {
    hand_over(append(std::vector<std::string>(100, "B" + std::to_string(i % 7))));
    run();
  }
  settle();
  EXPECT_GT(journal.reads(), 0u);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(decided_of("B" + std::to_string(i)), appended_of("B" + std::to_string(i)));
  expect_everything_applied_once();
}

TEST_F(PartitionTest, HasOneCommitUnderWayAndMergesWhatComesMeanwhile) {
  start();
  hand_over(append({"A"}));
  run();
  journal.deliver();  // the look into the shelf
  run();
  ASSERT_EQ(journal.commits(), 1u);
  for (int i = 0; i < 5; ++i) {
    hand_over(append({"A"}));
    run();
  }
  EXPECT_EQ(journal.commits(), 1u);
  settle();
  EXPECT_EQ(journal.commits(), 2u) << "five batches in one commit";
  expect_everything_applied_once();
}

TEST_F(PartitionTest, CommitsTheLastFileChunksNotificationsAndCounters) {
  start();
  for (int i = 0; i < 9; ++i) hand_over(append({"A"}, i == 4 ? "old" : "news"));
  settle();
  EXPECT_EQ(count_of("A"), 9u);
  EXPECT_EQ(log().timeline.size(), 1u) << "eight lines are a chunk";
  EXPECT_EQ(log().notifications.size(), 8u);
  EXPECT_EQ(log().notifications.begin()->first, (std::pair<std::uint64_t, std::uint64_t>(1, 0)));
  EXPECT_EQ(log().counters["applied"], 8);
  EXPECT_EQ(log().counters["stale"], 1);
  EXPECT_EQ(log().counters.count("failed"), 0u);
  EXPECT_EQ(stale.value(), 1u);
  std::size_t relayed = 0;
  for (const auto& relay : inbox.all<Relay>()) {
    EXPECT_EQ(relay.from, "p0");
    relayed += relay.notifications.size();
  }
  EXPECT_EQ(relayed, 8u);
}

TEST_F(PartitionTest, CommitsTheNotificationsOfSeveralKeysInLogOrder) {
  start();
  hand_over(append({"A", "B", "A", "C", "B", "A", "C", "A", "B", "A", "B"}, "news"));
  hand_over(append({"C", "A"}, "news"));
  settle();
  expect_everything_applied_once();
  EXPECT_EQ(log().notifications.size(), 13u);
  std::uint64_t newest = 0;
  for (const auto& relay : inbox.all<Relay>())
    for (const auto& [id, note] : relay.notifications) EXPECT_LT(std::exchange(newest, std::stoull(id)), std::stoull(id));
}

TEST_F(PartitionTest, CommitsManyKeysInSlices) {
  start();
  for (int i = 0; i < 12; ++i) {
    std::vector<std::string> names;
    for (int k = 0; k < 250; ++k) names.push_back("K" + std::to_string(i * 250 + k));
    hand_over(append(names));
  }
  settle();
  EXPECT_GE(journal.commits(), 3u) << "a commit writes " << limits::commit_keys_max << " keys at most, and one batch more";
  expect_everything_applied_once();
}

TEST_F(PartitionTest, CommitsLargeBodiesInSlices) {
  start();
  const std::string echo_of_a_mebibyte = R"(echo","pad":")" + std::string(1 << 20, 'x');
  for (int i = 0; i < 30; ++i) hand_over(append({"K" + std::to_string(i)}, echo_of_a_mebibyte));
  settle();
  expect_everything_applied_once();
  std::size_t largest = 0;
  for (const auto& relay : inbox.all<Relay>()) {
    std::size_t bytes = 0;
    for (const auto& [id, n] : relay.notifications) bytes += n.json.size();
    largest = std::max(largest, bytes);
  }
  EXPECT_GT(largest, 0u);
  EXPECT_LE(largest, 2 * limits::commit_bytes_max) << "a draft that is full takes no further batch";
}

TEST_F(PartitionTest, LetsGoOfAppliedPayloadsWhenTheStoreIsFull) {
  start();
  for (int i = 0; i < 20; ++i) hand_over(append(std::vector<std::string>(100, "A")));
  settle();
  ASSERT_EQ(log().entries.size(), 20u);
  for (int i = 0; i < 10; ++i) {
    caf::anon_send(partition, MakeRoom{});
    settle();
  }
  EXPECT_LT(log().entries.size(), 10u);
  EXPECT_GE(log().entries.size() * 100, limits::log_keep_min);
  hand_over(append({"A"}));
  settle();
  EXPECT_EQ(count_of("A"), 2'001u) << "and it goes on";
}

TEST_F(PartitionTest, RelaysNothingBeforeItsCommit) {
  start();
  hand_over(append({"A"}, "news"));
  run();
  journal.deliver();
  run();
  ASSERT_EQ(journal.commits(), 1u);
  EXPECT_EQ(inbox.count<Relay>(), 0u);
  settle();
  EXPECT_EQ(inbox.count<Relay>(), 1u);
}

TEST_F(PartitionTest, AsksInboxesForPendingNotificationsWhenItStarts) {
  start();
  ASSERT_EQ(inbox.count<RelayPending>(), 1u);
  EXPECT_EQ(inbox.all<RelayPending>()[0].from, "p0");
}

TEST_F(PartitionTest, TellsWhoWaitsOnlyAfterTheCommit) {
  start();
  const auto ask = [&](std::uint64_t ticket) {
    caf::anon_send(partition, TellWhenApplied{asker.actor().address(), ticket});
    run();
  };
  ask(1);
  ASSERT_EQ(asker.count<AppliedNow>(), 1u) << "nothing is under way";
  hand_over(append({"A"}));
  run();
  ask(2);
  journal.deliver();
  run();
  hand_over(append({"A"}));
  run();
  ASSERT_EQ(journal.commits(), 1u);
  EXPECT_EQ(asker.count<AppliedNow>(), 1u);
  journal.deliver();  // the first commit
  run();
  ASSERT_EQ(asker.count<AppliedNow>(), 2u) << "what came after the question does not hold it up";
  EXPECT_EQ(asker.all<AppliedNow>()[1].ticket, 2u);
  EXPECT_TRUE(asker.all<AppliedNow>()[1].ok);
  settle();
}

TEST_F(PartitionTest, TellsWhoWaitsThatItCannotSay) {
  caf::anon_send(partition, TellWhenApplied{asker.actor().address(), 1});
  run();
  ASSERT_EQ(asker.count<AppliedNow>(), 1u);
  EXPECT_FALSE(asker.all<AppliedNow>()[0].ok) << "it owns nothing yet";
  start();
  hand_over(append({"A"}));
  run();
  caf::anon_send(partition, TellWhenApplied{asker.actor().address(), 2});
  caf::anon_send(partition, StoreChanged{false, "cut"});
  run();
  ASSERT_EQ(asker.count<AppliedNow>(), 2u);
  EXPECT_FALSE(asker.all<AppliedNow>()[1].ok);
}

TEST_F(PartitionTest, LetsUnusedKeysSleepAndWakesThemWithTheirState) {
  start();
  hand_over(append({"A", "B"}));
  settle();
  EXPECT_EQ(keys.instances.load(), 2);
  advance(50s);
  hand_over(append({"B"}));
  settle();
  advance(25s);
  EXPECT_EQ(keys.instances.load(), 1) << "A was unused for over a minute, B was not";
  hand_over(append({"A"}));
  settle();
  EXPECT_EQ(keys.instances.load(), 2);
  expect_everything_applied_once();
  advance(5min);
  EXPECT_EQ(keys.instances.load(), 0);
}

TEST_F(PartitionTest, KeepsKeysAwakeWhoseDecisionsAreNotCommitted) {
  start();
  hand_over(append({"A"}));
  run();
  journal.deliver();
  run();
  ASSERT_EQ(journal.commits(), 1u);
  advance(5min);
  EXPECT_EQ(keys.instances.load(), 1) << "it knows more than the store";
  hand_over(append({"A"}));
  settle();
  expect_everything_applied_once();
}

TEST_F(PartitionTest, KeepsABoundedNumberOfKeysAwake) {
  start();
  constexpr std::size_t many = limits::live_keys_max + 5'000;
  for (std::size_t k = 0; k < many; k += 500) {
    std::vector<std::string> names;
    for (std::size_t i = k; i < k + 500; ++i) names.push_back("K" + std::to_string(i));
    hand_over(append(names));
    settle();
    ASSERT_LE(keys.instances.load(), static_cast<std::int64_t>(limits::live_keys_max * 115 / 100));
  }
  advance(11s);
  EXPECT_LE(keys.instances.load(), static_cast<std::int64_t>(limits::live_keys_max));
  EXPECT_GT(keys.instances.load(), static_cast<std::int64_t>(limits::live_keys_max / 2));
  hand_over(append({"K0"}));
  settle();
  EXPECT_EQ(count_of("K0"), 2u) << "the first to sleep wakes with its state";
}

TEST_F(PartitionTest, DrainsByApplyingWhatItHasAndGivingTheOwnershipBack) {
  start();
  hand_over(append({"A"}));
  run();
  caf::anon_send(partition, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  EXPECT_NE(log().token, "");
  settle();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(log().token, "");
  expect_everything_applied_once();
  advance(1min);
  EXPECT_EQ(observer.count<Drained>(), 1u) << "said once";
}

TEST_F(PartitionTest, DrainsAtOnceWhenItOwnsNothing) {
  caf::anon_send(partition, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  start();
  EXPECT_EQ(log().token, "") << "what is done does not begin again";
}

}  // namespace
}  // namespace denrei::test
