// What the HTTP client's tests share: a loop with a server and a client on it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "contract/loopback_http.hpp"
#include "denrei/adapters/curl/curl_client.hpp"

namespace denrei::test {

class CurlClientTest : public ::testing::Test {
 protected:
  CurlClientTest() { make_client({.allow = loopback(), .user_agent = "denrei/test", .plain_http = true}); }

  static std::vector<Cidr> loopback() { return {parse_cidr("127.0.0.1").value()}; }
  void make_client(ClientPolicy policy) { client = std::make_unique<CurlClient>(io, std::move(policy)); }

  Exchange ask(OutboundRequest request) {
    std::optional<Exchange> answer;
    client->send(std::move(request), [&](Exchange exchange) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(exchange);
    });
    run_loop_until(io, [&] { return answer.has_value(); });
    return answer.value_or(Exchange{});
  }
  Exchange post(std::string body) { return ask({.url = server.url(), .body = std::move(body)}); }

  boost::asio::io_context io;
  LoopbackHttp server{io};
  std::unique_ptr<CurlClient> client;
};

}  // namespace denrei::test
