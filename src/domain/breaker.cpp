// The breaker: failures in a row open it, one probe at a time decides whether it closes.
#include "denrei/domain/breaker.hpp"

#include <limits>

namespace denrei {

bool Breaker::may_begin(WallTime now) noexcept {
  if (!open_until_) return true;
  // A clock that was set back does not keep it open for longer than it was to be.
  if (*open_until_ - now > open_for_) open_until_ = now + open_for_;
  return now >= *open_until_ && !probing_;
}

// What begins while it is not closed can only be the probe.
void Breaker::begun() noexcept { probing_ = open_until_.has_value(); }

void Breaker::succeeded() noexcept {
  failures_ = 0;
  open_until_.reset();
  probing_ = false;
}

// Attempts that began before it opened fail while it is open; they do not keep it open for longer.
void Breaker::failed(WallTime now) noexcept {
  if (failures_ < std::numeric_limits<std::uint32_t>::max()) ++failures_;
  const bool opens = !open_until_ && failures_max_ > 0 && failures_ >= failures_max_;
  if (opens || probing_) open_until_ = now + open_for_;
  probing_ = false;
}

void Breaker::given_back() noexcept { probing_ = false; }

Breaker::State Breaker::state(WallTime now) const noexcept {
  if (!open_until_) return State::closed;
  return probing_ || now >= *open_until_ ? State::half_open : State::open;
}

std::optional<WallTime> Breaker::opens_at() const noexcept { return probing_ ? std::nullopt : open_until_; }

}  // namespace denrei
