// The port's promises about the names of a shelf's fields: all of them, by prefix, page by page, a bounded look each time.
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

}  // namespace
}  // namespace denrei::test
