// Retry: when a failed delivery is tried again. Pure; timers live in actors/destination.
//
// Shape   decide_retry(destination, facts) -> NextStep{retry at | wait for the next batch until | give up}
// Units   attempts count from 1; delays in milliseconds; `dice` in [0, 1)
// Limits  an attempt is never earlier than the schedule says; Retry-After only ever lengthens, up to retry_after_max
// Source  protocol §3; Retry-After: RFC 9110 §10.2.3 (seconds or HTTP date)
#pragma once
#include <optional>
#include <string_view>

#include "denrei/domain/destination.hpp"

namespace denrei {

struct RetryFacts {
  std::uint32_t attempts = 1;            // of this round, with the one that has just failed
  std::uint32_t round = 1;
  WallTime now{};
  std::optional<Millis> retry_after;     // as the receiver asked
  double dice = 0;
};

struct NextStep {
  enum class Kind : std::uint8_t { retry, next_round, give_up };
  Kind kind = Kind::give_up;
  WallTime due{};                        // retry; next_round: at the latest
};
[[nodiscard]] NextStep decide_retry(const Destination& destination, const RetryFacts& facts) noexcept;

// "120" or "Fri, 31 Dec 1999 23:59:59 GMT" -> how long from now; nothing when unreadable or past.
[[nodiscard]] std::optional<Millis> parse_retry_after(std::string_view value, WallTime now) noexcept;

// [0, 1), the same for the same delivery and attempt: a restart does not throw the dice again.
[[nodiscard]] double retry_dice(std::string_view delivery_id_raw, std::uint32_t attempt) noexcept;

}  // namespace denrei
