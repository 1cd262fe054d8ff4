// The port's promises about pending and dead deliveries: scans, whole records, and settles that are all or nothing.
#include <algorithm>
#include <numeric>

#include "contract/outbox_param.hpp"
#include "denrei/base/limits.hpp"

namespace denrei::test {
namespace {

class OutboxContract : public OutboxTest {};
DENREI_FOR_EACH_JOURNAL(OutboxContract);

using Heads = std::multiset<std::string>;

std::vector<std::string> names_of(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("d" + std::to_string(i));
  return names;
}

TEST_P(OutboxContract, ScansHeadsOfWhatCommitsWrote) {
  EXPECT_TRUE(all_heads(OutboxPart::pending).empty());
  commit_deliveries(names_of(3));
  EXPECT_EQ(all_heads(OutboxPart::pending), (Heads{head_of("d0"), head_of("d1"), head_of("d2")}));
  EXPECT_TRUE(all_heads(OutboxPart::dead).empty());
  EXPECT_EQ(scan(OutboxPart::pending)->next, "0");
}

TEST_P(OutboxContract, GivesRecordsThatAreShorterThanTheirHeadAsTheyAre) {
  const auto liar = Packer().u16(500).raw("short").take();
  const auto headless = Packer().u16(0).raw("rest").take();
  commit_records({{delivery_id("a"), "x"}, {delivery_id("b"), liar}, {delivery_id("c"), ""}, {delivery_id("d"), headless}});
  EXPECT_EQ(all_heads(OutboxPart::pending), (Heads{"x", liar, "", head_of("")}));
}

TEST_P(OutboxContract, AScanMissesNothingThatIsThereFromItsFirstPageToItsLast) {
  const auto names = names_of(3'500);
  for (auto at = names.begin(); at != names.end(); at += 500) commit_deliveries(std::vector<std::string>(at, at + 500));
  std::set<std::string> seen;
  std::size_t pages = 0, finished = 0;
  for (std::string cursor = "0"; pages == 0 || cursor != "0"; ++pages) {
    auto page = scan(OutboxPart::pending, cursor).value();
    seen.insert(page.heads.begin(), page.heads.end());
    cursor = page.next;
    std::vector<OutboxChange> changes;  // every third goes meanwhile, new ones come
    for (int i = 0; i < 200 && finished < names.size(); ++i, finished += 3)
      changes.push_back({Kind::finish, delivery_id(names[finished]), {}});
    ASSERT_TRUE(settle(changes));
    commit_deliveries({"new " + std::to_string(pages)});
  }
  EXPECT_GT(pages, 3u);
  EXPECT_LT(pages, 10u) << "pages of about a thousand heads";
  for (std::size_t i = 0; i < names.size(); ++i) ASSERT_TRUE(i % 3 == 0 || seen.contains(head_of(names[i]))) << names[i];
}

TEST_P(OutboxContract, RefusesACursorThatIsNone) {
  EXPECT_EQ(fault_of(scan(OutboxPart::pending, "")), FaultCode::invalid);
  EXPECT_EQ(fault_of(scan(OutboxPart::dead, "behind a")), FaultCode::invalid);
}

TEST_P(OutboxContract, FetchesWholeRecordsInTheOrderAsked) {
  commit_deliveries({"a", "b"});
  EXPECT_EQ(fetch(OutboxPart::pending, {delivery_id("b"), delivery_id("x"), delivery_id("a")}).value(),
            (Blobs{delivery("b"), std::nullopt, delivery("a")}));
  EXPECT_EQ(fetch(OutboxPart::dead, {delivery_id("a")}).value(), Blobs{std::nullopt});
  EXPECT_TRUE(fetch(OutboxPart::pending, {})->empty());
}

TEST_P(OutboxContract, UpdatesAndFinishesWhatIsPending) {
  commit_deliveries({"a", "b"});
  ASSERT_TRUE(settle({{Kind::update, delivery_id("a"), delivery("a", "try 2")}, {Kind::finish, delivery_id("b"), {}}}));
  EXPECT_EQ(pending("a"), delivery("a", "try 2"));
  EXPECT_EQ(pending("b"), std::nullopt);
  EXPECT_EQ(dead("b"), std::nullopt);
}

TEST_P(OutboxContract, NeverBringsBackWhatIsGone) {
  commit_deliveries(names_of(1));
  ASSERT_TRUE(settle({{Kind::finish, delivery_id("a"), {}},
                      {Kind::update, delivery_id("a"), delivery("a")},
                      {Kind::amend, delivery_id("a"), delivery("a")},
                      {Kind::revive, delivery_id("a"), delivery("a")},
                      {Kind::discard, delivery_id("a"), {}}}));
  EXPECT_EQ(pending("a"), std::nullopt);
  EXPECT_EQ(dead("a"), std::nullopt);
  EXPECT_EQ(all_heads(OutboxPart::pending).size(), 1u);
}

TEST_P(OutboxContract, BuriesAmendsAndRevives) {
  commit_deliveries({"a"});
  ASSERT_TRUE(settle({{Kind::bury, delivery_id("a"), delivery("dead a")}}));
  EXPECT_EQ(pending("a"), std::nullopt);
  EXPECT_EQ(dead("a"), delivery("dead a"));
  EXPECT_EQ(all_heads(OutboxPart::dead), Heads{head_of("dead a")});
  ASSERT_TRUE(settle({{Kind::amend, delivery_id("a"), delivery("alerted a")}}));
  EXPECT_EQ(dead("a"), delivery("alerted a"));
  ASSERT_TRUE(settle({{Kind::revive, delivery_id("a"), delivery("again a")}}));
  EXPECT_EQ(dead("a"), std::nullopt);
  EXPECT_EQ(pending("a"), delivery("again a"));
}

TEST_P(OutboxContract, BuriesWhatWasNeverPendingAndDiscardsTheDead) {
  ASSERT_TRUE(settle({{Kind::bury, delivery_id("a"), delivery("a")}, {Kind::bury, delivery_id("b"), delivery("b")}}));
  ASSERT_TRUE(settle({{Kind::discard, delivery_id("a"), {}}}));
  EXPECT_EQ(dead("a"), std::nullopt);
  EXPECT_EQ(dead("b"), delivery("b"));
}

TEST_P(OutboxContract, AppliesChangesInTheOrderGiven) {
  commit_deliveries({"a", "b", "c"});
  ASSERT_TRUE(settle({{Kind::update, delivery_id("a"), delivery("a", "2")},
                      {Kind::update, delivery_id("a"), delivery("a", "3")},
                      {Kind::bury, delivery_id("b"), delivery("b")},
                      {Kind::revive, delivery_id("b"), delivery("b", "again")},
                      {Kind::finish, delivery_id("b"), {}},
                      {Kind::finish, delivery_id("c"), {}},
                      {Kind::bury, delivery_id("c"), delivery("c")},
                      {Kind::discard, delivery_id("c"), {}},
                      {Kind::bury, delivery_id("d"), delivery("d")}}));
  EXPECT_EQ(pending("a"), delivery("a", "3"));
  EXPECT_EQ(all_heads(OutboxPart::pending), Heads{head_of("a")});
  EXPECT_EQ(all_heads(OutboxPart::dead), Heads{head_of("d")});
}

TEST_P(OutboxContract, SettlesLongRunsAndTheirNeighbours) {
  const auto names = names_of(1'000);
  commit_deliveries(names);
  std::vector<OutboxChange> changes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i % 300 == 299) changes.push_back({Kind::update, delivery_id(names[i]), delivery(names[i], "kept")});
    else changes.push_back({Kind::finish, delivery_id(names[i]), {}});
  }
  ASSERT_TRUE(settle(changes));
  EXPECT_EQ(all_heads(OutboxPart::pending), (Heads{head_of("d299"), head_of("d599"), head_of("d899")}));
  EXPECT_EQ(pending("d599"), delivery("d599", "kept"));
}

TEST_P(OutboxContract, ARefusedSettleWritesNothing) {
  commit_deliveries({"a"});
  const std::vector<std::string> texts{"text"};
  const OutboxChange good{Kind::finish, delivery_id("a"), {}};
  const std::vector<Settlement> bad{
      {token(), {good, {Kind::finish, "short", {}}}, texts, texts},
      {token(), {good, {Kind::discard, delivery_id("b") + "x", {}}}, texts, texts},
      {token(), {good, {Kind::update, delivery_id("b"), {}}}, texts, texts},
      {token(), {good, {Kind::bury, delivery_id("b"), {}}}, texts, texts},
      {token(), {good, {Kind::revive, {}, delivery("b")}}, texts, texts},
      {token(), {good, {Kind::amend, delivery_id("b"), {}}}, texts, texts},
      {token(), std::vector<OutboxChange>(1'001, good), texts, texts},
      {token(), {good}, std::vector<std::string>(1'001, "text"), texts},
      {token(), {good}, texts, std::vector<std::string>(1'001, "text")},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) EXPECT_EQ(fault_of(settle(bad[i])), FaultCode::invalid) << i;
  EXPECT_EQ(pending("a"), delivery("a"));
  EXPECT_TRUE(delivered(0, 10)->empty());
  EXPECT_TRUE(audit(0, 10)->empty());
  EXPECT_TRUE(settle({token(), {good}, texts, texts})) << "the control";
  EXPECT_EQ(pending("a"), std::nullopt);
}

TEST_P(OutboxContract, OnlyTheOwnerSettles) {
  commit_deliveries({"a"});
  const auto old_token = token();
  const auto new_token = acquire("beta", true)->token;
  for (const auto& wrong : {old_token, std::string("guessed"), std::string()})
    EXPECT_EQ(fault_of(settle({wrong, {{Kind::finish, delivery_id("a"), {}}}, {"delivered"}, {"audit"}})), FaultCode::fenced) << wrong;
  EXPECT_EQ(pending("a"), delivery("a"));
  EXPECT_TRUE(delivered(0, 10)->empty());
  EXPECT_TRUE(audit(0, 10)->empty());
  EXPECT_TRUE(settle({new_token, {{Kind::finish, delivery_id("a"), {}}}, {}, {}}));
  EXPECT_EQ(pending("a"), std::nullopt);
}

TEST_P(OutboxContract, SettlesNothingAtAll) {
  EXPECT_TRUE(settle({token(), {}, {}, {}}));
  EXPECT_EQ(fault_of(settle({"guessed", {}, {}, {}})), FaultCode::fenced);
}

TEST_P(OutboxContract, SettlesAlthoughTheStoreIsFull) {
  commit_deliveries({"a", "b"});
  rig_->set_full(true);
  EXPECT_TRUE(settle({token(), {{Kind::finish, delivery_id("a"), {}}, {Kind::bury, delivery_id("b"), delivery("b")}}, {"a"}, {"b"}}));
  EXPECT_EQ(all_heads(OutboxPart::dead).size(), 1u);
  rig_->set_full(false);
}

TEST_P(OutboxContract, KeepsEverythingOverTheDeathOfTheStore) {
  commit_deliveries({"a", "b"});
  ASSERT_TRUE(settle({token(), {{Kind::bury, delivery_id("b"), delivery("b")}}, {"delivered"}, {}}));
  rig_->cut();
  EXPECT_EQ(fault_of(scan(OutboxPart::pending)), FaultCode::unavailable);
  EXPECT_EQ(fault_of(fetch(OutboxPart::pending, {delivery_id("a")})), FaultCode::unavailable);
  EXPECT_EQ(fault_of(settle({token(), {}, {}, {}})), FaultCode::unavailable);
  rig_->mend();
  EXPECT_EQ(pending("a"), delivery("a"));
  EXPECT_EQ(dead("b"), delivery("b"));
  EXPECT_EQ(delivered(0, 10).value(), (Numbered{{1, "delivered"}}));
  EXPECT_TRUE(settle({token(), {{Kind::finish, delivery_id("a"), {}}}, {}, {}}));
}

TEST_P(OutboxContract, RefusesATagThatIsNone) {
  tag = "";
  EXPECT_EQ(fault_of(scan(OutboxPart::pending)), FaultCode::invalid);
  EXPECT_EQ(fault_of(fetch(OutboxPart::pending, {})), FaultCode::invalid);
  EXPECT_EQ(fault_of(settle({"token", {}, {}, {}})), FaultCode::invalid);
  tag = "}";
  EXPECT_EQ(fault_of(find(make_event_id("test", "a"))), FaultCode::invalid);
  EXPECT_EQ(fault_of(delivered(0, 1)), FaultCode::invalid);
  EXPECT_EQ(fault_of(audit(0, 1)), FaultCode::invalid);
}

TEST_P(OutboxContract, AnswersInOneOrderWithTheJournal) {
  const auto owner = token();
  std::vector<int> order;
  const auto note = [&order](int n) { return [&order, n](const auto&) { order.push_back(n); }; };
  rig_->outbox().settle(tag, {owner, {}, {"x"}, {}}, note(0));
  rig_->journal().append(tag, {record("a")}, noon, note(1));
  rig_->outbox().fetch(tag, OutboxPart::pending, {}, note(2));
  rig_->chronicle().delivered(tag, 0, 5, note(3));
  rig_->shelf().look(tag, ShelfName::states, {}, note(4));
  rig_->outbox().scan("", OutboxPart::dead, "0", note(5));
  rig_->chronicle().find_event(tag, make_event_id("test", "a"), note(6));
  rig_->registers().all("group", note(7));
  EXPECT_TRUE(order.empty()) << "no answer comes inside the call";
  rig_->run_until([&] { return order.size() == 8; });
  std::vector<int> asked(8);
  std::iota(asked.begin(), asked.end(), 0);
  EXPECT_EQ(order, asked);
}

}  // namespace
}  // namespace denrei::test
