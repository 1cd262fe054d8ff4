// The Partition when something goes wrong: it forgets, acquires again and goes on from the cursor, each event exactly once.
#include "partition_world.hpp"

namespace denrei::test {
namespace {

using PartitionRecovery = PartitionWorld;

struct FaultCase {
  FaultCode code;
  Acted acted;
};

class PartitionFaults : public PartitionWorld, public ::testing::WithParamInterface<FaultCase> {};

TEST_P(PartitionFaults, ReappliesFromTheCursorExactlyOnceAfterAFailedCommit) {
  start();
  hand_over(append({"A", "B"}));
  settle();
  journal.fail_next_commit({GetParam().code, "planned"}, GetParam().acted);
  hand_over(append({"A", "B", "A"}));
  settle();
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(changes().back().why, "planned");
  hand_over(append({"B"}));  // while it owns nothing
  settle();
  advance(1s);
  settle();
  EXPECT_TRUE(is_ready());
  expect_everything_applied_once();
  hand_over(append({"A"}));
  settle();
  expect_everything_applied_once();
  EXPECT_EQ(applied.value(), GetParam().acted == Acted::yes ? 4u : 7u) << "only commits that are known to have happened are counted";
}

INSTANTIATE_TEST_SUITE_P(EachFault, PartitionFaults,
                         ::testing::Values(FaultCase{FaultCode::fenced, Acted::no}, FaultCase{FaultCode::conflict, Acted::no},
                                           FaultCase{FaultCode::truncated, Acted::no}, FaultCase{FaultCode::unavailable, Acted::no},
                                           FaultCase{FaultCode::unavailable, Acted::yes}, FaultCase{FaultCode::overloaded, Acted::no}),
                         [](const auto& it) {
                           return std::string(fault_name(it.param.code)) + (it.param.acted == Acted::yes ? "AfterActing" : "");
                         });

TEST_F(PartitionRecovery, ForgetsWhatWasUnderWayWhenTheConnectionGoes) {
  start();
  hand_over(append({"A", "B"}));
  run();
  journal.deliver();
  run();
  ASSERT_EQ(journal.commits(), 1u);
  hand_over(append({"A"}));  // decided, waiting for that commit
  run();
  caf::anon_send(partition, StoreChanged{false, "cut"});
  run();
  journal.lose_connection();
  run();
  caf::anon_send(partition, StoreChanged{true, {}});
  settle();
  EXPECT_TRUE(is_ready());
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, ForgetsABatchThatWaitsForAFileToo) {
  start();
  hand_over(append({"A"}));
  settle();
  journal.fail_next_commit({FaultCode::unavailable, "planned"});
  hand_over(append({"A"}));
  run();  // A is awake: its commit is under way
  hand_over(append({"A", "B"}));
  run();  // A is called, B's file is being read, and then the commit fails
  settle();
  advance(1s);
  settle();
  EXPECT_TRUE(is_ready());
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, IgnoresAnswersFromALifeBefore) {
  start();
  hand_over(append({"A"}));
  run();
  caf::anon_send(partition, StoreChanged{false, "cut"});
  caf::anon_send(partition, StoreChanged{true, {}});
  run();
  settle();  // the old look's answer comes together with the new life's
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, WaitsUntilTheStoreIsBack) {
  journal.away(true);
  start();
  for (int i = 0; i < 20; ++i) {
    advance(1s);
    settle();
  }
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(changes().back().why, "the store is away");
  (void)append({"A"});
  journal.away(false);
  advance(2s);
  settle();
  EXPECT_TRUE(is_ready());
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, SaysWhoHoldsItsPartitionAndTakesItWhenItIsFree) {
  const auto other = log().acquire({"node-2", false}, "their-token");
  ASSERT_TRUE(other.has_value());
  start();
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(changes().back().why, "held by node-2");
  ASSERT_TRUE(log().release("their-token").has_value());
  advance(2s);
  settle();
  EXPECT_TRUE(is_ready());
}

TEST_F(PartitionRecovery, WritesNothingAfterAnotherNodeHasTakenOver) {
  start();
  hand_over(append({"A"}));
  settle();
  const auto before = log().states;
  ASSERT_TRUE(log().acquire({"node-2", true}, "their-token").has_value());
  hand_over(append({"A"}));
  settle();
  EXPECT_FALSE(is_ready());
  EXPECT_EQ(log().states, before);
  EXPECT_EQ(log().token, "their-token");
}

TEST_F(PartitionRecovery, GoesOnAfterAFailoverThatLostTheNewestEvents) {
  start();
  hand_over(append({"A"}));
  settle();
  const auto kept = log();  // what the replica has
  hand_over(append({"A", "B"}));
  settle();
  log() = kept;
  bodies.resize(1);
  caf::anon_send(partition, StoreChanged{false, "failover"});
  hand_over(append({"B"}));
  caf::anon_send(partition, StoreChanged{true, {}});
  settle();
  settle();
  EXPECT_TRUE(is_ready());
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, DoesNotTellTooEarlyAfterAFailoverThatLostEvents) {
  start();
  const auto kept = log();
  for (int i = 0; i < 5; ++i) hand_over(append({"A"}));
  settle();
  log() = kept;  // the history begins anew, with smaller sequences
  log().token.clear();
  caf::anon_send(partition, StoreChanged{false, "failover"});
  caf::anon_send(partition, StoreChanged{true, {}});
  settle();
  hand_over(append({"B"}));
  run();
  caf::anon_send(partition, TellWhenApplied{asker.actor().address(), 1});
  run();
  const auto commits = journal.commits();
  journal.deliver();
  run();
  ASSERT_EQ(journal.commits(), commits + 1);
  EXPECT_EQ(asker.count<AppliedNow>(), 0u) << "not committed in this history";
  settle();
  EXPECT_EQ(asker.count<AppliedNow>(), 1u);
}

TEST_F(PartitionRecovery, FindsEventsThatNobodyHandedOver) {
  start();
  hand_over(append({"A"}));
  settle();
  (void)append({"A", "B"});  // as by a Scribe that crashed before it could tell
  advance(11s);
  settle();
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, SurvivesACrashInItsOwnCode) {
  start();
  hand_over(append({"A"}));
  settle();
  journal.crash_next_write();
  hand_over(append({"A", "B"}));
  settle();
  hand_over(append({"B"}));  // waits in the mailbox
  settle();
  advance(100ms);
  settle();
  advance(1s);
  settle();
  EXPECT_TRUE(is_ready());
  EXPECT_EQ(changes().at(1).why, "restarted after a crash");
  expect_everything_applied_once();
}

TEST_F(PartitionRecovery, StandsStillBeforeAnEntryThatItCannotRead) {
  hand_over(append({"A"}));
  log().entries.back().blob = "garbage";
  (void)append({"A"});
  start();
  advance(10s);
  settle();
  EXPECT_EQ(decided.size(), 0u) << "what comes after it is not applied before it";
  const auto said = std::find_if(changes().begin(), changes().end(), [](const PartitionChanged& c) {
    return c.why.find("unreadable log entry " ) == 0;
  });
  EXPECT_NE(said, changes().end());
}

TEST_F(PartitionRecovery, DrainsEvenWhenItsLastCommitFails) {
  start();
  hand_over(append({"A"}));
  run();
  caf::anon_send(partition, Drain{});
  run();
  journal.fail_next_commit({FaultCode::unavailable, "cut"});
  settle();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

}  // namespace
}  // namespace denrei::test
