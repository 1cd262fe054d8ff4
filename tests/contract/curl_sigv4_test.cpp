// Signatures of AWS (version 4) by the HTTP client, checked by a verifier that was written from AWS's description and knows no libcurl.
#include <algorithm>
#include <fmt/format.h>

#include "contract/curl_client_world.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"

namespace denrei::test {
namespace {

const std::string access_key = "AKIDEXAMPLE";
const std::string secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) return {};
  const auto begin = at + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

std::string sha256_hex(std::string_view bytes) { return encode_hex(as_view(sha256({bytes}))); }

std::string hmac(std::string_view key, std::string_view text) { return std::string(as_view(HmacSha256(key).sign({text}))); }

// The signature that this request should carry under that secret, by the headers that it says are signed.
std::string signature_of(const ServedRequest& request, const std::string& secret) {
  const auto target = between(request.line, " ", " ");
  const auto question = target.find('?');
  const auto authorization = request.headers.at("authorization");
  auto names = between(authorization, "SignedHeaders=", ",");
  std::string canonical = between(request.line, "", " ") + '\n' + target.substr(0, question) + '\n' +
                          (question == std::string::npos ? "" : target.substr(question + 1)) + '\n';
  std::string rest = names + ';';
  while (!rest.empty()) {
    const auto name = rest.substr(0, rest.find(';'));
    rest.erase(0, name.size() + 1);
    const auto at = request.headers.find(name);
    canonical += name + ':' + (at == request.headers.end() ? "(not sent)" : at->second) + '\n';
  }
  canonical += '\n' + names + '\n' + request.headers.at("x-amz-content-sha256");
  const auto scope = between(authorization, access_key + "/", ",");
  const auto to_sign = "AWS4-HMAC-SHA256\n" + request.headers.at("x-amz-date") + '\n' + scope + '\n' + sha256_hex(canonical);
  const auto region = between(scope, "/", "/");
  const auto key = hmac(hmac(hmac(hmac("AWS4" + secret, scope.substr(0, 8)), region), "s3"), "aws4_request");
  return encode_hex(hmac(key, to_sign));
}

class CurlSigV4Test : public CurlClientTest {
 protected:
  static AwsSignature signature(std::string region = "ap-northeast-1") {
    return {.region = std::move(region), .access_key = access_key, .secret_key = Secret{secret_key}};
  }
  const ServedRequest& send(OutboundRequest request) {
    if (!request.aws) request.aws = signature();
    if (request.method == "HEAD") server.answer = [](const auto&) { return ServedAnswer{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}; };
    const auto exchange = ask(std::move(request));
    EXPECT_EQ(exchange.status, 200) << exchange.error_text;
    return server.requests.back();
  }
  static std::string given(const ServedRequest& request) {
    return request.headers.contains("authorization") ? between(request.headers.at("authorization"), "Signature=", ",") : "";
  }
};

TEST_F(CurlSigV4Test, SignsEveryMethodWithAndWithoutBody) {
  for (const std::string method : {"PUT", "GET", "HEAD", "DELETE", "PUT", "POST"}) {
    const auto& got = send({.method = method, .url = server.url("127.0.0.1", "/bucket/audit/2025/11/20/all.jsonl"),
                            .headers = {{"Content-Type", "application/x-ndjson"}}, .body = method == "PUT" || method == "POST" ? "{\"a\":1}\n" : ""});
    EXPECT_TRUE(got.line.starts_with(method + " /bucket/audit/2025/11/20/all.jsonl "));
    EXPECT_EQ(got.headers.at("x-amz-content-sha256"), sha256_hex(got.body)) << method;
    EXPECT_EQ(given(got), signature_of(got, secret_key)) << method << ' ' << got.headers.at("authorization");
    EXPECT_NE(given(got), signature_of(got, secret_key + "x"));
    EXPECT_NE(got.headers.at("authorization").find("/ap-northeast-1/s3/aws4_request"), std::string::npos);
    server.answer = [](const auto&) { return ServedAnswer{}; };
  }
}

TEST_F(CurlSigV4Test, SignsEncodedPathsAndSortedQueries) {
  const auto& got = send({.method = "GET", .url = server.url("127.0.0.1", "/bucket/a%20b%2B%3D/%E6%97%A5~_-.x?delimiter=%2F&list-type=2&prefix=a%2Bb")});
  EXPECT_EQ(given(got), signature_of(got, secret_key));
}

TEST_F(CurlSigV4Test, SignsTheHostAndTheHashOfTheBody) {
  const auto& got = send({.method = "PUT", .url = server.url("127.0.0.1", "/bucket/k"), .body = "x"});
  const auto names = ";" + between(got.headers.at("authorization"), "SignedHeaders=", ",") + ";";
  for (const std::string name : {"host", "x-amz-content-sha256", "x-amz-date"}) EXPECT_NE(names.find(";" + name + ";"), std::string::npos) << names;
}

TEST_F(CurlSigV4Test, SignsBodiesOfAnyBytesAndSize) {
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7);
  const auto& got = send({.method = "PUT", .url = server.url("127.0.0.1", "/bucket/large"), .body = body});
  EXPECT_EQ(got.body, body);
  EXPECT_EQ(got.headers.at("x-amz-content-sha256"), sha256_hex(body));
  EXPECT_EQ(given(got), signature_of(got, secret_key));
}

TEST_F(CurlSigV4Test, LeavesNothingOfTheKeyForTheNextRequest) {
  (void)send({.method = "PUT", .url = server.url("127.0.0.1", "/bucket/k"), .body = "x"});
  EXPECT_EQ(post("y").status, 200);
  const auto& next = server.requests.back();
  for (const std::string name : {"authorization", "x-amz-date", "x-amz-content-sha256"}) EXPECT_FALSE(next.headers.contains(name)) << name;
  EXPECT_EQ(server.connections, 1u) << "the connection is the same";
}

TEST_F(CurlSigV4Test, ChangesKeyAndRegionFromRequestToRequest) {
  (void)send({.method = "PUT", .url = server.url("127.0.0.1", "/bucket/k"), .body = "x"});
  auto other = signature("eu-west-3");
  other.secret_key = Secret{"another secret: with a colon"};
  const auto& got = send({.method = "PUT", .url = server.url("127.0.0.1", "/bucket/k"), .body = "x", .aws = other});
  EXPECT_NE(got.headers.at("authorization").find("/eu-west-3/s3/"), std::string::npos);
  EXPECT_EQ(given(got), signature_of(got, "another secret: with a colon"));
}

}  // namespace
}  // namespace denrei::test
