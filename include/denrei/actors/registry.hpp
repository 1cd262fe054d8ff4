// Registry: knows how Denrei is. Health, readiness with reasons, metrics and the actor tree, for the operations listener.
//
// Shape   hears facts (StoreChanged, PartitionChanged) and Serve; answers /livez /readyz /startupz /metrics /ops/actors;
//         hands what concerns deliveries (/ops/destinations, /ops/dead-letters …) on to the Desk
// Limits  health and metrics are open; /ops/* needs the operator's token
// Source  design §7
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"

namespace denrei {

using Registry = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<StoreChanged>, caf::reacts_to<PartitionChanged>,
                                  caf::reacts_to<PartitionsOpened>, caf::reacts_to<WritesRefused>, caf::reacts_to<Drain>>;

struct RegistryOptions {
  const MetricsRegistry& metrics;
  std::function<std::string(const std::vector<MetricFamily>&)> render_metrics;  // Prometheus text
  caf::actor desk;                               // hears Serve for what concerns deliveries; null: those paths do not exist
};

Registry spawn_registry(const Stage& stage, ActorMeter& meter, RegistryOptions options);

}  // namespace denrei
