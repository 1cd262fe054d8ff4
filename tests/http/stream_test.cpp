// Live streams: their head, what follows it, readers that are too slow or gone, and that their owner hears of each end once.
#include "stream_world.hpp"

namespace denrei::test {
namespace {

using StreamTest = StreamWorld;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(StreamTest, AnswersAHeadWithoutALengthAndGoesOn) {
  const auto client = open();
  send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-1\r\n\r\n");
  reply_with_stream(requests().back().request, "retry: 2000\n\n");
  const auto head = client->take();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\nDate: Thu, 09 Oct 2025 08:53:20 GMT\r\n")) << head;
  EXPECT_TRUE(has(head, "\r\nContent-Type: text/event-stream; charset=utf-8\r\n"));
  EXPECT_TRUE(has(head, "\r\nCache-Control: no-store\r\n"));
  EXPECT_TRUE(has(head, "\r\nX-Request-Id: id-1\r\n"));
  EXPECT_TRUE(has(head, "\r\nConnection: close\r\n"));
  EXPECT_FALSE(has(head, "Content-Length"));
  EXPECT_FALSE(has(head, "Transfer-Encoding"));
  EXPECT_TRUE(head.ends_with("\r\n\r\nretry: 2000\n\n"));
  EXPECT_EQ(answers.value(), 1u) << "counted when its head was answered";
  EXPECT_EQ(open_now, 1);
  say({last_session()}, "data: 1\n\n");
  say({last_session()}, "data: 2\n\n");
  EXPECT_EQ(client->take(), "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(owner.count<StreamClosed>(), 0u);
}

TEST_F(StreamTest, SpeaksHttp10) {
  const auto client = open();
  send(*client, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  reply_with_stream(requests().back().request, ":\n\n");
  const auto head = client->take();
  EXPECT_TRUE(has(head, "\r\nConnection: close\r\n"));
  EXPECT_FALSE(has(head, "Content-Length"));
  say({last_session()}, "data: 1\n\n");
  EXPECT_EQ(client->take(), "data: 1\n\n");
}

TEST_F(StreamTest, GivesHeadTheHeadAlone) {
  const auto client = open();
  send(*client, "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  reply_with_stream(requests().back().request, "data: 1\n\n");
  const auto head = client->take();
  EXPECT_TRUE(has(head, "text/event-stream"));
  EXPECT_FALSE(has(head, "Content-Length"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(open_now, 0);
}

TEST_F(StreamTest, IsNoRequestInFlightOnceItsHeadIsAnswered) {
  const auto stream = open_stream();
  const auto other = open();
  send(*other, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(last_request().requests_in_flight, 1u) << "itself";
  EXPECT_LT(last_request().bytes_in_flight, 100u);
}

TEST_F(StreamTest, HasNoTimeOutWhileNothingWaits) {
  const auto client = open_stream();
  sweep_after(24h);
  EXPECT_EQ(connections(), 1u);
  say({last_session()}, "data: 1\n\n");
  sweep_after(24h);
  EXPECT_EQ(client->take(), "data: 1\n\n");
  EXPECT_EQ(connections(), 1u);
}

TEST_F(StreamTest, ThrowsAwayWhatTheReaderSends) {
  const auto client = open_stream();
  for (int i = 0; i < 3; ++i) send(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(5'000, 'x'));
  EXPECT_EQ(requests().size(), 1u);
  say({last_session()}, "data: 1\n\n");
  EXPECT_EQ(client->take(), "data: 1\n\n");
}

TEST_F(StreamTest, ServesNoPipelinedRequestBehindIt) {
  const auto client = open();
  send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  reply_with_stream(requests().back().request, ":\n\n");
  say({last_session()}, "data: 1\n\n", true);
  EXPECT_TRUE(client->take().ends_with(":\n\ndata: 1\n\n"));
  EXPECT_EQ(requests().size(), 1u);
  EXPECT_EQ(connections(), 0u);
}

// --- the end

TEST_F(StreamTest, TellsItsOwnerOnceThatTheReaderHasGone) {
  const auto client = open_stream();
  const auto session_number = last_session();
  client->close();
  poll();
  ASSERT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(owner.all<StreamClosed>().front().session, session_number);
  EXPECT_EQ(owner.all<StreamClosed>().front().edge, edge->actor());
  EXPECT_EQ(connections(), 0u);
  EXPECT_TRUE(session.expired());
  say({session_number}, "data: 1\n\n");
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(open_now, 0);
}

TEST_F(StreamTest, TellsItsOwnerWhenTheReaderDidNotEvenWaitForTheHead) {
  auto client = open();
  send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto gone = requests().back().request;
  session.lock()->abandon();
  poll();
  reply_with_stream(gone, ":\n\n");
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);

  client = open();
  send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto late = requests().back().request;
  sweep_after(11s);
  EXPECT_TRUE(has(client->take(), "HTTP/1.1 503 "));
  reply_with_stream(late, ":\n\n");
  EXPECT_EQ(owner.count<StreamClosed>(), 2u);
  EXPECT_EQ(open_now, 0);
}

TEST_F(StreamTest, EndsWithTheLastBytes) {
  const auto client = open_stream();
  say({last_session()}, ": the end\n\n", true);
  EXPECT_EQ(client->take(), ": the end\n\n");
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
}

TEST_F(StreamTest, IgnoresBytesForWhoeverDoesNotStream) {
  const auto client = open();
  send(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  say({last_session(), 4711}, "data: 1\n\n");
  EXPECT_EQ(client->take(), "");
  reply();
  EXPECT_TRUE(client->take().ends_with("\r\n\r\n{}"));
  say({last_session()}, "data: 1\n\n", true);
  EXPECT_EQ(client->take(), "");
  EXPECT_EQ(connections(), 1u);
}

TEST_F(StreamTest, EndsAtOnceWhenTheEdgeDrains) {
  const auto client = open_stream();
  caf::anon_send(edge->actor(), Drain{});
  poll();
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(StreamTest, EndsWithItsBeginningWhenItOpensWhileTheEdgeDrains) {
  const auto client = open();
  send(*client, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  caf::anon_send(edge->actor(), Drain{});
  reply_with_stream(requests().back().request, "data: 1\n\n");
  EXPECT_TRUE(client->take().ends_with("\r\n\r\ndata: 1\n\n"));
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(StreamTest, TellsItsOwnerWhenTheEdgeCloses) {
  const auto client = open_stream();
  (*edge)->close();
  poll();
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(connections(), 0u);
}

// --- readers that are too slow

class SlowReaderTest : public StreamWorld {
 protected:
  void SetUp() override {
    StreamWorld::SetUp();
    reader.emplace(loop, *edge);
    reader->send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(poll_until([this] { return !requests().empty(); }));
    reply_with_stream(requests().back().request, ":\n\n");
  }
  void TearDown() override {
    reader->close();
    StreamWorld::TearDown();
  }
  // More than the kernel takes for a reader that does not read.
  void fill_the_kernel() { say({last_session()}, std::string(4u << 20, 'k')); }
  void sweep_after_stall(Millis later) {
    if (const auto alive = reader->session.lock()) alive->sweep(std::chrono::steady_clock::now() + later);
    poll();
  }

  std::optional<SlowReader> reader;
};

TEST_F(SlowReaderTest, IsCutOffWhenTooMuchWaitsForIt) {
  fill_the_kernel();
  for (std::size_t waits = 0; waits + 1024 <= limits::stream_buffer_max; waits += 1024) say({last_session()}, std::string(1024, 'x'));
  EXPECT_EQ(connections(), 1u) << "as much as may wait";
  EXPECT_EQ(cut_off.value(), 0u);
  say({last_session()}, "x");
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(cut_off.value(), 1u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  EXPECT_EQ(open_now, 0);
}

TEST_F(SlowReaderTest, IsCutOffWhenItTakesNothing) {
  fill_the_kernel();
  sweep_after_stall(29s);
  EXPECT_EQ(connections(), 1u);
  sweep_after_stall(31s);
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(cut_off.value(), 1u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
}

TEST_F(SlowReaderTest, GetsEverythingInOrderOnceItReads) {
  std::string sent = ":\n\n";
  for (int i = 0; i < 40; ++i) {
    const auto piece = std::to_string(i) + std::string(i == 0 ? 4u << 20 : 5'000u, static_cast<char>('a' + i % 26)) + "\n";
    sent += piece;
    say({last_session()}, piece, i == 39);
  }
  EXPECT_EQ(cut_off.value(), 0u);
  std::string got;
  ASSERT_TRUE(poll_until([&] {
    got += reader->read();
    return reader->ended;
  }));
  ASSERT_TRUE(got.find("\r\n\r\n") != std::string::npos);
  EXPECT_TRUE(got.substr(got.find("\r\n\r\n") + 4) == sent) << got.size() << " bytes instead of " << sent.size();
  EXPECT_EQ(cut_off.value(), 0u);
}

TEST_F(SlowReaderTest, DoesNotHoldUpTheDrain) {
  fill_the_kernel();
  caf::anon_send(edge->actor(), Drain{});
  poll();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(owner.count<StreamClosed>(), 1u);
  sweep_after_stall(31s);
  EXPECT_EQ(connections(), 0u);
}

TEST_F(SlowReaderTest, IsNoticedWhenItCloses) {
  reader->close();
  EXPECT_TRUE(poll_until([this] { return owner.count<StreamClosed>() > 0; }));
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(cut_off.value(), 0u);
}

// --- many streams

TEST_F(StreamTest, WritesOnePortionInATurnOfTheLoopSoThatRequestsGoBetween) {
  constexpr std::size_t portions = 20;
  std::vector<std::unique_ptr<Client>> readers;
  std::vector<StreamBytes> orders;
  for (std::size_t i = 0; i < portions; ++i) {
    readers.push_back(open_stream());
    orders.push_back({{last_session()}, std::make_shared<const std::string>("x"), false});
  }
  const auto written = [&readers] {
    std::size_t bytes = 0;
    for (const auto& reader : readers) bytes += reader->take().size();
    return bytes;
  };
  const auto other = open();
  send(*other, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const auto& order : orders) caf::anon_send(edge->actor(), order);
  loop.restart();
  loop.poll_one();  // the edge hears them
  RepliesReady ready;
  ready.replies.push_back({requests().back().request, {200, "{}", {}}, Verdict::served});
  caf::anon_send(edge->actor(), std::move(ready));
  std::size_t before_the_answer = 0;
  for (int turn = 0; turn < 100 && other->take().empty(); ++turn) {
    loop.restart();
    loop.poll_one();
    before_the_answer += written();
  }
  EXPECT_LT(before_the_answer, portions / 4) << "an answer does not wait for all the streams";
  poll();
  EXPECT_EQ(before_the_answer + written(), portions);
}

// --- failing I/O

TEST_F(StreamTest, SurvivesIoThatFailsAtAnyStep) {
  bool whole = false;
  std::size_t step = 0;
  for (; !whole && step < 100; ++step) {
    boost::beast::test::fail_count failures(step);
    receiver.all<Receive>().clear();
    owner.all<StreamClosed>().clear();
    const auto client = open(&failures);
    bool opened = false;
    try {
      client->send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
      poll();
      opened = !requests().empty();
      if (opened) reply_with_stream(requests().back().request, "data: 0\n\n");
      for (int i = 1; opened && i < 5; ++i) say({last_session()}, "data: " + std::to_string(i) + "\n\n", i == 4);
    } catch (const boost::system::system_error&) {  // the client finds its peer gone
    }
    whole = opened && client->take().ends_with("data: 4\n\n");
    client->close();
    poll();
    EXPECT_EQ(owner.count<StreamClosed>(), opened ? 1u : 0u) << "after a failure at step " << step;
    EXPECT_TRUE(session.expired()) << "after a failure at step " << step;
    EXPECT_EQ(open_now, 0);
  }
  EXPECT_TRUE(whole);
  EXPECT_GT(step, 5u) << "the failures reached the stream";
}

}  // namespace
}  // namespace denrei::test
