// Ending in order.
#include "denrei/actors/supervisor.hpp"

#include "denrei/actors/supervised.hpp"

namespace denrei {
namespace {

// After the edges, the scribes, the destinations and the alerts: a partition gives its outbox up only when all is settled,
// also which alerts were sent.
constexpr std::size_t dispatcher_stage = 4;
constexpr std::size_t partition_stage = 5;

class SupervisorAtWork final : public Supervised<SupervisorWithPlan::base> {
 public:
  using Supervised::Supervised;

  behavior_type make_behavior() override {
    return {
        [this](const Drain& order) { on_drain(order); },
        [this](const Drained&) { on_drained(); },
        [this](DrainTimedOut) { end(false); },
        [this](const PartitionChanged& fact) { if (plan_.registry) caf::anon_send(plan_.registry, fact); },
        [this](const PartitionsOpened& fact) { plan_.stages.at(partition_stage) = fact.partitions; },
        [this](const DispatchersOpened& fact) { plan_.stages.at(dispatcher_stage) = fact.dispatchers; },
        [this](const PlanMade& fact) { plan_ = fact.plan; },
    };
  }

 private:
  void restart_state() override {}
  void on_exit() override { plan_ = {}; }  // those whom it names hold our handle

  void on_drain(const Drain& order) {
    if (draining_ || order.hurry) return end(false);
    draining_ = true;
    caf::anon_send(plan_.registry, Drain{});
    delayed_send(this, plan_.timeout, DrainTimedOut{});
    next_stage();
  }

  void next_stage() {
    if (stage_ == plan_.stages.size()) return end(true);
    const auto& members = plan_.stages[stage_++];
    waiting_ = members.size();
    for (const auto& member : members) caf::anon_send(member, Drain{});
    if (members.empty()) next_stage();
  }

  void on_drained() {
    if (draining_ && waiting_ > 0 && --waiting_ == 0) next_stage();
  }

  void end(bool clean) {
    const auto ended = std::exchange(plan_, DrainPlan{}).ended;  // the handles go too: they and their owners hold each other
    if (ended) ended(clean);
  }

  DrainPlan plan_;
  bool draining_ = false;
  std::size_t stage_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace

SupervisorWithPlan spawn_supervisor(const Stage& stage, ActorMeter& meter) {
  return spawn_on<SupervisorAtWork>(stage, meter);
}

}  // namespace denrei
