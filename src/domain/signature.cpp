// Signature schemes: a table of how each one reads a signature header, what it signs and how it writes it down.
#include "denrei/domain/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "denrei/base/assert.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::size_t signature_bytes_max = 4096;  // a few signatures with their labels; more is an attack
constexpr std::size_t signatures_max = 8;          // Stripe and Standard Webhooks send one for each live secret
constexpr std::size_t timestamp_digits_max = 15;   // milliseconds until the year 33658, and no overflow
constexpr std::chrono::seconds tolerance_max = std::chrono::hours{24};
constexpr std::string_view secret_prefix = "whsec_";

// What a request claims, and what a signature covers besides the body.
struct Claim {
  std::string_view id;
  std::string_view timestamp;
  std::array<Digest, signatures_max> signatures;
  std::size_t count = 0;
};

void add_hex(std::string_view text, Claim& claim) {
  if (claim.count < signatures_max && decode_hex(text, claim.signatures[claim.count].data(), sizeof(Digest))) ++claim.count;
}

void add_base64(std::string_view text, Claim& claim) {
  constexpr std::size_t length = (sizeof(Digest) + 2) / 3 * 4;
  if (claim.count == signatures_max || text.size() != length) return;
  const auto bytes = decode_base64(text);
  if (!bytes || bytes->size() != sizeof(Digest)) return;
  std::copy_n(reinterpret_cast<const unsigned char*>(bytes->data()), sizeof(Digest), claim.signatures[claim.count++].data());
}

template <class Each>
void split(std::string_view list, char separator, Each each) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    each(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::string hex_of(const Digest& d) { return encode_hex(as_view(d)); }

// --- hmac_body, hmac_timestamp_body
void read_hex(std::string_view value, Claim& claim) { add_hex(value, claim); }
Digest sign_body(const HmacSha256& key, const Claim&, std::string_view body) { return key.sign({body}); }
Digest sign_timestamp_body(const HmacSha256& key, const Claim& c, std::string_view body) { return key.sign({c.timestamp, body}); }
std::string write_hex(const Digest& d, const Claim&) { return hex_of(d); }

// --- standard_webhooks: "v1,<base64> v1,<base64>"; other versions are somebody else's
void read_standard(std::string_view value, Claim& claim) {
  split(value, ' ', [&](std::string_view part) {
    if (part.starts_with("v1,")) add_base64(part.substr(3), claim);
  });
}
Digest sign_standard(const HmacSha256& key, const Claim& c, std::string_view body) {
  return key.sign({c.id, ".", c.timestamp, ".", body});
}
std::string write_standard(const Digest& d, const Claim&) { return "v1," + encode_base64(as_view(d)); }

// --- github: "sha256=<hex>"
constexpr std::string_view github_prefix = "sha256=";
void read_github(std::string_view value, Claim& claim) {
  if (value.starts_with(github_prefix)) add_hex(value.substr(github_prefix.size()), claim);
}
std::string write_github(const Digest& d, const Claim&) { return std::string(github_prefix) + hex_of(d); }

// --- stripe: "t=<seconds>,v1=<hex>,v1=<hex>,v0=<test signature>"
void read_stripe(std::string_view value, Claim& claim) {
  split(value, ',', [&](std::string_view part) {
    if (part.starts_with("t=") && claim.timestamp.empty()) claim.timestamp = part.substr(2);
    if (part.starts_with("v1=")) add_hex(part.substr(3), claim);
  });
}
Digest sign_stripe(const HmacSha256& key, const Claim& c, std::string_view body) { return key.sign({c.timestamp, ".", body}); }
std::string write_stripe(const Digest& d, const Claim& c) { return fmt::format("t={},v1={}", c.timestamp, hex_of(d)); }

// --- slack: "v0=<hex>"
void read_slack(std::string_view value, Claim& claim) {
  if (value.starts_with("v0=")) add_hex(value.substr(3), claim);
}
Digest sign_slack(const HmacSha256& key, const Claim& c, std::string_view body) { return key.sign({"v0:", c.timestamp, ":", body}); }
std::string write_slack(const Digest& d, const Claim&) { return "v0=" + hex_of(d); }

struct Row {
  std::string_view name;
  std::string_view signature_header;
  std::string_view timestamp_header;  // empty: no header of its own
  std::string_view id_header;
  TimestampFormat format;
  bool takes_timestamp;               // header and format are the configuration's choice
  void (*read)(std::string_view value, Claim& claim);
  Digest (*sign)(const HmacSha256& key, const Claim& claim, std::string_view body);
  std::string (*write)(const Digest& digest, const Claim& claim);
};

constexpr std::array rows{
    Row{"hmac_body", "X-Signature", "", "", TimestampFormat::none, true, read_hex, sign_body, write_hex},
    Row{"hmac_timestamp_body", "x-webhook-signature", "x-webhook-timestamp", "", TimestampFormat::unix_ms, true, read_hex,
        sign_timestamp_body, write_hex},
    Row{"standard_webhooks", "webhook-signature", "webhook-timestamp", "webhook-id", TimestampFormat::unix_s, false, read_standard,
        sign_standard, write_standard},
    Row{"github", "X-Hub-Signature-256", "", "", TimestampFormat::none, false, read_github, sign_body, write_github},
    Row{"stripe", "Stripe-Signature", "", "", TimestampFormat::unix_s, false, read_stripe, sign_stripe, write_stripe},
    Row{"slack", "X-Slack-Signature", "X-Slack-Request-Timestamp", "", TimestampFormat::unix_s, false, read_slack, sign_slack,
        write_slack},
};

const Row* find_row(std::string_view scheme) {
  const auto* row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == scheme; });
  return row == rows.end() ? nullptr : row;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Digits and nothing else; -1 for any other text.
std::int64_t parse_count(std::string_view text) {
  if (text.empty() || text.size() > timestamp_digits_max) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool is_near(std::int64_t a, std::int64_t b, std::int64_t distance) { return a > b ? a - b <= distance : b - a <= distance; }

bool is_fresh(const SignatureSpec& spec, std::string_view timestamp, WallTime now) {
  const auto tolerance_s = std::int64_t{spec.tolerance.count()};
  switch (spec.timestamp_format) {
    case TimestampFormat::none: return true;
    case TimestampFormat::unix_s: {
      const auto t = parse_count(timestamp);
      return t >= 0 && is_near(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count(), t, tolerance_s);
    }
    case TimestampFormat::unix_ms: {
      const auto t = parse_count(timestamp);
      return t >= 0 && is_near(to_unix_ms(now), t, tolerance_s * 1000);
    }
    case TimestampFormat::iso8601: {
      const auto t = parse_iso8601(timestamp);
      return t && is_near(to_unix_ms(now), to_unix_ms(*t), tolerance_s * 1000);
    }
  }
  return false;
}

std::string write_timestamp(TimestampFormat format, WallTime now) {
  switch (format) {
    case TimestampFormat::none: return {};
    case TimestampFormat::unix_s: return fmt::format("{}", to_unix_ms(now) / 1000);
    case TimestampFormat::unix_ms: return fmt::format("{}", to_unix_ms(now));
    case TimestampFormat::iso8601: return format_iso8601(now);
  }
  return {};
}

// What in this spec has no meaning for its scheme; empty: nothing.
std::string find_contradiction(const SignatureSpec& spec, const Row& row) {
  const bool has_format = spec.timestamp_format != TimestampFormat::none;
  if (!row.takes_timestamp && has_format && spec.timestamp_format != row.format) return "has a timestamp format of its own";
  if (!row.takes_timestamp && row.timestamp_header.empty() && !spec.timestamp_header.empty()) return "has no timestamp header";
  if (row.id_header.empty() && !spec.id_header.empty()) return "has no id header";
  if (row.takes_timestamp && row.timestamp_header.empty() && has_format == spec.timestamp_header.empty())
    return "needs both a timestamp header and a timestamp format, or neither";
  if (spec.tolerance < std::chrono::seconds{1} || spec.tolerance > tolerance_max) return "needs a tolerance of 1 s to 24 h";
  return {};
}

}  // namespace

std::string_view find_header(Headers headers, std::string_view name) noexcept {
  for (const auto& h : headers) {
    if (h.name.size() == name.size() &&
        std::equal(name.begin(), name.end(), h.name.begin(), [](char a, char b) { return lower(a) == lower(b); }))
      return h.value;
  }
  return {};
}

Result<TimestampFormat> parse_timestamp_format(std::string_view name) {
  if (name == "none") return TimestampFormat::none;
  if (name == "unix_s") return TimestampFormat::unix_s;
  if (name == "unix_ms") return TimestampFormat::unix_ms;
  if (name == "iso8601") return TimestampFormat::iso8601;
  return fail(FaultCode::invalid, fmt::format("unknown timestamp format \"{}\"; known: none, unix_s, unix_ms, iso8601", name));
}

Result<SignatureSpec> complete_signature_spec(SignatureSpec spec) {
  const auto* row = find_row(spec.scheme);
  if (row == nullptr) {
    std::string known;
    for (const auto& r : rows) known += fmt::format("{}{}", known.empty() ? "" : ", ", r.name);
    return fail(FaultCode::invalid, fmt::format("unknown signature scheme \"{}\"; known: {}", spec.scheme, known));
  }
  if (const auto problem = find_contradiction(spec, *row); !problem.empty())
    return fail(FaultCode::invalid, fmt::format("signature scheme {} {}", row->name, problem));
  if (spec.signature_header.empty()) spec.signature_header = row->signature_header;
  if (spec.timestamp_header.empty()) spec.timestamp_header = row->timestamp_header;
  if (spec.id_header.empty()) spec.id_header = row->id_header;
  if (spec.timestamp_format == TimestampFormat::none) spec.timestamp_format = row->format;
  return spec;
}

Result<HmacSha256> make_signature_key(const SignatureSpec& spec, const Secret& secret) {
  if (secret.empty()) return fail(FaultCode::invalid, "the secret is empty");
  if (spec.scheme != "standard_webhooks" || !secret.reveal().starts_with(secret_prefix)) return HmacSha256{secret};
  auto bytes = decode_base64(secret.reveal().substr(secret_prefix.size()));
  // The text of the secret must not appear in the fault.
  if (!bytes || bytes->empty()) return fail(FaultCode::invalid, "a secret that starts with whsec_ continues in base64");
  return HmacSha256{Secret{std::move(*bytes)}};
}

Credentials verify_signature(const SignatureSpec& spec, std::span<const HmacSha256> keys, Headers headers, std::string_view body,
                             WallTime now) {
  const auto* row = find_row(spec.scheme);
  DENREI_ASSERT(row != nullptr && !spec.signature_header.empty());
  const auto value = find_header(headers, spec.signature_header);
  Claim claim;
  if (!spec.timestamp_header.empty()) claim.timestamp = find_header(headers, spec.timestamp_header);
  if (!spec.id_header.empty()) claim.id = find_header(headers, spec.id_header);
  if (value.size() <= signature_bytes_max) row->read(value, claim);
  if (claim.count == 0) return Credentials::bad_signature;
  // No early exit: the time taken must not tell which key or which signature was the right one.
  unsigned matches = 0;
  for (const auto& key : keys) {
    const auto expected = row->sign(key, claim, body);
    for (std::size_t i = 0; i < claim.count; ++i)
      matches |= static_cast<unsigned>(equal_in_constant_time(as_view(expected), as_view(claim.signatures[i])));
  }
  if (matches == 0) return Credentials::bad_signature;
  return is_fresh(spec, claim.timestamp, now) ? Credentials::valid : Credentials::expired;
}

std::vector<OwnedHeader> sign_request(const SignatureSpec& spec, const HmacSha256& key, WallTime now, std::string_view message_id,
                                      std::string_view body) {
  const auto* row = find_row(spec.scheme);
  DENREI_ASSERT(row != nullptr && !spec.signature_header.empty());
  const auto timestamp = write_timestamp(spec.timestamp_format, now);
  Claim claim;
  claim.id = message_id;
  claim.timestamp = timestamp;
  std::vector<OwnedHeader> headers;
  if (!spec.id_header.empty()) headers.push_back({spec.id_header, std::string(message_id)});
  if (!spec.timestamp_header.empty()) headers.push_back({spec.timestamp_header, timestamp});
  headers.push_back({spec.signature_header, row->write(row->sign(key, claim, body), claim)});
  return headers;
}

}  // namespace denrei
