// The commands' HTTP client, as far as it needs no server: what it refuses to send, and nobody answering.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "denrei/adapters/curl/simple_http.hpp"

namespace denrei {
namespace {

using ::testing::HasSubstr;

// A bound port that nobody listens on, held so that nobody else takes it.
class SilentPort {
 public:
  SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port");
    port_ = ntohs(address.sin_port);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  ~SilentPort() { close(socket_); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

TEST(SimpleHttp, SaysUnavailableWhenNobodyListens) {
  const SilentPort port;
  for (const auto* method : {"GET", "POST"}) {
    const auto reply = send_http({.method = method, .url = port.url(), .body = "{}"});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FaultCode::unavailable);
    EXPECT_THAT(reply.error().detail, HasSubstr(port.url()));
  }
}

TEST(SimpleHttp, RefusesOtherProtocolsAndBrokenUrls) {
  for (const auto* url : {"file:///etc/passwd", "gopher://127.0.0.1/", "http://", ""}) {
    const auto reply = send_http({.url = url});
    ASSERT_FALSE(reply) << url;
    EXPECT_EQ(reply.error().code, FaultCode::invalid) << url << ": " << reply.error().detail;
  }
}

TEST(SimpleHttp, RefusesHeadersThatWouldBecomeTwo) {
  const SilentPort port;
  for (const auto& header : {OwnedHeader{"X-A", "b\r\nX-C: d"}, OwnedHeader{"X-A\n", "b"}, OwnedHeader{"", "b"}, OwnedHeader{"X-A", std::string("b\0c", 3)}}) {
    const auto reply = send_http({.url = port.url(), .headers = {header}});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, FaultCode::invalid);
  }
}

}  // namespace
}  // namespace denrei
