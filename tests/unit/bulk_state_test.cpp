// The state file: what it remembers over an end of any kind, and what it refuses to go on from.
#include "denrei/app/cli/bulk_state.hpp"

#include "bulk_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = BulkEntry::Kind;

const BulkLoad load{.csv_sha256 = "abc", .rows = 3, .source = "employee", .url = "https://r/x"};

TEST(BulkEntry, ReadsWhatItWrote) {
  const auto at = parse_iso8601("2025-11-20T05:00:00.123Z").value();
  for (const auto kind : {Kind::sending, Kind::done, Kind::retry, Kind::failed, Kind::stopped, Kind::again}) {
    BulkEntry entry{.kind = kind, .row = 41, .at = at, .status = 503, .error = "\"quoted\"\n山"};
    if (kind == Kind::sending) entry.body_time = at + Millis{1};
    if (kind == Kind::retry) entry.due = at + Millis{2};
    if (kind == Kind::done) entry.repeat = true;
    const auto line = format_entry(entry);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto read = parse_entry(line);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(format_entry(*read), line);
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->row, 41u);
    EXPECT_EQ(read->body_time, entry.body_time);
    EXPECT_EQ(read->due, entry.due);
    EXPECT_EQ(read->repeat, entry.repeat);
  }
}

TEST(BulkEntry, RefusesWhatItWouldNotWrite) {
  for (const auto* line : {"", "{}", "[]", "x", R"({"is":"done","row":0,"at":"2025-11-20T05:00:00Z"})", R"({"is":"gone","row":1,"at":"2025-11-20T05:00:00Z"})",
                           R"({"is":"done","row":1})", R"({"is":"sending","row":1,"at":"2025-11-20T05:00:00Z"})",
                           R"({"is":"retry","row":1,"at":"2025-11-20T05:00:00Z","due":"soon"})", R"({"is":"done","row":"1","at":"2025-11-20T05:00:00Z"})"})
    EXPECT_FALSE(parse_entry(line)) << line;
}

class BulkStateTest : public BulkWorld {
 protected:
  Result<BulkState> open(const BulkLoad& of = load) { return BulkState::open(state_.string(), of, now_); }
  std::string fault(const BulkLoad& of = load) {
    const auto state = open(of);
    return state ? "" : state.error().detail;
  }
  void record(BulkState& state, BulkEntry entry) {
    entry.at = now_;
    const auto written = state.record(entry);
    ASSERT_TRUE(written) << written.error().detail;
  }
};

TEST_F(BulkStateTest, RemembersEveryRow) {
  {
    auto state = open();
    ASSERT_TRUE(state);
    EXPECT_FALSE(state->is_resumed());
    record(*state, {.kind = Kind::sending, .row = 0, .body_time = now_});
    record(*state, {.kind = Kind::done, .row = 0, .status = 200, .repeat = true});
    record(*state, {.kind = Kind::sending, .row = 1, .body_time = now_});
    record(*state, {.kind = Kind::retry, .row = 1, .due = now_ + Millis{60'000}, .status = 500, .error = "500: busy"});
    record(*state, {.kind = Kind::sending, .row = 2, .body_time = now_ + Millis{7}});
  }
  const auto state = open();
  ASSERT_TRUE(state) << state.error().detail;
  EXPECT_TRUE(state->is_resumed());
  const auto& rows = state->rows();
  EXPECT_EQ(rows[0].stage, RowStage::sent);
  EXPECT_TRUE(rows[0].repeat);
  EXPECT_EQ(rows[1].stage, RowStage::waiting);
  EXPECT_EQ(rows[1].due, now_ + Millis{60'000});
  EXPECT_EQ(rows[1].attempts, 1u);
  EXPECT_EQ(rows[1].error, "500: busy");
  EXPECT_EQ(rows[2].stage, RowStage::sending);
  EXPECT_EQ(rows[2].body_time, now_ + Millis{7});
}

TEST_F(BulkStateTest, IsOnDiskBeforeItIsTrue) {
  auto state = open();
  ASSERT_TRUE(state);
  record(*state, {.kind = Kind::sending, .row = 1, .body_time = now_});
  EXPECT_THAT(read(state_), AllOf(StartsWith("{\"denreiBulk\":1,"), HasSubstr("\n{\"is\":\"sending\",\"row\":2,")));
  EXPECT_EQ(std::filesystem::status(state_).permissions() & std::filesystem::perms::all, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(BulkStateTest, ForgetsALineThatWasBeingWrittenAndGoesOnAfterTheLastWholeOne) {
  {
    auto state = open();
    record(*state, {.kind = Kind::sending, .row = 0, .body_time = now_});
    record(*state, {.kind = Kind::done, .row = 0, .status = 200});
  }
  const auto whole = read(state_);
  const auto last = whole.rfind("{\"is\"");
  for (const auto cut : {last + 1, last + 20, whole.size() - 2, whole.size() - 1}) {
    write(state_, whole.substr(0, cut));
    auto state = open();
    ASSERT_TRUE(state) << cut << " " << state.error().detail;
    EXPECT_EQ(state->rows()[0].stage, RowStage::sending) << cut;
    record(*state, {.kind = Kind::done, .row = 0, .status = 200});
    EXPECT_EQ(read(state_), whole);
  }
}

TEST_F(BulkStateTest, ReadsFilesLargerThanOneBlock) {
  const BulkLoad large{.csv_sha256 = "abc", .rows = 2'000, .source = "employee", .url = "https://r/x"};
  ASSERT_TRUE(open(large));
  auto text = read(state_);
  for (std::size_t row = 0; row < large.rows; ++row) text += format_entry({.kind = Kind::failed, .row = row, .at = now_, .error = std::string(row % 300, 'x')}) + '\n';
  write(state_, text);
  const auto state = open(large);
  ASSERT_TRUE(state) << state.error().detail;
  for (std::size_t row = 0; row < large.rows; ++row) ASSERT_EQ(state->rows()[row].error.size(), row % 300);
}

TEST_F(BulkStateTest, RefusesAnotherCsvAddressOrSource) {
  ASSERT_EQ(fault(), "");
  auto other = load;
  other.csv_sha256 = "abd";
  EXPECT_THAT(fault(other), HasSubstr("the CSV has changed since"));
  other = load;
  other.url = "https://other/x";
  EXPECT_THAT(fault(other), HasSubstr("it is about sending to https://r/x"));
  other = load;
  other.source = "employee2";
  EXPECT_THAT(fault(other), HasSubstr("it is about source employee"));
  EXPECT_EQ(fault(), "");
}

TEST_F(BulkStateTest, NeverTouchesAFileThatIsNoState) {
  for (const auto* text : {"staffId,fullName\nS-1,n\n", "{\"denreiBulk\":2,\"rows\":3}\n", "no line break at all", "{}\n"}) {
    write(state_, text);
    EXPECT_NE(fault(), "") << text;
    EXPECT_EQ(read(state_), text);
  }
  ASSERT_TRUE(std::filesystem::remove(state_));
  ASSERT_EQ(fault(), "");
  write(state_, read(state_) + "{\"is\":\"done\",\"row\":4,\"at\":\"2025-11-20T05:00:00Z\"}\n");
  EXPECT_THAT(fault(), HasSubstr(":2: is not an entry of this load"));
  write(state_, std::string(9'000, 'x'));
  EXPECT_THAT(fault(), HasSubstr("is not the state of a bulk load"));
}

TEST_F(BulkStateTest, LetsOnlyOneRunWorkWithIt) {
  auto first = open();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, FaultCode::overloaded);
  EXPECT_THAT(second.error().detail, HasSubstr("another run is at work"));
}

TEST_F(BulkStateTest, SaysWhenItCannotBeWritten) {
  EXPECT_THAT(BulkState::open((folder_ / "absent" / "state").string(), load, now_).error().detail, HasSubstr("cannot be opened"));
  EXPECT_THAT(BulkState::open("/dev/full", load, now_).error().detail, HasSubstr("/dev/full: cannot be written: No space left on device"));
}

TEST_F(BulkStateTest, IsRefusedByTheCommandWithTheWayOut) {
  write_people(2);
  is_interrupted_ = [this] { return !arrivals_.empty(); };
  ASSERT_EQ(bulk(), 130);
  write_people(3);
  is_interrupted_ = [] { return false; };
  EXPECT_EQ(bulk(), 2);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("the CSV has changed since"), HasSubstr("to begin anew, move " + state_.string() + " away")));
  EXPECT_THAT(arrivals_, ::testing::IsEmpty());
  EXPECT_EQ(bulk({"--state", (folder_ / "new").string()}), 0);
  EXPECT_EQ(arrivals_.size(), 3u);
}

}  // namespace
}  // namespace denrei
