// A Session over an in-memory stream: framing, order, limits, time-outs, and I/O that fails at every step.
#include "http_world.hpp"

namespace denrei::test {
namespace {

using SessionTest = HttpWorld;

const std::string post = "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

int status_of(const std::string& answer) { return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0; }
bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(SessionTest, HandsOnARequestAndWritesItsAnswer) {
  const auto client = open();
  send(*client, "POST /hook?a=1 HTTP/1.1\r\nHost: a\r\nX-Signature:  00ff \r\nX-Request-Id: my-id_1.2\r\nContent-Length: 11\r\n\r\n{\"key\":\"A\"}");
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_EQ(last_request().method, "POST");
  EXPECT_EQ(last_request().target, "/hook?a=1");
  EXPECT_EQ(last_request().body, R"({"key":"A"})");
  EXPECT_EQ(find_header(last_request().headers, "x-signature"), "00ff");
  EXPECT_EQ(last_request().peer, "192.0.2.1");
  EXPECT_EQ(last_request().request_id, "my-id_1.2");
  EXPECT_EQ(last_request().arrived_at, now);
  EXPECT_EQ(client->take(), "");
  reply(R"({"ok":1})");
  const auto answer = client->take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: Thu, 09 Oct 2025 08:53:20 GMT\r\n")) << answer;
  EXPECT_TRUE(has(answer, "\r\nContent-Length: 8\r\n"));
  EXPECT_TRUE(has(answer, "\r\nX-Request-Id: my-id_1.2\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n{\"ok\":1}"));
  EXPECT_FALSE(has(answer, "Connection: close"));
}

TEST_F(SessionTest, MakesARequestIdWhenTheSendersIsNotSane) {
  for (const auto& id : std::vector<std::string>{"", "a b", "a\tb", std::string(129, 'a'), "<script>", "\xc3\xa9"}) {
    const auto client = open();
    send(*client, "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + id + "\r\n\r\n");
    ASSERT_FALSE(requests().empty());
    EXPECT_TRUE(last_request().request_id.starts_with("req-")) << last_request().request_id;
    session.lock()->abandon();
    poll();
  }
}

TEST_F(SessionTest, KeepsTheConnectionForTheNextRequest) {
  const auto client = open();
  for (int i = 0; i < 5; ++i) {
    send(*client, post);
    ASSERT_EQ(requests().size(), static_cast<std::size_t>(i) + 1);
    reply();
    EXPECT_EQ(status_of(client->take()), 200);
  }
  EXPECT_EQ(connections(), 1u);
}

TEST_F(SessionTest, AnswersPipelinedRequestsInTheOrderAsked) {
  const auto client = open();
  std::string all;
  for (int i = 0; i < 4; ++i) all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
  send(*client, all);
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(requests().size(), static_cast<std::size_t>(i) + 1) << "one at a time";
    EXPECT_EQ(last_request().body, std::to_string(i));
    reply(last_request().target);
    EXPECT_TRUE(client->take().ends_with("\r\n\r\n/" + std::to_string(i)));
  }
}

TEST_F(SessionTest, ReadsARequestThatComesByteByByte) {
  const auto client = open();
  for (const char c : "\r\n" + post) send(*client, std::string(1, c));
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_EQ(last_request().body, "{}");
}

TEST_F(SessionTest, ReadsChunkedBodies) {
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5;ext=1\r\nhello\r\n");
  EXPECT_TRUE(requests().empty());
  send(*client, "6\r\n world\r\n0\r\nTrailer: x\r\n\r\n" + post);
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_EQ(last_request().body, "hello world");
  reply();
  ASSERT_EQ(requests().size(), 2u) << "the next request begins behind the trailers";
}

TEST_F(SessionTest, TellsASenderThatAsksToGoOn) {
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(requests().empty());
  send(*client, "{}");
  ASSERT_EQ(requests().size(), 1u);
  reply();
  EXPECT_EQ(status_of(client->take()), 200);
  send(*client, post);
  EXPECT_EQ(requests().size(), 2u);
}

TEST_F(SessionTest, AsksForTheBodyOfAnOrderThatNoSourceTakes) {
  for (const std::string path : {"/api/notifications/read", "/ops/dead-letters/resend", "/console/session"}) {
    requests().clear();
    const auto client = open();
    send(*client, "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n") << path;
    send(*client, "{}");
    ASSERT_EQ(requests().size(), 1u) << path;
    EXPECT_EQ(last_request().body, "{}");
  }
}

TEST_F(SessionTest, AsksForNoBodyInVain) {
  for (const std::string& head : std::vector<std::string>{"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n", "PUT /hook HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n",
                                 "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"}) {
    const auto client = open();
    const auto before = requests().size();
    send(*client, head + "Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n");
    EXPECT_EQ(client->take(), "");
    ASSERT_EQ(requests().size(), before + 1);
    reply("{}", 404);
    const auto answer = client->take();
    EXPECT_EQ(status_of(answer), 404);
    EXPECT_TRUE(has(answer, "\r\nConnection: close\r\n")) << "the body may come or not: nothing behind it can be trusted";
    EXPECT_EQ(connections(), 0u);
  }
}

TEST_F(SessionTest, AnswersHeadWithoutABody) {
  const auto client = open();
  send(*client, "HEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
  reply("12345");
  const auto answer = client->take();
  EXPECT_TRUE(has(answer, "\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(SessionTest, GivesNoBodyWithANotModified) {
  const auto client = open();
  send(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  reply("", 304);
  const auto answer = client->take();
  EXPECT_EQ(status_of(answer), 304);
  EXPECT_FALSE(has(answer, "Content-Length"));
}

TEST_F(SessionTest, SpeaksHttp10) {
  auto client = open();
  send(*client, "GET /a HTTP/1.0\r\n\r\n");
  reply();
  EXPECT_TRUE(has(client->take(), "\r\nConnection: close\r\n"));
  EXPECT_EQ(connections(), 0u);
  client = open();
  send(*client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  reply();
  EXPECT_TRUE(has(client->take(), "\r\nConnection: keep-alive\r\n"));
  EXPECT_EQ(connections(), 1u);
}

TEST_F(SessionTest, ClosesWhenTheSenderWantsIt) {
  const auto client = open();
  send(*client, "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  reply();
  EXPECT_TRUE(has(client->take(), "\r\nConnection: close\r\n"));
  EXPECT_EQ(connections(), 0u);
}

struct BadBytes {
  const char* what;
  int status;
  std::string bytes;
};

TEST_F(SessionTest, RefusesBytesThatAreNoRequestAndCloses) {
  const std::string host = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::string many = host;
  for (std::size_t i = 0; i <= limits::header_fields_max; ++i) many += "F" + std::to_string(i) + ": v\r\n";
  const std::vector<BadBytes> cases{
      {"TLS on a plain port", 400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 21)},
      {"words", 400, "hello there, how are you\r\n\r\n"},
      {"no version", 400, "GET /\r\n\r\n"},
      {"a header without colon", 400, host + "Bad Header\r\n\r\n"},
      {"a blank before the colon", 400, host + "Bad : x\r\n\r\n"},
      {"a length that is no number", 400, host + "Content-Length: 1x\r\n\r\n"},
      {"a negative length", 400, host + "Content-Length: -1\r\n\r\n"},
      {"two lengths", 400, host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
      {"length and chunks", 400, host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"another transfer coding", 400, host + "Transfer-Encoding: gzip, chunked\r\n\r\n"},
      {"two transfer codings", 400, host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"chunks that are none", 400, host + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
      {"no host", 400, "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
      {"a huge header", 431, host + "A: " + std::string(limits::header_bytes_max, 'a') + "\r\n\r\n"},
      {"many fields", 431, many + "\r\n"},
      {"HTTP/2", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
  };
  for (const auto& c : cases) {
    const auto client = open();
    const auto before = malformed.value();
    send(*client, c.bytes);
    const auto answer = client->take();
    EXPECT_EQ(status_of(answer), c.status) << c.what << ": " << answer;
    EXPECT_TRUE(has(answer, "\r\nConnection: close\r\n")) << c.what;
    EXPECT_EQ(connections(), 0u) << c.what;
    EXPECT_TRUE(requests().empty()) << c.what;
    EXPECT_LE(malformed.value() - before, 1u);
  }
}

TEST_F(SessionTest, LetsTheSourceItselfRefuseABodyThatIsTooLarge) {
  const std::string head = "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  std::string chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t sent = 0; sent <= limits::body_bytes_max; sent += 0x10000) chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (const auto& bytes : {head + "Content-Length: 2000000\r\n\r\n", chunks}) {
    const auto client = open();
    const auto before = requests().size();
    send(*client, bytes);
    ASSERT_EQ(requests().size(), before + 1);
    EXPECT_TRUE(last_request().body_too_large);
    EXPECT_TRUE(last_request().body.empty());
    EXPECT_EQ(find_header(last_request().headers, "content-type"), "application/json");
    reply("{}", 413);
    const auto answer = client->take();
    EXPECT_EQ(status_of(answer), 413);
    EXPECT_TRUE(has(answer, "\r\nConnection: close\r\n"));
    EXPECT_EQ(connections(), 0u);
  }
}

TEST_F(SessionTest, TakesABodyOfExactlyTheLimit) {
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(limits::body_bytes_max) + "\r\n\r\n" +
                    std::string(limits::body_bytes_max, 'x'));
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_FALSE(last_request().body_too_large);
  EXPECT_EQ(last_request().body.size(), limits::body_bytes_max);
}

// --- time

TEST_F(SessionTest, ClosesAnIdleConnectionInSilence) {
  const auto client = open();
  sweep_after(74s);
  EXPECT_EQ(connections(), 1u);
  sweep_after(76s);
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(client->take(), "");
  EXPECT_EQ(timed_out.value(), 0u);
}

TEST_F(SessionTest, GivesUpOnAHeaderThatDoesNotEnd) {
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHo");
  sweep_after(9s);
  EXPECT_EQ(connections(), 1u);
  sweep_after(11s);
  EXPECT_EQ(status_of(client->take()), 408);
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(timed_out.value(), 1u);
}

TEST_F(SessionTest, GivesUpOnABodyThatDoesNotEnd) {
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{");
  sweep_after(29s);
  EXPECT_EQ(connections(), 1u);
  sweep_after(31s);
  EXPECT_EQ(status_of(client->take()), 408);
  EXPECT_EQ(connections(), 0u);
}

TEST_F(SessionTest, AnswersItselfWhenNobodyElseDoesAndIgnoresWhatComesLater) {
  const auto client = open();
  send(*client, post);
  const auto request = requests().back().request;
  sweep_after(9s);
  EXPECT_EQ(client->take(), "");
  sweep_after(11s);
  const auto answer = client->take();
  EXPECT_GE(status_of(answer), 500) << answer;
  EXPECT_EQ(connections(), 0u);
  reply_to(request, {200, "late", {}});
  EXPECT_EQ(client->take(), "");
}

TEST_F(SessionTest, AnswersATimeOutAsTheSourcesOwnOverload) {
  // protocol §1.5: it is not known whether the event became durable, so the sender must hear what it repeats on.
  const auto client = open();
  send(*client, "POST /hook HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-7\r\nContent-Length: 2\r\n\r\n{}");
  sweep_after(11s);
  const auto answer = client->take();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_TRUE(has(answer, "OVERLOADED")) << answer;
  EXPECT_TRUE(has(answer, "\r\nRetry-After: ")) << answer;
  EXPECT_TRUE(has(answer, "\r\nX-Request-Id: id-7\r\n")) << answer;
}

// --- the edge

TEST_F(SessionTest, ForgetsAConnectionWhosePeerHasGone) {
  const auto client = open();
  send(*client, post);
  const auto request = requests().back().request;
  EXPECT_EQ(connections(), 1u);
  client->close();
  poll();
  reply_to(request, {200, "{}", {}});
  poll();
  EXPECT_EQ(connections(), 0u);
  EXPECT_TRUE(session.expired());
}

TEST_F(SessionTest, CountsWhatIsInFlight) {
  const auto one = open(), two = open();
  send(*one, post);
  EXPECT_EQ(last_request().requests_in_flight, 1u);
  const auto bytes = last_request().bytes_in_flight;
  EXPECT_GT(bytes, 2u);
  const auto first = requests().back().request;
  send(*two, post);
  EXPECT_EQ(last_request().requests_in_flight, 2u);
  EXPECT_EQ(last_request().bytes_in_flight, 2 * bytes);
  reply();
  reply_to(first, {200, "{}", {}});
  send(*one, post);
  EXPECT_EQ(last_request().requests_in_flight, 1u);
  EXPECT_EQ(last_request().bytes_in_flight, bytes);
}

TEST_F(SessionTest, AdmitsABoundedNumberOfConnections) {
  const auto one = open(), two = open();
  EXPECT_FALSE((*edge)->admit("192.0.2.1")) << "two of one address";
  EXPECT_TRUE((*edge)->admit("192.0.2.2"));
  const auto three = open(nullptr, "192.0.2.2");
  EXPECT_FALSE((*edge)->admit("192.0.2.3")) << "three in all";
  EXPECT_EQ(refused.value(), 2u);
  one->close();
  poll();
  EXPECT_TRUE((*edge)->admit("192.0.2.1"));
}

TEST_F(SessionTest, DrainsByFinishingWhatIsUnderWay) {
  const auto idle = open();
  const auto busy = open();
  send(*busy, post + post);
  caf::anon_send(edge->actor(), Drain{});
  poll();
  EXPECT_EQ(connections(), 1u) << "the idle one is closed";
  EXPECT_EQ(observer.count<Drained>(), 0u);
  EXPECT_FALSE((*edge)->admit("192.0.2.9"));
  reply();
  EXPECT_TRUE(has(busy->take(), "\r\nConnection: close\r\n"));
  EXPECT_EQ(connections(), 0u);
  EXPECT_EQ(requests().size(), 1u) << "what was pipelined behind it is not begun";
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(SessionTest, KeepsNoReplyThatNobodyWaitsForWhenItIsClosed) {
  const auto client = open();
  send(*client, post);
  const std::weak_ptr<const InboundRequest> request = requests().back().request;
  caf::anon_send(edge->actor(), RepliesReady{{Reply{requests().back().request, {200, "{}", {}}, Verdict::served}}});
  (*edge)->close();
  requests().clear();
  EXPECT_TRUE(request.expired());
}

// --- failing I/O

TEST_F(SessionTest, SurvivesIoThatFailsAtAnyStep) {
  const std::string waits = "POST /hook HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  bool whole = false;
  std::size_t step = 0;
  for (; !whole && step < 100; ++step) {
    boost::beast::test::fail_count failures(step);
    receiver.all<Receive>().clear();
    const auto client = open(&failures);
    std::size_t answered = 0;
    try {
      for (const auto& bytes : {post, post + post, waits, std::string("{}"), std::string("nonsense\r\n\r\n")}) {
        client->send(bytes);
        poll();
        while (answered < requests().size()) {
          const auto request = requests()[answered++].request;
          reply_to(request, {200, "{}", {}});
        }
      }
    } catch (const boost::system::system_error&) {  // the client finds its peer gone
    }
    whole = answered == 4 && has(client->take(), " 400 Bad Request");
    client->close();
    poll();
    EXPECT_TRUE(session.expired()) << "after a failure at step " << step;
    EXPECT_EQ(connections(), 0u) << "after a failure at step " << step;
  }
  EXPECT_TRUE(whole);
  EXPECT_GT(step, 8u) << "the failures reached the stream";
}

}  // namespace
}  // namespace denrei::test
