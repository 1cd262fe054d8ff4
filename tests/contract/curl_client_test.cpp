// The HTTP client over loopback: what goes out, what of the answer is kept, and which failure is called what.
#include <optional>

#include "contract/curl_client_world.hpp"

namespace denrei::test {
namespace {

TEST_F(CurlClientTest, BringsStatusHeadersAndBody) {
  server.answer = [](const auto&) {
    return ServedAnswer{.bytes = "HTTP/1.1 202 Accepted\r\nX-A: 1\r\nretry-after:  17 \r\nContent-Length: 5\r\n\r\nhello"};
  };
  const auto answer = post("{}");
  EXPECT_EQ(answer.error, AttemptError::none) << answer.error_text;
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.headers, "X-A: 1\r\nretry-after:  17 \r\nContent-Length: 5\r\n");
  EXPECT_EQ(answer.retry_after, "17");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.address, "127.0.0.1");
  EXPECT_EQ(answer.error_text, "");
}

TEST_F(CurlClientTest, SendsWhatItIsGivenAndNothingElse) {
  const std::string body("a\0b\xff", 4);
  ask({.method = "POST", .url = server.url("127.0.0.1", "/x?y=1"), .headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"X-Sig", "abc"}}, .body = body});
  ASSERT_EQ(server.requests.size(), 1u);
  const auto& got = server.requests.front();
  EXPECT_EQ(got.line, "POST /x?y=1 HTTP/1.1");
  EXPECT_EQ(got.body, body);
  const std::map<std::string, std::string> expected{{"host", "127.0.0.1:" + std::to_string(server.port())}, {"user-agent", "denrei/test"}, {"accept", "*/*"},
                                                    {"content-type", "application/json"}, {"x-empty", ""}, {"x-sig", "abc"}, {"content-length", "4"}};
  EXPECT_EQ(got.headers, expected);
}

TEST_F(CurlClientTest, SendsLargeBodiesWithoutAskingFirst) {
  const std::string body(3'000'000, 'z');
  EXPECT_EQ(post(body).status, 200);
  EXPECT_EQ(server.requests.at(0).body, body);
  EXPECT_FALSE(server.requests.at(0).headers.contains("expect"));
  EXPECT_FALSE(server.requests.at(0).headers.contains("content-type"));
}

TEST_F(CurlClientTest, KnowsOtherMethodsAndChangesBetweenThem) {
  for (const std::string method : {"POST", "GET", "PUT", "HEAD", "DELETE", "POST", "PATCH", "GET"}) {
    server.answer = [&method](const auto&) { return ServedAnswer{.bytes = method == "HEAD" ? "HTTP/1.1 204 No\r\n\r\n" : ServedAnswer{}.bytes}; };
    EXPECT_EQ(ask({.method = method, .url = server.url(), .body = "b"}).error, AttemptError::none);
    EXPECT_EQ(server.requests.back().line, method + " / HTTP/1.1");
    EXPECT_EQ(server.requests.back().body, method == "GET" || method == "HEAD" ? "" : "b") << method;
  }
}

TEST_F(CurlClientTest, KeepsItsConnection) {
  const auto first = post("1");
  const auto second = post("2");
  EXPECT_EQ(server.connections, 1u);
  EXPECT_GT(first.connect_us, 0u);
  EXPECT_EQ(second.connect_us + second.dns_us + second.tls_us, 0u);
  EXPECT_EQ(second.address, "127.0.0.1");
  EXPECT_GT(second.first_byte_us, 0u);
  EXPECT_GE(second.total_us, second.first_byte_us);
}

TEST_F(CurlClientTest, NoticesThatTheOtherSideClosedAKeptConnection) {
  server.answer = [](const auto&) { return ServedAnswer{.close = true}; };
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(post("x").status, 200);
    run_loop_until(io, [&] { return server.closed == i; });
    io.poll();
  }
  EXPECT_EQ(server.connections, 3u);
}

TEST_F(CurlClientTest, KeepsTheHeadOfALongAnswer) {
  const std::string body(60'000, 'b');
  const std::string value(5'000, 'h');
  server.answer = [&](const auto&) {
    return ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\nX: " + value + "\r\nRetry-After: " + value + "\r\nContent-Length: 60000\r\n\r\n" + body};
  };
  const auto answer = post("");
  EXPECT_EQ(answer.status, 200) << answer.error_text;
  EXPECT_EQ(answer.body, body.substr(0, limits::answer_body_kept));
  EXPECT_EQ(answer.headers.size(), limits::answer_headers_kept);
  EXPECT_EQ(answer.retry_after.size(), 64u);
}

TEST_F(CurlClientTest, ForgetsInterimAnswers) {
  server.answer = [](const auto&) {
    return ServedAnswer{.bytes = "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 No\r\nX: y\r\nContent-Length: 0\r\n\r\n"};
  };
  const auto answer = post("");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers, "X: y\r\nContent-Length: 0\r\n");
  EXPECT_EQ(answer.retry_after, "");
}

TEST_F(CurlClientTest, TakesARedirectForAnAnswer) {
  server.answer = [&](const auto&) {
    return ServedAnswer{.bytes = "HTTP/1.1 307 Go\r\nLocation: " + server.url("127.0.0.1", "/inside") + "\r\nContent-Length: 0\r\n\r\n"};
  };
  EXPECT_EQ(post("x").status, 307);
  io.poll();
  EXPECT_EQ(server.requests.size(), 1u);
}

TEST_F(CurlClientTest, KeepsNothingOfTheExchangeBefore) {
  server.answer = [](const auto&) { return ServedAnswer{.bytes = "HTTP/1.1 500 No\r\nRetry-After: 3\r\nContent-Length: 3\r\n\r\nbad"}; };
  EXPECT_EQ(post("x").status, 500);
  server.answer = [](const auto&) { return ServedAnswer{.bytes = "HTTP/1.1 204 Fine\r\n\r\n"}; };
  const auto answer = post("x");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body + answer.headers + answer.retry_after, "");
}

// --- failures

TEST_F(CurlClientTest, GivesUpOnASlowAnswerAtItsTime) {
  for (const auto& slow : {ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\n", .again = "X: y\r\n", .pause = Millis(10)}, ServedAnswer{.hold = true},
                           ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", .again = "b", .pause = Millis(10)}}) {
    server.answer = [&](const auto&) { return slow; };
    const auto answer = ask({.url = server.url(), .timeout = Millis(120)});
    EXPECT_EQ(answer.error, AttemptError::timeout) << answer.error_text;
    EXPECT_EQ(answer.status, 0);
    EXPECT_GE(answer.total_us, 100'000u);
    EXPECT_LT(answer.total_us, 5'000'000u);
  }
}

TEST_F(CurlClientTest, GivesUpInTimeWhileOthersHaveMore) {
  server.answer = [](const auto&) { return ServedAnswer{.hold = true}; };
  client->send({.url = server.url()}, [](const Exchange&) { ADD_FAILURE(); });
  run_loop_until(io, [&] { return server.requests.size() == 1; });
  for (const auto timeout : {Millis(300), Millis(60)})  // the first outlasts libcurl's short timers of a new connection
    EXPECT_LT(ask({.url = server.url(), .timeout = timeout}).total_us, 2'000'000u);
}

TEST_F(CurlClientTest, GivesUpOnAnEndlessAnswer) {
  for (const auto& endless : {ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\n\r\n", .again = std::string(10'000, 'b')},
                              ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\n", .again = "X: " + std::string(1'000, 'h') + "\r\n"},
                              ServedAnswer{.bytes = "", .again = "HTTP/1.1 103 Hint\r\nX: " + std::string(1'000, 'h') + "\r\n\r\n"}}) {
    server.answer = [&](const auto&) { return endless; };
    const auto answer = post("x");
    EXPECT_EQ(answer.error, AttemptError::too_large) << answer.error_text;
    EXPECT_EQ(answer.status, 0);
    EXPECT_LE(answer.body.size(), limits::answer_body_kept);
    EXPECT_LE(answer.headers.size(), limits::answer_headers_kept);
  }
}

TEST_F(CurlClientTest, SaysWhatIsBroken) {
  for (const std::string bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 200 OK\r\nX", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 103 Hint\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", ""}) {
    server.answer = [&](const auto&) { return ServedAnswer{.bytes = bytes, .close = true}; };
    const auto answer = post("secret-body");
    EXPECT_EQ(answer.error, AttemptError::broken) << bytes;
    EXPECT_EQ(answer.status, 0);
    EXPECT_NE(answer.error_text, "");
    EXPECT_EQ(answer.error_text.find("secret"), std::string::npos);
  }
}

TEST_F(CurlClientTest, SaysWhoRefusedTheConnection) {
  const auto answer = ask({.url = "http://127.0.0.1:1/secret"});
  EXPECT_EQ(answer.error, AttemptError::connect);
  EXPECT_EQ(answer.error_text, "127.0.0.1: Connection refused");
}

TEST_F(CurlClientTest, SaysWhichNameIsUnknown) {
  const std::string name = std::string(64, 'n') + ".invalid";  // too long for any name server to be asked
  const auto answer = ask({.url = "http://" + name + "/secret"});
  EXPECT_EQ(answer.error, AttemptError::dns);
  EXPECT_NE(answer.error_text.find(name), std::string::npos) << answer.error_text;
  EXPECT_EQ(answer.error_text.find("secret"), std::string::npos);
}

TEST_F(CurlClientTest, RefusesWhatCannotBeSent) {
  const std::vector<OutboundRequest> bad{{.url = server.url(), .headers = {{"X", "a\r\nY: b"}}}, {.url = server.url(), .headers = {{"X: y\r\nZ", "a"}}},
                                         {.url = server.url(), .headers = {{"", "a"}}}, {.method = "GET / HTTP/1.1\r\nX: y", .url = server.url()}, {.method = "", .url = server.url()},
                                         {.url = "not a url"}, {.url = ""}, {.url = "ftp://127.0.0.1/"}, {.url = "file:///etc/passwd"}, {.url = "gopher://127.0.0.1/"}};
  for (const auto& request : bad) {
    const auto answer = ask(request);
    EXPECT_EQ(answer.error, AttemptError::broken) << request.url;
    EXPECT_NE(answer.error_text, "");
  }
  EXPECT_EQ(server.connections, 0u);
  make_client({.allow = loopback()});
  EXPECT_EQ(post("x").error_text, "not an https URL");
}

// --- many at a time, and the end

TEST_F(CurlClientTest, ServesManyAtATimeOverItsConnections) {
  make_client({.allow = loopback(), .connections_max = 16, .plain_http = true});
  std::size_t answered = 0;
  for (int i = 0; i < 200; ++i)
    client->send({.url = server.url(), .body = std::to_string(i)}, [&](Exchange answer) { answered += answer.status == 200 ? 1u : 0u; });
  EXPECT_EQ(answered, 0u) << "never before send has returned";
  run_loop_until(io, [&] { return answered == 200; });
  EXPECT_EQ(server.requests.size(), 200u);
  EXPECT_LE(server.connections, 16u);
}

TEST_F(CurlClientTest, AnswersRefusedRequestsLaterToo) {
  bool answered = false;
  client->send({.method = ""}, [&](const Exchange&) { answered = true; });
  EXPECT_FALSE(answered);
  run_loop_until(io, [&] { return answered; });
}

TEST_F(CurlClientTest, CallsNobodyAfterItsEnd) {
  server.answer = [](const auto&) { return ServedAnswer{.hold = true}; };
  const auto alive = std::make_shared<int>(0);
  for (int i = 0; i < 5; ++i) client->send({.url = server.url()}, [alive](const Exchange&) { ADD_FAILURE(); });
  run_loop_until(io, [&] { return server.requests.size() == 5; });
  client->send({.url = server.url()}, [alive](const Exchange&) { ADD_FAILURE(); });  // not begun
  client->send({.method = ""}, [alive](const Exchange&) { ADD_FAILURE(); });         // not told
  client->send({.url = "http://" + std::string(64, 'n') + ".invalid/"}, [alive](const Exchange&) { ADD_FAILURE(); });
  client.reset();
  EXPECT_EQ(alive.use_count(), 1) << "what the callbacks held is free";
  run_loop_until(io, [&] { return server.closed == 5; });
}

TEST_F(CurlClientTest, MayGoWithinACallback) {
  server.answer = [](const auto&) { return ServedAnswer{.bytes = "HTTP/1.1 204 Fine\r\n\r\n"}; };
  int answered = 0;
  for (int i = 0; i < 20; ++i)
    client->send({.method = i % 2 == 0 ? "" : "POST", .url = server.url()}, [&](const Exchange&) {
      ++answered;
      client.reset();
    });
  run_loop_until(io, [&] { return answered > 0; });
  io.poll();
  EXPECT_EQ(answered, 1);
}

TEST_F(CurlClientTest, MaySendAgainWithinACallback) {
  int answered = 0;
  std::function<void(Exchange)> again = [&](const Exchange& answer) {
    EXPECT_EQ(answer.status, 200);
    if (++answered < 50) client->send({.url = server.url()}, again);
  };
  client->send({.url = server.url()}, again);
  run_loop_until(io, [&] { return answered == 50; });
  EXPECT_EQ(server.connections, 1u);
}

}  // namespace
}  // namespace denrei::test
