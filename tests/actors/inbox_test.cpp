// The Inbox: notifications reach their feed once, in order, whatever fails on the way, and readers see what came before them.
#include "denrei/actors/inbox.hpp"
#include "denrei/base/packing.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"

namespace denrei::test {
namespace {

class InboxTest : public ActorWorld {
 protected:
  Inbox spawn(const std::string& name = "level99") {
    return keep(spawn_inbox(stage, meter("Inbox"), {.name = name, .node = "node-1", .journal = journal, .shelf = journal, .observer = observer.actor(), .clock = clock()}));
  }
  void SetUp() override { inbox = spawn(); }
  void store(bool up) {
    caf::anon_send(inbox, StoreChanged{up, up ? "" : "cut"});
    run();
  }
  void settle() {
    do run();
    while (journal.deliver() > 0);
  }

  static Notification note(int n, const std::string& to = "level99") {
    return {to, make_event_id("note", std::to_string(n)), from_unix_ms(1'000 + n), R"({"n":)" + std::to_string(n) + "}"};
  }
  // As a partition's commit leaves them: in its list of pending notifications.
  std::pair<std::string, Notification> pend(int n, const std::string& to = "level99") {
    journal.log("p0").notifications[{static_cast<std::uint64_t>(n), 0}] = encode_notification(note(n, to));
    return {std::to_string(n) + "-0", note(n, to)};
  }
  void relay(std::vector<int> numbers) {
    Relay fact{"p0", {}};
    for (const int n : numbers) fact.notifications.push_back(pend(n));
    caf::anon_send(inbox, std::move(fact));
    run();
  }
  std::size_t pending() { return journal.log("p0").notifications.size(); }

  void ask(std::uint64_t after, std::size_t limit = 100) {
    caf::send_as(reader.actor(), inbox, ReadInbox{++ticket, after, limit});
    run();
  }
  std::vector<std::string> read(std::uint64_t after, std::size_t limit = 100) {
    ask(after, limit);
    settle();
    std::vector<std::string> out;
    EXPECT_EQ(last_page().ticket, ticket);
    for (const auto& item : last_page().items) out.push_back(item.second);
    return out;
  }
  const InboxPage& last_page() { return reader.all<InboxPage>().back(); }
  static std::vector<std::string> texts(int from, int to) {
    std::vector<std::string> out;
    for (int n = from; n <= to; ++n) out.push_back(note(n).json);
    return out;
  }
  // The notifications in the feed, as a set of texts with their number.
  std::map<std::string, int> in_feed() {
    std::map<std::string, int> out;
    for (const auto& entry : journal.log("f.level99").entries)
      for (const auto record : split_texts(entry.blob)) ++out[decode_notification(record).value().json];
    return out;
  }
  void expect_each_once_in_feed(int count) {
    const auto feed = in_feed();
    EXPECT_EQ(journal.log("f.level99").seq, static_cast<std::uint64_t>(count)) << "the feed's own counter: it may have been trimmed";
    for (const auto& [json, times] : feed) EXPECT_EQ(times, 1) << json;
    EXPECT_EQ(pending(), 0u);
  }

  FakeJournal journal{Answers::by_hand};
  Recorder<Drained> observer{system};
  Recorder<InboxPage> reader{system};
  Inbox inbox;
  std::uint64_t ticket = 0;
};

TEST_F(InboxTest, ForgetsNotificationsOnlyWhenItsFeedHasThem) {
  store(true);
  settle();
  relay({1, 2});
  EXPECT_EQ(pending(), 2u);
  ASSERT_EQ(journal.appends(), 1u);
  settle();
  expect_each_once_in_feed(2);
  EXPECT_EQ(read(0), texts(1, 2));
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
  store(true);
  settle();
  journal.fail_next_append({FaultCode::unavailable, "planned"}, Acted::yes);
  relay({1, 2});
  settle();
  advance(1s);
  settle();
  expect_each_once_in_feed(2);
  EXPECT_EQ(read(0), texts(1, 2)) << "the feed has them, so readers must see them";
}

TEST_F(InboxTest, ShowsADuplicateOnce) {
  store(true);
  settle();
  relay({1, 2});
  relay({2, 3, 1});
  settle();
  expect_each_once_in_feed(3);
  EXPECT_EQ(read(0), texts(1, 3));
}

TEST_F(InboxTest, FillsItsMemoryFromTheFeedWhenItStarts) {
  store(true);
  settle();
  relay({1, 2, 3});
  settle();
  end(caf::actor_cast<caf::actor>(inbox));
  run();
  inbox = spawn();
  store(true);
  EXPECT_EQ(read(0), texts(1, 3));
  EXPECT_EQ(last_page().newest, 3u);
}

TEST_F(InboxTest, RelaysWhatWasPendingAfterARestart) {
  for (int n = 1; n <= 5; ++n) pend(n);
  pend(6, "acknowledgements");
  store(true);
  caf::anon_send(inbox, RelayPending{"p0"});
  settle();
  EXPECT_EQ(read(0), texts(1, 5));
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
  store(true);
  settle();
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
  store(true);
  settle();
  journal.away(true);
  caf::anon_send(inbox, RelayPending{"p0"});
  settle();
  journal.away(false);
  advance(1s);
  settle();
  expect_each_once_in_feed(1);
}

TEST_F(InboxTest, LetsAReaderWaitForWhatWasRelayedBeforeItAsked) {
  store(true);
  settle();
  relay({1});
  ask(0);
  EXPECT_EQ(reader.count<InboxPage>(), 0u);
  settle();
  ASSERT_EQ(reader.count<InboxPage>(), 1u);
  EXPECT_EQ(last_page().items.size(), 1u);
}

TEST_F(InboxTest, SaysAtOnceThatItCannotAnswerWhileTheStoreIsAway) {
  ask(0);
  ASSERT_EQ(reader.count<InboxPage>(), 1u);
  EXPECT_FALSE(last_page().ok);
}

TEST_F(InboxTest, DoesNotLetReadersHangWhenTheStoreGoesWhileTheyWait) {
  store(true);
  settle();
  relay({1});
  ask(0);
  store(false);
  journal.lose_connection();
  run();
  ASSERT_EQ(reader.count<InboxPage>(), 1u);
  EXPECT_FALSE(last_page().ok);
}

TEST_F(InboxTest, PagesForwardsFromACursorAndShowsTheNewestWithoutOne) {
  store(true);
  settle();
  std::vector<int> numbers;
  for (int n = 1; n <= 10; ++n) numbers.push_back(n);
  relay(numbers);
  settle();
  EXPECT_EQ(read(0, 3), texts(8, 10));
  EXPECT_EQ(read(2, 3), texts(3, 5));
  EXPECT_EQ(read(9, 3), texts(10, 10));
  EXPECT_TRUE(read(10, 3).empty());
  EXPECT_TRUE(read(999, 3).empty());
}

TEST_F(InboxTest, KeepsItsFeedBounded) {
  store(true);
  settle();
  constexpr int in_all = static_cast<int>(limits::feed_keep + 3 * limits::feed_trim_every);
  for (int n = 0; n < in_all; n += 500) {
    std::vector<int> some(500);
    for (int i = 0; i < 500; ++i) some[static_cast<std::size_t>(i)] = n + i + 1;
    relay(some);
    settle();
  }
  expect_each_once_in_feed(in_all);
  EXPECT_GE(in_feed().size(), limits::feed_keep);
  EXPECT_LE(in_feed().size(), limits::feed_keep + 2 * limits::feed_trim_every);
  EXPECT_EQ(read(0, 10), texts(in_all - 9, in_all));
}

TEST_F(InboxTest, HoldsABoundedTail) {
  store(true);
  settle();
  for (int n = 0; n < 3; ++n) {
    std::vector<int> some(500);
    for (int i = 0; i < 500; ++i) some[static_cast<std::size_t>(i)] = n * 500 + i + 1;
    relay(some);
    settle();
  }
  EXPECT_EQ(read(0, 5'000).size(), limits::inbox_tail_max);
  EXPECT_EQ(last_page().newest, 1'500u);
}

TEST_F(InboxTest, RelaysAfterACrashWhatItHeldBefore) {
  store(true);
  settle();
  journal.crash_next_write();
  relay({1, 2});
  relay({3});
  advance(5s);
  for (int i = 0; i < 3; ++i) {
    settle();
    advance(1s);
  }
  expect_each_once_in_feed(3);
  EXPECT_EQ(read(0).size(), 3u);
}

TEST_F(InboxTest, IsDrainedWhenEverythingIsInItsFeed) {
  store(true);
  settle();
  relay({1});
  caf::anon_send(inbox, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 0u);
  settle();
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(InboxTest, IsDrainedWhenTheStoreGoesMeanwhile) {
  store(true);
  settle();
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
