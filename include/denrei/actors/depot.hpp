// Depot: puts objects into one object storage (S3), through whichever of its providers takes them, and knows whether it is there.
//
// Shape   hears StoreObject; says ObjectStored, exactly once each, in the order of the orders; ServiceReported to the Registry
// Rules   one object at a time; tries, waits and the change of provider as domain/failover says. A bad object (a key that is none, one
//         that the storage calls wrong) fails at once. While the service is not known to be up at its primary, a tiny object
//         (depot_probe_key) is put every return_after, so that it comes back by itself and wrong keys are noticed at the start
// Limits  depot_objects_max objects and depot_bytes_max bytes wait; more are refused at once
// Errors  ObjectStored.ok = false with the reason
// Source  protocol §4; seed external-services
#pragma once
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/actors/storage_messages.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

inline constexpr const char* depot_probe_key = "denrei/probe.txt";

struct DepotAnswered { std::uint64_t number = 0; Exchange exchange; };  // its client, to itself
struct DepotTick { std::uint64_t number = 0; };

using Depot = caf::typed_actor<caf::reacts_to<StoreObject>, caf::reacts_to<DepotAnswered>, caf::reacts_to<DepotTick>,
                               caf::reacts_to<SiteChanged>, caf::reacts_to<Drain>>;

struct DepotOptions {
  std::shared_ptr<const LiveService> service;    // of kind storage
  std::vector<HttpClient*> clients;              // one per provider, in their order: each has its own address guard
  ServiceMeter& state;
  caf::actor registry;                           // hears ServiceReported
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line an object, a failure and a change of state
  Counter* stored = nullptr;                     // objects
  Counter* failed = nullptr;
  Counter* bytes = nullptr;                      // of stored objects
  Clock clock;
};

Depot spawn_depot(const Stage& stage, ActorMeter& meter, DepotOptions options);

}  // namespace denrei

DENREI_MESSAGE(DepotAnswered)
DENREI_MESSAGE(DepotTick)
