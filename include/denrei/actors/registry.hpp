// Registry: knows how Denrei is. Health, readiness with reasons, metrics and the actor tree, for the operations listener.
//
// Shape   hears facts (StoreChanged, PartitionChanged, ServiceReported) and Serve; answers /livez /readyz /startupz /metrics /ops/actors;
//         hands every other path of the operations listener on to whoever answers it
// /readyz?verbose  besides status and reasons: "services":[{"name","kind","dependency","state","effect","provider","since","lastError",
//         "note"}], "maintenance": names of what is down and highly depended on, "notes":[texts for people]
// Limits  health and metrics are open; /ops/* needs the operator's token
// Source  design §7; protocol §4 (dependency levels)
#pragma once
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"

namespace denrei {

// Who answers what on the operations listener. They report here, so they come later than the Registry.
struct RoomsOpened {
  std::map<std::string, caf::actor> rooms;       // beginning of a path ("/ops/alerts") -> who hears Serve for it and what is below it
  caf::actor streams;                            // hears Serve of /ops/stream once its asker is known to be an operator
};

using Registry = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<StoreChanged>, caf::reacts_to<PartitionChanged>,
                                  caf::reacts_to<PartitionsOpened>, caf::reacts_to<WritesRefused>, caf::reacts_to<ServiceReported>, caf::reacts_to<RoomsOpened>,
                                  caf::reacts_to<Drain>>;

struct RegistryOptions {
  const MetricsRegistry& metrics;
  std::function<std::string(const std::vector<MetricFamily>&)> render_metrics;  // Prometheus text
  std::function<std::vector<std::string>()> notes;  // for people, in /readyz?verbose: secrets that are too old …
};

Registry spawn_registry(const Stage& stage, ActorMeter& meter, RegistryOptions options);

}  // namespace denrei

DENREI_MESSAGE(RoomsOpened)
