// Signature schemes against published vectors, against their own signing, and against hostile headers.
#include "denrei/domain/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

using testing::HasSubstr;

const WallTime now = from_unix_ms(1'728'450'000'900);
constexpr std::string_view body = R"({"type":"info"})";
const std::vector<std::string> schemes{"hmac_body", "hmac_timestamp_body", "standard_webhooks", "github", "stripe", "slack"};

SignatureSpec spec_of(SignatureSpec spec) {
  auto done = complete_signature_spec(std::move(spec));
  if (!done) throw std::runtime_error(done.error().detail);
  return *done;
}
SignatureSpec spec_of(const std::string& scheme) { return spec_of(SignatureSpec{.scheme = scheme}); }
SignatureSpec analytics_spec() {
  return spec_of(SignatureSpec{.scheme = "hmac_body", .timestamp_header = "X-Timestamp", .timestamp_format = TimestampFormat::unix_s});
}

std::vector<HmacSha256> keys_of(std::initializer_list<std::string_view> secrets) {
  std::vector<HmacSha256> keys;
  for (const auto secret : secrets) keys.emplace_back(secret);
  return keys;
}

std::vector<Header> views(const std::vector<OwnedHeader>& owned) {
  std::vector<Header> out;
  for (const auto& h : owned) out.push_back({h.name, h.value});
  return out;
}

std::string& value_of(std::vector<OwnedHeader>& headers, std::string_view name) {
  return std::find_if(headers.begin(), headers.end(), [&](const OwnedHeader& h) { return h.name == name; })->value;
}

Credentials verify(const SignatureSpec& spec, const std::vector<OwnedHeader>& headers, std::string_view bytes = body, WallTime at = now) {
  return verify_signature(spec, keys_of({"secret"}), views(headers), bytes, at);
}
std::vector<OwnedHeader> signed_with(const SignatureSpec& spec, std::string_view secret = "secret", WallTime at = now) {
  return sign_request(spec, HmacSha256{secret}, at, "msg_1", body);
}

struct GoldenRequest {
  std::string name;
  SignatureSpec spec;
  std::string secret;
  std::vector<OwnedHeader> headers;
  std::string body;
  WallTime now;
};

std::vector<GoldenRequest> golden_requests() {
  std::ifstream file{DENREI_ROOT "/tests/golden/signatures/accepted.json"};
  std::stringstream text;
  text << file.rdbuf();
  const auto document = parse_json(text.str());
  if (!document) throw std::runtime_error(document.error().detail);
  std::vector<GoldenRequest> out;
  for (const auto& c : find((*document)->root(), "/cases")->as_array()) {
    GoldenRequest request;
    request.name = find_string(c, "/name");
    SignatureSpec spec{.scheme = std::string(find_string(c, "/spec/scheme")),
                       .signature_header = std::string(find_string(c, "/spec/signature_header")),
                       .timestamp_header = std::string(find_string(c, "/spec/timestamp_header"))};
    if (const auto format = find_string(c, "/spec/timestamp_format"); !format.empty()) spec.timestamp_format = parse_timestamp_format(format).value();
    request.spec = spec_of(std::move(spec));
    request.secret = find_string(c, "/secret");
    request.body = find_string(c, "/body");
    request.now = from_unix_ms(find(c, "/now_ms")->as_int64());
    for (const auto& h : find(c, "/headers")->as_object())
      request.headers.push_back({std::string(h.key()), std::string(h.value().as_string())});
    out.push_back(std::move(request));
  }
  return out;
}

Credentials judge(const GoldenRequest& r) {
  std::vector<HmacSha256> keys;
  keys.push_back(make_signature_key(r.spec, Secret{r.secret}).value());
  return verify_signature(r.spec, keys, views(r.headers), r.body, r.now);
}

TEST(SignatureVectors, AreAccepted) {
  const auto requests = golden_requests();
  ASSERT_GE(requests.size(), 7u);
  for (const auto& r : requests) EXPECT_EQ(judge(r), Credentials::valid) << r.name;
}

TEST(SignatureVectors, AreRefusedWithAnyByteOfTheBodyChanged) {
  for (const auto& r : golden_requests()) {
    for (std::size_t i = 0; i < r.body.size(); ++i) {
      auto changed = r;
      changed.body[i] = static_cast<char>(changed.body[i] ^ 1);
      ASSERT_EQ(judge(changed), Credentials::bad_signature) << r.name << " byte " << i;
    }
  }
}

TEST(SignatureVectors, AreWhatSigningGives) {
  for (const auto& r : golden_requests()) {
    if (r.spec.scheme == "stripe" || r.spec.timestamp_format == TimestampFormat::iso8601) continue;  // written in another form
    const auto headers = sign_request(r.spec, make_signature_key(r.spec, Secret{r.secret}).value(), r.now, "msg_p5jXN8AQM9LWM0D4loKWxJek", r.body);
    ASSERT_EQ(headers.size(), r.headers.size()) << r.name;
    for (const auto& expected : r.headers) EXPECT_EQ(find_header(views(headers), expected.name), expected.value) << r.name;
  }
}

TEST(Signature, IsAcceptedFromItsOwnSender) {
  for (const auto& scheme : schemes) {
    const auto spec = spec_of(scheme);
    EXPECT_EQ(verify(spec, signed_with(spec)), Credentials::valid) << scheme;
    EXPECT_EQ(verify(spec, signed_with(spec, "another")), Credentials::bad_signature) << scheme;
    EXPECT_EQ(verify(spec, signed_with(spec), "{}"), Credentials::bad_signature) << scheme;
    EXPECT_EQ(verify(spec, {}), Credentials::bad_signature) << scheme;
  }
}

TEST(Signature, IsAcceptedUnderEitherOfTwoSecrets) {
  const auto spec = analytics_spec();
  const auto keys = keys_of({"new", "old"});
  EXPECT_EQ(verify_signature(spec, keys, views(signed_with(spec, "new")), body, now), Credentials::valid);
  EXPECT_EQ(verify_signature(spec, keys, views(signed_with(spec, "old")), body, now), Credentials::valid);
  EXPECT_EQ(verify_signature(spec, keys, views(signed_with(spec, "older")), body, now), Credentials::bad_signature);
  EXPECT_EQ(verify_signature(spec, {}, views(signed_with(spec, "new")), body, now), Credentials::bad_signature);
}

TEST(Signature, MayBeUpperCaseHex) {
  const auto spec = analytics_spec();
  auto headers = signed_with(spec);
  auto& text = value_of(headers, "X-Signature");
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  EXPECT_EQ(verify(spec, headers), Credentials::valid);
}

TEST(Signature, HeaderNamesAreComparedWithoutCase) {
  const auto spec = analytics_spec();
  auto headers = signed_with(spec);
  for (auto& h : headers) std::transform(h.name.begin(), h.name.end(), h.name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  EXPECT_EQ(verify(spec, headers), Credentials::valid);
  EXPECT_EQ(find_header(views({{"A", "first"}, {"a", "second"}}), "a"), "first");
  EXPECT_EQ(find_header(views({{"AB", "x"}}), "A"), "");
}

TEST(Signature, HostileOnesAreRefusedWithoutHarm) {
  for (const auto& scheme : schemes) {
    const auto spec = spec_of(scheme);
    const auto good = signed_with(spec);
    auto copy = good;
    const std::string value = value_of(copy, spec.signature_header);
    std::vector<std::string> hostile{"", " ", "=", ",", ",,,,", "sha256=", "v0=", "v1=", "v1,", "t=,v1=", "t=1728450000", "sha256=zz", "ÿ", "v1,====",
                                     value.substr(0, value.size() - 1), value + "0", value.substr(1), value + std::string(1, '\0'),
                                     std::string(1, '\0') + value, std::string(64, 'g'), std::string(64, '0'), std::string(1 << 20, 'a'),
                                     value + std::string(1 << 20, ' '), std::string(1 << 20, ','), std::string(63, '0') + '\0'};
    for (const auto& text : hostile) {
      auto headers = good;
      value_of(headers, spec.signature_header) = text;
      EXPECT_EQ(verify(spec, headers), Credentials::bad_signature) << scheme << " " << text.substr(0, 100);
    }
  }
}

TEST(Signature, AnyChangedDigitIsRefused) {
  for (const auto& scheme : schemes) {
    const auto spec = spec_of(scheme);
    const auto good = signed_with(spec);
    auto copy = good;
    const std::string value = value_of(copy, spec.signature_header);
    // The last 40 characters are signature in every scheme. Base64 ends in '=' and in a digit with two unused bits.
    const auto end = value.size() - (scheme == "standard_webhooks" ? 2 : 0);
    for (std::size_t i = value.size() - 40; i < end; ++i) {
      auto headers = good;
      auto& text = value_of(headers, spec.signature_header);
      text[i] = text[i] == '1' ? '2' : '1';
      ASSERT_EQ(verify(spec, headers), Credentials::bad_signature) << scheme << " " << i;
    }
  }
}

TEST(Signature, TimeIsJudgedOnBothSidesUpToTheTolerance) {
  const auto judge_at = [](const SignatureSpec& spec, Millis difference) { return verify(spec, signed_with(spec), body, now + difference); };
  using std::chrono::seconds;
  for (const auto& spec : {analytics_spec(), spec_of("stripe"), spec_of("slack"), spec_of("standard_webhooks")}) {
    // The sender's clock says :00 and ours :00.9; whole seconds are compared, as the senders' own receivers do.
    EXPECT_EQ(judge_at(spec, seconds{300}), Credentials::valid) << spec.scheme;
    EXPECT_EQ(judge_at(spec, seconds{301}), Credentials::expired) << spec.scheme;
    EXPECT_EQ(judge_at(spec, -seconds{300}), Credentials::valid) << spec.scheme;
    EXPECT_EQ(judge_at(spec, -seconds{301}), Credentials::expired) << spec.scheme;
  }
  const auto employee = spec_of("hmac_timestamp_body");
  EXPECT_EQ(judge_at(employee, Millis{300'000}), Credentials::valid);
  EXPECT_EQ(judge_at(employee, Millis{300'001}), Credentials::expired);
  EXPECT_EQ(judge_at(employee, -Millis{300'000}), Credentials::valid);
  EXPECT_EQ(judge_at(employee, -Millis{300'001}), Credentials::expired);
  const auto wide = spec_of(SignatureSpec{.scheme = "hmac_timestamp_body", .tolerance = seconds{900}});
  EXPECT_EQ(judge_at(wide, Millis{900'000}), Credentials::valid);
  EXPECT_EQ(judge_at(wide, Millis{900'001}), Credentials::expired);
}

TEST(Signature, AnIso8601TimeIsComparedAsAMoment) {
  const auto spec = spec_of(SignatureSpec{
      .scheme = "hmac_body", .signature_header = "X-Webhook-Signature", .timestamp_header = "X-Webhook-Timestamp", .timestamp_format = TimestampFormat::iso8601});
  auto headers = signed_with(spec);
  EXPECT_EQ(value_of(headers, "X-Webhook-Timestamp"), "2024-10-09T05:00:00.900Z");
  EXPECT_EQ(verify(spec, headers), Credentials::valid);
  value_of(headers, "X-Webhook-Timestamp") = "2024-10-09T14:04:59+09:00";
  EXPECT_EQ(verify(spec, headers), Credentials::valid);
  for (const auto* text : {"2024-10-09T14:05:02+09:00", "2024-10-09T14:04:59Z", "2024-10-09T05:00:00", "2024-10-09", "1728450000"}) {
    value_of(headers, "X-Webhook-Timestamp") = text;
    EXPECT_EQ(verify(spec, headers), Credentials::expired) << text;
  }
}

TEST(Signature, UnreadableTimesAreExpired) {
  const std::vector<std::string> hostile{"", "-1", "+1728450000", "1e3", "1728450000.0", "0x6706", " 1", "1728450000 ", "1728450000\n", "now", "NaN",
                                         "99999999999999999999", "999999999999999", "9223372036854775807", "18446744073709551616",
                                         std::string("1728450000\0", 11), "١٧٢٨٤٥٠٠٠٠", "１７２８４５００００", "0", std::string(1 << 20, '1'),
                                         "0000001728450000"};
  const auto analytics = analytics_spec();
  for (const auto& text : hostile) {
    auto headers = signed_with(analytics);
    value_of(headers, "X-Timestamp") = text;
    EXPECT_EQ(verify(analytics, headers), Credentials::expired) << text.substr(0, 40);
  }
  // Where the time is signed too, the sender itself must have written nonsense for the signature to be right.
  const auto employee = spec_of("hmac_timestamp_body");
  for (const auto& text : hostile) {
    const auto signature = encode_hex(as_view(HmacSha256{std::string_view{"secret"}}.sign({text, body})));
    EXPECT_EQ(verify(employee, {{"x-webhook-timestamp", text}, {"x-webhook-signature", signature}}), Credentials::expired) << text.substr(0, 40);
  }
}

TEST(Signature, AnAbsentTimeIsExpiredOnceTheSignatureIsRight) {
  const auto spec = analytics_spec();
  auto headers = signed_with(spec);
  std::erase_if(headers, [](const OwnedHeader& h) { return h.name == "X-Timestamp"; });
  EXPECT_EQ(verify(spec, headers), Credentials::expired);
  value_of(headers, "X-Signature") = std::string(64, '0');
  EXPECT_EQ(verify(spec, headers), Credentials::bad_signature) << "the signature is judged before the time";
}

TEST(Signature, CoversTheTimeWhereTheSchemeSaysSo) {
  for (const auto* scheme : {"hmac_timestamp_body", "standard_webhooks", "slack"}) {
    const auto spec = spec_of(scheme);
    auto headers = signed_with(spec);
    value_of(headers, spec.timestamp_header).back() ^= 1;
    EXPECT_EQ(verify(spec, headers), Credentials::bad_signature) << scheme;
  }
  const auto stripe = spec_of("stripe");
  auto headers = signed_with(stripe);
  value_of(headers, "Stripe-Signature")[5] ^= 1;
  EXPECT_EQ(verify(stripe, headers), Credentials::bad_signature);
}

TEST(StandardWebhooks, FindsItsSignatureAmongOthers) {
  const auto spec = spec_of("standard_webhooks");
  auto headers = signed_with(spec);
  const auto mine = value_of(headers, "webhook-signature");
  const auto other = "v1," + encode_base64(std::string(32, 'x'));
  for (const auto& list : {other + " " + mine, mine + " " + other, "v1a,abc " + mine, "v2,xyz  " + mine + " ", "v1 v1, junk " + mine}) {
    value_of(headers, "webhook-signature") = list;
    EXPECT_EQ(verify(spec, headers), Credentials::valid) << list;
  }
  for (const auto& list : {other, "v2," + mine.substr(3), mine.substr(3), "V1" + mine.substr(2), mine + "," + other}) {
    value_of(headers, "webhook-signature") = list;
    EXPECT_EQ(verify(spec, headers), Credentials::bad_signature) << list;
  }
}

TEST(StandardWebhooks, CoversTheMessageId) {
  const auto spec = spec_of("standard_webhooks");
  auto headers = signed_with(spec);
  value_of(headers, "webhook-id") = "msg_2";
  EXPECT_EQ(verify(spec, headers), Credentials::bad_signature);
}

TEST(StandardWebhooks, ReadsItsSecretFromBase64OnlyAfterThePrefix) {
  const auto signature_under = [](const std::string& scheme, const std::string& secret) {
    const auto key = make_signature_key(spec_of(scheme), Secret{secret});
    return key ? encode_hex(as_view(key->sign({body}))) : key.error().detail;
  };
  const auto raw = [](std::string_view key) { return encode_hex(as_view(HmacSha256{key}.sign({body}))); };
  EXPECT_EQ(signature_under("standard_webhooks", "whsec_c2VjcmV0"), raw("secret"));
  EXPECT_EQ(signature_under("standard_webhooks", "c2VjcmV0"), raw("c2VjcmV0"));
  EXPECT_EQ(signature_under("stripe", "whsec_c2VjcmV0"), raw("whsec_c2VjcmV0"));
  for (const auto* secret : {"whsec_", "whsec_not base64!", "whsec_c2VjcmV", ""}) {
    const auto key = make_signature_key(spec_of("standard_webhooks"), Secret{secret});
    ASSERT_FALSE(key) << secret;
    EXPECT_THAT(key.error().detail, testing::Not(HasSubstr("base64!"))) << "a fault must not show the secret";
  }
}

TEST(Stripe, AcceptsSeveralSignaturesUpToALimit) {
  const auto spec = spec_of("stripe");
  auto headers = signed_with(spec);
  const auto mine = value_of(headers, "Stripe-Signature");
  const auto mine_v1 = mine.substr(mine.find(",v1="));
  const auto time = mine.substr(0, mine.find(','));
  const std::string other = ",v1=" + std::string(64, '0');
  const auto verdict = [&](const std::string& text) {
    value_of(headers, "Stripe-Signature") = text;
    return verify(spec, headers);
  };
  EXPECT_EQ(verdict(time + other + mine_v1), Credentials::valid);
  EXPECT_EQ(verdict(time + ",v0=abc,x,=," + mine_v1), Credentials::valid);
  EXPECT_EQ(verdict(mine_v1.substr(1) + "," + time), Credentials::valid) << "the order is not ours to demand";
  EXPECT_EQ(verdict(time + ",v0=" + mine_v1.substr(4)), Credentials::bad_signature) << "v0 is not a live signature";
  std::string many = time;
  for (int i = 0; i < 8; ++i) many += other;
  EXPECT_EQ(verdict(many + mine_v1), Credentials::bad_signature);
}

TEST(SignatureSpec, GetsTheDefaultsOfItsRow) {
  const auto employee = spec_of("hmac_timestamp_body");
  EXPECT_EQ(employee.signature_header, "x-webhook-signature");
  EXPECT_EQ(employee.timestamp_header, "x-webhook-timestamp");
  EXPECT_EQ(employee.timestamp_format, TimestampFormat::unix_ms);
  const auto plain = spec_of("hmac_body");
  EXPECT_EQ(plain.signature_header, "X-Signature");
  EXPECT_EQ(plain.timestamp_header, "");
  EXPECT_EQ(plain.timestamp_format, TimestampFormat::none);
  EXPECT_EQ(spec_of("standard_webhooks").id_header, "webhook-id");
  EXPECT_EQ(spec_of("slack").timestamp_header, "X-Slack-Request-Timestamp");
  const auto own = spec_of(SignatureSpec{.scheme = "hmac_body", .signature_header = "X-VoiceDrive-Signature"});
  EXPECT_EQ(own.signature_header, "X-VoiceDrive-Signature");
}

TEST(SignatureSpec, StaysTheSameWhenCompletedAgain) {
  for (const auto& scheme : schemes) {
    const auto again = complete_signature_spec(spec_of(scheme));
    EXPECT_TRUE(again) << scheme << ": " << (again ? "" : again.error().detail);
  }
}

TEST(SignatureSpec, IsRefusedWhereItContradictsItsScheme) {
  const auto problem = [](SignatureSpec spec) {
    const auto done = complete_signature_spec(std::move(spec));
    return done ? "accepted" : done.error().detail;
  };
  EXPECT_EQ(problem({.scheme = "hmac_md5"}),
            "unknown signature scheme \"hmac_md5\"; known: hmac_body, hmac_timestamp_body, standard_webhooks, github, stripe, slack");
  EXPECT_THAT(problem({.scheme = "hmac_body", .timestamp_header = "X-Timestamp"}), HasSubstr("needs both"));
  EXPECT_THAT(problem({.scheme = "hmac_body", .timestamp_format = TimestampFormat::unix_s}), HasSubstr("needs both"));
  EXPECT_THAT(problem({.scheme = "slack", .timestamp_format = TimestampFormat::unix_ms}), HasSubstr("format of its own"));
  EXPECT_THAT(problem({.scheme = "github", .timestamp_header = "X-T"}), HasSubstr("no timestamp header"));
  EXPECT_THAT(problem({.scheme = "stripe", .timestamp_header = "X-T"}), HasSubstr("no timestamp header"));
  EXPECT_THAT(problem({.scheme = "hmac_body", .id_header = "X-Id"}), HasSubstr("no id header"));
  EXPECT_THAT(problem({.scheme = "stripe", .tolerance = std::chrono::seconds{0}}), HasSubstr("tolerance"));
  EXPECT_THAT(problem({.scheme = "stripe", .tolerance = std::chrono::seconds{86'401}}), HasSubstr("tolerance"));
}

TEST(TimestampFormat, IsReadByName) {
  EXPECT_EQ(parse_timestamp_format("none"), TimestampFormat::none);
  EXPECT_EQ(parse_timestamp_format("unix_s"), TimestampFormat::unix_s);
  EXPECT_EQ(parse_timestamp_format("unix_ms"), TimestampFormat::unix_ms);
  EXPECT_EQ(parse_timestamp_format("iso8601"), TimestampFormat::iso8601);
  EXPECT_THAT(parse_timestamp_format("seconds").error().detail, HasSubstr("known: none, unix_s, unix_ms, iso8601"));
}

}  // namespace
}  // namespace denrei
