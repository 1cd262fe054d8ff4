// CAF's scheduler on Asio threads: actors run on the event loops, beside the sockets, and no CAF thread exists.
//
// Shape   install_asio_scheduler(config, loops) before the actor_system is made; then scheduler_of(system).unit(i)
// Errors  none; stop() expects that the loops' threads have ended
// Source  design §4 (why never CAF's work-stealing scheduler); CAF 0.17.6 scheduler::abstract_coordinator
#pragma once
#include <caf/all.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <memory>
#include <vector>

#include "denrei/runtime/loop_unit.hpp"

namespace denrei {

class AsioScheduler final : public caf::scheduler::abstract_coordinator {
 public:
  AsioScheduler(caf::actor_system& system, std::vector<boost::asio::io_context*> loops);
  ~AsioScheduler() override;
  [[nodiscard]] LoopUnit& unit(std::size_t index) { return *units_.at(index); }

  // Runs every actor that has something to do, on the calling thread, after the loops' threads have ended.
  void run_remaining();

  void enqueue(caf::resumable* job) override;
  caf::actor_clock& clock() noexcept override;
  [[nodiscard]] bool detaches_utility_actors() const override { return false; }

 protected:
  void start() override;
  void stop() override;

 private:
  class RouterClock;
  std::vector<boost::asio::io_context*> loops_;
  std::vector<std::unique_ptr<LoopUnit>> units_;
  std::unique_ptr<RouterClock> clock_;
};

void install_asio_scheduler(caf::actor_system_config& config, std::vector<boost::asio::io_context*> loops);
[[nodiscard]] AsioScheduler& scheduler_of(caf::actor_system& system);

}  // namespace denrei
