// A destination: an outbound endpoint as configuration. Everything that differs between the contracts of protocol §3 is a value here.
//
// Shape   judge_attempt(destination, result) says what an attempt has come to; retry.hpp says when the next one is due
// Units   times in milliseconds; `rate` in attempts a second, 0 = unlimited
// Source  protocol §3; design §6, §8
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/signature.hpp"

namespace denrei {

// Why an attempt ended without an HTTP answer that counts. The number is written to the store: add at the end.
enum class AttemptError : std::uint8_t {
  none = 0, dns = 1, connect = 2, tls = 3, timeout = 4, blocked = 5, broken = 6, too_large = 7, crashed = 8,
};
[[nodiscard]] std::string_view attempt_error_name(AttemptError error) noexcept;  // "dns", "connect", …

// "200", "4xx", "network" (every error but timeout), "timeout", "any".
struct OutcomePattern {
  enum class Kind : std::uint8_t { status, status_class, network, timeout, any };
  Kind kind = Kind::any;
  int number = 0;          // the status, or the hundreds of the class
};
[[nodiscard]] Result<OutcomePattern> parse_outcome_pattern(std::string_view text);
[[nodiscard]] std::string outcome_pattern_text(const OutcomePattern& pattern);
using OutcomePatterns = std::vector<OutcomePattern>;

// An order of alarm; the number is written to the store.
enum class Severity : std::uint8_t { none = 0, warning = 1, error = 2, critical = 3, urgent = 4 };
[[nodiscard]] Result<Severity> parse_severity(std::string_view name);
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;

// The first rule that matches what a delivery was given up for names the severity of its alert.
struct AlertRule {
  OutcomePattern on;
  Severity severity = Severity::error;
};

// At most `count` attempts of deliveries whose type matches in any `window`: a sliding one.
struct TypeLimit {
  std::string type;        // a text, or a beginning with a final *
  std::uint32_t count = 100;
  Millis window{60'000};
};

enum class LaneOrder : std::uint8_t { fifo_skip, fifo_block, unordered };
[[nodiscard]] Result<LaneOrder> parse_lane_order(std::string_view name);  // "fifo_by_key", "fifo_by_key_block", "unordered"
[[nodiscard]] std::string_view lane_order_name(LaneOrder order) noexcept;

struct Destination {
  std::string name;                     // unique; part of every delivery id
  std::string url;                      // https://…; http:// only with plain_http
  bool plain_http = false;
  bool http2 = true;                    // where the receiver offers it; false: HTTP/1.1 (docs/decisions/0012)
  SignatureSpec signature;              // completed
  std::string secret;                   // name of the secret that signs
  std::string bearer;                   // name of the token's secret; empty: none is sent
  std::string request_id_header;        // carries a new UUID with each attempt; empty: none
  std::vector<OwnedHeader> headers;     // sent as they are
  bool optional = false;                // without its secret: off (true), or start-up stops (false)

  OutcomePatterns success{{OutcomePattern::Kind::status_class, 2}};
  std::string success_pointer;          // JSON Pointer into the answer that must be `true` besides; empty: not asked
  std::vector<Millis> schedule;         // waits before the 2nd, 3rd, … attempt of a round; its size + 1 = attempts a round
  OutcomePatterns retry_on{{OutcomePattern::Kind::any, 0}};  // whatever else fails is given up at once
  OutcomePatterns disable_on{{OutcomePattern::Kind::status, 410}};
  OutcomePatterns give_up_on;           // given up at once though retry_on would match; judged after disable_on, before retry_on
  std::uint32_t rounds = 1;             // > 1: kept after a failed round and tried again with the next delivery ("next batch")
  Millis round_wait = std::chrono::hours{1};  // the next round begins after this at the latest
  double jitter = 0;                    // 0–1: a wait grows by up to this share, never shrinks
  Millis retry_after_max = std::chrono::hours{1};  // a longer Retry-After counts as this
  Millis connect_timeout{10'000};
  Millis timeout{30'000};

  double rate = 0;
  std::uint32_t burst = 1;
  std::vector<TypeLimit> limits;        // besides the rate; the first that matches counts
  std::vector<std::string> coalesce;    // types (with a final * or not): one that waits is left out when a newer one of its key and type is there
  std::uint32_t concurrency = 64;
  LaneOrder order = LaneOrder::fifo_skip;
  std::uint32_t breaker_failures = 50;  // failed attempts in a row that open the breaker; 0: it never opens
  Millis breaker_open{30'000};
  std::uint64_t pending_max = 100'000;  // more go to the dead letters at once
  std::uint64_t dead_max = 100'000;     // dead letters kept; the oldest goes, with an audit entry

  std::vector<std::string> allow;       // CIDR of private addresses that may be connected to
  std::string ca_file;                  // PEM; empty: the system's
  std::string proxy;                    // http://host:port; empty: none, whatever the environment says

  std::vector<std::string> channels;    // where its alerts go, by name
  std::vector<AlertRule> alerts;        // for what is given up at once
  Severity exhausted = Severity::none;  // when the schedule has ended
  std::string alert_subject;            // templates, see alert_text.hpp; empty: the general ones
  std::string alert_text;
  std::string alert_subject_en;         // for channels whose language is en; empty: the general ones in English
  std::string alert_text_en;
  std::string audit_action = "webhook_delivery_failed";
  std::map<std::string, std::string> audit_fields;  // member of the audit entry -> JSON Pointer into the body
};

// What an attempt came back with.
struct AttemptResult {
  int status = 0;                       // 0: no answer
  AttemptError error = AttemptError::none;
  std::string_view body;                // the head of the answer
};

enum class Judgement : std::uint8_t { delivered, retry, give_up, disable };
[[nodiscard]] Judgement judge_attempt(const Destination& destination, const AttemptResult& result) noexcept;
[[nodiscard]] bool matches(const OutcomePattern& pattern, int status, AttemptError error) noexcept;
// The severity of the alert for a delivery that was given up at once for this.
[[nodiscard]] Severity give_up_severity(const Destination& destination, int status, AttemptError error) noexcept;

// A text, or a beginning with a final *.
[[nodiscard]] bool fits_pattern(std::string_view pattern, std::string_view text) noexcept;
// The limit that counts for a type; null: none does.
[[nodiscard]] const TypeLimit* find_limit(const std::vector<TypeLimit>& limits, std::string_view type) noexcept;
// Whether a waiting delivery of this type may be left out for a newer one. Never where nothing is older or newer: unordered.
[[nodiscard]] bool is_coalesced(const Destination& destination, std::string_view type) noexcept;

}  // namespace denrei
