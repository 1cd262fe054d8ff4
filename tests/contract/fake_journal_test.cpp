// The fake's own switches: answers by hand, planned faults before and after acting, a dropped tail.
#include "support/fake_journal.hpp"

#include "contract/journal_fixture.hpp"

namespace denrei::test {
namespace {

TEST(FakeJournal, AnswersAtOnceOrByHand) {
  int answers = 0;
  const auto count = [&answers](const Result<AppendReply>&) { ++answers; };
  FakeJournal at_once;
  at_once.append("p0", {record("a")}, noon, count);
  EXPECT_EQ(answers, 1);
  FakeJournal by_hand(Answers::by_hand);
  by_hand.append("p0", {record("a")}, noon, count);
  by_hand.append("p0", {record("b")}, noon, count);
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(by_hand.deliver(1), 1u);
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(by_hand.waiting(), 1u);
}

TEST(FakeJournal, FailsTheNextAppendWithOrWithoutActing) {
  FakeJournal journal;
  std::vector<Result<AppendReply>> replies;
  const auto keep = [&replies](Result<AppendReply> reply) { replies.push_back(std::move(reply)); };
  journal.fail_next_append({FaultCode::unavailable, "lost"});
  journal.append("p0", {record("a")}, noon, keep);
  EXPECT_EQ(journal.log("p0").seq, 0u);
  journal.fail_next_append({FaultCode::unavailable, "lost"}, Acted::yes);
  journal.append("p0", {record("a")}, noon, keep);
  EXPECT_EQ(journal.log("p0").seq, 1u);
  journal.append("p0", {record("a")}, noon, keep);
  ASSERT_EQ(replies.size(), 3u);
  EXPECT_EQ(replies[1].error().detail, "lost");
  EXPECT_EQ(replies[2]->outcomes.at(0).what, Appended::repeat);
}

TEST(FakeJournal, FailsTheNextCommitOnly) {
  FakeJournal journal;
  std::string token;
  journal.acquire("p0", {.node = "alpha"}, [&token](const Result<Acquired>& owner) { token = owner->token; });
  journal.fail_next_commit({FaultCode::fenced, "planned"});
  std::vector<bool> done;
  for (int i = 0; i < 2; ++i)
    journal.commit("p0", {.token = token, .expected = "0-0", .upto = "0-0"}, [&done](const Result<void>& ok) { done.push_back(ok.has_value()); });
  EXPECT_EQ(done, (std::vector<bool>{false, true}));
  EXPECT_EQ(journal.commits(), 2u);
}

TEST(FakeJournal, ADroppedTailIsForgottenAltogether) {
  FakeJournal journal;
  std::vector<AppendReply> replies;
  const auto keep = [&replies](Result<AppendReply> reply) { replies.push_back(reply.value()); };
  journal.append("p0", {record("a")}, noon, keep);
  journal.append("p0", {record("b")}, noon, keep);
  journal.log("p0").drop_tail(1);
  journal.append("p0", {record("a")}, noon, keep);
  journal.append("p0", {record("b")}, noon, keep);
  ASSERT_EQ(replies.size(), 4u);
  EXPECT_EQ(replies[2].outcomes.at(0).what, Appended::repeat);
  EXPECT_EQ(replies[3].outcomes.at(0).seq, 2u);
  EXPECT_EQ(replies[3].previous, replies[0].last);
  EXPECT_NE(replies[3].last, replies[1].last) << "the same number under another id";
}

}  // namespace
}  // namespace denrei::test
