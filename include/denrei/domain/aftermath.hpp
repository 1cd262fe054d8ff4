// Aftermath: what an attempt has made of its delivery. Pure; the Destination writes it to the outbox.
//
// Shape   conclude_attempt(destination, delivery, attempt, retry_after, now) -> the delivery as it is to be kept, and what is next
//         leave_out(delivery, now) -> a delivery that is not sent, because a newer one of its key and type waits behind it
// Rules   a disabling answer uses up no attempt: the delivery stays where it is until an operator enables the destination
// Source  protocol §3; retry.hpp says when, destination.hpp says whether
#pragma once
#include <string_view>

#include "denrei/domain/delivery.hpp"
#include "denrei/domain/retry.hpp"

namespace denrei {

struct Aftermath {
  Judgement judgement = Judgement::delivered;
  bool dead = false;              // no further attempt: head.dead says why
  bool endpoint_alive = true;     // it answered and took part, whatever it said
  Delivery delivery;              // delivered: without its body, nobody needs it again
};
[[nodiscard]] Aftermath conclude_attempt(const Destination& destination, const Delivery& before, Attempt attempt,
                                         std::string_view retry_after, WallTime now);

// What its head says when a delivery is given up, and how loud the alarm is.
void bury(const Destination& destination, DeliveryHead& head, DeadReason reason, WallTime now) noexcept;
[[nodiscard]] Severity burial_severity(const Destination& destination, const DeliveryHead& head) noexcept;
// Whether it waits for an operator. One that is superseded does not: the newer one says all that it said.
[[nodiscard]] bool is_dead_letter(const DeliveryHead& head) noexcept;
// As it is kept in the history: superseded, without its body. It is no dead letter, and nobody is alarmed.
[[nodiscard]] Delivery leave_out(const Delivery& delivery, WallTime now);
// A dead letter that an operator sends again has a full schedule before it.
void revive(DeliveryHead& head, WallTime now) noexcept;

}  // namespace denrei
