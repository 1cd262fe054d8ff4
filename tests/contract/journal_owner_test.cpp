// The port's promises about owning and reading: fencing tokens, taking over, pages, and histories that were lost.
#include "contract/journal_param.hpp"

namespace denrei::test {
namespace {

class Owner : public JournalTest {
 protected:
  Commit move_cursor(const std::string& token, const std::string& from, const std::string& to) {
    return {.token = token, .expected = from, .upto = to, .states = {{"k", "moved to " + to}}};
  }
};
DENREI_FOR_EACH_JOURNAL(Owner);

TEST_P(Owner, BeginsAtTheBeginningWithAFreshToken) {
  static_cast<void>(append({record("a"), record("b")}));
  const auto owner = acquire().value();
  EXPECT_EQ(owner.cursor, "0-0");
  EXPECT_EQ(owner.seq, 2u);
  EXPECT_NE(acquire().value().token, owner.token);
}

TEST_P(Owner, ComesBackToWhereItsLastCommitEnded) {
  const auto last = append({record("a")})->last;
  const auto owner = acquire().value();
  ASSERT_TRUE(commit(move_cursor(owner.token, "0-0", last)));
  EXPECT_EQ(acquire()->cursor, last);
}

TEST_P(Owner, RefusesAnotherNodeAndNamesTheHolder) {
  ASSERT_TRUE(acquire("alpha"));
  const auto refused = acquire("beta");
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::conflict);
  EXPECT_EQ(refused.error().detail, "held by alpha");
  EXPECT_TRUE(acquire("alpha")) << "a restarted node gets its own partition back";
}

TEST_P(Owner, FencesTheOldOwnerAfterATakeOver) {
  const auto last = append({record("a")})->last;
  const auto old_owner = acquire("alpha").value();
  const auto new_owner = acquire("beta", true).value();
  EXPECT_EQ(fault_of(read(old_owner.token, "0-0")), FaultCode::fenced);
  EXPECT_EQ(fault_of(commit(move_cursor(old_owner.token, "0-0", last))), FaultCode::fenced);
  EXPECT_EQ(fault_of(release(old_owner.token)), FaultCode::fenced);
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), std::nullopt) << "a fenced commit writes nothing";
  EXPECT_TRUE(read(new_owner.token, "0-0"));
}

TEST_P(Owner, ReleasesToAnybody) {
  const auto owner = acquire("alpha").value();
  ASSERT_TRUE(release(owner.token));
  EXPECT_EQ(fault_of(read(owner.token, "0-0")), FaultCode::fenced);
  EXPECT_TRUE(acquire("beta"));
}

TEST_P(Owner, AnEmptyTokenOwnsNothing) {
  EXPECT_EQ(fault_of(read("", "0-0")), FaultCode::fenced);
  EXPECT_EQ(fault_of(commit(move_cursor("", "0-0", "0-0"))), FaultCode::fenced);
}

TEST_P(Owner, ReadsInPagesAfterAPosition) {
  std::vector<std::string> ids;
  for (const auto* name : {"a", "b", "c", "d", "e"}) ids.push_back(append({record(name, name)})->last);
  const auto token = acquire()->token;
  const auto first = read(token, "0-0", 2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].id, ids[0]);
  EXPECT_EQ(first[1].blob, batch({"b"}));
  const auto second = read(token, first.back().id, 2).value();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].id, ids[2]);
  EXPECT_EQ(read(token, ids[3], 2)->size(), 1u);
  EXPECT_TRUE(read(token, ids[4], 2)->empty());
}

TEST_P(Owner, RefusesToReadAfterAPositionThatNeverWas) {
  const auto last = append({record("a")})->last;
  const auto token = acquire()->token;
  EXPECT_EQ(fault_of(read(token, "1-1")), FaultCode::truncated);
  EXPECT_EQ(fault_of(read(token, "9" + last)), FaultCode::truncated);
}

TEST_P(Owner, CommitsOnlyFromTheCursorAndSaysWhereItIs) {
  const auto one = append({record("a")})->last, two = append({record("b")})->last;
  const auto token = acquire()->token;
  ASSERT_TRUE(commit(move_cursor(token, "0-0", one)));
  const auto refused = commit(move_cursor(token, "0-0", two));
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::conflict);
  EXPECT_EQ(refused.error().detail, "the cursor is " + one);
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), "moved to " + one);
  EXPECT_TRUE(commit(move_cursor(token, one, two)));
}

TEST_P(Owner, CommitsOnlyUpToWhatIsInTheLog) {
  const auto last = append({record("a")})->last;
  const auto token = acquire()->token;
  EXPECT_EQ(fault_of(commit(move_cursor(token, "0-0", "1-1"))), FaultCode::truncated);
  EXPECT_EQ(fault_of(commit(move_cursor(token, "0-0", "2-1"))), FaultCode::truncated);
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), std::nullopt);
  EXPECT_EQ(acquire()->cursor, "0-0");
}

TEST_P(Owner, NeverMovesTheCursorBack) {
  const auto one = append({record("a")})->last, two = append({record("b")})->last;
  const auto token = acquire()->token;
  ASSERT_TRUE(commit(move_cursor(token, "0-0", two)));
  EXPECT_EQ(fault_of(commit(move_cursor(token, two, one))), FaultCode::invalid);
}

// A failover lost b and c; other events took their numbers. An owner that still holds b and c must not be able to bring
// them together with the new ones: neither by committing what is gone, nor by reading on behind it.
TEST_P(Owner, NoticesThatItsBufferHoldsEventsThatWereLost) {
  const auto a = append({record("a")})->last;
  static_cast<void>(append({record("b")}));
  const auto c = append({record("c")})->last;
  const auto token = acquire()->token;
  ASSERT_EQ(read(token, "0-0")->size(), 3u);
  rig_->lose_newest(tag, 2);
  static_cast<void>(append({record("x")}));
  const auto y = append({record("y")})->last;
  static_cast<void>(append({record("z")}));
  ASSERT_EQ(c.substr(0, 2), y.substr(0, 2)) << "the same number under another id";
  EXPECT_EQ(fault_of(read(token, c)), FaultCode::truncated);
  EXPECT_EQ(fault_of(commit(move_cursor(token, "0-0", c))), FaultCode::truncated);
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), std::nullopt);
  EXPECT_EQ(read(token, a)->size(), 3u) << "from what is still true it goes on";
}

TEST_P(Owner, NoticesThatItsCursorIsOfALostHistory) {
  static_cast<void>(append({record("a")}));
  const auto b = append({record("b")})->last;
  const auto token = acquire()->token;
  rig_->lose_newest(tag, 1);
  const auto new_b = append({record("other")})->last;
  ASSERT_NE(b, new_b);
  const auto refused = commit(move_cursor(token, b, new_b));
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::conflict);
}

TEST_P(Owner, KeepsItsTokenAndCursorOverTheDeathOfTheStore) {
  const auto last = append({record("a")})->last;
  const auto token = acquire()->token;
  ASSERT_TRUE(commit(move_cursor(token, "0-0", last)));
  rig_->cut();
  EXPECT_EQ(fault_of(commit(move_cursor(token, last, last))), FaultCode::unavailable);
  rig_->mend();
  EXPECT_TRUE(commit(move_cursor(token, last, last)));
  EXPECT_EQ(acquire()->cursor, last);
}

}  // namespace
}  // namespace denrei::test
