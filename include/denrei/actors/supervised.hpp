// Supervised<Base>: what every actor of ours has. Its numbers, its home loop, and a second life after a crash.
//
// Shape   class Scribe : public Supervised<ScribeActor::base>; override restart_state()
// Why     a CAF actor that throws dies and silently drops its mailbox. Here the message that crashed it is given up, the
//         state is rebuilt after a back-off, the messages behind it wait in order, and the address stays good.
// Limits  more than `crashes_max` crashes in a minute: the actor stays paused for the longest back-off each time
// Source  design §3; CAF 0.17.6: enqueue() and consume() are virtual and the single entry of every message
#pragma once
#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <string>

#include "denrei/base/metrics.hpp"
#if defined(__SANITIZE_THREAD__)
// libcaf is not instrumented: tell TSan where the mailbox hands a message, and the state, over.
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace denrei {

struct WakeAfterCrash {
  std::uint64_t crash = 0;
};

}  // namespace denrei

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(denrei::WakeAfterCrash)

namespace denrei {

inline constexpr std::chrono::milliseconds crash_backoff_first{20};
inline constexpr std::chrono::milliseconds crash_backoff_max{5'000};
inline constexpr std::uint32_t crashes_max = 8;
inline constexpr std::uint32_t timed_every = 16;

template <class Base>
class Supervised : public Base {
 public:
  using Home = caf::execution_unit;

  Supervised(caf::actor_config& config, ActorMeter& meter) : Base(config), meter_(meter), home_(config.host) {
    meter_.instances.fetch_add(1, std::memory_order_relaxed);
  }
  ~Supervised() override { meter_.instances.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] const char* name() const override { return meter_.kind.c_str(); }

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr message, caf::execution_unit*) override {
    const auto before = meter_.enqueued.fetch_add(1, std::memory_order_relaxed);
    const auto depth = static_cast<std::int64_t>(before - meter_.consumed.load(std::memory_order_relaxed)) + 1;
    if (depth <= 1) meter_.waiting_since_ns.store(now_ns(), std::memory_order_relaxed);
    if (depth > meter_.depth_max.load(std::memory_order_relaxed)) meter_.depth_max.store(depth, std::memory_order_relaxed);
#if defined(__SANITIZE_THREAD__)
    __tsan_release(this);
#endif
    Base::enqueue(std::move(message), home_);  // the home loop, not the sender's
  }

  caf::invoke_message_result consume(caf::mailbox_element& message) override {
#if defined(__SANITIZE_THREAD__)
    __tsan_acquire(this);
#endif
    // One message in sixteen is timed for all: two clock readings a message would cost more than most handlers.
    const bool timed = handled_++ % timed_every == 0;
    const auto started = timed ? now_ns() : 0;
    const auto result = consume_guarded(message);
    if (result != caf::invoke_message_result::skipped) {
      const auto consumed = meter_.consumed.fetch_add(1, std::memory_order_relaxed) + 1;
      if (consumed >= meter_.enqueued.load(std::memory_order_relaxed))
        meter_.waiting_since_ns.store(0, std::memory_order_relaxed);
    }
    if (timed) meter_.busy_ns.fetch_add(static_cast<std::uint64_t>(now_ns() - started) * timed_every, std::memory_order_relaxed);
#if defined(__SANITIZE_THREAD__)
    __tsan_release(this);
#endif
    return result;
  }

 protected:
  // Back to a state from which the unchanged behaviour can go on. May throw: that is one more crash.
  virtual void restart_state() = 0;
  [[nodiscard]] ActorMeter& meter() noexcept { return meter_; }
  // Where the actors that this one spawns should live; null in tests, whose execution units last for one turn.
  [[nodiscard]] Home* home() const noexcept { return home_; }

 private:
  static std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

  static bool is_system_message(const caf::type_erased_tuple& content) {
    return content.match_elements<caf::exit_msg>() || content.match_elements<caf::down_msg>();
  }

  caf::invoke_message_result consume_guarded(caf::mailbox_element& message) {
    auto& content = message.content();
    auto result = caf::invoke_message_result::consumed;
    try {
      if (content.template match_elements<WakeAfterCrash>()) {
        if (paused_ && content.template get_as<WakeAfterCrash>(0).crash == crash_) {
          restart_state();
          paused_ = false;
        }
        return result;
      }
      if (paused_ && !is_system_message(content)) return caf::invoke_message_result::skipped;
      return Base::consume(message);
    } catch (const std::exception&) {
      pause_after_crash();
    }
    return result;
  }

  void pause_after_crash() {
    meter_.restarts.fetch_add(1, std::memory_order_relaxed);
    const auto now = this->clock().now();
    if (now - window_start_ > std::chrono::minutes{1}) {
      window_start_ = now;
      crashes_in_window_ = 0;
    }
    const auto doublings = std::min(crashes_in_window_++, crashes_max);
    paused_ = true;
    this->clock().schedule_message(
        now + std::min(crash_backoff_max, crash_backoff_first * (1u << doublings)), caf::strong_actor_ptr{this->ctrl()},
        caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, WakeAfterCrash{++crash_}));
  }

  ActorMeter& meter_;
  Home* home_;
  std::uint32_t handled_ = 0;
  bool paused_ = false;
  std::uint64_t crash_ = 0;
  std::uint32_t crashes_in_window_ = 0;
  caf::actor_clock::time_point window_start_{};
};

}  // namespace denrei
