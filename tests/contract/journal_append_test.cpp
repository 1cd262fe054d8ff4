// The port's promises about appending: dense order, one batch an append, repeats, probes, once, the dedupe window.
#include "contract/journal_param.hpp"
#include "denrei/base/limits.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;

class Append : public JournalTest {};
DENREI_FOR_EACH_JOURNAL(Append);

TEST_P(Append, NumbersEventsDenselyFromOne) {
  const auto first = append({record("a"), record("b"), record("c")}).value();
  EXPECT_EQ(first.previous, "0-0");
  EXPECT_TRUE(first.last.starts_with("1-")) << first.last;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first.outcomes.at(i).what, Appended::fresh);
    EXPECT_EQ(first.outcomes.at(i).seq, i + 1);
  }
  const auto second = append({record("d"), record("e")}).value();
  EXPECT_EQ(second.previous, first.last);
  EXPECT_TRUE(second.last.starts_with("4-")) << second.last;
  EXPECT_EQ(second.outcomes.at(1).seq, 5u);
}

TEST_P(Append, WritesOneBatchOfRecordsExactlyAsGiven) {
  const std::string binary("\0\r\n*1\xff", 6);
  const auto reply = append({record("a", binary), record("b", ""), record("c", std::string(70'000, 'x'))}).value();
  const auto entries = newest(10).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].id, reply.last);
  EXPECT_EQ(entries[0].blob, batch({binary, "", std::string(70'000, 'x')}));
}

TEST_P(Append, AnswersARepeatWithTheTimeAndBodyOfTheFirst) {
  const auto first = append({record("a", "one", noon, 0xfedcba98)}).value();
  const auto again = append({record("a", "two", noon + 5s, 1)}, noon + 5s).value();
  EXPECT_EQ(again.outcomes.at(0).what, Appended::repeat);
  EXPECT_EQ(again.outcomes.at(0).received_at, noon);
  EXPECT_EQ(again.outcomes.at(0).body_hash, 0xfedcba98u);
  EXPECT_EQ(again.previous, first.last);
  EXPECT_EQ(again.last, first.last);
  EXPECT_EQ(newest(10)->size(), 1u);
}

TEST_P(Append, CountsEachRepeat) {
  static_cast<void>(append({record("a"), record("b")}));
  EXPECT_EQ(repeats("a"), std::nullopt);
  static_cast<void>(append({record("a")}));
  static_cast<void>(append({record("a"), record("a")}));
  EXPECT_EQ(repeats("a"), "3");
  EXPECT_EQ(repeats("b"), std::nullopt);
}

TEST_P(Append, FindsRepeatsInsideOneCallAndKeepsTheNumbersDense) {
  static_cast<void>(append({record("old")}));
  const auto reply = append({record("a", "1"), record("a", "2", noon + 1s, 9), record("old"), record("b", "3")}).value();
  EXPECT_EQ(reply.outcomes.at(0).seq, 2u);
  EXPECT_EQ(reply.outcomes.at(1).what, Appended::repeat);
  EXPECT_EQ(reply.outcomes.at(1).body_hash, 7u);
  EXPECT_EQ(reply.outcomes.at(2).what, Appended::repeat);
  EXPECT_EQ(reply.outcomes.at(3).seq, 3u);
  EXPECT_EQ(newest(1)->front().blob, batch({"1", "3"}));
  EXPECT_EQ(repeats("a"), "1");
}

TEST_P(Append, AProbeAsksAndLeavesNothing) {
  const auto unknown = append({probe("a")}).value();
  EXPECT_EQ(unknown.outcomes.at(0).what, Appended::probed_new);
  EXPECT_EQ(unknown.last, unknown.previous);
  EXPECT_EQ(append({record("a", "x", noon, 3)})->outcomes.at(0).what, Appended::fresh);
  const auto known = append({record("b", "y"), probe("a"), probe("c")}).value();
  EXPECT_EQ(known.outcomes.at(0).seq, 2u);
  EXPECT_EQ(known.outcomes.at(1).what, Appended::repeat);
  EXPECT_EQ(known.outcomes.at(1).body_hash, 3u);
  EXPECT_EQ(known.outcomes.at(2).what, Appended::probed_new);
  EXPECT_EQ(newest(1)->front().blob, batch({"y"}));
}

TEST_P(Append, TakesOneEventForEachOnceIdentity) {
  EXPECT_EQ(append({once("a", "today")})->outcomes.at(0).what, Appended::fresh);
  EXPECT_EQ(append({once("b", "today")})->outcomes.at(0).what, Appended::limited);
  EXPECT_EQ(append({once("a", "today")})->outcomes.at(0).what, Appended::repeat) << "a repeat is answered, not limited";
  const auto mixed = append({once("c", "tomorrow"), once("d", "tomorrow"), record("e")}).value();
  EXPECT_EQ(mixed.outcomes.at(0).seq, 2u);
  EXPECT_EQ(mixed.outcomes.at(1).what, Appended::limited);
  EXPECT_EQ(mixed.outcomes.at(2).seq, 3u);
}

TEST_P(Append, ForgetsALimitedEventSoThatItMayComeAgain) {
  static_cast<void>(append({once("a", "today")}));
  static_cast<void>(append({once("b", "today")}));
  EXPECT_EQ(append({once("b", "tomorrow")})->outcomes.at(0).what, Appended::fresh);
}

TEST_P(Append, AProbeOfAOnceEventOnlyAsksAboutTheEvent) {
  static_cast<void>(append({once("a", "today")}));
  auto asked = once("b", "today");
  asked.probe = true;
  EXPECT_EQ(append({asked})->outcomes.at(0).what, Appended::probed_new);
}

TEST_P(Append, RemembersForAtLeastOneWindowAndForgetsAfterTwo) {
  const auto window = 72h;
  static_cast<void>(append({record("a")}, noon));
  EXPECT_EQ(append({record("a")}, noon + window)->outcomes.at(0).what, Appended::repeat);
  EXPECT_EQ(append({record("b")}, noon + window + 1ms)->outcomes.at(0).what, Appended::fresh);  // rotates
  EXPECT_EQ(append({record("a")}, noon + window + 2ms)->outcomes.at(0).what, Appended::repeat);
  const auto later = append({record("a"), record("b")}, noon + 2 * window + 2ms).value();  // rotates again
  EXPECT_EQ(later.outcomes.at(0).what, Appended::fresh);
  EXPECT_EQ(later.outcomes.at(1).what, Appended::repeat);
}

TEST_P(Append, AClockThatJumpsBackForgetsNothing) {
  static_cast<void>(append({record("a")}, noon));
  EXPECT_EQ(append({record("a")}, noon - 240h)->outcomes.at(0).what, Appended::repeat);
  EXPECT_EQ(append({record("a")}, noon - 169h)->outcomes.at(0).what, Appended::repeat);
}

TEST_P(Append, AfterAJumpBackItForgetsByTheNewTime) {
  static_cast<void>(append({record("a")}, noon));
  static_cast<void>(append({record("b")}, noon - 240h));
  static_cast<void>(append({record("c")}, noon - 167h));  // rotates
  EXPECT_EQ(append({record("a")}, noon - 94h)->outcomes.at(0).what, Appended::fresh);  // rotates again
}

TEST_P(Append, TakesTheLargestBatchAndRefusesALargerOne) {
  std::vector<AppendRecord> records;
  for (std::size_t i = 0; i < limits::append_events_max; ++i) records.push_back(once(std::to_string(i), std::to_string(i)));
  EXPECT_EQ(append(records)->outcomes.back().seq, limits::append_events_max);
  const auto again = append(records).value();
  for (const auto& outcome : again.outcomes) EXPECT_EQ(outcome.what, Appended::repeat);
  records.push_back(record("one too many"));
  EXPECT_EQ(fault_of(append(records)), FaultCode::invalid);
}

TEST_P(Append, AnswersAnEmptyBatch) {
  const auto first = append({record("a")}).value();
  const auto empty = append({}).value();
  EXPECT_EQ(empty.previous, first.last);
  EXPECT_EQ(empty.last, first.last);
  EXPECT_TRUE(empty.outcomes.empty());
}

TEST_P(Append, KeepsTagsApart) {
  static_cast<void>(append({record("a")}));
  tag = "f.level99";
  EXPECT_EQ(append({record("a")})->outcomes.at(0).seq, 1u);
}

TEST_P(Append, RefusesTagsThatWouldPartInACluster) {
  for (const auto* bad : {"", "}", "}p0"}) {
    tag = bad;
    EXPECT_EQ(fault_of(append({record("a")})), FaultCode::invalid) << bad;
  }
  tag = "p{0}";
  EXPECT_TRUE(append({record("a")}));
}

TEST_P(Append, IsRefusedWhenTheStoreIsFullWhileCommitsGoOn) {
  const auto owner = acquire().value();
  const auto last = append({record("a")})->last;
  rig_->set_full(true);
  EXPECT_EQ(fault_of(append({record("b")})), FaultCode::overloaded);
  EXPECT_TRUE(commit({.token = owner.token, .expected = "0-0", .upto = last, .states = {{"k", "state"}}}));
  EXPECT_EQ(look(ShelfName::states, {"k"})->front(), "state");
  rig_->set_full(false);
  EXPECT_EQ(append({record("b")})->outcomes.at(0).seq, 2u);
}

TEST_P(Append, SurvivesTheDeathOfTheStore) {
  const auto last = append({record("a", "kept")})->last;
  rig_->cut();
  EXPECT_EQ(fault_of(append({record("b")})), FaultCode::unavailable);
  EXPECT_EQ(fault_of(look(ShelfName::states, {"k"})), FaultCode::unavailable);
  rig_->mend();
  const auto entries = newest(10).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].blob, batch({"kept"}));
  EXPECT_EQ(append({record("a")})->outcomes.at(0).what, Appended::repeat);
  EXPECT_EQ(append({record("b")})->previous, last);
}

}  // namespace
}  // namespace denrei::test
