// Partition: owns the order of its keys. Takes appended events, lets each key's actor decide, commits every effect in one step.
//
// Shape   hears EventsAppended; says Decide to key actors, commit to the Journal, Relay to the inboxes,
//         DeliveriesCommitted to the Dispatcher of its outbox
// Limits  partition_window_events handed over at once; beyond it the rest stays in the log and is read back later
// Errors  fenced, conflict, truncated, unavailable: everything in memory is forgotten, the partition is acquired again
//         and goes on from the store's cursor. Nothing accepted is lost by it, nothing is applied twice
// Source  design §3, redis.md §4c
#pragma once
#include <map>

#include "denrei/actors/key.hpp"
#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/journal.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

using Partition =
    caf::typed_actor<caf::reacts_to<EventsAppended>, caf::reacts_to<DecidedPtr>, caf::reacts_to<Committed>,
                     caf::reacts_to<FilesRead>, caf::reacts_to<TellWhenApplied>, caf::reacts_to<LogRead>,
                     caf::reacts_to<PartitionAcquired>, caf::reacts_to<StartPartition>, caf::reacts_to<StoreChanged>,
                     caf::reacts_to<SweepKeys>, caf::reacts_to<MakeRoom>, caf::reacts_to<OutboxRead>, caf::reacts_to<OutboxBroken>,
                     caf::reacts_to<SiteChanged>, caf::reacts_to<Drain>, caf::reacts_to<Released>>;

struct PartitionOptions {
  std::uint32_t index = 0;
  std::string node;
  bool take_over = false;
  std::uint64_t log_keep_events = 200'000;
  Journal& journal;
  Shelf& shelf;
  std::map<Effect, ActorMeter*> key_meters;
  std::map<std::string, caf::actor> inboxes;    // by inbox name: hear Relay and RelayPending
  SitePtr site;                                 // for its routes; null: nothing is delivered
  caf::actor dispatcher;                        // keeps our outbox: hears OutboxOpened, OutboxClosed, DeliveriesCommitted
  caf::actor observer;                          // hears PartitionChanged and Drained
  Counter* applied = nullptr;                   // by outcome
  Counter* stale = nullptr;
  Counter* failed = nullptr;
  Histogram* apply_delay = nullptr;             // from receipt to commit
  Clock clock;
  KeyLogicFactory make_logic = make_key_logic;
};

[[nodiscard]] LogTag partition_tag(std::uint32_t index);

Partition spawn_partition(const Stage& stage, ActorMeter& meter, PartitionOptions options);

}  // namespace denrei
