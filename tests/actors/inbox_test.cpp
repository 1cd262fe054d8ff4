// The Inbox: notifications reach their feed once, in order, whatever fails on the way, and readers see what came before them.
#include "actors/inbox_world.hpp"

namespace denrei::test {
namespace {

class InboxTest : public InboxWorld {};

TEST_F(InboxTest, ForgetsNotificationsOnlyWhenItsFeedHasThem) {
  up();
  relay({1, 2});
  EXPECT_EQ(pending(), 2u);
  ASSERT_EQ(journal.appends(), 1u);
  settle();
  expect_each_once_in_feed(2);
  EXPECT_EQ(read(), numbers(1, 2));
}

TEST_F(InboxTest, TriesAgainAfterAFailedAppend) {
  for (const auto acted : {Acted::no, Acted::yes}) {
    SCOPED_TRACE(acted == Acted::yes ? "after acting" : "before acting");
    store(true);
    settle();
    const int n = acted == Acted::yes ? 3 : 1;
    journal.fail_next_append({FaultCode::unavailable, "planned"}, acted);
    relay({n, n + 1});
    settle();
    EXPECT_EQ(pending(), 2u);
    const auto appends = journal.appends();
    advance(499ms);
    EXPECT_EQ(journal.appends(), appends) << "not at once";
    advance(1ms);
    settle();
    expect_each_once_in_feed(n + 1);
  }
}

TEST_F(InboxTest, ShowsToReadersWhatALostAppendHadWritten) {
  up();
  journal.fail_next_append({FaultCode::unavailable, "planned"}, Acted::yes);
  relay({1, 2});
  settle();
  advance(1s);
  settle();
  expect_each_once_in_feed(2);
  EXPECT_EQ(read(), numbers(1, 2)) << "the feed has them, so readers must see them";
}

TEST_F(InboxTest, ShowsADuplicateOnce) {
  up();
  relay({1, 2});
  relay({2, 3, 1});
  settle();
  expect_each_once_in_feed(3);
  EXPECT_EQ(read(), numbers(1, 3));
}

TEST_F(InboxTest, FillsItsMemoryFromTheFeedWhenItStarts) {
  up();
  relay({1, 2, 3});
  settle();
  restart();
  EXPECT_EQ(read(), numbers(1, 3));
}

TEST_F(InboxTest, RelaysWhatWasPendingAfterARestart) {
  for (int n = 1; n <= 5; ++n) pend(n);
  pend(6, "acknowledgements");
  store(true);
  caf::anon_send(inbox, RelayPending{"p0"});
  settle();
  EXPECT_EQ(read(), numbers(1, 5));
  EXPECT_EQ(pending(), 1u) << "another inbox's notification is left to it";
}

TEST_F(InboxTest, RelaysMorePendingNotificationsThanOnePageOfThem) {
  for (int n = 1; n <= 2'500; ++n) pend(n);
  store(true);
  caf::anon_send(inbox, RelayPending{"p0"});
  settle();
  advance(10s);
  for (int i = 0; i < 20; ++i) {
    settle();
    advance(1s);
  }
  expect_each_once_in_feed(2'500);
}

TEST_F(InboxTest, CatchesUpWithWhatItsQueueCouldNotHold) {
  up();
  for (int n = 0; n < 12; ++n) {  // nobody answers meanwhile
    std::vector<int> thousand(1'000);
    for (int i = 0; i < 1'000; ++i) thousand[static_cast<std::size_t>(i)] = n * 1'000 + i;
    relay(thousand);
  }
  for (int i = 0; i < 30; ++i) {
    settle();
    advance(1s);
  }
  expect_each_once_in_feed(12'000);
}

TEST_F(InboxTest, AsksAgainForPendingNotificationsThatItCouldNotRead) {
  pend(1);
  up();
  journal.away(true);
  caf::anon_send(inbox, RelayPending{"p0"});
  settle();
  journal.away(false);
  advance(1s);
  settle();
  expect_each_once_in_feed(1);
}

TEST_F(InboxTest, LetsAReaderWaitForWhatWasRelayedBeforeItAsked) {
  up();
  relay({1});
  ask(question());
  EXPECT_EQ(answers(), 0u);
  settle();
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(numbers_in(last()), numbers(1, 1));
}

TEST_F(InboxTest, SaysAtOnceThatItCannotAnswerWhileTheStoreIsAway) {
  ask(question());
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 503);
  EXPECT_EQ(header_of(last(), "Retry-After"), "1");
}

TEST_F(InboxTest, DoesNotLetReadersHangWhenTheStoreGoesWhileTheyWait) {
  up();
  relay({1});
  ask(question());
  store(false);
  journal.lose_connection();
  run();
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 503);
}

TEST_F(InboxTest, PagesForwardsFromACursorAndShowsTheNewestWithoutOne) {
  up();
  relay(numbers(1, 10));
  settle();
  EXPECT_EQ(read({}, 3), numbers(8, 10));
  EXPECT_EQ(read(2, 3), numbers(3, 5));
  EXPECT_EQ(read(9, 3), numbers(10, 10));
  EXPECT_TRUE(read(10, 3).empty());
  EXPECT_TRUE(read(999, 3).empty());
}

TEST_F(InboxTest, KeepsItsFeedAndItsTailBounded) {
  up();
  constexpr int in_all = static_cast<int>(limits::feed_keep + 3 * limits::feed_trim_every);
  fill_feed(in_all);
  expect_each_once_in_feed(in_all);
  EXPECT_GE(in_feed().size(), limits::feed_keep);
  EXPECT_LE(in_feed().size(), limits::feed_keep + 2 * limits::feed_trim_every);
  const auto oldest = in_all - static_cast<int>(limits::inbox_tail_max) + 1;
  EXPECT_EQ(read({}, 50'000), numbers(oldest, in_all));
  restart();
  EXPECT_EQ(read({}, 50'000), numbers(oldest, in_all)) << "read back page by page";
}

TEST_F(InboxTest, FillsItsMemoryUpToItsBytes) {
  up();
  const std::string filler(1024 * 1024, 'x');
  for (int n = 1; n <= 40; ++n) {
    auto pended = pend(n);
    pended.second.json = R"({"n":)" + std::to_string(n) + R"(,"text":")" + filler + "\"}";
    caf::anon_send(inbox, Relay{"p0", {std::move(pended)}});
    settle();
  }
  const auto held = read({}, 50'000);
  EXPECT_EQ(held, numbers(10, 40)) << "a little over 1 MiB each: 31 fit into 32 MiB";
  restart();
  EXPECT_EQ(read({}, 50'000), held);
  EXPECT_EQ(read(38, 10), numbers(39, 40));
}

TEST_F(InboxTest, RelaysAfterACrashWhatItHeldBefore) {
  up();
  journal.crash_next_write();
  relay({1, 2});
  relay({3});
  advance(5s);
  for (int i = 0; i < 3; ++i) {
    settle();
    advance(1s);
  }
  expect_each_once_in_feed(3);
  EXPECT_EQ(read().size(), 3u);
}

TEST_F(InboxTest, IsDrainedThoughItCrashesMeanwhile) {
  up();
  relay({1});
  relay({2});
  caf::anon_send(inbox, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u) << "an append is under way";
  journal.crash_next_write();
  settle();
  advance(5s);
  settle();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(InboxTest, ReadsItsFeedAnewWhenTheStoreComesBack) {
  up();
  relay({1});
  settle();
  relay({2});
  settle();
  journal.log("f.level99").drop_tail(1);  // as a failover may
  store(false);
  up();
  EXPECT_EQ(read(), numbers(1, 1)) << "what it remembered is there no longer";
  relay({3});
  settle();
  EXPECT_EQ(read(), (std::vector<int>{1, 3}));
  EXPECT_EQ(read(1, 10), (std::vector<int>{3})) << "and nobody's cursor skips it";
}

TEST_F(InboxTest, IsDrainedWhenEverythingIsInItsFeed) {
  up();
  relay({1});
  caf::anon_send(inbox, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  settle();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(InboxTest, IsDrainedWhenTheStoreGoesMeanwhile) {
  up();
  relay({1});
  caf::anon_send(inbox, Drain{});
  store(false);
  journal.lose_connection();
  run();
  advance(5s);
  EXPECT_EQ(observer.count<Drained>(), 1u) << "what is pending stays in the store for the next start";
}

}  // namespace
}  // namespace denrei::test
