// An actor system in one thread under a virtual clock, and actors that only remember what they hear.
//
// Shape   class ScribeTest : public ActorWorld; run() until nobody has anything to do; advance(30min) timer by timer
// Source  CAF's test_coordinator: one big step would fire a periodic timer once, so advance() goes from timer to timer
#pragma once
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei::test {

using namespace std::chrono_literals;

struct TestingConfig : caf::actor_system_config {
  TestingConfig() { set("scheduler.policy", caf::atom("testing")); }
};

// Hears the given messages and keeps copies of them, in order.
template <class... Facts>
class Recorder {
  using Heard = std::tuple<std::vector<Facts>...>;

 public:
  explicit Recorder(caf::actor_system& system) : heard_(std::make_shared<Heard>()) {
    // An argument, not a capture: without arguments CAF 0.17.6 dereferences a null pointer to their tuple.
    const auto listen = [](const std::shared_ptr<Heard>& heard) -> caf::behavior {
      return {[heard](const Facts& fact) { std::get<std::vector<Facts>>(*heard).push_back(fact); }...};
    };
    actor_ = system.spawn(listen, heard_);
  }
  [[nodiscard]] const caf::actor& actor() const noexcept { return actor_; }
  template <class Fact>
  [[nodiscard]] std::vector<Fact>& all() noexcept { return std::get<std::vector<Fact>>(*heard_); }
  template <class Fact>
  [[nodiscard]] std::size_t count() const noexcept { return std::get<std::vector<Fact>>(*heard_).size(); }
  // Messages may hold the handle of the very actor that keeps them.
  ~Recorder() { *heard_ = Heard{}; }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

 private:
  std::shared_ptr<Heard> heard_;
  caf::actor actor_;
};

class ActorWorld : public ::testing::Test {
 public:
  void run() { scheduler.run(); }

  // Both clocks move together: CAF's, and the one that actors are given.
  void advance(Millis by) {
    const auto end = scheduler.clock().now() + by;
    run();
    for (;;) {
      const auto& timers = scheduler.clock().schedule();
      if (timers.empty() || timers.begin()->first > end) break;
      step_to(timers.begin()->first);
    }
    step_to(end);
  }

 protected:
  Clock clock() {
    return [this] { return now; };
  }

  ActorMeter& meter(std::string kind) {
    auto name = kind;
    return metrics.actor(std::move(kind), std::move(name), "");
  }

  template <class Handle>
  Handle keep(Handle handle) {
    kept_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }

  void end(const caf::actor& actor) { caf::anon_send_exit(actor, caf::exit_reason::kill); }

  void TearDown() override {
    scheduler.clock().cancel_all();
    for (const auto& actor : kept_) end(actor);
    kept_.clear();
    run();
  }

  MetricsRegistry metrics;  // outlives the actors
  TestingConfig config_;
  caf::actor_system system{config_};
  caf::scheduler::test_coordinator& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  const Stage stage{system};
  WallTime now = from_unix_ms(1'760'000'000'000);  // 2025-10-09T08:53:20Z
 private:
  void step_to(caf::actor_clock::time_point t) {
    const auto by = std::max(caf::timespan{0}, caf::timespan{t - scheduler.clock().now()});
    virtual_ += by;
    now += std::chrono::duration_cast<Millis>(virtual_);
    virtual_ -= std::chrono::duration_cast<Millis>(virtual_);
    scheduler.advance_time(by);
    run();
  }

  std::vector<caf::actor> kept_;
  caf::timespan virtual_{0};  // less than a millisecond
};

}  // namespace denrei::test
