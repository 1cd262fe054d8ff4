// Supervisor: ends the process in the right order, so that what was begun is finished and nothing new begins.
//
// Shape   hears Drain; tells stage after stage (edges, scribes, destinations, alerts, dispatchers, partitions, inboxes) and waits until each says Drained;
//         then calls `ended` once. A second Drain, or the time limit, does not wait any longer
// Source  design §7 (shutdown)
#pragma once
#include <functional>
#include <vector>

#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"

namespace denrei {

using Supervisor = caf::typed_actor<caf::reacts_to<Drain>, caf::reacts_to<Drained>, caf::reacts_to<DrainTimedOut>,
                                    caf::reacts_to<PartitionChanged>, caf::reacts_to<PartitionsOpened>,
                                    caf::reacts_to<DispatchersOpened>>;

struct DrainPlan {
  std::vector<std::vector<caf::actor>> stages;  // all of a stage are told together; dispatchers join stage 4 and partitions stage 5 when opened
  caf::actor registry;                          // readiness goes first; hears PartitionChanged from us
  std::chrono::seconds timeout{20};
  std::function<void(bool clean)> ended;        // on the Supervisor's loop
};
struct PlanMade { DrainPlan plan; };

using SupervisorWithPlan = Supervisor::extend<caf::reacts_to<PlanMade>>;

// Exists before those it drains, because they report to it; its plan follows by PlanMade.
SupervisorWithPlan spawn_supervisor(const Stage& stage, ActorMeter& meter);

}  // namespace denrei

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(denrei::PlanMade)
