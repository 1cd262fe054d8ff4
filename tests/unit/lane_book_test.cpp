// The lane book: order within a lane, fairness between lanes, blocks, batches and partitions that go away.
#include "denrei/domain/lane_book.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "unit/sample_lanes.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

using Seqs = std::vector<std::uint64_t>;

Seqs take_and_finish_all(LaneBook& book, WallTime now = start) {
  Seqs seqs;
  while (const auto taken = book.take_ready(now)) {
    seqs.push_back(taken->seq);
    book.finish(taken->lane);
  }
  return seqs;
}

TEST(LaneBook, GivesALaneInTheOrderOfTheLogHoweverItWasAdded) {
  LaneBook book;
  for (const auto seq : Seqs{3, 1, 4, 2, 5}) EXPECT_TRUE(book.add(pending(7, seq)));
  EXPECT_EQ(book.size(), 5u);
  EXPECT_EQ(book.lanes(), 1u);
  EXPECT_EQ(take_and_finish_all(book), (Seqs{1, 2, 3, 4, 5}));
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.lanes(), 0u);
}

TEST(LaneBook, HasAtMostOneOfALaneOut) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(7, 2));
  book.add(pending(8, 3));
  EXPECT_EQ(take(book), 1u);
  EXPECT_EQ(take(book), 3u);
  EXPECT_EQ(take(book), 0u);
  EXPECT_TRUE(book.is_out(7, id_of(1)));
  EXPECT_FALSE(book.is_out(7, id_of(2)));
  EXPECT_EQ(book.size(), 3u) << "what is out counts";
  book.finish(7);
  EXPECT_FALSE(book.is_out(7, id_of(1)));
  EXPECT_EQ(take(book), 2u);
}

TEST(LaneBook, RefusesADeliveryThatIsThereAlready) {
  LaneBook book;
  EXPECT_TRUE(book.add(pending(7, 1)));
  EXPECT_TRUE(book.add(pending(7, 2)));
  EXPECT_FALSE(book.add(pending(7, 1))) << "the head";
  EXPECT_FALSE(book.add(pending(7, 2))) << "one of the rest";
  EXPECT_EQ(take(book), 1u);
  EXPECT_FALSE(book.add(pending(7, 1))) << "the one that is out";
  EXPECT_EQ(book.size(), 2u);
}

TEST(LaneBook, PutsAnOlderOneInFrontUnlessTheLaneIsOut) {
  LaneBook book;
  book.add(pending(7, 5));
  book.add(pending(7, 4, start + 10s));
  EXPECT_EQ(take(book), 0u) << "the older one is the head now, and it is not due";
  EXPECT_EQ(take(book, start + 10s), 4u);
  book.add(pending(7, 3));
  EXPECT_EQ(take(book, start + 10s), 0u);
  book.finish(7);
  EXPECT_EQ(take_and_finish_all(book, start + 10s), (Seqs{3, 5}));
}

TEST(LaneBook, PutsAnOlderOneInFrontOfALaneThatIsReady) {
  LaneBook book;
  book.add(pending(7, 5));
  EXPECT_TRUE(book.has_ready(start));
  book.add(pending(7, 4, start + 10s));
  EXPECT_FALSE(book.has_ready(start));
  EXPECT_EQ(book.next_due(), start + 10s);
}

TEST(LaneBook, LetsAnOlderOneThatCameMeanwhileGoBeforeAPostponedOne) {
  LaneBook book;
  book.add(pending(7, 5));
  EXPECT_EQ(take(book), 5u);
  book.add(pending(7, 3));
  book.postpone(7, start + 60s, false);
  EXPECT_EQ(take(book), 3u);
  book.finish(7);
  EXPECT_EQ(take(book), 0u);
  EXPECT_EQ(book.next_due(), start + 60s);
  EXPECT_EQ(take(book, start + 60s), 5u);
}

TEST(LaneBook, HoldsBackALaneWhileItsHeadWaitsAndNoOther) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(7, 2));
  book.add(pending(8, 3));
  EXPECT_EQ(take(book), 1u);
  book.postpone(7, start + 60s, false);
  EXPECT_EQ(take(book), 3u);
  EXPECT_EQ(take(book, start + 60s - 1ms), 0u);
  EXPECT_EQ(book.next_due(), start + 60s);
  EXPECT_EQ(take(book, start + 60s), 1u);
  EXPECT_EQ(book.next_due(), std::nullopt) << "out, and what is behind it waits for it, not for a time";
}

TEST(LaneBook, GivesTheLaneFirstThatBecameDueFirst) {
  LaneBook book;
  book.add(pending(1, 11, start + 3s));
  book.add(pending(2, 12, start + 1s));
  book.add(pending(3, 13, start + 2s));
  EXPECT_EQ(take_and_finish_all(book, start + 5s), (Seqs{12, 13, 11}));
}

TEST(LaneBook, GivesLanesThatAreDueTogetherInTheOrderOfTheLog) {
  LaneBook book;
  Seqs expected;
  for (std::uint64_t i = 0; i < 100; ++i) book.add(pending(i, 1 + (i * 37) % 100));
  for (std::uint64_t seq = 1; seq <= 100; ++seq) expected.push_back(seq);
  EXPECT_EQ(take_and_finish_all(book), expected);
}

TEST(LaneBook, ALongLaneDoesNotStarveTheOthers) {
  LaneBook book;
  for (std::uint64_t seq = 1; seq <= 100; ++seq) book.add(pending(7, seq));
  book.add(pending(8, 200, start + 1s));
  book.add(pending(9, 201, start + 1s));
  EXPECT_EQ(take(book, start + 2s), 1u);
  book.finish(7);
  EXPECT_EQ(take(book, start + 2s), 200u) << "was due before lane 7 came back";
  EXPECT_EQ(take(book, start + 2s), 201u);
  EXPECT_EQ(take(book, start + 2s), 2u);
}

TEST(LaneBook, TakesWhatWasPutBackFirst) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(8, 2));
  EXPECT_EQ(take(book), 1u);
  book.put_back(7);
  EXPECT_FALSE(book.is_out(7, id_of(1)));
  EXPECT_EQ(take_and_finish_all(book), (Seqs{1, 2}));
}

TEST(LaneBook, PutBackGivesWayToAnOlderOneOfItsLane) {
  LaneBook book;
  book.add(pending(7, 5));
  EXPECT_EQ(take(book), 5u);
  book.add(pending(7, 3));
  book.put_back(7);
  EXPECT_EQ(take_and_finish_all(book), (Seqs{3, 5}));
}

TEST(LaneBook, OrdersForALaneThatIsNotOutChangeNothing) {
  LaneBook book;
  book.add(pending(7, 1, start + 10s));
  for (const auto lane : Seqs{7, 8}) {
    book.finish(lane);
    book.postpone(lane, start, false);
    book.put_back(lane);
  }
  book.unblock(7, id_of(1));
  EXPECT_EQ(take(book), 0u);
  EXPECT_EQ(book.size(), 1u);
  EXPECT_EQ(take(book, start + 10s), 1u);
}

TEST(LaneBook, OffersNothingOfABlockedLaneUntilAnOperatorFreesIt) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(7, 2));
  EXPECT_EQ(take(book), 1u);
  book.block(7, id_of(1));
  EXPECT_EQ(book.size(), 1u) << "the dead one has left the book";
  EXPECT_EQ(book.blocked(), 1u);
  book.add(pending(7, 3));
  EXPECT_EQ(take(book, start + 24h), 0u);
  EXPECT_EQ(book.next_due(), std::nullopt) << "it waits for a person, not for a time";
  book.unblock(7, id_of(1));
  EXPECT_EQ(book.blocked(), 0u);
  EXPECT_EQ(take_and_finish_all(book), (Seqs{2, 3}));
}

TEST(LaneBook, LetsTheBlockingOneGoWhenItIsRevived) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(7, 2));
  EXPECT_EQ(take(book), 1u);
  book.block(7, id_of(1));
  EXPECT_TRUE(book.add(pending(7, 1, start + 5s)));
  EXPECT_EQ(book.blocked(), 0u);
  EXPECT_EQ(take(book), 0u) << "what is behind it does not overtake";
  EXPECT_EQ(take_and_finish_all(book, start + 5s), (Seqs{1, 2}));
}

TEST(LaneBook, IsToldOfBlocksBeforeTheirLanesExist) {
  LaneBook book;
  book.block(7, id_of(1), 1);
  book.add(pending(7, 2));
  EXPECT_EQ(take(book), 0u);
  book.add(pending(8, 3));
  EXPECT_EQ(take(book), 3u);
  book.add(pending(7, 1));
  EXPECT_EQ(take(book), 1u) << "revived when nothing of it had been out in this life";
}

TEST(LaneBook, KeepsALaneBlockedWhileAnyDeadOneHoldsIt) {
  LaneBook book;
  book.block(7, id_of(1), 1);
  book.block(7, id_of(2), 1);
  book.block(7, id_of(2), 1);
  book.add(pending(7, 3));
  EXPECT_EQ(book.blocked(), 1u);
  book.unblock(7, id_of(9));
  book.unblock(7, id_of(2));
  EXPECT_EQ(take(book), 0u);
  book.unblock(7, id_of(1));
  EXPECT_EQ(take(book), 3u);
}

TEST(LaneBook, BlocksALaneOnlyAfterWhatIsOutHasComeBack) {
  for (const bool puts_back : {false, true}) {
    LaneBook book;
    book.add(pending(7, 5));
    book.add(pending(7, 6));
    EXPECT_EQ(take(book), 5u);
    book.block(7, id_of(1));
    EXPECT_TRUE(book.is_out(7, id_of(5)));
    if (puts_back) book.put_back(7);
    else book.finish(7);
    EXPECT_EQ(take(book), 0u);
    book.unblock(7, id_of(1));
    EXPECT_EQ(take(book), puts_back ? 5u : 6u);
  }
}

TEST(LaneBook, BlocksALaneThatIsReadyOrWaits) {
  LaneBook book;
  book.add(pending(7, 1));
  book.add(pending(8, 2, start + 1s));
  EXPECT_TRUE(book.has_ready(start));
  book.block(7, id_of(100));
  book.block(8, id_of(101));
  EXPECT_FALSE(book.has_ready(start + 1s));
  book.unblock(8, id_of(101));
  EXPECT_EQ(take(book, start + 1s), 2u);
}

TEST(LaneBook, KeepsWhatIsBetweenTwoRoundsForTheNextBatchOrItsTime) {
  LaneBook book;
  for (const auto lane : Seqs{7, 8}) book.add(pending(lane, lane));
  EXPECT_EQ(take(book), 7u);
  EXPECT_EQ(take(book), 8u);
  book.postpone(7, start + 1h, true);
  book.postpone(8, start + 1h, false);
  EXPECT_FALSE(book.has_ready(start + 1min));
  book.begin_batch(start + 1min);
  EXPECT_EQ(take(book, start + 1min), 7u) << "8 waits for a retry, not for a batch";
  EXPECT_EQ(take(book, start + 1min), 0u);
  book.postpone(7, start + 2h, true);
  EXPECT_EQ(take(book, start + 1h), 8u);
  const auto again = book.take_ready(start + 2h);
  ASSERT_TRUE(again) << "without a batch its time comes";
  EXPECT_TRUE(again->waits_for_batch);
}

TEST(LaneBook, ABatchNeverMakesAnythingLater) {
  LaneBook book;
  auto waits = pending(7, 1, start + 1s);
  waits.waits_for_batch = true;
  book.add(waits);
  book.begin_batch(start + 10s);
  EXPECT_EQ(book.next_due(), start + 1s);
}

TEST(LaneBook, ABatchReachesWhatWaitsBehindAnOlderOneOrABlock) {
  LaneBook book;
  auto waits = pending(7, 5, start + 1h);
  waits.waits_for_batch = true;
  book.add(waits);
  book.add(pending(7, 3));
  waits = {id_of(6), 6, 8, start + 1h, 1, true};
  book.add(waits);
  book.block(8, id_of(1));
  book.begin_batch(start);
  EXPECT_EQ(take_and_finish_all(book), (Seqs{3, 5}));
  book.unblock(8, id_of(1));
  EXPECT_EQ(take(book), 6u);
}

TEST(LaneBook, ForgetsAPartitionWhateverIsOutOrBlocked) {
  LaneBook book;
  std::uint64_t seq = 0;
  for (std::uint64_t lane = 0; lane < 40; ++lane)
    for (int i = 0; i < 3; ++i) {
      ++seq;
      const auto due = start + Millis{static_cast<std::int64_t>(seq * 7 % 31)};
      book.add({id_of(seq), seq, lane, due, static_cast<std::uint32_t>(lane % 4), i == 2});
    }
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(book.take_ready(start + 31ms));
  for (std::uint64_t lane = 30; lane < 40; ++lane) book.block(lane, id_of(1'000 + lane));
  book.block(44, id_of(2'000), 0);  // whose lane does not exist
  for (std::uint32_t partition = 0; partition < 4; ++partition) {
    EXPECT_EQ(book.size(), 120u - 30u * partition);
    book.forget(partition);
    EXPECT_EQ(book.lanes(), 30u - 10u * partition);
    for (const auto& left : book.list(0, 1'000)) EXPECT_GT(left.partition, partition);
  }
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(book.blocked(), 0u);
  EXPECT_EQ(book.next_due(), std::nullopt);
  EXPECT_FALSE(book.has_ready(start + 1h));
  EXPECT_TRUE(book.add({id_of(1), 1, 0, start, 0, false})) << "it may come back";
  EXPECT_EQ(take(book), 1u);
}

TEST(LaneBook, LearnsFromADeliveryWhichPartitionABlockIsOf) {
  LaneBook book;
  book.block(7, id_of(1));
  book.add(pending(7, 2));
  book.forget(2);
  EXPECT_EQ(book.blocked(), 1u);
  book.forget(1);
  EXPECT_EQ(book.blocked(), 0u);
}

TEST(LaneBook, KeepsTheOrderOfTheOthersWhenItForgets) {
  LaneBook book;
  for (std::uint64_t i = 1; i <= 1'000; ++i)
    book.add({id_of(i), i, i, start + Millis{static_cast<std::int64_t>(i * 7'919 % 1'000)}, static_cast<std::uint32_t>(i % 3), false});
  book.forget(1);
  WallTime last{};
  for (std::size_t i = 0; i < 666; ++i) {
    const auto taken = book.take_ready(start + 1h);
    ASSERT_TRUE(taken);
    EXPECT_GE(taken->due, last);
    last = taken->due;
  }
  EXPECT_FALSE(book.has_ready(start + 1h));
}

TEST(LaneBook, ListsEverythingOncePageByPage) {
  LaneBook book;
  for (std::uint64_t seq = 1; seq <= 50; ++seq) book.add(pending(seq % 7, seq));
  ASSERT_TRUE(book.take_ready(start));
  std::set<std::uint64_t> seen;
  for (std::size_t skip = 0; skip < 50; skip += 9) {
    const auto page = book.list(skip, 9);
    EXPECT_EQ(page.size(), std::min<std::size_t>(9, 50 - skip));
    for (const auto& one : page) {
      EXPECT_TRUE(seen.insert(one.seq).second);
      EXPECT_EQ(one.lane, one.seq % 7);
      EXPECT_EQ(one.id, id_of(one.seq));
    }
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_TRUE(book.list(50, 9).empty());
  EXPECT_TRUE(book.list(0, 0).empty());
}

}  // namespace
}  // namespace denrei
