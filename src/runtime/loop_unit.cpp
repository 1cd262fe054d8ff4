// Running actors between socket events.
#include "denrei/runtime/loop_unit.hpp"

#include <boost/asio/post.hpp>

namespace denrei {
namespace {

constexpr std::size_t turns_per_drain = 256;
thread_local LoopUnit* bound_unit = nullptr;

}  // namespace

void LoopClock::rearm() {
  if (schedule_.empty()) return;
  const auto next = schedule_.begin()->first;
  if (armed_ && armed_at_ <= next) return;
  armed_ = true;
  armed_at_ = next;
  timer_.expires_at(next);  // also cancels the wait for a later time
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_ = false;
    trigger_expired_timeouts();
    rearm();
  });
}

void LoopClock::clear() {
  cancel_all();
  timer_.cancel();
  armed_ = false;
}

LoopUnit::LoopUnit(caf::actor_system& system, boost::asio::io_context& loop, std::size_t messages_per_turn)
    : caf::execution_unit(&system), loop_(loop), messages_per_turn_(messages_per_turn), clock_(loop) {}

LoopUnit* LoopUnit::current() noexcept { return bound_unit; }
void LoopUnit::bind_thread(LoopUnit* unit) noexcept { bound_unit = unit; }

void LoopUnit::exec_later(caf::resumable* job) { bound_unit == this ? push_local(job) : push_from_outside(job); }

void LoopUnit::push_local(caf::resumable* job) {
  ready_.push_back(job);
  if (drain_posted_) return;
  drain_posted_ = true;
  // Posted, not run at once: all sockets that became readable in this turn are read first, so that
  // the actors see their requests together and the append batches are large.
  boost::asio::post(loop_, [this] { drain(); });
}

void LoopUnit::push_from_outside(caf::resumable* job) {
  bool wake = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(job);
    wake = !std::exchange(inbox_posted_, true);
  }
  if (!wake) return;
  boost::asio::post(loop_, [this] {
    take_inbox();
    drain();
  });
}

void LoopUnit::take_inbox() {
  const std::lock_guard lock(inbox_mutex_);
  inbox_posted_ = false;
  ready_.insert(ready_.end(), inbox_.begin(), inbox_.end());
  inbox_.clear();
}

void LoopUnit::drain() {
  drain_posted_ = true;  // pushes from the actors we run need no post of their own
  for (std::size_t turns = 0; turns < turns_per_drain && !ready_.empty(); ++turns) {
    auto* job = ready_.front();
    ready_.pop_front();
    run(job);
  }
  if (ready_.empty())
    drain_posted_ = false;
  else
    boost::asio::post(loop_, [this] { drain(); });
}

void LoopUnit::run(caf::resumable* job) {
  switch (job->resume(this, messages_per_turn_)) {
    case caf::resumable::resume_later: ready_.push_back(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
}

bool LoopUnit::run_remaining() {
  bool any = false;
  bound_unit = this;
  for (take_inbox(); !ready_.empty(); take_inbox()) {
    any = true;
    auto* job = ready_.front();
    ready_.pop_front();
    run(job);
  }
  bound_unit = nullptr;
  return any;
}

}  // namespace denrei
