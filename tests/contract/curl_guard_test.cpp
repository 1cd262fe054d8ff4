// Whom the HTTP client does not talk to: addresses that are not public, sides without a trusted certificate, proxies nobody configured.
#include <cstdlib>

#include "contract/curl_client_world.hpp"
#include "contract/journal_rig.hpp"

namespace denrei::test {
namespace {

using CurlGuard = CurlClientTest;

TEST_F(CurlGuard, BlocksLoopbackHoweverItIsWritten) {
  make_client({.plain_http = true});
  const auto port = ":" + std::to_string(server.port()) + "/";
  for (const auto* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0x7f000001", "0", "0.0.0.0", "[::1]", "[::]",
                           "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[fe80::1]", "[fd00:ec2::254]", "169.254.169.254", "10.0.0.1",
                           "192.168.1.1", "100.100.100.200", "user@127.0.0.1"}) {
    const auto answer = ask({.url = "http://" + std::string(host) + port, .timeout = Millis(5'000)});
    EXPECT_EQ(answer.error, AttemptError::blocked) << host << ": " << answer.error_text;
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.address, "") << host;
  }
  EXPECT_EQ(server.connections, 0u);
}

TEST_F(CurlGuard, NamesTheAddressAndWhatToConfigure) {
  make_client({.plain_http = true});
  EXPECT_EQ(post("x").error_text, "127.0.0.1 is not public; `allow` lists the addresses that may be connected to all the same");
}

TEST_F(CurlGuard, AllowsNoMoreThanTheRangesListed) {
  make_client({.allow = {parse_cidr("10.0.0.0/8").value(), parse_cidr("127.0.0.1/32").value()}, .plain_http = true});
  EXPECT_EQ(post("x").status, 200);
  EXPECT_EQ(ask({.url = server.url("127.0.0.2")}).error, AttemptError::blocked);
  EXPECT_EQ(ask({.url = server.url("[::1]")}).error, AttemptError::blocked);
}

TEST_F(CurlGuard, TriesTheAddressesOfANameThatAreAllowed) {
  EXPECT_EQ(ask({.url = server.url("localhost")}).status, 200) << "whether or not ::1 came first";
}

TEST_F(CurlGuard, IgnoresTheProxiesOfTheEnvironment) {
  for (const auto* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) ::setenv(name, "http://127.0.0.1:1", 1);
  EXPECT_EQ(post("x").status, 200);
  ::setenv("no_proxy", "*", 1);
  make_client({.allow = loopback(), .proxy = server.url(), .plain_http = true});
  EXPECT_EQ(ask({.url = "http://receiver.example/x"}).status, 200);
  EXPECT_EQ(server.requests.back().line, "POST http://receiver.example/x HTTP/1.1") << "the proxy that is configured is used all the same";
  for (const auto* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "no_proxy"}) ::unsetenv(name);
}

TEST_F(CurlGuard, GuardsTheProxysAddressToo) {
  make_client({.proxy = server.url(), .plain_http = true});
  EXPECT_EQ(ask({.url = "http://receiver.example/x"}).error, AttemptError::blocked);
  EXPECT_EQ(server.connections, 0u);
}

class CurlTls : public CurlClientTest {
 protected:
  void make(std::string ca_file) { make_client({.allow = loopback(), .ca_file = std::move(ca_file)}); }
  ScratchDirectory directory;
  TestCertificate certificate = write_test_certificate(directory.path());
  LoopbackHttp secure{io, certificate};
};

TEST_F(CurlTls, RefusesACertificateThatNobodyVouchesFor) {
  make({});
  const auto answer = ask({.url = secure.url("localhost"), .body = "secret"});
  EXPECT_EQ(answer.error, AttemptError::tls);
  EXPECT_NE(answer.error_text.find("self-signed"), std::string::npos) << answer.error_text;
  EXPECT_TRUE(secure.requests.empty());
}

TEST_F(CurlTls, TrustsTheRootsItIsGiven) {
  make(certificate.certificate);
  const auto first = ask({.url = secure.url("localhost"), .body = "x"});
  EXPECT_EQ(first.status, 200) << first.error_text;
  EXPECT_GT(first.tls_us, first.connect_us);
  const auto second = ask({.url = secure.url("localhost"), .body = "x"});
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.tls_us, 0u);
  EXPECT_EQ(secure.connections, 1u);
}

TEST_F(CurlTls, RefusesACertificateOfAnotherHost) {
  make(certificate.certificate);
  EXPECT_EQ(ask({.url = secure.url("127.0.0.1")}).error, AttemptError::tls);
  EXPECT_TRUE(secure.requests.empty());
}

TEST_F(CurlTls, SaysThatTheRootsCannotBeRead) {
  make("/nowhere/roots.pem");
  const auto answer = ask({.url = secure.url("localhost")});
  EXPECT_EQ(answer.error, AttemptError::tls);
  EXPECT_NE(answer.error_text.find("/nowhere/roots.pem"), std::string::npos) << answer.error_text;
}

}  // namespace
}  // namespace denrei::test
