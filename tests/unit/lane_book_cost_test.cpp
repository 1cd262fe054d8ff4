// The lane book against a book so simple that it can be read at a glance, and what it costs with a million lanes.
#include "denrei/domain/lane_book.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>

#include "unit/sample_lanes.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

// Every lane is its deliveries by seq, with what is out and what blocks beside it; everything else is looked for.
class PlainBook {
 public:
  using Lane = std::map<std::uint64_t, Pending>;

  bool add(const Pending& one) {
    unblock(one.lane, one.seq);
    return lanes_[one.lane].emplace(one.seq, one).second;
  }
  [[nodiscard]] const Pending* head(std::uint64_t lane) const {
    const auto found = lanes_.find(lane);
    if (found == lanes_.end() || found->second.empty() || out_.contains(lane) || blocks_.contains(lane)) return nullptr;
    return &found->second.begin()->second;
  }
  [[nodiscard]] bool has_ready(WallTime now) const {
    return std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& lane) { return head(lane.first) && head(lane.first)->due <= now; });
  }
  [[nodiscard]] std::optional<WallTime> next_due(WallTime after) const {
    std::optional<WallTime> least;
    for (const auto& [lane, all] : lanes_)
      if (const auto* one = head(lane); one != nullptr && one->due > after && (!least || one->due < *least)) least = one->due;
    return least;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t count = 0;
    for (const auto& [lane, all] : lanes_) count += all.size();
    return count;
  }
  void take(std::uint64_t lane) { out_[lane] = head(lane)->seq; }
  void put_back(std::uint64_t lane) { out_.erase(lane); }
  void finish(std::uint64_t lane) {
    lanes_[lane].erase(out_.at(lane));
    out_.erase(lane);
  }
  void postpone(std::uint64_t lane, WallTime due, bool waits_for_batch) {
    auto& one = lanes_[lane].at(out_.at(lane));
    one.due = due;
    one.waits_for_batch = waits_for_batch;
    out_.erase(lane);
  }
  void block(std::uint64_t lane, std::uint64_t seq) {
    blocks_[lane].insert(seq);
    if (const auto found = out_.find(lane); found != out_.end() && found->second == seq) finish(lane);
  }
  void unblock(std::uint64_t lane, std::uint64_t seq) {
    blocks_[lane].erase(seq);
    if (blocks_[lane].empty()) blocks_.erase(lane);
  }
  void begin_batch(WallTime now) {
    for (auto& [lane, all] : lanes_)
      for (auto& [seq, one] : all)
        if (one.waits_for_batch) {
          one.due = std::min(one.due, now);
          one.waits_for_batch = false;
        }
  }
  void forget(std::uint32_t partition) {
    const auto goes = [partition](const auto& lane) { return lane.first % 3 == partition; };
    std::erase_if(lanes_, goes);
    std::erase_if(out_, goes);
    std::erase_if(blocks_, goes);
  }
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& out() const { return out_; }
  [[nodiscard]] const std::map<std::uint64_t, std::set<std::uint64_t>>& blocks() const { return blocks_; }

 private:
  std::map<std::uint64_t, Lane> lanes_;
  std::map<std::uint64_t, std::uint64_t> out_;
  std::map<std::uint64_t, std::set<std::uint64_t>> blocks_;
};

// One random story, told to both books; lane L belongs to partition L % 3.
class Story {
 public:
  explicit Story(unsigned seed) : dice_(seed) {}

  void step() {
    now_ += Millis{pick(20)};
    const auto what = pick(100);
    if (what < 35) add();
    else if (what < 65) take();
    else if (what < 97) conclude();
    else if (what < 99) begin_batch();
    else forget();
    compare();
  }

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(dice_()) % below; }

  void add() {
    const std::uint64_t lane = pick(12);
    const std::uint64_t seq = 1 + pick(40);
    const Pending one{id_of(seq), seq, lane, now_ + Millis{pick(100)}, static_cast<std::uint32_t>(lane % 3), pick(5) == 0};
    ASSERT_EQ(book_.add(one), plain_.add(one));
  }
  void take() {
    const auto taken = book_.take_ready(now_);
    ASSERT_EQ(taken.has_value(), plain_.has_ready(now_));
    if (!taken) return;
    const auto* const head = plain_.head(taken->lane);
    ASSERT_NE(head, nullptr) << "the lane is not free";
    ASSERT_EQ(taken->seq, head->seq);
    ASSERT_EQ(taken->due, head->due);
    ASSERT_LE(taken->due, now_);
    plain_.take(taken->lane);
  }
  void conclude() {
    if (plain_.out().empty() || pick(6) == 0) return change_block();
    auto it = plain_.out().begin();
    std::advance(it, pick(static_cast<std::uint32_t>(plain_.out().size())));
    const auto [lane, seq] = *it;
    ASSERT_TRUE(book_.is_out(lane, id_of(seq)));
    const auto due = now_ + Millis{pick(300)};
    const bool waits_for_batch = pick(2) == 0;
    switch (pick(4)) {
      case 0: return book_.finish(lane), plain_.finish(lane);
      case 1: return book_.postpone(lane, due, waits_for_batch), plain_.postpone(lane, due, waits_for_batch);
      case 2: return book_.put_back(lane), plain_.put_back(lane);
      default: return book_.block(lane, id_of(seq)), plain_.block(lane, seq);
    }
  }
  void change_block() {
    const std::uint64_t lane = pick(12);
    if (plain_.blocks().contains(lane)) {
      const auto seq = *plain_.blocks().at(lane).begin();
      book_.unblock(lane, id_of(seq));
      plain_.unblock(lane, seq);
    } else if (pick(3) == 0) {
      book_.block(lane, id_of(1'000), static_cast<std::uint32_t>(lane % 3));
      plain_.block(lane, 1'000);
    }
  }
  void begin_batch() {
    book_.begin_batch(now_);
    plain_.begin_batch(now_);
  }
  void forget() {
    const auto partition = pick(3);
    book_.forget(partition);
    plain_.forget(partition);
  }
  void compare() {
    ASSERT_EQ(book_.size(), plain_.size());
    ASSERT_EQ(book_.blocked(), plain_.blocks().size());
    ASSERT_EQ(book_.has_ready(now_), plain_.has_ready(now_));
    ASSERT_EQ(book_.next_due(), plain_.next_due(now_));
  }

  std::mt19937 dice_;
  WallTime now_ = start;
  LaneBook book_;
  PlainBook plain_;
};

TEST(LaneBook, DoesInEveryStoryWhatAPlainBookDoes) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    Story story{seed};
    for (int i = 0; i < 1'000; ++i) {
      story.step();
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << i;
    }
  }
}

// Without optimisation the same is done with fewer, so that a sanitizer build does not take minutes

#ifdef __OPTIMIZE__
constexpr std::uint64_t many = 1'000'000;
#else
constexpr std::uint64_t many = 50'000;
#endif

// What is allocated now. A sanitizer's allocator answers 0: then nothing is measured and nothing can fail.
double bytes_in_use() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

Pending spread(std::uint64_t i) {
  return {id_of(i), i, i * 0x9E3779B97F4A7C15u, start + Millis{static_cast<std::int64_t>(i * 7'919 % 60'000)}, 1, false};
}

TEST(LaneBook, HoldsAMillionLanesInAbout130BytesEachAndEmptiesThemInSeconds) {
  const auto before = bytes_in_use();
  const auto began = std::chrono::steady_clock::now();
  LaneBook book;
  for (std::uint64_t i = 1; i <= many; ++i) ASSERT_TRUE(book.add(spread(i)));
  const auto lane_bytes = (bytes_in_use() - before) / static_cast<double>(many);
  EXPECT_LT(lane_bytes, 160);
  for (std::uint64_t i = 1; i <= many; ++i) {
    const auto taken = book.take_ready(start + 60s);
    ASSERT_TRUE(taken);
    book.finish(taken->lane);
  }
  EXPECT_EQ(book.size(), 0u);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_LT(took, 10s);  // about one, on a slow machine with others on it
  RecordProperty("lane_bytes", std::to_string(lane_bytes));
  RecordProperty("took_ms", static_cast<int>(std::chrono::duration_cast<Millis>(took).count()));
}

TEST(LaneBook, ALaneOfAnyLengthCostsNoMoreAndKeepsItsOrder) {
  constexpr auto long_lane = many / 4;
  const auto began = std::chrono::steady_clock::now();
  const auto before = bytes_in_use();
  LaneBook book;
  for (std::uint64_t i = 1; i <= long_lane; ++i) ASSERT_TRUE(book.add(pending(7, i * 48'271 % (long_lane + 1'003) * 1'000'000 + i)));
  EXPECT_LT((bytes_in_use() - before) / static_cast<double>(long_lane), 90) << "bytes a further delivery";
  std::uint64_t last = 0;
  for (std::uint64_t i = 1; i <= long_lane; ++i) {
    const auto seq = take(book);
    ASSERT_GT(seq, last);
    last = seq;
    book.finish(7);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST(LaneBook, LeavesNothingBehindHoweverOftenALaneIsPostponedOrForgotten) {
  LaneBook book;
  for (std::uint64_t i = 1; i <= 100; ++i) book.add(spread(i));
  const auto before = bytes_in_use();
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    const auto taken = book.take_ready(start + 1min);
    ASSERT_TRUE(taken);
    book.postpone(taken->lane, start + 1min - Millis{static_cast<std::int64_t>(i % 1'000)}, i % 2 == 0);
    if (i % 200 != 0) continue;
    book.block(taken->lane, id_of(1'000'000 + i));
    book.forget(1);
    for (std::uint64_t again = 1; again <= 100; ++again) book.add(spread(again));
  }
  for (std::uint64_t lane = 1; lane <= 20'000; ++lane) {
    book.add({id_of(lane), lane, lane, start, 2, true});
    if (lane % 2 == 0) {
      book.forget(2);
    } else {
      book.forget(1);
      ASSERT_TRUE(book.take_ready(start));
      book.finish(lane);
    }
  }
  EXPECT_LT(bytes_in_use() - before, 100'000);
  EXPECT_EQ(book.size(), 0u);
}

}  // namespace
}  // namespace denrei
