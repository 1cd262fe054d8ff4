// One event loop's share of the actors: a run queue without locks for its own thread, a locked inbox for the others.
//
// Shape   LoopUnit is CAF's execution_unit over one io_context; exec_later(job) from any thread runs it on this loop
// Why     an actor hop on the loop's own thread costs 0.2–0.4 µs; a wake-up of another thread costs 40–65 µs (design §4)
// Limits  one drain runs at most `turns_per_drain` actor turns, then the sockets get theirs
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/all.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace denrei {

// The timers of one loop: CAF's own timeout queue, driven by one Asio timer.
class LoopClock final : public caf::detail::simple_actor_clock {
 public:
  explicit LoopClock(boost::asio::io_context& loop) : timer_(loop) {}
  void rearm();
  void clear();

 private:
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  time_point armed_at_{};
};

class LoopUnit final : public caf::execution_unit {
 public:
  LoopUnit(caf::actor_system& system, boost::asio::io_context& loop, std::size_t messages_per_turn);
  // Any thread.
  void exec_later(caf::resumable* job) override;
  // The unit whose loop runs on the calling thread; null elsewhere.
  [[nodiscard]] static LoopUnit* current() noexcept;
  // Call on the loop's thread before io_context::run(), and with null after it.
  static void bind_thread(LoopUnit* unit) noexcept;
  // Runs what is left, on the thread that destroys the system, after the loop's thread has ended.
  bool run_remaining();
  [[nodiscard]] LoopClock& clock() noexcept { return clock_; }
  [[nodiscard]] boost::asio::io_context& loop() noexcept { return loop_; }

 private:
  void push_local(caf::resumable* job);
  void push_from_outside(caf::resumable* job);
  void take_inbox();
  void drain();
  void run(caf::resumable* job);

  boost::asio::io_context& loop_;
  std::size_t messages_per_turn_;
  LoopClock clock_;
  std::deque<caf::resumable*> ready_;
  bool drain_posted_ = false;
  std::mutex inbox_mutex_;  // the one lock between threads; held for a push or a swap
  std::vector<caf::resumable*> inbox_;
  bool inbox_posted_ = false;
};

}  // namespace denrei
