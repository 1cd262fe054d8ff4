// Several requests at a time, against a receiver that the test itself plays between two waits.
#include "denrei/adapters/curl/parallel_http.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

namespace denrei {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// Takes connections without ever blocking.
class Receiver {
 public:
  Receiver() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port");
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() {
    close(listener_);
    for (const auto& [socket, text] : received_) close(socket);
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  // How many requests have come whole.
  std::size_t look() {
    for (int socket = 0; (socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) received_[socket];
    std::size_t whole = 0;
    for (auto& [socket, text] : received_) {
      char block[4096];
      for (ssize_t got = 0; (got = read(socket, block, sizeof block)) > 0;) text.append(block, static_cast<std::size_t>(got));
      whole += text.ends_with("}") ? 1u : 0u;
    }
    return whole;
  }
  // Answers each request with its own body.
  void answer_all() {
    for (const auto& [socket, text] : received_) {
      const auto body = text.substr(text.find("\r\n\r\n") + 4);
      const auto answer = "HTTP/1.1 200 OK\r\nIdempotent-Replayed: true\r\nRetry-After: 7\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      ASSERT_EQ(write(socket, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    }
  }

 private:
  int listener_;
  std::string url_;
  std::map<int, std::string> received_;
};

TEST(ParallelHttp, HasSeveralRequestsUnderWayAndTellsThemApart) {
  Receiver receiver;
  const auto http = make_parallel_http(-1);
  for (std::size_t i = 0; i < 3; ++i) http->start(i, {.method = "POST", .url = receiver.url(), .body = "{\"n\":" + std::to_string(i) + "}"});
  for (int turns = 0; receiver.look() < 3; ++turns) {
    ASSERT_LT(turns, 1'000);
    ASSERT_TRUE(http->wait(10ms).empty());
  }
  receiver.answer_all();
  std::map<std::size_t, HttpReply> replies;
  for (int turns = 0; replies.size() < 3; ++turns) {
    ASSERT_LT(turns, 1'000);
    for (auto& ended : http->wait(10ms)) {
      ASSERT_TRUE(ended.reply) << ended.reply.error().detail;
      replies[ended.ticket] = std::move(*ended.reply);
    }
  }
  for (const auto& [ticket, reply] : replies) {
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "{\"n\":" + std::to_string(ticket) + "}");
    const auto has = [&headers = reply.headers](std::string_view name, std::string_view value) {
      return std::any_of(headers.begin(), headers.end(), [&](const OwnedHeader& h) { return h.name == name && h.value == value; });
    };
    EXPECT_TRUE(has("Idempotent-Replayed", "true"));
    EXPECT_TRUE(has("Retry-After", "7"));
  }
}

TEST(ParallelHttp, SaysWhatCannotBeSentOrReached) {
  const auto http = make_parallel_http(-1);
  http->start(1, {.url = "ftp://127.0.0.1/"});
  http->start(2, {.url = "http://127.0.0.1:1/", .headers = {{"X-A", "b\r\nX-C: d"}}});
  std::map<std::size_t, Fault> faults;
  for (int turns = 0; faults.size() < 2; ++turns) {
    ASSERT_LT(turns, 1'000);
    for (auto& ended : http->wait(10ms)) faults[ended.ticket] = ended.reply.error();
  }
  EXPECT_EQ(faults[1].code, FaultCode::invalid);
  EXPECT_EQ(faults[2].code, FaultCode::invalid);
}

TEST(ParallelHttp, EndsAWaitWhenItsDescriptorWakes) {
  Receiver receiver;
  int pipe[2];
  ASSERT_EQ(pipe2(pipe, O_CLOEXEC), 0);
  const auto http = make_parallel_http(pipe[0]);
  http->start(0, {.method = "POST", .url = receiver.url(), .body = "{}"});
  ASSERT_EQ(write(pipe[1], "!", 1), 1);
  const auto before = std::chrono::steady_clock::now();
  for (int turns = 0; turns < 50 && receiver.look() == 0; ++turns) EXPECT_TRUE(http->wait(10ms).empty());
  EXPECT_TRUE(make_parallel_http(pipe[0])->wait(1min).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
  close(pipe[0]);
  close(pipe[1]);
}

TEST(ParallelHttp, GivesUpWhatIsUnderWayWhenItGoes) {
  Receiver receiver;
  auto http = make_parallel_http(-1);
  http->start(0, {.method = "POST", .url = receiver.url(), .body = "{}"});
  EXPECT_TRUE(http->wait(1ms).empty());
  http.reset();
}

}  // namespace
}  // namespace denrei
