// Coalescing: what is known to be newer, and that nothing is remembered of what has gone.
#include "../../src/actors/coalescing.hpp"

#include <gtest/gtest.h>

namespace denrei::test {
namespace {

class CoalescingTest : public ::testing::Test {
 protected:
  CoalescingTest() { destination.coalesce = {"updated", "hourly"}; }
  static DeliveryHead head(std::uint64_t seq, const std::string& key = "a", const std::string& type = "updated") {
    DeliveryHead out;
    out.seq = seq;
    out.family = "announcement";
    out.key = key;
    out.type = type;
    return out;
  }
  void learn(const DeliveryHead& one, std::uint32_t partition = 0) { coalescing.learn(destination, partition, one); }
  bool is_needless(const DeliveryHead& one) { return coalescing.has_newer(destination, one); }

  Destination destination;
  Coalescing coalescing;
};

TEST_F(CoalescingTest, OnlyTheNewestOfAKeyAndTypeIsNeeded) {
  for (const auto seq : {1u, 3u, 2u}) learn(head(seq));
  EXPECT_TRUE(is_needless(head(1)));
  EXPECT_TRUE(is_needless(head(2)));
  EXPECT_FALSE(is_needless(head(3)));
  EXPECT_FALSE(is_needless(head(1, "b")));
  EXPECT_FALSE(is_needless(head(1, "a", "hourly")));
  EXPECT_EQ(coalescing.size(), 1u);
}

TEST_F(CoalescingTest, KeysAndTypesAreNotMixedUp) {
  destination.coalesce = {"*"};
  learn(head(9, "aupd", "ated"));
  EXPECT_FALSE(is_needless(head(1, "a", "updated")));
}

TEST_F(CoalescingTest, ForgetsWhatHasGone) {
  learn(head(1));
  learn(head(2));
  coalescing.left(head(1));
  EXPECT_EQ(coalescing.size(), 1u);
  coalescing.left(head(2));
  EXPECT_EQ(coalescing.size(), 0u);
  EXPECT_FALSE(is_needless(head(1))) << "the newer one is not there any more";
}

TEST_F(CoalescingTest, ForgetsWhatItKnowsByItsPlaceAlone) {
  learn(head(2), 7);
  learn(head(2, "b"), 8);
  coalescing.left(7, 1);
  EXPECT_EQ(coalescing.size(), 2u);
  coalescing.left(7, 2);
  EXPECT_EQ(coalescing.size(), 1u);
  EXPECT_TRUE(is_needless(head(1, "b")));
}

TEST_F(CoalescingTest, ForgetsALostPartitionOnly) {
  learn(head(2), 7);
  learn(head(2, "b"), 8);
  coalescing.lose(7);
  EXPECT_FALSE(is_needless(head(1)));
  EXPECT_TRUE(is_needless(head(1, "b")));
}

TEST_F(CoalescingTest, FollowsTheConfigurationAsItIsNow) {
  learn(head(2));
  destination.coalesce = {"hourly"};
  EXPECT_FALSE(is_needless(head(1)));
  coalescing.left(head(2));
  EXPECT_EQ(coalescing.size(), 0u);
}

TEST_F(CoalescingTest, TheNewerInheritsTheBatchesThatFailed) {
  learn(head(1));
  learn(head(2));
  auto left = head(1);
  left.round = 3;
  coalescing.bequeath(left);
  left.dead = DeadReason::superseded;
  coalescing.left(left);
  auto newer = std::make_shared<Delivery>();
  newer->head = head(2);
  EXPECT_EQ(coalescing.heir(newer)->head.round, 3u);
  learn(head(3));
  EXPECT_EQ(coalescing.heir(newer)->head.round, 1u) << "it is not the newest any more";
  auto newest = std::make_shared<Delivery>();
  newest->head = head(3);
  EXPECT_EQ(coalescing.heir(newest)->head.round, 3u);
  coalescing.left(head(2));  // delivered
  EXPECT_EQ(coalescing.heir(newest), newest) << "from now on as ever";
}

TEST_F(CoalescingTest, WhatAnOperatorSentAgainIsNeeded) {
  learn(head(2));
  auto again = head(1);
  again.resends = 1;
  EXPECT_FALSE(is_needless(again));
}

}  // namespace
}  // namespace denrei::test
