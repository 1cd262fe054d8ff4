// From one attempt's result to the delivery's next state.
#include "denrei/domain/aftermath.hpp"

namespace denrei {
namespace {

// Answers that say "not now" count like no answer; any other one shows that somebody is there.
bool shows_life(const Attempt& attempt) noexcept {
  return attempt.error == AttemptError::none && attempt.status < 500 && attempt.status != 429;
}

void note_attempt(DeliveryHead& head, const Attempt& attempt) noexcept {
  head.attempts = attempt.number;
  ++head.round_attempts;
  head.last_status = attempt.status;
  head.last_error = attempt.error;
}

void postpone(const Destination& destination, Delivery& delivery, std::string_view retry_after, WallTime now) {
  auto& head = delivery.head;
  const auto next = decide_retry(destination, {.attempts = head.round_attempts, .round = head.round, .now = now,
                                               .retry_after = parse_retry_after(retry_after, now),
                                               .dice = retry_dice(head.id.raw(), head.attempts)});
  if (next.kind == NextStep::Kind::give_up) return bury(destination, head, DeadReason::exhausted, now);
  if (next.kind == NextStep::Kind::next_round) {
    ++head.round;
    head.round_attempts = 0;
    head.waits_for_batch = true;
  }
  head.due = next.due;
  delivery.attempts.back().next_at = next.due;
}

}  // namespace

Aftermath conclude_attempt(const Destination& destination, const Delivery& before, Attempt attempt, std::string_view retry_after, WallTime now) {
  Aftermath after;
  after.judgement = judge_attempt(destination, {attempt.status, attempt.error, attempt.answer_body});
  after.endpoint_alive = shows_life(attempt);
  auto& delivery = after.delivery;
  delivery.head = before.head;
  delivery.attempts = before.attempts;
  if (after.judgement != Judgement::delivered) delivery.body = before.body;
  delivery.head.waits_for_batch = false;
  note_attempt(delivery.head, attempt);
  delivery.attempts.push_back(std::move(attempt));
  switch (after.judgement) {
    case Judgement::delivered: delivery.head.ended_at = now; break;
    case Judgement::retry: postpone(destination, delivery, retry_after, now); break;
    case Judgement::give_up: bury(destination, delivery.head, DeadReason::given_up, now); break;
    case Judgement::disable:
      --delivery.head.round_attempts;
      delivery.head.due = now;
      break;
  }
  after.dead = delivery.head.dead != DeadReason::alive;
  return after;
}

Severity burial_severity(const Destination& destination, const DeliveryHead& head) noexcept {
  switch (head.dead) {
    case DeadReason::given_up: return give_up_severity(destination, head.last_status, head.last_error);
    case DeadReason::exhausted:
    case DeadReason::pending_limit: return destination.exhausted;
    case DeadReason::superseded:
    case DeadReason::alive: break;
  }
  return Severity::none;
}

bool is_dead_letter(const DeliveryHead& head) noexcept {
  switch (head.dead) {
    case DeadReason::exhausted:
    case DeadReason::given_up:
    case DeadReason::pending_limit: return true;
    case DeadReason::superseded:
    case DeadReason::alive: break;
  }
  return false;
}

Delivery leave_out(const Delivery& delivery, WallTime now) {
  Delivery left{delivery.head, delivery.attempts, {}};
  left.head.dead = DeadReason::superseded;
  left.head.ended_at = now;
  left.head.waits_for_batch = false;
  return left;
}

void bury(const Destination& destination, DeliveryHead& head, DeadReason reason, WallTime now) noexcept {
  head.dead = reason;
  head.ended_at = now;
  head.waits_for_batch = false;
  head.blocks_lane = destination.order == LaneOrder::fifo_block && reason != DeadReason::pending_limit;
  head.alert_due = burial_severity(destination, head) != Severity::none;
}

void revive(DeliveryHead& head, WallTime now) noexcept {
  head.dead = DeadReason::alive;
  head.blocks_lane = head.alert_due = false;
  head.round = 1;
  head.round_attempts = 0;
  head.due = now;
  ++head.resends;
}

}  // namespace denrei
