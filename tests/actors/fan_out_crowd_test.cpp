// FanOut with many readers and over time: portions, rounds, heartbeats, withdrawn tokens, faults, and the end.
#include "denrei/actors/fan_out.hpp"

#include <set>

#include "stream_readers.hpp"

namespace denrei::test {
namespace {

using FanOutCrowd = StreamReaders;

constexpr std::size_t many = 3 * limits::stream_portion + 8;

TEST_F(FanOutCrowd, DealsOneEventOutInPortionsEachAMessageOfItsOwn) {
  open_many(many);
  forget_bytes();
  const auto before = own_meter.consumed.load();
  grow(1, 1);
  EXPECT_GE(own_meter.consumed.load() - before, 5u) << "the event and four portions";
  const auto& orders = edge.all<StreamBytes>();
  ASSERT_EQ(orders.size(), 4u);
  std::set<std::uint64_t> sessions;
  for (const auto& order : orders) {
    EXPECT_LE(order.sessions.size(), limits::stream_portion);
    EXPECT_EQ(order.bytes, orders.front().bytes) << "one copy for all";
    EXPECT_FALSE(order.last);
    sessions.insert(order.sessions.begin(), order.sessions.end());
  }
  EXPECT_EQ(sessions.size(), many);
}

TEST_F(FanOutCrowd, SendsWhatComesInABurstTogether) {
  const auto reader = open();
  for (std::uint64_t seq = 1; seq <= 100; ++seq) grow(seq, seq);
  EXPECT_EQ(bytes_of(reader), frame_of(1)) << "the first goes at once";
  advance(limits::stream_round_pause);
  EXPECT_EQ(bytes_of(reader), frames_of(1, 100));
  EXPECT_EQ(edge.count<StreamBytes>(), 2u);
}

TEST_F(FanOutCrowd, KeepsNoMoreThanItsLimitWaiting) {
  const auto reader = open();
  const std::string text(10'000, 'x');
  std::size_t sent = 0;
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    say(InboxGrew{"level99", {feed_item(seq, text)}});
    sent += text.size();
    EXPECT_LE(sent - std::min(sent, bytes_of(reader).size()), limits::stream_waiting_bytes_max + 2 * text.size());
  }
}

TEST_F(FanOutCrowd, KeepsTheOrderOfReadersThatJoinAllTheTime) {
  std::map<std::uint64_t, std::uint64_t> first;  // session -> the first that it must hear
  for (std::uint64_t seq = 1; seq <= 300; ++seq) {
    first[open(seq - 1)] = seq;
    grow(seq, seq);
  }
  advance(20s);
  for (const auto& [session, seq] : first) {
    auto bytes = bytes_of(session);
    for (auto at = bytes.find(":\n\n"); at != std::string::npos; at = bytes.find(":\n\n")) bytes.erase(at, 3);
    ASSERT_EQ(bytes, frames_of(seq, 300)) << "session " << session;
  }
}

TEST_F(FanOutCrowd, GivesThePortionsOfEachEdgeToThatEdge) {
  Recorder<RepliesReady, StreamBytes> other{system};
  open();
  const auto request = make_request({.edge = other.actor(), .method = "GET", .target = "/api/notifications/stream", .headers = {}});
  request->session = 1;  // the same number as that of the first edge's
  say(Serve{request, site});
  follow({});
  grow(1, 1);
  ASSERT_EQ(other.count<StreamBytes>(), 1u);
  EXPECT_EQ(other.all<StreamBytes>().front().sessions, std::vector<std::uint64_t>{1});
  EXPECT_EQ(bytes_of(1), frame_of(1));
  close(1);
  grow(2, 2);
  advance(1s);
  EXPECT_EQ(other.count<StreamBytes>(), 2u) << "it was the first edge's that closed";
  EXPECT_EQ(bytes_of(1), frame_of(1));
}

TEST_F(FanOutCrowd, SendsAHeartbeatEveryFifteenSeconds) {
  const auto reader = open(), operations = ask("/ops/stream");
  advance(14s);
  EXPECT_EQ(bytes_of(reader), "");
  advance(1s);
  EXPECT_EQ(bytes_of(reader), ":\n\n");
  EXPECT_EQ(bytes_of(operations), ":\n\n");
  advance(60s);
  EXPECT_EQ(bytes_of(reader), ":\n\n:\n\n:\n\n:\n\n:\n\n");
}

TEST_F(FanOutCrowd, EndsStreamsWhoseTokenIsWithdrawn) {
  const auto reader = open(), operations = ask("/ops/stream");
  const auto above = ask("/api/notifications/stream", {{"Authorization", "Bearer " + operator_token}});
  follow({});
  const auto joining = ask();
  auto other = std::make_shared<Site>(*site);
  say(SiteChanged{other});
  EXPECT_EQ(edge.count<StreamBytes>(), 0u) << "nothing changed for anybody";
  other = std::make_shared<Site>(*site);
  other->tokens[Role::reader] = Secret{"another-reader-token-of-32-characters"};
  say(SiteChanged{other});
  EXPECT_TRUE(has_ended(reader));
  EXPECT_FALSE(has_ended(above));
  EXPECT_FALSE(has_ended(operations));
  EXPECT_EQ(last_reply().request->session, joining);
  EXPECT_EQ(last_answer().status, 401);
  forget_bytes();
  close(reader);  // the edge says so, late
  grow(1, 1);
  EXPECT_EQ(bytes_of(reader), "");
  EXPECT_EQ(bytes_of(above), frame_of(1));
}

TEST_F(FanOutCrowd, KeepsTheStreamOfAConsoleSessionWhenATokenChanges) {
  const auto request = make_request({.edge = edge.actor(), .method = "GET", .target = "/ops/stream", .headers = {}, .listener = Listener::operations});
  request->session = 9;
  request->has_console_session = true;
  say(Serve{request, site});
  say(SiteChanged{std::make_shared<Site>()});
  EXPECT_FALSE(has_ended(9));
}

TEST_F(FanOutCrowd, EndsEveryStreamWhenItDrains) {
  open_many(many);
  const auto operations = ask("/ops/stream");
  ask();
  forget_bytes();
  say(Drain{});
  EXPECT_EQ(last_answer().status, 503) << "who waited for the inbox";
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_TRUE(has_ended(operations));
  for (std::uint64_t session = 1; session <= many; ++session) EXPECT_TRUE(has_ended(session));
  for (const auto& order : edge.all<StreamBytes>()) EXPECT_TRUE(order.bytes->starts_with(": "));
  forget_bytes();
  grow(1, 1);
  advance(1min);
  EXPECT_EQ(edge.count<StreamBytes>(), 0u);
  ask();
  EXPECT_EQ(last_answer().status, 503);
  say(Drain{});
  EXPECT_EQ(observer.count<Drained>(), 1u) << "said once";
}

TEST_F(FanOutCrowd, EndsEveryStreamAfterACrashSoThatTheirReadersAskAgain) {
  const auto reader = open();
  ask();
  say(DealOut{"nowhere"});  // a fault
  advance(1s);
  EXPECT_EQ(own_meter.restarts.load(), 1u);
  EXPECT_TRUE(has_ended(reader));
  EXPECT_EQ(last_answer().status, 503);
  forget_bytes();
  const auto again = open(1);
  grow(2, 2);
  advance(15s);
  EXPECT_EQ(bytes_of(again), frame_of(2) + ":\n\n") << "and one heart beats";
}

}  // namespace
}  // namespace denrei::test
