// Oldest first over numbered streams: where it begins, what it leaves out, and that nothing in between is lost.
#include "../../src/actors/oldest_first.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "../../src/actors/archive_days.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;

constexpr WallTime start{std::chrono::milliseconds{1'760'000'000'000}};

class OldestFirstTest : public ::testing::Test {
 protected:
  using Stream = std::vector<OldestFirst::Entry>;  // oldest first

  void add(std::size_t partition, Millis at, std::string record = {}) {
    auto& stream = streams.at(partition);
    const auto place = stream.empty() ? first_place : stream.back().place + 1;
    if (record.empty()) record = std::to_string(partition) + "/" + std::to_string(place);
    stream.push_back({place, start + at, std::move(record)});
  }
  // As ports/chronicle promises it.
  static Stream page(const Stream& stream, const OldestFirst::Question& question) {
    Stream out;
    for (auto at = stream.rbegin(); at != stream.rend() && out.size() < question.count; ++at)
      if (question.before == 0 || at->place < question.before) out.push_back(*at);
    return out;
  }
  std::vector<std::string> read_all(std::optional<WallTime> since = {}, std::optional<WallTime> until = {}) {
    OldestFirst merge(static_cast<std::uint32_t>(streams.size()), since, until);
    std::vector<std::string> out;
    for (asked = 0; asked < 10'000;) {
      while (auto record = merge.take()) out.push_back(std::move(*record));
      const auto wanted = merge.wanted();
      if (wanted.empty()) return out;
      for (const auto& question : wanted) {
        ++asked;
        merge.add(question.partition, page(streams.at(question.partition), question));
      }
    }
    ADD_FAILURE() << "it does not end";
    return out;
  }

  std::uint64_t first_place = 1;
  std::vector<Stream> streams{3};
  std::size_t asked = 0;
};

TEST_F(OldestFirstTest, IsEmptyWhereNothingIs) { EXPECT_TRUE(read_all().empty()); }

TEST_F(OldestFirstTest, MergesByTime) {
  add(0, 1s);
  add(2, 2s);
  add(1, 3s);
  add(0, 4s);
  EXPECT_EQ(read_all(), (std::vector<std::string>{"0/1", "2/1", "1/1", "0/2"}));
}

TEST_F(OldestFirstTest, LosesNothingOfManyChunks) {
  std::mt19937 dice(7);
  std::size_t count = 0;
  for (std::size_t p = 0; p < 3; ++p)
    for (std::size_t n = 0; n < 250 * p + 1; ++n, ++count) add(p, Millis{dice() % 50 + n * 100});
  const auto all = read_all();
  EXPECT_EQ(all.size(), count);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), count);
}

TEST_F(OldestFirstTest, FindsWhereATimeBeginsWithFewQuestions) {
  first_place = 900'001;  // what was before has been cut
  for (int n = 0; n < 20'000; ++n) add(0, Millis{n * 1'000});
  const auto found = read_all(start + 15'000s, start + 15'009s);
  ASSERT_EQ(found.size(), 10u);
  EXPECT_EQ(found.front(), "0/915001");
  EXPECT_EQ(found.back(), "0/915010");
  EXPECT_LT(asked, 45u);
}

TEST_F(OldestFirstTest, TakesBothEndsIn) {
  for (int n = 0; n < 5; ++n) add(0, Millis{n});
  EXPECT_EQ(read_all(start + 1ms, start + 3ms), (std::vector<std::string>{"0/2", "0/3", "0/4"}));
  EXPECT_TRUE(read_all(start + 5ms).empty());
  EXPECT_TRUE(read_all({}, start - 1ms).empty());
}

TEST_F(OldestFirstTest, BearsSmallDisorder) {
  for (int n = 0; n < 500; ++n) add(0, Millis{n * 10 + (n % 7 == 0 ? 400 : 0)});
  std::size_t expected = 0;
  for (const auto& entry : streams[0]) expected += *entry.at >= start + 2'000ms && *entry.at <= start + 3'000ms;
  EXPECT_EQ(read_all(start + 2'000ms, start + 3'000ms).size(), expected);
}

TEST_F(OldestFirstTest, CountsTheUnreadableAsOldAsTheOneBefore) {
  add(0, 1s);
  add(0, 2s, "broken");
  streams[0].back().at.reset();
  add(0, 3s);
  EXPECT_EQ(read_all(start + 1s, start + 1s), (std::vector<std::string>{"0/1", "broken"}));
}

TEST_F(OldestFirstTest, LeavesOutWhatArrivesLater) {
  add(0, 1s);
  OldestFirst merge(1, {}, {});
  const auto question = merge.wanted().at(0);
  merge.add(0, page(streams[0], question));
  add(0, 2s);
  merge.add(0, page(streams[0], merge.wanted().at(0)));
  EXPECT_EQ(merge.take(), "0/1");
  EXPECT_FALSE(merge.take());
  EXPECT_TRUE(merge.wanted().empty());
}

// --- which day is archived when

class ArchiveDaysTest : public ::testing::Test {
 protected:
  static WallTime at(const char* text) { return parse_iso8601(text).value(); }
  ArchiveDays days;
  const std::int64_t the_20th = tokyo_day(at("2025-11-20T12:00:00+09:00"));
};

TEST_F(ArchiveDaysTest, WaitsUntilTheRegisterIsKnown) {
  EXPECT_FALSE(days.due(at("2025-11-21T12:00:00+09:00")));
  days.know(std::nullopt);
  EXPECT_EQ(days.due(at("2025-11-21T12:00:00+09:00")), the_20th) << "yesterday";
}

TEST_F(ArchiveDaysTest, TakesEachDayOnceAfterItHasEnded) {
  days.know(the_20th - 1);
  EXPECT_FALSE(days.due(at("2025-11-21T00:00:59.999+09:00")));
  EXPECT_EQ(days.due(at("2025-11-21T00:01:00+09:00")), the_20th);
  days.done(the_20th);
  EXPECT_FALSE(days.due(at("2025-11-21T23:59:00+09:00")));
  EXPECT_EQ(days.due(at("2025-11-22T00:01:00+09:00")), the_20th + 1);
}

TEST_F(ArchiveDaysTest, MakesUpForThirtyDaysAndTheOldestFirst) {
  days.know(the_20th - 3);
  EXPECT_EQ(days.due(at("2025-11-21T10:00:00+09:00")), the_20th - 2);
  days.know(the_20th - 100);
  EXPECT_EQ(days.due(at("2025-11-21T10:00:00+09:00")), the_20th - 29);
}

TEST_F(ArchiveDaysTest, RestsAfterAFailure) {
  days.know(the_20th - 1);
  days.failed(at("2025-11-21T10:00:00+09:00"));
  EXPECT_FALSE(days.due(at("2025-11-21T10:09:59+09:00")));
  EXPECT_EQ(days.due(at("2025-11-21T10:10:00+09:00")), the_20th);
}

}  // namespace
}  // namespace denrei::test
