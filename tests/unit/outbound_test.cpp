// The headers of an attempt: what every receiver gets, what its scheme adds, and that no name is said twice.
#include "denrei/domain/outbound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

const Secret secret{"outbound-secret-of-at-least-32-characters"};
const WallTime noon = from_unix_ms(1'760'000'000'123);

class OutboundHeaders : public ::testing::Test {
 protected:
  OutboundHeaders() {
    destination.name = "voicedrive";
    destination.url = "https://receiver.example/hook";
    delivery.head.id = make_id("voicedrive");
    delivery.head.lane_sequence = 7;
    delivery.body = R"({"staffId":"EMP-1"})";
    sign_with({.scheme = "hmac_timestamp_body"});
  }

  static DeliveryId make_id(std::string_view text) { return {make_event_id("outbound-test", text)}; }
  void sign_with(SignatureSpec spec) { destination.signature = complete_signature_spec(std::move(spec)).value(); }

  std::vector<OwnedHeader> make(std::uint32_t attempt = 1, WallTime now = noon) {
    const auto keys = make_outbound_keys(destination.signature, secrets).value();
    return make_outbound_headers({.destination = destination, .keys = keys, .bearer = bearer ? &*bearer : nullptr, .delivery = delivery,
                                  .attempt = attempt, .now = now, .version = "1.2.3"});
  }

  static std::string value(const std::vector<OwnedHeader>& headers, std::string_view name) {
    std::vector<Header> views;
    for (const auto& h : headers) views.push_back({h.name, h.value});
    return std::string(find_header(views, name));
  }

  static std::size_t count(const std::vector<OwnedHeader>& headers, std::string_view name) {
    return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [&](const OwnedHeader& h) {
      const Header view{h.name, h.value};
      return !find_header({&view, 1}, name).empty();
    }));
  }

  Destination destination;
  Delivery delivery;
  std::vector<Secret> secrets{secret};
  std::optional<Secret> bearer;
};

TEST_F(OutboundHeaders, TellWhoSendsWhatAndInWhichOrder) {
  const auto headers = make();
  EXPECT_EQ(value(headers, "Content-Type"), "application/json");
  EXPECT_EQ(value(headers, "User-Agent"), "denrei/1.2.3");
  EXPECT_EQ(value(headers, "webhook-id"), delivery.head.id.text());
  EXPECT_EQ(value(headers, "Denrei-Sequence"), "7");
  EXPECT_EQ(count(headers, "Authorization"), 0u);
  EXPECT_EQ(headers.size(), 6u) << "and the scheme's signature and time";
}

TEST_F(OutboundHeaders, AreAcceptedByAReceiverOfEveryScheme) {
  const std::vector<SignatureSpec> specs{
      {.scheme = "hmac_body", .timestamp_header = "X-Timestamp", .timestamp_format = TimestampFormat::iso8601},
      {.scheme = "hmac_timestamp_body"},
      {.scheme = "standard_webhooks"},
      {.scheme = "github"},
      {.scheme = "stripe"},
      {.scheme = "slack"},
  };
  for (const auto& spec : specs) {
    sign_with(spec);
    const auto headers = make();
    std::vector<Header> views;
    for (const auto& h : headers) views.push_back({h.name, h.value});
    std::vector<HmacSha256> keys;
    keys.push_back(make_signature_key(destination.signature, secret).value());
    EXPECT_EQ(verify_signature(destination.signature, keys, views, delivery.body, noon), Credentials::valid) << spec.scheme;
    EXPECT_EQ(verify_signature(destination.signature, keys, views, delivery.body + " ", noon), Credentials::bad_signature) << spec.scheme;
    EXPECT_EQ(count(headers, "webhook-id"), 1u) << spec.scheme;
    EXPECT_EQ(value(headers, "webhook-id"), delivery.head.id.text()) << spec.scheme;
  }
}

// What a receiver that knows one secret makes of the headers.
Credentials judge(const Destination& destination, const Secret& known, const std::vector<OwnedHeader>& headers, std::string_view body) {
  std::vector<Header> views;
  for (const auto& h : headers) views.push_back({h.name, h.value});
  std::vector<HmacSha256> keys;
  keys.push_back(make_signature_key(destination.signature, known).value());
  return verify_signature(destination.signature, keys, views, body, noon);
}

TEST_F(OutboundHeaders, OfStandardWebhooksCarryBothSignaturesWhileTheSecretIsRotated) {
  sign_with({.scheme = "standard_webhooks"});
  const Secret next{"whsec_bmV4dC1zZWNyZXQtb2YtYXQtbGVhc3QtMzItY2hhcmFjdGVycw=="};
  const auto by_old = value(make(), "webhook-signature");
  secrets = {next};
  const auto by_next = value(make(), "webhook-signature");
  secrets = {next, secret};
  const auto headers = make();
  EXPECT_EQ(value(headers, "webhook-signature"), by_next + " " + by_old) << "the current one first";
  EXPECT_EQ(headers.size(), 6u) << "nothing is said twice";
  EXPECT_EQ(judge(destination, next, headers, delivery.body), Credentials::valid);
  EXPECT_EQ(judge(destination, secret, headers, delivery.body), Credentials::valid);
  EXPECT_EQ(judge(destination, Secret{std::string(40, 'x')}, headers, delivery.body), Credentials::bad_signature);
}

TEST_F(OutboundHeaders, OfOtherSchemesAreSignedWithTheCurrentSecretAlone) {
  secrets = {Secret{std::string(40, 'n')}, secret};
  for (const auto* scheme : {"hmac_body", "hmac_timestamp_body", "github", "stripe", "slack"}) {
    sign_with({.scheme = scheme});
    const auto headers = make();
    EXPECT_EQ(judge(destination, secrets[0], headers, delivery.body), Credentials::valid) << scheme;
    EXPECT_EQ(judge(destination, secrets[1], headers, delivery.body), Credentials::bad_signature) << scheme;
  }
}

TEST(OutboundKeys, AreNotMadeOfSecretsInTheWrongForm) {
  const auto spec = complete_signature_spec({.scheme = "standard_webhooks"}).value();
  EXPECT_FALSE(make_outbound_keys(spec, {}));
  const std::vector<Secret> good_then_bad{secret, Secret{"whsec_!"}};
  EXPECT_FALSE(make_outbound_keys(spec, good_then_bad));
  EXPECT_TRUE(make_outbound_keys(spec, std::span(good_then_bad).first(1)));
}

TEST_F(OutboundHeaders, SignTheTimeOfTheAttempt) {
  EXPECT_EQ(value(make(1, noon), "x-webhook-timestamp"), "1760000000123");
  EXPECT_EQ(value(make(2, noon + Millis{60'000}), "x-webhook-timestamp"), "1760000060123");
  EXPECT_NE(value(make(1, noon), "x-webhook-signature"), value(make(1, noon + Millis{1}), "x-webhook-signature"));
}

TEST_F(OutboundHeaders, KeepTheDeliveryIdWhenTheIdHasAHeaderOfItsOwn) {
  sign_with({.scheme = "standard_webhooks", .id_header = "svix-id"});
  const auto headers = make();
  EXPECT_EQ(value(headers, "svix-id"), delivery.head.id.text());
  EXPECT_EQ(value(headers, "webhook-id"), delivery.head.id.text());
}

TEST_F(OutboundHeaders, CarryTheBearerToken) {
  bearer = Secret{"token"};
  EXPECT_EQ(value(make(), "Authorization"), "Bearer token");
}

TEST_F(OutboundHeaders, CarryAnotherRequestIdWithEachAttempt) {
  EXPECT_EQ(count(make(), "X-Request-Id"), 0u);
  destination.request_id_header = "X-Request-Id";
  EXPECT_EQ(value(make(1), "X-Request-Id"), make_attempt_uuid(delivery.head.id, 1, noon));
  EXPECT_NE(value(make(1), "X-Request-Id"), value(make(2), "X-Request-Id"));
  EXPECT_NE(value(make(1), "X-Request-Id"), value(make(1, noon + Millis{1}), "X-Request-Id"));
  EXPECT_EQ(value(make(1), "X-Request-Id"), value(make(1), "X-Request-Id"));
}

TEST_F(OutboundHeaders, TakeConfiguredOnesAsTheyAre) {
  destination.headers = {{"X-Tag", "a"}, {"X-Tag", "b"}, {"X-Empty", ""}};
  const auto headers = make();
  EXPECT_EQ(count(headers, "X-Tag"), 2u);
  EXPECT_EQ(headers.size(), 9u);
}

TEST_F(OutboundHeaders, LetTheConfigurationReplaceDefaultsButNeverTheContract) {
  bearer = Secret{"token"};
  destination.headers = {{"content-type", "application/cloudevents+json"}, {"USER-AGENT", "hospital"}, {"Webhook-Id", "forged"},
                         {"denrei-sequence", "0"}, {"authorization", "Basic forged"}, {"X-Webhook-Signature", "forged"}};
  const auto headers = make();
  EXPECT_EQ(value(headers, "Content-Type"), "application/cloudevents+json");
  EXPECT_EQ(value(headers, "User-Agent"), "hospital");
  for (const auto* name : {"Content-Type", "User-Agent", "webhook-id", "Denrei-Sequence", "Authorization", "x-webhook-signature"})
    EXPECT_EQ(count(headers, name), 1u) << name;
  for (const auto& header : headers) EXPECT_EQ(header.value.find("forged"), std::string::npos) << header.name;
  EXPECT_EQ(value(headers, "Denrei-Sequence"), "7");
}

TEST(AttemptUuid, HasTheShapeOfVersionFour) {
  for (std::uint32_t attempt = 1; attempt <= 64; ++attempt) {
    const auto uuid = make_attempt_uuid({make_event_id("a", "b")}, attempt, noon);
    ASSERT_EQ(uuid.size(), 36u);
    for (const std::size_t dash : {8u, 13u, 18u, 23u}) EXPECT_EQ(uuid[dash], '-') << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos) << uuid;
    auto digits = uuid;
    std::erase(digits, '-');
    unsigned char bytes[16];
    EXPECT_TRUE(decode_hex(digits, bytes, sizeof bytes)) << uuid;
  }
}

TEST(AttemptUuid, BelongsToOneDelivery) {
  EXPECT_NE(make_attempt_uuid({make_event_id("a", "1")}, 1, noon), make_attempt_uuid({make_event_id("a", "2")}, 1, noon));
}

}  // namespace
}  // namespace denrei
