// The fake outbox's own switches: one queue with its journal, planned faults before and after acting, small and repeating pages.
#include "support/fake_outbox.hpp"

#include "contract/outbox_param.hpp"

namespace denrei::test {
namespace {

class FakeOutboxTest : public ::testing::Test {
 protected:
  FakeOutboxTest() {
    journal.acquire("p0", {.node = "alpha"}, [this](const Result<Acquired>& owner) { token = owner->token; });
  }
  Result<void> settle(std::vector<OutboxChange> changes) {
    Result<void> answer = fail(FaultCode::io, "not answered");
    outbox.settle("p0", {token, std::move(changes), {}, {}}, [&answer](const Result<void>& result) { answer = result; });
    return answer;
  }
  OutboxPage scan(const std::string& cursor) {
    OutboxPage page;
    outbox.scan("p0", OutboxPart::pending, cursor, [&page](const Result<OutboxPage>& answer) { page = answer.value(); });
    return page;
  }
  FakeJournal journal;
  FakeOutbox outbox{journal};
  std::string token;
};

TEST(FakeOutbox, WaitsInOneQueueWithItsJournal) {
  FakeJournal journal(Answers::by_hand);
  FakeOutbox outbox(journal);
  std::vector<int> order;
  const auto note = [&order](int n) { return [&order, n](const auto&) { order.push_back(n); }; };
  outbox.scan("p0", OutboxPart::pending, "0", note(1));
  journal.append("p0", {record("a")}, noon, note(2));
  outbox.all("group", note(3));
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(journal.deliver(2), 2u);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_EQ(journal.waiting(), 1u);
}

TEST_F(FakeOutboxTest, FailsTheNextSettleWithOrWithoutActing) {
  outbox.records("p0", OutboxPart::pending)[delivery_id("a")] = delivery("a");
  const OutboxChange finish{Kind::finish, delivery_id("a"), {}};
  outbox.fail_next(OutboxCall::settle, {FaultCode::unavailable, "lost"});
  EXPECT_EQ(fault_of(settle({finish})), FaultCode::unavailable);
  EXPECT_EQ(outbox.records("p0", OutboxPart::pending).size(), 1u);
  outbox.fail_next(OutboxCall::settle, {FaultCode::unavailable, "lost"}, Acted::yes);
  EXPECT_EQ(fault_of(settle({finish})), FaultCode::unavailable);
  EXPECT_TRUE(outbox.records("p0", OutboxPart::pending).empty());
  EXPECT_TRUE(settle({finish}));
  EXPECT_EQ(outbox.calls(OutboxCall::settle), 3u);
  EXPECT_EQ(outbox.calls(OutboxCall::fetch), 0u);
}

TEST_F(FakeOutboxTest, AFaultIsForOneKindOfCall) {
  outbox.fail_next(OutboxCall::fetch, {FaultCode::unavailable, "lost"});
  EXPECT_TRUE(settle({}));
  outbox.stop_faults();
  outbox.fetch("p0", OutboxPart::dead, {delivery_id("a")}, [](const Result<Blobs>& blobs) { EXPECT_TRUE(blobs); });
}

TEST_F(FakeOutboxTest, CrashesInTheNextSettle) {
  outbox.crash_next_settle();
  EXPECT_THROW(static_cast<void>(settle({})), std::runtime_error);
  EXPECT_TRUE(settle({}));
}

TEST_F(FakeOutboxTest, GivesSmallPagesThatMayRepeat) {
  for (const auto* name : {"a", "b", "c"}) outbox.records("p0", OutboxPart::pending)[name] = delivery(name);
  outbox.page_heads = 2;
  const auto first = scan("0");
  EXPECT_EQ(first.heads, (std::vector{head_of("a"), head_of("b")}));
  EXPECT_EQ(scan(first.next).heads, std::vector{head_of("c")});
  outbox.repeats_heads = true;
  EXPECT_EQ(scan(first.next).heads, (std::vector{head_of("b"), head_of("c")}));
}

TEST_F(FakeOutboxTest, ASecondOneSeesTheSameStore) {
  outbox.put("jobs", "a", "1", [](const Result<void>&) {});
  FakeOutbox after_restart(journal);
  EXPECT_EQ(after_restart.registers("jobs").at("a"), "1");
}

}  // namespace
}  // namespace denrei::test
