// One exchange for a command, and the limits that a client may be given: how much is read, and how much of the headers is kept.
#include "denrei/adapters/curl/single_exchange.hpp"

#include "contract/curl_client_world.hpp"

namespace denrei::test {
namespace {

std::string answer_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(CurlClientTest, CountsWhatItReadsThoughItKeepsTheHeadAlone) {
  server.answer = [](const auto&) { return ServedAnswer{.bytes = answer_with(std::string(50'000, 'b'))}; };
  EXPECT_EQ(post("").body_bytes, 50'000u);
  server.answer = [](const auto&) { return ServedAnswer{.bytes = answer_with({})}; };
  EXPECT_EQ(post("").body_bytes, 0u) << "of this answer, not of the one before";
}

TEST_F(CurlClientTest, ReadsAsMuchAsItsPolicyAllows) {
  make_client({.allow = loopback(), .plain_http = true, .answer_bytes_max = 200'000});
  server.answer = [](const auto&) { return ServedAnswer{.bytes = answer_with(std::string(200'000, 'b'))}; };
  const auto whole = post("");
  EXPECT_EQ(whole.error, AttemptError::none) << whole.error_text;
  EXPECT_EQ(whole.body_bytes, 200'000u);
  server.answer = [](const auto&) { return ServedAnswer{.bytes = answer_with(std::string(200'001, 'b'))}; };
  const auto more = post("");
  EXPECT_EQ(more.error, AttemptError::too_large);
  EXPECT_EQ(more.error_text, "an answer of more than 200000 bytes");
}

TEST_F(CurlClientTest, KeepsAsMuchOfTheHeadersAsItsPolicySays) {
  make_client({.allow = loopback(), .plain_http = true, .headers_kept = 10'000});
  server.answer = [](const auto&) {
    return ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\nX: " + std::string(5'000, 'h') + "\r\nLast: 1\r\nContent-Length: 0\r\n\r\n"};
  };
  EXPECT_NE(post("").headers.find("Last: 1\r\n"), std::string::npos);
}

TEST(SingleExchange, TellsThatNobodyAnswers) {
  const auto exchange = exchange_once({.method = "GET", .url = "https://127.0.0.1:1/"}, {.allow = {parse_cidr("127.0.0.1").value()}});
  EXPECT_EQ(exchange.status, 0);
  EXPECT_EQ(exchange.error, AttemptError::connect) << exchange.error_text;
}

TEST(SingleExchange, ConnectsToPublicAddressesAlone) {
  EXPECT_EQ(exchange_once({.method = "GET", .url = "https://127.0.0.1:1/"}, {}).error, AttemptError::blocked);
}

TEST(SingleExchange, RefusesWhatItsPolicyDoesNotAllow) {
  const auto exchange = exchange_once({.method = "GET", .url = "http://127.0.0.1:1/"}, {.allow = {parse_cidr("127.0.0.1").value()}});
  EXPECT_EQ(exchange.error, AttemptError::broken);
  EXPECT_EQ(exchange.error_text, "not an https URL");
}

}  // namespace
}  // namespace denrei::test
