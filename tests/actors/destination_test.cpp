// Destinations: who goes when, what a failure does, and what a restart leaves.
#include "delivery_world.hpp"

namespace denrei::test {
namespace {

class DestinationTest : public DeliveryWorld {};

TEST_F(DestinationTest, DeliversWhatACommitWroteAndForgetsIt) {
  open({plain_destination("d")});
  client("d").plan(answered(200));
  const auto event = accept("k", 1);
  ASSERT_EQ(client("d").sent().size(), 1u);
  const auto& request = client("d").sent().front();
  EXPECT_EQ(request.body, event->body);
  EXPECT_EQ(header(request, "webhook-id"), make_delivery_id(event->id, "d", "d").text());
  EXPECT_EQ(header(request, "Denrei-Sequence"), "1");
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(meter_of("d").delivered->value(), 1u);
  EXPECT_EQ(meter_of("d").pending.load(), 0u);
}

TEST_F(DestinationTest, TriesAgainWhenTheScheduleSays) {
  open({plain_destination("d")});
  client("d").always([](const OutboundRequest&) { return answered(500); });
  accept("k", 1);
  EXPECT_EQ(client("d").sent().size(), 1u);
  advance(59s);
  EXPECT_EQ(client("d").sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(client("d").sent().size(), 2u);
  advance(5min);
  EXPECT_EQ(client("d").sent().size(), 3u);
  advance(30min);
  EXPECT_EQ(client("d").sent().size(), 4u);
  advance(24h);
  EXPECT_EQ(client("d").sent().size(), 4u);
  EXPECT_TRUE(pending().empty());
  ASSERT_EQ(dead().size(), 1u);
  const auto letter = only(dead());
  EXPECT_EQ(letter.head.dead, DeadReason::exhausted);
  EXPECT_EQ(letter.attempts.size(), 4u);
  ASSERT_EQ(alerts.count<RaiseAlert>(), 1u);
  EXPECT_EQ(alerts.all<RaiseAlert>().front().alert.severity, Severity::critical);
}

TEST_F(DestinationTest, OnlyTheHeadOfALaneIsOutAndOthersDoNotWaitForIt) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  accept("b", 3);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 3}));
  client("d").answer(answered(500));  // a 1
  settle();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1}));
  advance(1min);
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1}));
  client("d").answer(answered(200), 1);
  settle();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1, 2}));
}

TEST_F(DestinationTest, TheNextOfALaneWaitsForTheHeadsSettle) {
  journal.set_answers(Answers::by_hand);
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  client("d").answer(answered(200));
  run();  // the settle is under way, unanswered
  EXPECT_EQ(arrived("d"), (std::vector<int>{1}));
  settle();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 2}));
}

TEST_F(DestinationTest, AfterACrashEverythingThatWasNotSettledGoesAgainUnderTheSameId) {
  open({plain_destination("d")});
  accept("a", 1);
  accept("a", 2);
  accept("b", 3);
  const auto first_id = header(client("d").sent().front(), "webhook-id");
  start_again();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1}));
  EXPECT_EQ(header(client("d").sent()[2], "webhook-id"), first_id);
  client("d").always([](const OutboundRequest&) { return answered(200); });
  while (client("d").answer(answered(200))) settle();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1, 2}));
  EXPECT_TRUE(pending().empty());
}

TEST_F(DestinationTest, ARetryIsDueAfterARestartWhenItWasDue) {
  open({plain_destination("d")});
  client("d").plan(answered(500));
  accept("k", 1);
  advance(40s);
  start_again();
  EXPECT_EQ(client("d").sent().size(), 1u);
  advance(19s);
  EXPECT_EQ(client("d").sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(client("d").sent().size(), 2u);
}

TEST_F(DestinationTest, ASlowDestinationDoesNotHoldUpAnother) {
  open({plain_destination("dead"), plain_destination("well")});
  client("well").always([](const OutboundRequest&) { return answered(200); });
  for (int i = 0; i < 300; ++i) accept("k" + std::to_string(i), i);
  EXPECT_EQ(client("well").sent().size(), 300u);
  EXPECT_EQ(client("dead").sent().size(), 64u);  // its concurrency
}

TEST_F(DestinationTest, SendsNoFasterThanItsRate) {
  auto d = plain_destination("d");
  d.rate = 5;
  open({d});
  client("d").always([](const OutboundRequest&) { return answered(200); });
  for (int i = 0; i < 11; ++i) accept("k" + std::to_string(i), i);
  EXPECT_EQ(client("d").sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(client("d").sent().size(), 6u);
  advance(1s);
  EXPECT_EQ(client("d").sent().size(), 11u);
}

TEST_F(DestinationTest, A410DisablesItAndEnablingReplaysWhatItKept) {
  open({plain_destination("d")});
  client("d").plan(answered(410));
  accept("a", 1);
  accept("a", 2);
  accept("b", 3);
  advance(2h);
  EXPECT_EQ(client("d").sent().size(), 1u);
  EXPECT_EQ(pending().size(), 3u);
  EXPECT_EQ(alerts.count<RaiseAlert>(), 1u);
  start_again();  // it is remembered
  advance(2h);
  EXPECT_EQ(client("d").sent().size(), 1u);
  client("d").always([](const OutboundRequest&) { return answered(200); });
  caf::anon_send(receivers.at("d")->actor, DirectDestination{1, true, "mended", "operator"});
  settle();
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1, 2}));
  EXPECT_TRUE(pending().empty());
}

TEST_F(DestinationTest, TheBreakerOpensAfterFailuresInARowAndProbesOneAtATime) {
  auto d = plain_destination("d");
  d.breaker_failures = 3;
  d.breaker_open = 30s;
  d.schedule = {1h};
  open({d});
  client("d").always([](const OutboundRequest&) { return answered(503); });
  for (int i = 0; i < 10; ++i) accept("k" + std::to_string(i), i);
  EXPECT_EQ(client("d").sent().size(), 3u);
  advance(30s);
  EXPECT_EQ(client("d").sent().size(), 4u);
  client("d").always([](const OutboundRequest&) { return answered(200); });
  advance(30s);
  EXPECT_EQ(client("d").sent().size(), 10u);
}

TEST_F(DestinationTest, WhatIsGivenUpBlocksItsLaneWhereThatIsConfigured) {
  auto d = plain_destination("d");
  d.order = LaneOrder::fifo_block;
  d.retry_on = {{OutcomePattern::Kind::network, 0}};
  open({d});
  client("d").plan(answered(400));
  client("d").always([](const OutboundRequest&) { return answered(200); });
  accept("a", 1);
  accept("a", 2);
  accept("b", 3);
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 3}));
  start_again();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 3}));
  const auto id = only(dead()).head.id;
  caf::anon_send(dispatcher, ReviveDead{7, {id}, "operator"});
  settle();
  EXPECT_EQ(arrived("d"), (std::vector<int>{1, 3, 1, 2}));
}

TEST_F(DestinationTest, BeyondItsCapDeliveriesGoToTheDeadLettersAtOnce) {
  auto d = plain_destination("d");
  d.pending_max = 3;
  open({d});
  for (int i = 0; i < 5; ++i) accept("a", i);
  EXPECT_EQ(pending().size(), 3u);
  ASSERT_EQ(dead().size(), 2u);
  EXPECT_EQ(only(dead()).head.dead, DeadReason::pending_limit);
}

TEST_F(DestinationTest, AnAttemptThatCrashesIsAFailedAttempt) {
  open({plain_destination("d")});
  client("d").crash_next();
  client("d").always([](const OutboundRequest&) { return answered(200); });
  accept("k", 1);
  advance(1s);
  ASSERT_EQ(pending().size(), 1u);
  EXPECT_EQ(only(pending()).head.last_error, AttemptError::crashed);
  advance(1min);
  EXPECT_TRUE(pending().empty());
}

TEST_F(DestinationTest, KeepsWhatAnUnknownSettleLeft) {
  open({plain_destination("d")});
  outbox.fail_next(OutboxCall::settle, {FaultCode::unavailable, "the connection was lost"}, Acted::no);
  client("d").always([](const OutboundRequest&) { return answered(200); });
  accept("a", 1);
  accept("a", 2);
  advance(10s);
  EXPECT_TRUE(pending().empty());
  EXPECT_EQ(arrived("d", "a"), (std::vector<int>{1, 1, 2}));
}

}  // namespace
}  // namespace denrei::test
