// Dialects: what an answer looks like to this source's sender. Pure; the facts come from whoever decided.
//
// Shape   render_accepted(dialect, facts) / render_refusal(dialect, facts) -> Answer
// Rows    employee {"error"}, acknowledgement, analytics (Japanese), stats (Japanese), problem (RFC 9457, everything else),
//         api (POST /api/events: 202 with the event's id; refusals as problem)
// Errors  none; every Refusal has an answer in every dialect
// Source  protocol §1.6, §1.9, §2; seeds
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/ids.hpp"
#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/schema.hpp"

namespace denrei {

enum class Dialect : std::uint8_t { employee, acknowledgement, analytics, stats, problem, api };
[[nodiscard]] Result<Dialect> parse_dialect(std::string_view name);

enum class Refusal : std::uint8_t {
  not_found, method_not_allowed, too_large, unsupported_media, unauthorized, bad_signature, expired, malformed, invalid,
  forbidden, rate_limited, overloaded, internal, tls_required, address_denied,
};
// The word for logs, metrics and the list of refused requests: "bad_signature".
[[nodiscard]] std::string_view refusal_name(Refusal why) noexcept;

// An HTTP answer; the body is complete, `headers` are further lines, each ending in CRLF.
struct Answer {
  int status = 500;
  std::string body;
  std::string headers;
  std::string_view content_type = "application/json; charset=utf-8";
};

struct AcceptedFacts {
  EventId id;
  std::string_view identity;   // analytics: the notificationId
  WallTime received_at{};      // of the first acceptance: a repeat gets the same body again
  bool repeat = false;         // adds Idempotent-Replayed: true
};

struct RefusalFacts {
  Refusal why = Refusal::internal;
  std::string detail;                    // what is wrong, in English; shown where the dialect has room
  std::vector<Violation> violations;     // Refusal::invalid
  std::string allow;                     // Refusal::method_not_allowed: "POST"
  std::chrono::seconds retry_after{1};   // rate_limited, overloaded
  // rate_limited: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10): policy name, quota, window
  std::string policy;
  std::uint32_t quota = 0;
  std::chrono::seconds window{0};
};

[[nodiscard]] Answer render_accepted(Dialect dialect, const AcceptedFacts& facts);
[[nodiscard]] Answer render_refusal(Dialect dialect, const RefusalFacts& facts);
// "NOTIF-" and 16 upper-case hex digits of the event id: the same for every repeat.
[[nodiscard]] std::string notification_number(const EventId& id);

}  // namespace denrei
