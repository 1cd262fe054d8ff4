// Signature schemes: how a sender proves who it is. A table of pure functions; which row a source uses is configuration.
//
// Shape   verify_signature(spec, keys, headers, body, now) -> Credentials; sign_request(spec, key, now, id, body) -> headers
// Rows    hmac_body             hex HMAC over the body; the time is a header that is not signed, or none
//         hmac_timestamp_body   hex HMAC over timestamp text ‖ body
//         standard_webhooks     base64 HMAC over id.timestamp.body, "v1,<sig>" list; secret whsec_<base64>
//         github                "sha256=<hex>" over the body
//         stripe                "t=<s>,v1=<hex>[,v1=…]" over t.body
//         slack                 "v0=<hex>" over v0:timestamp:body
// Units   tolerance in seconds, both sides; timestamp formats unix_s, unix_ms, iso8601, none
// Errors  none thrown: absent, short, non-hex or wrong signatures are bad_signature; then absent, unreadable, negative or
//         far-away times are expired (protocol §1.4: signature before time)
// Source  protocol §1.1–1.3, §2; RFC 4231; the vectors that Standard Webhooks, GitHub, Stripe and Slack publish
#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/hmac.hpp"
#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

struct Header {
  std::string_view name;   // as sent; compare without case
  std::string_view value;  // without surrounding blanks
};
using Headers = std::span<const Header>;
// The first header of that name, compared without case; empty when there is none.
[[nodiscard]] std::string_view find_header(Headers headers, std::string_view name) noexcept;

enum class TimestampFormat : std::uint8_t { none, unix_s, unix_ms, iso8601 };
[[nodiscard]] Result<TimestampFormat> parse_timestamp_format(std::string_view name);

struct SignatureSpec {
  std::string scheme;             // a row of the table
  std::string signature_header;   // empty: the row's default
  std::string timestamp_header;   // empty: the row's default
  std::string id_header;          // standard_webhooks only; empty: the row's default
  TimestampFormat timestamp_format = TimestampFormat::none;  // hmac_* rows only; the others know theirs
  std::chrono::seconds tolerance{300};
};

// Refuses an unknown scheme (with the known ones) and fills in the row's default headers and format.
[[nodiscard]] Result<SignatureSpec> complete_signature_spec(SignatureSpec spec);

// The key of one secret under a scheme: whsec_<base64> is decoded for standard_webhooks, everything else is taken as it is.
[[nodiscard]] Result<HmacSha256> make_signature_key(const SignatureSpec& spec, const Secret& secret);

enum class Credentials : std::uint8_t { valid, bad_signature, expired };

// `keys`: the current secret and, while rotating, the previous one. `spec` must be completed.
[[nodiscard]] Credentials verify_signature(const SignatureSpec& spec, std::span<const HmacSha256> keys, Headers headers,
                                           std::string_view body, WallTime now);

struct OwnedHeader {
  std::string name;
  std::string value;
};
// The headers that a sender adds: signature, time and, where the scheme has one, the message id.
[[nodiscard]] std::vector<OwnedHeader> sign_request(const SignatureSpec& spec, const HmacSha256& key, WallTime now,
                                                    std::string_view message_id, std::string_view body);

}  // namespace denrei
