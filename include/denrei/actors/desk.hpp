// Desk: where operators ask about deliveries and give orders: destinations, deliveries, dead letters, jobs, audit, and why.
//
// Shape   hears Serve (forwarded by Registry and Archive); asks Dispatchers, Destinations and the store; answers JSON or a problem
// Paths   GET  /ops/destinations  /ops/destinations/{name}      POST /ops/destinations/{name}/enable | disable {"reason"}
//         GET  /ops/deliveries?destination&state=pending|delivered|dead&event&key&limit&cursor   /ops/deliveries/{dlv_…}
//         GET  /ops/dead-letters?destination&key&type&reason&status&since&until&limit&cursor     /ops/dead-letters/{dlv_…}
//         POST /ops/dead-letters/{dlv_…}/resend | discard {"reason"}
//         POST /ops/dead-letters/resend {"filter":{…},"preview":true} -> {"count"}; without preview -> 202 {"id":"job_…"}
//         POST /ops/dead-letters/discard {"filter":{…},"preview","reason"} -> likewise
//         GET  /ops/jobs  /ops/jobs/{job_…}                       POST /ops/jobs/{job_…}/cancel
//         GET  /ops/audit?limit&cursor
//         GET  /api/events/{evt_…}: the event, its deliveries with every attempt, and in words why each is where it is
// Roles   /ops/* and /api/events/{id}: operator; bodies are shown to operators only
// Limits  jobs_kept jobs are remembered; job_outstanding_max re-sent deliveries of a job are under way at a time
// Source  design §7; protocol §3 (dead letters)
#pragma once
#include <map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei {

struct DeskTick {};

using Desk = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<DestinationReport>, caf::reacts_to<PendingListed>,
                              caf::reacts_to<DeadListed>, caf::reacts_to<DeadSettled>, caf::reacts_to<ResendEnded>,
                              caf::reacts_to<FoundEventRead>, caf::reacts_to<RecordsRead>, caf::reacts_to<NumberedRead>,
                              caf::reacts_to<PartitionsOpened>, caf::reacts_to<SiteChanged>, caf::reacts_to<DeskTick>>;

struct DeskOptions {
  SitePtr site;
  Outbox& outbox;                                // read only
  Chronicle& chronicle;
  std::map<std::string, caf::actor> destinations;
  Clock clock;
};

// PartitionsOpened carries the Dispatchers, by partition.
Desk spawn_desk(const Stage& stage, ActorMeter& meter, DeskOptions options);

}  // namespace denrei

DENREI_MESSAGE(DeskTick)
