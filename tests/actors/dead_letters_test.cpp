// Dead letters as their Dispatcher keeps them: listed, sent again, discarded, and the alerts that must not be forgotten.
#include "delivery_world.hpp"

namespace denrei::test {
namespace {

const Fault lost{FaultCode::unavailable, "the connection was lost"};

// Everything that fails is given up at once.
Destination strict_destination(const std::string& name) {
  auto d = plain_destination(name);
  d.schedule.clear();
  return d;
}

class DeadLettersTest : public DeliveryWorld {
 protected:
  void fail(const std::string& name, int status) {
    client(name).always([status](const OutboundRequest&) { return answered(status); });
  }
  void heal(const std::string& name) { fail(name, 200); }

  template <class Order>
  void ask(Order order) {
    caf::send_as(asker.actor(), dispatcher, std::move(order));
  }
  DeadListed list(DeadFilter filter, std::uint64_t after = 0, std::size_t count = 100) {
    ask(ListDead{1, std::move(filter), after, count});
    settle();
    return asker.all<DeadListed>().back();
  }
  DeadSettled answer() {
    settle();
    EXPECT_FALSE(asker.all<DeadSettled>().empty()) << "no answer";
    return asker.all<DeadSettled>().empty() ? DeadSettled{} : std::exchange(asker.all<DeadSettled>(), {}).back();
  }
  std::vector<DeliveryId> dead_ids() {
    std::vector<DeliveryId> ids;
    for (const auto& [raw, record] : dead()) ids.push_back(decode_delivery_head(record)->id);
    return ids;
  }
  // The actions in the audit stream, oldest first.
  std::vector<std::string> audited() {
    std::vector<std::string> out;
    for (const auto& [number, text] : log().audit.texts) out.emplace_back(find_string(parse_json(text).value()->root(), "/action"));
    return out;
  }
  static std::vector<std::string> keys_of(const DeadListed& page) {
    std::vector<std::string> out;
    for (const auto& head : page.heads) out.push_back(head.key);
    return out;
  }
};

TEST_F(DeadLettersTest, AreListedInTheOrderOfTheLogAndByWhatIsAskedFor) {
  open({strict_destination("d"), strict_destination("e")});
  fail("d", 400);
  heal("e");
  accept("a", 1);
  advance(1h);
  fail("e", 503);
  accept("b", 2);
  accept("a", 3);
  EXPECT_EQ(keys_of(list({})), (std::vector<std::string>{"a", "b", "b", "a", "a"}));
  EXPECT_EQ(list({.destination = "d"}).total, 3u);
  EXPECT_EQ(list({.key = "a"}).total, 3u);
  EXPECT_EQ(list({.type = "made"}).total, 5u);
  EXPECT_EQ(list({.type = "gone"}).total, 0u);
  EXPECT_EQ(list({.status = 503}).total, 2u);
  EXPECT_EQ(list({.reason = DeadReason::exhausted}).total, 5u);
  EXPECT_EQ(list({.reason = DeadReason::given_up}).total, 0u);
  EXPECT_EQ(list({.until = now - 1min}).total, 1u);
  EXPECT_EQ(list({.since = now - 1min}).total, 4u);
  EXPECT_EQ(list({.destination = "e", .key = "a"}).heads.front().seq, 3u);
}

TEST_F(DeadLettersTest, AreListedPageByPage) {
  open({strict_destination("d")});
  fail("d", 400);
  for (int i = 0; i < 5; ++i) accept("k" + std::to_string(i), i);
  const auto first = list({}, 0, 2);
  EXPECT_EQ(keys_of(first), (std::vector<std::string>{"k0", "k1"}));
  EXPECT_EQ(first.total, 5u);
  EXPECT_EQ(keys_of(list({}, first.heads.back().seq, 2)), (std::vector<std::string>{"k2", "k3"}));
  EXPECT_TRUE(list({}, 0, 0).heads.empty());
  EXPECT_EQ(list({}, 0, 0).total, 5u);
}

TEST_F(DeadLettersTest, AreSentAgainUnderTheirIdWithAFullScheduleAndAnAuditEntry) {
  auto d = plain_destination("d");
  d.schedule = {1min};
  open({d});
  fail("d", 500);
  accept("a", 1);
  advance(1min);
  ASSERT_EQ(dead().size(), 1u);
  const auto id = dead_ids().front();
  ask(ReviveDead{7, {id}, "Hanako"});
  const auto result = answer();
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.ticket, 7u);
  EXPECT_EQ(result.done, std::vector{id});
  EXPECT_TRUE(dead().empty());
  EXPECT_EQ(client("d").sent().size(), 3u);
  EXPECT_EQ(header(client("d").sent().back(), "webhook-id"), id.text());
  heal("d");
  advance(1min);
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(audited(), (std::vector<std::string>{"webhook_delivery_failed", "delivery_resent"}));
  EXPECT_NE(log().audit.texts.rbegin()->second.find("\"by\":\"Hanako\""), std::string::npos);
  ASSERT_EQ(desk.count<ResendEnded>(), 1u);
  EXPECT_TRUE(desk.all<ResendEnded>().front().delivered);
  const auto done = decode_delivery(log().history.texts.begin()->second).value();
  EXPECT_EQ(done.head.resends, 1u);
  EXPECT_EQ(done.head.attempts, 4u);
}

TEST_F(DeadLettersTest, TellTheDeskWhenAResendHasFailedToo) {
  open({strict_destination("d")});
  fail("d", 500);
  accept("a", 1);
  ask(ReviveDead{7, dead_ids(), "operator"});
  settle();
  EXPECT_EQ(dead().size(), 1u);
  ASSERT_EQ(desk.count<ResendEnded>(), 1u);
  EXPECT_FALSE(desk.all<ResendEnded>().front().delivered);
  EXPECT_EQ(meter_of("d").dead.load(), 1u);
}

TEST_F(DeadLettersTest, AreDiscardedWithAReasonAndLetTheirLaneGo) {
  auto d = strict_destination("d");
  d.order = LaneOrder::fifo_block;
  open({d});
  fail("d", 400);
  accept("a", 1);
  heal("d");
  accept("a", 2);
  EXPECT_EQ(arrived("d"), std::vector{1});
  ask(DiscardDead{8, dead_ids(), "obsolete", "Taro"});
  EXPECT_EQ(answer().done.size(), 1u);
  EXPECT_EQ(arrived("d"), (std::vector{1, 2}));
  EXPECT_TRUE(dead().empty());
  EXPECT_EQ(list({}).total, 0u);
  EXPECT_EQ(meter_of("d").dead.load(), 0u);
  const auto& entry = log().audit.texts.rbegin()->second;
  EXPECT_NE(entry.find("delivery_discarded"), std::string::npos);
  EXPECT_NE(entry.find("obsolete"), std::string::npos);
  EXPECT_NE(entry.find("Taro"), std::string::npos);
}

TEST_F(DeadLettersTest, AnswerOrdersAboutWhatIsNotThere) {
  open({strict_destination("d")});
  fail("d", 400);
  accept("a", 1);
  const auto id = dead_ids().front();
  const auto other = make_delivery_id(make_event_id("x", "y"), "d", "d");
  ask(ReviveDead{1, {other}, "operator"});
  EXPECT_TRUE(answer().done.empty());
  ask(DiscardDead{2, {other}, "why", "operator"});
  EXPECT_TRUE(answer().done.empty());
  ask(DiscardDead{3, {other, id, id}, "why", "operator"});
  EXPECT_EQ(answer().done, std::vector{id});
}

TEST_F(DeadLettersTest, OfTwoOrdersAboutTheSameOneIsDoneAndBothAreAnswered) {
  open({strict_destination("d")});
  fail("d", 400);
  accept("a", 1);
  accept("b", 2);
  heal("d");
  const auto ids = dead_ids();
  journal.set_answers(Answers::by_hand);
  ask(ReviveDead{1, ids, "operator"});
  ask(ReviveDead{2, {ids[0], ids[0]}, "operator"});
  ask(DiscardDead{3, {ids[1]}, "why", "operator"});
  settle();
  std::map<std::uint64_t, std::size_t> done;
  for (const auto& answer : asker.all<DeadSettled>()) done[answer.ticket] = answer.done.size();
  EXPECT_EQ(done, (std::map<std::uint64_t, std::size_t>{{1, 1}, {2, 0}, {3, 1}})) << "a discard takes it at once, a re-send reads it first";
  EXPECT_TRUE(dead().empty());
  EXPECT_EQ(client("d").sent().size(), 3u);
}

TEST_F(DeadLettersTest, OrdersThatNobodyKnowsTheEndOfSaySo) {
  open({strict_destination("d")});
  fail("d", 400);
  accept("a", 1);
  outbox.fail_next(OutboxCall::settle, lost);
  ask(ReviveDead{1, dead_ids(), "operator"});
  EXPECT_FALSE(answer().ok);
  ask(ListDead{1, {}, 0, 1});
  settle();
  EXPECT_FALSE(asker.all<DeadListed>().back().open);
  ask(ReviveDead{2, dead_ids(), "operator"});
  EXPECT_FALSE(answer().ok) << "it is not open";
  ask(DiscardDead{3, dead_ids(), "why", "operator"});
  EXPECT_FALSE(answer().ok);
  advance(1s);
  EXPECT_EQ(list({}).total, 1u);
}

TEST_F(DeadLettersTest, BeyondTheirCapTheOldestGoesWithAnAuditEntry) {
  auto d = strict_destination("d");
  d.dead_max = 2;
  open({d, strict_destination("e")});
  fail("d", 400);
  fail("e", 400);
  for (int i = 0; i < 4; ++i) accept("k" + std::to_string(i), i);
  EXPECT_EQ(keys_of(list({.destination = "d"})), (std::vector<std::string>{"k2", "k3"}));
  EXPECT_EQ(list({.destination = "e"}).total, 4u);
  EXPECT_EQ(dead().size(), 6u);
  EXPECT_EQ(meter_of("d").dead.load(), 2u);
  const auto actions = audited();
  EXPECT_EQ(std::count(actions.begin(), actions.end(), "delivery_discarded"), 2);
}

// --- alerts

TEST_F(DeadLettersTest, TheirAlertIsRaisedAgainAfterARestartUntilItIsKnownToBeSent) {
  open({strict_destination("d")});
  fail("d", 400);
  accept("a", 1);
  ASSERT_EQ(alerts.count<RaiseAlert>(), 1u);
  EXPECT_EQ(alerts.all<RaiseAlert>().front().id, dead_ids().front());
  start_again();
  ASSERT_EQ(alerts.count<RaiseAlert>(), 2u);
  EXPECT_EQ(alerts.all<RaiseAlert>()[1].alert.text, alerts.all<RaiseAlert>()[0].alert.text);
  caf::anon_send(dispatcher, AlertsSent{dead_ids()});
  settle();
  EXPECT_FALSE(only(dead()).head.alert_due);
  start_again();
  EXPECT_EQ(alerts.count<RaiseAlert>(), 2u);
}

TEST_F(DeadLettersTest, AllTheirAlertsAreRaisedAgainHoweverManyThereAre) {
  auto d = strict_destination("d");
  d.concurrency = 1'000;
  open({d});
  fail("d", 400);
  const auto many = static_cast<int>(limits::settle_changes_max) * 2 + 10;
  for (int i = 0; i < many; ++i) accept("k" + std::to_string(i), i);
  alerts.all<RaiseAlert>().clear();
  start_again();
  std::set<DeliveryId> raised;
  for (const auto& order : alerts.all<RaiseAlert>()) raised.insert(*order.id);
  EXPECT_EQ(raised.size(), static_cast<std::size_t>(many));
}

TEST_F(DeadLettersTest, AnAlertThatIsSentDoesNotBringBackWhatIsGone) {
  open({strict_destination("d")});
  fail("d", 400);
  accept("a", 1);
  journal.set_answers(Answers::by_hand);
  const auto ids = dead_ids();
  caf::anon_send(dispatcher, AlertsSent{ids});
  run();  // its record is being read
  ask(DiscardDead{1, ids, "obsolete", "operator"});
  EXPECT_EQ(answer().done, ids);
  EXPECT_EQ(list({}).total, 0u);
  ask(ReviveDead{2, ids, "operator"});
  EXPECT_TRUE(answer().done.empty());
  EXPECT_TRUE(dead().empty());
}

}  // namespace
}  // namespace denrei::test
