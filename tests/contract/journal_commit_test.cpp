// The port's promises about commits and the shelf: all sections in one step, notifications, trimming, answers in order.
#include <algorithm>

#include "contract/journal_param.hpp"
#include "denrei/base/limits.hpp"

namespace denrei::test {
namespace {

class Committing : public JournalTest {
 protected:
  // Appends one event, owns the partition and gives a commit that applies it.
  Commit next() {
    if (token_.empty()) token_ = acquire()->token;
    const auto upto = append({record("event " + std::to_string(++events_))})->last;
    return {.token = token_, .expected = std::exchange(cursor_, upto), .upto = upto};
  }
  std::string token_, cursor_ = "0-0";
  int events_ = 0;
};
DENREI_FOR_EACH_JOURNAL(Committing);

TEST_P(Committing, WritesStatesAndChunksAsGiven) {
  auto c = next();
  const std::string field("employee\0s-1", 12), blob("\0\r\n\xff", 4);
  c.states = {{field, blob}, {"empty", ""}};
  c.chunks = {{"s-1#0", line("a")}};
  ASSERT_TRUE(commit(c));
  const auto states = look(ShelfName::states, {field, "unknown", "empty"}).value();
  EXPECT_EQ(states, (Blobs{blob, std::nullopt, ""}));
  EXPECT_EQ(look(ShelfName::timeline, {"s-1#0"})->front(), line("a"));
  EXPECT_TRUE(look(ShelfName::states, {})->empty());
}

TEST_P(Committing, KeepsTheNewestStateOfAKey) {
  auto c = next();
  c.states = {{"k", "one"}};
  ASSERT_TRUE(commit(c));
  c = next();
  c.states = {{"k", "two"}};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), "two");
}

TEST_P(Committing, TakesMoreFieldsThanOneCallToLuaHolds) {
  auto c = next();
  for (int i = 0; i < 2'500; ++i) c.states.emplace_back("k" + std::to_string(i), "v" + std::to_string(i));
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(look(ShelfName::states, {"k0", "k999", "k1000", "k2499"}).value(), (Blobs{"v0", "v999", "v1000", "v2499"}));
}

TEST_P(Committing, ADroppedChunkTakesTheRepeatCountsOfItsLinesAlong) {
  static_cast<void>(append({record("a"), record("b"), record("c")}));
  static_cast<void>(append({record("a"), record("b"), record("c")}));
  auto c = next();
  c.chunks = {{"chunk 0", line("a") + line("b")}, {"chunk 1", line("c")}};
  ASSERT_TRUE(commit(c));
  c = next();
  c.dropped_chunks = {"chunk 0", "never written"};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(look(ShelfName::timeline, {"chunk 0", "chunk 1"}).value(), (Blobs{std::nullopt, line("c")}));
  EXPECT_EQ(repeats("a"), std::nullopt);
  EXPECT_EQ(repeats("b"), std::nullopt);
  EXPECT_EQ(repeats("c"), "1");
}

TEST_P(Committing, DropsAChunkThatIsNoChunk) {
  static_cast<void>(append({record("a"), record("a")}));
  auto c = next();
  c.chunks = {{"torn", line("b") + "\x40"}, {"short", Packer().u16(3).raw("abc").take()}, {"empty line", Packer().u16(0).raw(make_event_id("test", "a").raw()).take()}, {"liar", Packer().u16(65'535).raw(std::string(20, 'x')).take()}};
  ASSERT_TRUE(commit(c));
  c = next();
  c.dropped_chunks = {"torn", "short", "empty line", "liar"};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(look(ShelfName::timeline, c.dropped_chunks).value(), Blobs(4, std::nullopt));
  EXPECT_EQ(repeats("a"), "1") << "it was in no line";
}

TEST_P(Committing, KeepsNotificationsUntilTheyAreForgotten) {
  EXPECT_TRUE(pending()->empty());
  auto c = next();
  c.notifications = {{"1-0", "first"}, {"1-1", "second"}};
  ASSERT_TRUE(commit(c));
  c = next();
  c.notifications = {{"2-0", "third"}};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(pending().value(), (Pairs{{"1-0", "first"}, {"1-1", "second"}, {"2-0", "third"}}));
  ASSERT_TRUE(forget({"1-0", "2-0", "9-9"}));
  EXPECT_EQ(pending().value(), (Pairs{{"1-1", "second"}}));
  EXPECT_TRUE(forget({}));
}

TEST_P(Committing, RefusesNotificationsThatDoNotRiseAndWritesNothing) {
  auto c = next();
  c.notifications = {{"5-0", "x"}};
  ASSERT_TRUE(commit(c));
  ASSERT_TRUE(forget({"5-0"}));
  auto bad = next();
  bad.states = {{"k", "must not appear"}};
  for (const Pairs& ids : {Pairs{{"5-0", "again"}}, Pairs{{"4-9", "older"}}, Pairs{{"6-1", "x"}, {"6-1", "y"}}, Pairs{{"7-0", "x"}, {"6-0", "y"}}}) {
    bad.notifications = ids;
    EXPECT_EQ(fault_of(commit(bad)), FaultCode::invalid) << ids.front().first;
  }
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), std::nullopt);
  bad.notifications = {{"6-0", "x"}};
  EXPECT_TRUE(commit(bad)) << "the cursor had not moved";
}

TEST_P(Committing, GivesTheNewestEntriesOldestFirst) {
  EXPECT_TRUE(newest(5)->empty());
  std::vector<std::string> ids;
  for (const auto* name : {"a", "b", "c"}) ids.push_back(append({record(name)})->last);
  const auto two = newest(2).value();
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].id, ids[1]);
  EXPECT_EQ(two[1].id, ids[2]);
  EXPECT_EQ(newest(10)->size(), 3u);
}

TEST_P(Committing, TrimsWhatIsAppliedAndNothingElse) {
  std::vector<std::string> ids;
  for (int i = 0; i < 450; ++i) ids.push_back(append({record("e" + std::to_string(i))})->last);
  const auto token = acquire()->token;
  ASSERT_TRUE(commit({.token = token, .expected = "0-0", .upto = ids[299], .trim_below = 100'000}));
  EXPECT_LT(newest(1'000)->size(), ids.size());
  EXPECT_EQ(read(token, ids[299], 1'000)->size(), 150u);
  EXPECT_EQ(acquire()->seq, 450u);
}

// Redis trims whole nodes of the stream, so only a batch at the end of a node can show the difference: one of these is.
TEST_P(Committing, KeepsTheBatchThatHoldsTheTrimmingPoint) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; i += 4)
    ids.push_back(append({record(std::to_string(i)), record(std::to_string(i + 1)), record(std::to_string(i + 2)), record(std::to_string(i + 3))})->last);
  const auto token = acquire()->token;
  ASSERT_TRUE(commit({.token = token, .expected = "0-0", .upto = ids.back()}));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(commit({.token = token, .expected = ids.back(), .upto = ids.back(), .trim_below = 4 * i + 3}));
    const auto left = newest(1'000).value();
    ASSERT_TRUE(std::ranges::any_of(left, [&](const LogEntry& entry) { return entry.id == ids[i]; })) << ids[i];
  }
  EXPECT_LT(newest(1'000)->size(), ids.size());
}

TEST_P(Committing, AnswersInTheOrderAsked) {
  const auto owner = acquire().value();
  std::vector<int> order;
  const auto note = [&order](int n) { return [&order, n](const auto&) { order.push_back(n); }; };
  rig_->journal().append(tag, {record("a")}, noon, note(1));
  rig_->shelf().look(tag, ShelfName::states, {}, note(2));
  rig_->journal().append(tag, std::vector<AppendRecord>(limits::append_events_max + 1), noon, note(3));
  rig_->journal().append("", {record("b")}, noon, note(4));
  rig_->journal().read(tag, owner.token, "0-0", 10, note(5));
  rig_->shelf().forget_notifications(tag, {}, note(6));
  EXPECT_TRUE(order.empty()) << "no answer comes inside the call";
  rig_->run_until([&] { return order.size() == 6; });
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace denrei::test
