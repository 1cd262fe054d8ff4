// Destination: owns the lanes to one endpoint. Decides which delivery may go now, makes attempts, judges them, settles them.
//
// Shape   hears LanesOpened, Deliver, DeliveriesFetched, SettleConfirmed from Dispatchers, AttemptFinished from its Attempts,
//         orders from the Desk; says Settle and FetchDeliveries to Dispatchers, RaiseAlert to Alerts
// Rules   only a lane's head is out, and the next starts after the head's settle is confirmed; rate, concurrency and breaker
//         hold for the whole destination; a disabled one keeps its deliveries
//         a lane's head whose type is coalesced is left out when its turn comes and a newer delivery of its key and type is known
//         to wait behind it, also when it waited for a retry: it goes into the history as superseded, which leaves a gap in
//         Denrei-Sequence. What waits from before a restart is not known by type, so it is sent
//         a head whose type has a limit waits for room, outside of `concurrency`, and counts when its attempt begins
// Limits  pending_max deliveries; payload_window_bytes of payloads in memory, the rest is fetched when due
// Source  protocol §3; design §6
#pragma once
#include <atomic>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

using DestinationActor =
    caf::typed_actor<caf::reacts_to<LanesOpened>, caf::reacts_to<LanesClosed>, caf::reacts_to<Deliver>, caf::reacts_to<DeadChanged>,
                     caf::reacts_to<DeliveriesFetched>, caf::reacts_to<SettleConfirmed>, caf::reacts_to<AttemptFinished>,
                     caf::reacts_to<WakeDestination>, caf::reacts_to<ReportDestination>, caf::reacts_to<DirectDestination>,
                     caf::reacts_to<ListPending>, caf::reacts_to<RegistersRead>, caf::reacts_to<SiteChanged>,
                     caf::reacts_to<StoreChanged>, caf::reacts_to<AbandonAttempts>, caf::reacts_to<Drain>>;

// What the metrics page shows of one destination; written by the actor, read by the registry.
struct DestinationMeter {
  std::atomic<std::uint64_t> pending{0}, dead{0}, in_flight{0};
  std::atomic<int> breaker{0};                   // 0 closed, 1 half open, 2 open
  std::atomic<bool> disabled{false};
  Counter* delivered = nullptr;
  Counter* retried = nullptr;                    // failed attempts that will be tried again
  Counter* given_up = nullptr;
  Counter* superseded = nullptr;                 // left out for a newer delivery of their key and type; null: nobody counts
  Histogram* attempt_duration = nullptr;
  Histogram* delivery_delay = nullptr;           // from the event's receipt to the delivery's success
};

struct DestinationOptions {
  std::string name;
  SitePtr site;                                  // holds its LiveDestination
  HttpClient& client;
  Registers& registers;                          // group "destinations": name -> JSON of why and since when it is disabled
  ActorMeter& attempt_meter;
  DestinationMeter& meter;
  caf::actor alerts;
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line an attempt; null: none
  Clock clock;
};

DestinationActor spawn_destination(const Stage& stage, ActorMeter& meter, DestinationOptions options);

}  // namespace denrei
