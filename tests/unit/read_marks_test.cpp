// Read marks: stretches join and part as readers mark and unmark, and never say anything else than a set of cursors would.
#include "denrei/domain/read_marks.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

using Stretches = std::vector<MarkStretch>;
constexpr MarkStretch everything{1, 1'000'000};

ReadMarks marked(std::initializer_list<MarkStretch> stretches) {
  ReadMarks marks;
  for (const auto& stretch : stretches) marks.mark(stretch);
  return marks;
}
Result<ReadMarks> decide(const ReadMarks& marks, Marking what, std::vector<std::uint64_t> cursors, MarkStretch window = everything) {
  return decide_marks(marks, {what, std::move(cursors)}, window);
}
// As many as are allowed, with a hole between each two: 2, 4, 6, …
ReadMarks full() {
  ReadMarks marks;
  for (std::uint64_t i = 1; i <= limits::mark_stretches_max; ++i) marks.mark({2 * i, 2 * i});
  return marks;
}

TEST(ReadMarks, NeighboursGrowTogether) {
  EXPECT_EQ(marked({{5, 5}, {7, 7}}).stretches(), (Stretches{{5, 5}, {7, 7}}));
  EXPECT_EQ(marked({{5, 5}, {7, 7}, {6, 6}}).stretches(), (Stretches{{5, 7}}));
  EXPECT_EQ(marked({{5, 9}, {1, 4}}).stretches(), (Stretches{{1, 9}}));
  EXPECT_EQ(marked({{1, 2}, {4, 5}, {8, 9}, {2, 8}}).stretches(), (Stretches{{1, 9}}));
  EXPECT_EQ(marked({{3, 3}, {0, 2}, {9, 8}}).stretches(), (Stretches{{3, 3}})) << "no stretches";
}

TEST(ReadMarks, UnmarkingPartsAStretch) {
  auto marks = marked({{1, 9}});
  marks.unmark({4, 5});
  EXPECT_EQ(marks.stretches(), (Stretches{{1, 3}, {6, 9}}));
  marks.unmark({3, 6});
  EXPECT_EQ(marks.stretches(), (Stretches{{1, 2}, {7, 9}}));
  marks.unmark({1, 100});
  EXPECT_TRUE(marks.is_empty());
}

TEST(ReadMarks, SayWhatASetOfCursorsWouldSay) {
  std::mt19937_64 dice(7);
  for (int round = 0; round < 200; ++round) {
    ReadMarks marks;
    std::set<std::uint64_t> wanted;
    for (int step = 0; step < 40; ++step) {
      const auto first = 1 + dice() % 60, last = first + dice() % 6;
      const bool adds = dice() % 3 != 0;
      if (adds) marks.mark({first, last});
      else marks.unmark({first, last});
      for (auto c = first; c <= last; ++c) adds ? static_cast<void>(wanted.insert(c)) : static_cast<void>(wanted.erase(c));
    }
    MarkWalk walk(marks);
    for (std::uint64_t c = 1; c <= 70; ++c) ASSERT_EQ(walk.is_marked(c), wanted.contains(c)) << c;
    for (std::size_t i = 1; i < marks.stretches().size(); ++i)
      ASSERT_LT(marks.stretches()[i - 1].last + 1, marks.stretches()[i].first) << "they neither touch nor overlap";
    ASSERT_EQ(decode_marks(encode_marks(marks)).value(), marks);
  }
}

TEST(ReadMarks, MarkingUpToACursorLeavesWhatIsBehindIt) {
  const auto marks = decide(marked({{2, 2}, {7, 7}}), Marking::mark_up_to, {5});
  EXPECT_EQ(marks->stretches(), (Stretches{{1, 5}, {7, 7}}));
  EXPECT_EQ(decide(*marks, Marking::mark_up_to, {6})->stretches(), (Stretches{{1, 7}}));
  EXPECT_EQ(decide(*marks, Marking::mark_up_to, {0})->stretches(), marks->stretches());
  EXPECT_EQ(decide(*marks, Marking::unmark, {2, 7, 99})->stretches(), (Stretches{{1, 1}, {3, 5}}));
}

TEST(ReadMarks, ForgetWhatTheInboxNoLongerShows) {
  const auto marks = marked({{1, 3}, {5, 9}, {12, 12}});
  EXPECT_EQ(decide(marks, Marking::mark, {11}, {7, 20})->stretches(), (Stretches{{7, 9}, {11, 12}}));
  EXPECT_EQ(decide(marks, Marking::mark_up_to, {8}, {7, 20})->stretches(), (Stretches{{7, 9}, {12, 12}}));
  EXPECT_EQ(decide(marks, Marking::mark, {}, {1, 8})->stretches(), (Stretches{{1, 3}, {5, 8}})) << "nor of what a store has lost";
  EXPECT_TRUE(decide(marks, Marking::mark_up_to, {8}, {1, 0})->is_empty()) << "an empty inbox";
}

TEST(ReadMarks, TooManyStretchesAreRefusedWithAWayOut) {
  const auto marks = full();
  const auto refused = decide(marks, Marking::mark, {2 * limits::mark_stretches_max + 2});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FaultCode::overloaded);
  EXPECT_NE(refused.error().detail.find("upto"), std::string::npos);
  EXPECT_TRUE(decide(marks, Marking::mark, {3})) << "what joins two needs no room";
  EXPECT_TRUE(decide(marks, Marking::mark_up_to, {9}));
}

TEST(ReadMarks, UnmarkingMayNotPartTooManyEither) {
  auto marks = full();
  marks.mark({3, 3});
  marks.mark({2 * limits::mark_stretches_max + 2, 2 * limits::mark_stretches_max + 2});
  EXPECT_FALSE(decide(marks, Marking::unmark, {3}));
}

TEST(ReadMarks, WhoHasTooManyMayStillJoinSome) {
  auto marks = full();
  marks.mark({9'000, 9'000});
  marks.mark({9'002, 9'002});
  EXPECT_TRUE(decide(marks, Marking::mark, {9'001}));
  EXPECT_FALSE(decide(marks, Marking::mark, {9'010}));
}

TEST(ReadMarks, FingerprintsTellMarksApart) {
  EXPECT_EQ(marked({{1, 2}, {3, 3}}).fingerprint(), marked({{1, 3}}).fingerprint());
  EXPECT_NE(marked({{1, 3}}).fingerprint(), marked({{1, 4}}).fingerprint());
  EXPECT_NE(marked({{1, 1}, {3, 3}}).fingerprint(), marked({{1, 3}}).fingerprint());
  EXPECT_NE(marked({}).fingerprint(), marked({{1, 1}}).fingerprint());
}

TEST(ReadMarks, WrongBytesAreFaults) {
  samples::expect_faults_for_wrong_bytes(encode_marks(marked({{1, 3}, {5, 9}})), decode_marks);
  const auto packed = [](std::initializer_list<std::uint64_t> ends) {
    Packer packer;
    packer.u8(1).u32(static_cast<std::uint32_t>(ends.size() / 2));
    for (const auto end : ends) packer.u64(end);
    return packer.take();
  };
  EXPECT_TRUE(decode_marks(packed({1, 3, 5, UINT64_MAX})));
  EXPECT_TRUE(decode_marks(packed({})));
  for (const auto& wrong : {packed({3, 1}), packed({0, 0}), packed({1, 3, 4, 5}), packed({1, 5, 2, 3}), packed({3, 4, 1, UINT64_MAX})})
    EXPECT_FALSE(decode_marks(wrong));
}

}  // namespace
}  // namespace denrei
