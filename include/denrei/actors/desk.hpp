// Desk: where operators ask about deliveries and give orders: destinations, deliveries, dead letters, jobs, audit, and why.
//
// Shape   hears Serve (forwarded by Registry and Archive); asks Dispatchers, Destinations and the store; answers JSON or a problem
//         (RFC 9457; 400 lists every member that is wrong in "errors": [{"field","message"}])
// Roles   operator, for every path; 401 otherwise. `by` in the audit is operator or admin, whichever token it was
// Lists   {"data":[…],"next":cursor|null} and, where it is known, "total". ?limit=1–1000 (100), ?cursor=next
//
// GET  /ops/destinations                  list of reports: {"name","url","order","disabled","disabledSince","disabledReason","breaker":
//                                         closed|open|half_open,"pending","lanes","blockedLanes","inFlight","dead","delivered",
//                                         "failedAttempts","givenUp","nextDue","lastSuccess","lastFailure","lastFailureText"}
// GET  /ops/destinations/{name}           one report
// POST /ops/destinations/{name}/disable   {"reason": 1–500 characters} -> 200 report; enable: reason optional. Its Destination writes
//                                         the audit entry
// GET  /ops/deliveries?state=pending      &destination is needed; also key, event. Deliveries without history; state is pending, or
//                                         waiting for the time of the next attempt. Filters may leave a page short; next leads on
// GET  /ops/deliveries?state=delivered    newest first over all partitions; also destination, key, event
// GET  /ops/deliveries?state=superseded   likewise: those that were left out for a newer one of their key and type
// GET  /ops/deliveries?state=dead         as /ops/dead-letters
// GET  /ops/deliveries/{dlv_…}            delivery with "history" (its attempts), "body" (not of a delivered one), "why", "whyJa"
// GET  /ops/dead-letters                  &destination, key, type, reason=exhausted|given_up|pending_limit, status (0: no answer),
//                                         since, until (of endedAt, inclusive); in the order of partition and log
// GET  /ops/dead-letters/{dlv_…}          with history, body, why, whyJa
// POST /ops/dead-letters/{dlv_…}/resend   -> 202 {"id","state":"pending"}
// POST /ops/dead-letters/{dlv_…}/discard  {"reason"} -> 200 {"id","state":"discarded"}
// POST /ops/dead-letters/resend           {"filter":{as the query above},"preview":true} -> 200 {"matching","byDestination":{name: n},
//                                         "estimatedSeconds": by the destinations' rates | null}; without preview -> 202 job and
//                                         Location; 409 while the same job is running. An empty filter only with "all": true
// POST /ops/dead-letters/discard          likewise; "reason" is needed without preview
// GET  /ops/jobs  /ops/jobs/{job_…}       {"id","kind":resend|discard,"state":running|finished|cancelled|failed,"filter","reason","by",
//                                         "startedAt","endedAt","matching","handled","delivered","failedAgain","outstanding",
//                                         "cancelled": whether somebody has ordered so,"why": what is the matter | null}
// POST /ops/jobs/{job_…}/cancel           -> 200 job; nothing more is taken, what is re-sent goes on; 409 when it has ended otherwise
// POST /ops/exports                       {"what": audit|dead-letters, "since", "until": times, inclusive} -> 202 export and Location; 503
//                                         with Retry-After while the object storage is down; 404 where none is configured
// GET  /ops/exports  /ops/exports/{exp_…} {"id","what","state":waiting|running|finished|failed,"since","until","by","startedAt","endedAt",
//                                         "entries","bytes","objects","keys":[of the objects],"provider","why"}; the list newest first
// GET  /ops/audit                         entries as they were written, newest first over all partitions
// GET  /api/events/{evt_…}                {"id","source","type","key","receivedAt","partition","sequence","payloadAvailable","body",
//                                         "deliveries":[delivery with history, why, whyJa],"why","whyJa"}
//
// Jobs    take what was dead when they began, in the order of the log; they live in memory and end with the process, and what they
//         have re-sent goes on. Audit: dead_letters_{resend|discard}_{started|finished|cancelled|failed}
// Limits  a question has an answer within limits::answer_timeout, 503 in the worst case; reads_waiting_max questions under way;
//         jobs_kept jobs are remembered; job_outstanding_max re-sent deliveries of a job are under way at a time
// Source  design §7; protocol §3 (dead letters)
#pragma once
#include <chrono>
#include <map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/actors/storage_messages.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei {

struct DeskTick {};

using Desk = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<DestinationReport>, caf::reacts_to<PendingListed>,
                              caf::reacts_to<DeadListed>, caf::reacts_to<DeadSettled>, caf::reacts_to<ResendEnded>,
                              caf::reacts_to<FoundEventRead>, caf::reacts_to<RecordsRead>, caf::reacts_to<NumberedRead>,
                              caf::reacts_to<ExportsTold>, caf::reacts_to<DispatchersOpened>, caf::reacts_to<SiteChanged>, caf::reacts_to<DeskTick>>;

struct DeskOptions {
  SitePtr site;
  Outbox& outbox;                                // read only
  Chronicle& chronicle;
  std::map<std::string, caf::actor> destinations;
  Clock clock;
  std::chrono::hours events_remembered{72};      // the dedupe window: how long the store knows an event's id
  caf::actor exporter = {};                      // hears StartExport and ListExports; null: no object storage is configured
};

Desk spawn_desk(const Stage& stage, ActorMeter& meter, DeskOptions options);

}  // namespace denrei

DENREI_MESSAGE(DeskTick)
