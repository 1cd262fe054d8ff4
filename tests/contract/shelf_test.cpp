// The port's promises about the names of a shelf's fields and the newest entries of a log: all of them, page by page, a bounded
// look each time.
#include <set>

#include "contract/journal_param.hpp"

namespace denrei::test {
namespace {

const std::string staff("employee\0", 9);

class ShelfFields : public JournalTest {
 protected:
  void SetUp() override { token_ = acquire()->token; }

  void put(const std::vector<std::string>& names) {
    Commit c{.token = token_, .expected = cursor_, .upto = append({record("event " + std::to_string(++events_))})->last};
    for (const auto& name : names) c.states.emplace_back(name, "file of " + name);
    cursor_ = c.upto;
    ASSERT_TRUE(commit(std::move(c)));
  }
  Result<FieldsPage> page(FieldsQuery query, ShelfName shelf = ShelfName::states) {
    return ask<FieldsPage>([&](auto done) { rig_->shelf().fields(tag, shelf, query, std::move(done)); });
  }
  // Calls `between` after each page.
  std::set<std::string> all(FieldsQuery query, const std::function<void()>& between = [] {}) {
    std::set<std::string> seen;
    pages_ = largest_ = 0;
    do {
      auto got = page(query).value();
      seen.insert(got.fields.begin(), got.fields.end());
      largest_ = std::max(largest_, got.fields.size());
      query.cursor = got.next;
      ++pages_;
      between();
    } while (query.cursor != "0");
    return seen;
  }
  static std::vector<std::string> numbered(const std::string& prefix, int from, int count) {
    std::vector<std::string> names;
    for (int i = from; i < from + count; ++i) names.push_back(prefix + std::to_string(i));
    return names;
  }

  std::string token_, cursor_ = "0-0";
  int events_ = 0;
  std::size_t pages_ = 0, largest_ = 0;
};
DENREI_FOR_EACH_JOURNAL(ShelfFields);

TEST_P(ShelfFields, NamesWhatACommitWroteAndNothingElse) {
  EXPECT_TRUE(all({}).empty());
  put({staff + "E1", staff + "E2", "case", std::string("\0\r\n\xff", 4)});
  EXPECT_EQ(all({}), (std::set<std::string>{staff + "E1", staff + "E2", "case", std::string("\0\r\n\xff", 4)}));
  EXPECT_TRUE(page({}, ShelfName::timeline)->fields.empty());
  EXPECT_TRUE(page({}, ShelfName::repeats)->fields.empty());
  EXPECT_EQ(page({})->next, "0");
}

TEST_P(ShelfFields, TakesThePrefixAsItIsWritten) {
  put({"a*b", "axb", "a[x]", "a?", "a\\n", "a\\", "b", staff + "E", "employee"});
  EXPECT_EQ(all({.prefix = "a*"}), std::set<std::string>{"a*b"});
  EXPECT_EQ(all({.prefix = "a["}), std::set<std::string>{"a[x]"});
  EXPECT_EQ(all({.prefix = "a?"}), std::set<std::string>{"a?"});
  EXPECT_EQ(all({.prefix = "a\\"}), (std::set<std::string>{"a\\", "a\\n"}));
  EXPECT_EQ(all({.prefix = staff}), std::set<std::string>{staff + "E"});
  EXPECT_EQ(all({.prefix = "z"}), std::set<std::string>{});
}

TEST_P(ShelfFields, MissesNothingThatIsThereFromTheFirstPageToTheLast) {
  put(numbered(staff, 0, 900));
  int more = 900;
  const auto seen = all({.prefix = staff, .count = 150}, [&] { put(numbered(staff, std::exchange(more, more + 300), 300)); });
  for (const auto& name : numbered(staff, 0, 900)) EXPECT_TRUE(seen.contains(name)) << name;
  EXPECT_GT(pages_, 3u);
  EXPECT_LT(largest_, 500u) << "pages of about 150";
}

TEST_P(ShelfFields, LooksAtABoundedNumberOfFieldsACall) {
  for (int i = 0; i < 3; ++i) put(numbered("bulletin", 1'000 * i, 1'000));
  put({staff + "E1"});
  EXPECT_EQ(all({.prefix = staff}), std::set<std::string>{staff + "E1"});
  EXPECT_GE(pages_, 2u);
  EXPECT_LT(pages_, 10u);
}

TEST_P(ShelfFields, RefusesWhatIsNoCursorOrNoTag) {
  EXPECT_EQ(fault_of(page({.cursor = ""})), FaultCode::invalid);
  EXPECT_EQ(fault_of(page({.cursor = "behind a"})), FaultCode::invalid);
  tag = "";
  EXPECT_EQ(fault_of(page({})), FaultCode::invalid);
}

TEST_P(ShelfFields, AreUnavailableWhileTheStoreIsAway) {
  put({staff + "E1"});
  rig_->cut();
  EXPECT_EQ(fault_of(page({})), FaultCode::unavailable);
  rig_->mend();
  EXPECT_EQ(all({}), std::set<std::string>{staff + "E1"});
}

class ShelfNewest : public JournalTest {
 protected:
  // Entries whose blobs have about that many bytes each; gives their ids.
  std::vector<std::string> fill(int entries, std::size_t bytes = 100) {
    std::vector<std::string> ids;
    for (int i = 0; i < entries; ++i) ids.push_back(append({record("event " + std::to_string(++events_), std::string(bytes, 'x'))})->last);
    return ids;
  }
  // Page by page to the beginning; what all the pages give, oldest first.
  std::vector<std::string> all(NewestQuery query) {
    std::vector<std::string> ids;
    largest_ = 0;
    for (pages_ = 0; pages_ < 1'000; ++pages_) {
      const auto page = newest(query).value();
      if (page.empty()) return ids;
      largest_ = std::max(largest_, page.size());
      std::vector<std::string> older;
      for (const auto& entry : page) older.push_back(entry.id);
      ids.insert(ids.begin(), older.begin(), older.end());
      query.before = page.front().id;
    }
    ADD_FAILURE() << "does not end";
    return ids;
  }

  int events_ = 0;
  std::size_t pages_ = 0, largest_ = 0;
};
DENREI_FOR_EACH_JOURNAL(ShelfNewest);

TEST_P(ShelfNewest, PagesBackToTheBeginningWithoutGapOrOverlap) {
  EXPECT_TRUE(newest(10)->empty());
  const auto ids = fill(90);
  for (const std::size_t count : {1u, 7u, 16u, 31u, 89u, 90u, 91u}) {
    EXPECT_EQ(all({.before = {}, .count = count}), ids) << count;
    EXPECT_EQ(largest_, std::min<std::size_t>(count, 90)) << count;
  }
}

TEST_P(ShelfNewest, APageHasAsManyBytesAsAsked) {
  const auto ids = fill(40, 996);  // and 4 bytes of length: 1,000
  EXPECT_EQ(all({.before = {}, .count = 1'000, .bytes = 10'000}), ids);
  EXPECT_EQ(largest_, 10u);
  EXPECT_EQ(pages_, 4u);
  EXPECT_EQ(all({.before = {}, .count = 1'000, .bytes = 9'999}), ids);
  EXPECT_EQ(largest_, 9u);
}

TEST_P(ShelfNewest, AnEntryLargerThanAPageComesAlone) {
  auto ids = fill(1, 20'000);
  for (const auto& id : fill(3)) ids.push_back(id);
  for (const auto& id : fill(2, 30'000)) ids.push_back(id);
  EXPECT_EQ(all({.before = {}, .count = 100, .bytes = 1'000}), ids);
  EXPECT_EQ(all({.before = {}, .count = 100, .bytes = 0}), ids);
  EXPECT_EQ(pages_, ids.size());
}

TEST_P(ShelfNewest, GivesWhatIsOlderAlsoThanAnEntryThatIsGone) {
  const auto ids = fill(5);
  const auto page = newest({.before = "4-0", .count = 2}).value();
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(page.front().id, ids[1]);
  EXPECT_EQ(page.back().id, ids[2]);
  EXPECT_EQ(page.back().blob, batch({std::string(100, 'x')}));
  EXPECT_TRUE(newest({.before = ids.front()})->empty());
}

TEST_P(ShelfNewest, RefusesWhatIsNoLogIdAndIsUnavailableWithTheStore) {
  fill(1);
  EXPECT_EQ(fault_of(newest({.before = "yesterday"})), FaultCode::invalid);
  rig_->cut();
  EXPECT_EQ(fault_of(newest(1)), FaultCode::unavailable);
  rig_->mend();
  EXPECT_EQ(newest(1)->size(), 1u);
}

}  // namespace
}  // namespace denrei::test
