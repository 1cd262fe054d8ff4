// Scribe: writes verified events down. Groups what arrives while an append is under way into the next one, answers every
// request when its event is durable, and hands the events over to their partition in log order.
//
// Shape   hears Append; says append to the Journal, EventsAppended to the Partition, RepliesReady to the edge
//         hears AppendOwn, an event without a request; says OwnAppended to who sent it: ok when it is in the log, now or since before
// Limits  append_events_max events and append_bytes_max bytes an append; flushes_in_flight_max appends a partition;
//         16,384 events waiting in all, then the overload answer
// Errors  any fault of the journal: the source's overload answer, or OwnAppended that is not ok; the sender repeats and finds out
// Source  design §3 (there called Journal; see GLOSSARY), redis.md §4a
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/scribe_handle.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/journal.hpp"

namespace denrei {

struct ScribeOptions {
  Journal& journal;
  caf::actor observer;                    // hears Drained
  caf::actor registry;                    // hears WritesRefused
  Histogram* append_duration = nullptr;
  Counter* appends = nullptr;
  Clock clock;
};

Scribe spawn_scribe(const Stage& stage, ActorMeter& meter, ScribeOptions options);

}  // namespace denrei
