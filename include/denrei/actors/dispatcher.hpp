// Dispatcher: keeps the outbox of one partition. Reads it when the partition is acquired, hands each destination its lanes,
// group-commits every settle with the owner's token, and knows the dead letters.
//
// Shape   hears OutboxOpened, DeliveriesCommitted from its Partition, Settle and FetchDeliveries from Destinations,
//         ListDead, ReviveDead, DiscardDead from the Desk; says LanesOpened, Deliver, SettleConfirmed, DeadListed …
// Limits  settle_changes_max changes a call, one call under way; the heads of dead letters are held in memory
// Errors  a settle that fails: nobody knows what the outbox holds, so the partition is acquired again and all is read anew
// Source  design §6; redis.md §4d; decision 0011
#pragma once
#include <map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"

namespace denrei {

using Dispatcher =
    caf::typed_actor<caf::reacts_to<OutboxOpened>, caf::reacts_to<OutboxClosed>, caf::reacts_to<DeliveriesCommitted>,
                     caf::reacts_to<OutboxScanned>, caf::reacts_to<CommitsHandedOver>, caf::reacts_to<OutboxFetched>,
                     caf::reacts_to<OutboxSettled>, caf::reacts_to<Settle>, caf::reacts_to<LanesForgotten>, caf::reacts_to<FetchDeliveries>, caf::reacts_to<ListDead>,
                     caf::reacts_to<ReviveDead>, caf::reacts_to<DiscardDead>, caf::reacts_to<AlertsSent>,
                     caf::reacts_to<WriteAudit>, caf::reacts_to<SiteChanged>, caf::reacts_to<Drain>>;

struct DispatcherOptions {
  std::uint32_t index = 0;                       // of the partition
  SitePtr site;
  Outbox& outbox;
  std::map<std::string, caf::actor> destinations;
  caf::actor alerts;                             // hears RaiseAlert for alerts that a crash left unsent
  caf::actor desk;                               // hears ResendEnded
  caf::actor observer;                           // hears Drained
  Clock clock;
};

// Messages from its Partition need its address, which does not exist yet when the Dispatcher is made: it answers the sender.
Dispatcher spawn_dispatcher(const Stage& stage, ActorMeter& meter, DispatcherOptions options);

}  // namespace denrei
