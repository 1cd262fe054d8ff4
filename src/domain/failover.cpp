// Which provider tries next, after how long, and what that says of the service.
#include "denrei/domain/failover.hpp"

#include <algorithm>

namespace denrei {

std::size_t Failover::providers() const noexcept { return std::clamp<std::size_t>(policy_.providers, 1, providers_max); }

Failover::Try Failover::begin(WallTime now) {
  done_ = false;
  tries_ = 0;
  failed_ = {};
  // A clock that was set back keeps nobody waiting for longer than was meant.
  probe_at_ = std::min(probe_at_, now + policy_.return_after);
  // The whole job would wait for a primary that has asked for silence; then it is not worth the question.
  probing_ = current_ != 0 && now >= probe_at_ && now >= not_before_[0];
  return go_to(probing_ ? 0 : current_, now);
}

std::optional<Failover::Try> Failover::ended(JobOutcome outcome, Millis retry_after, WallTime now) {
  ++tries_;
  ++tries_here_;
  if (retry_after > Millis::zero()) not_before_[trying_] = now + std::min(retry_after, policy_.retry_after_max);
  switch (outcome) {
    case JobOutcome::done: settle(now); return std::nullopt;
    case JobOutcome::bad_job: return std::nullopt;
    case JobOutcome::again:
      if (!probing_ && tries_here_ <= policy_.retries) return Try{trying_, std::max(now + wait(), not_before_[trying_])};
      return leave_provider(now);
    case JobOutcome::refused: return leave_provider(now);
  }
  return std::nullopt;
}

Failover::Try Failover::go_to(std::size_t provider, WallTime now) {
  trying_ = provider;
  tries_here_ = 0;
  not_before_[provider] = std::min(not_before_[provider], now + policy_.retry_after_max);
  return {provider, std::max(now, not_before_[provider])};
}

// 1, 2, 4 … times the first wait.
Millis Failover::wait() const noexcept {
  auto wait = policy_.first_wait;
  for (std::uint32_t i = 1; i < tries_here_ && wait < policy_.wait_max; ++i) wait *= 2;
  return std::min(wait, policy_.wait_max);
}

void Failover::settle(WallTime now) {
  done_ = true;
  if (trying_ != 0 && trying_ != current_) probe_at_ = now + policy_.return_after;
  current_ = trying_;
  turn(current_ == 0 ? ServiceState::up : ServiceState::on_secondary, now);
}

// To the next one that has not failed this job; behind the last one comes the first again.
std::optional<Failover::Try> Failover::leave_provider(WallTime now) {
  failed_[trying_] = true;
  if (probing_) {
    probing_ = false;
    probe_at_ = now + policy_.return_after;
    return go_to(current_, now);
  }
  for (std::size_t step = 1; step < providers(); ++step)
    if (const auto next = (trying_ + step) % providers(); !failed_[next]) return go_to(next, now);
  current_ = 0;
  turn(ServiceState::down, now);
  return std::nullopt;
}

void Failover::turn(ServiceState state, WallTime now) {
  if (state == state_) return;
  state_ = state;
  since_ = now;
}

}  // namespace denrei
