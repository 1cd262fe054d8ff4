// CdnWatch: asks every interval whether a CDN serves its sample photo as agreed, and reports the service by that.
//
// Shape   a check is a GET of the provider's photo and, where an origin is configured, a CORS preflight; judged by domain/photo_check;
//         says ServiceReported
// Rules   tries, waits and the change of provider as domain/failover says: a photo that cannot be had is tried again, one that is served
//         wrongly is the provider's fault at once. A warning leaves the service up and stands in the report's note
// Source  protocol §4; seed employee-photo-webhooks §1.2
#pragma once
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

struct CdnAnswered { std::uint64_t number = 0; Exchange exchange; };  // its client, to itself
struct CdnDue { std::uint64_t tick = 0; };

using CdnWatch = caf::typed_actor<caf::reacts_to<CdnAnswered>, caf::reacts_to<CdnDue>, caf::reacts_to<Drain>>;

struct CdnWatchOptions {
  std::shared_ptr<const LiveService> service;    // of kind cdn
  std::vector<HttpClient*> clients;              // one per provider, in their order; they take answers as large as photos are
  ServiceMeter& state;
  caf::actor registry;                           // hears ServiceReported
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line a failure and change of state
  Counter* passed = nullptr;                     // checks
  Counter* failed = nullptr;
  Clock clock;
};

CdnWatch spawn_cdn_watch(const Stage& stage, ActorMeter& meter, CdnWatchOptions options);

}  // namespace denrei

DENREI_MESSAGE(CdnAnswered)
DENREI_MESSAGE(CdnDue)
