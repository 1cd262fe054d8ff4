// Clockwork: at each boundary of the calendar, hands an event of Denrei's own to every announcement that is counted here.
//
// Shape   hears PartitionsOpened, StoreChanged, Drain; says AppendOwn to the Scribe of each key's partition, until it is told ok
// Rules   one boundary at a time, the hour's before the day's. The boundary handled last stands in the registers (group "clockwork",
//         names "hour" and "day"), written when every event of it is in the log. After an absence only the latest missed one of each is
//         made up for, and none at the very first start
// Limits  outstanding_max events not answered, one page of keys; waits of 1, 2, 4 … 30 s after a refusal; it looks at the wall clock
//         every 60 s at least, because that may be set
// Errors  none of its own: it tries again for ever; ids make a repetition harmless
// Log     one line a boundary: {"log":"clockwork","order":"hour","at","announcements","tookMs"}, and "skipped" when some were missed
// Source  protocol §3 (stats aggregation)
#pragma once
#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/scribe_handle.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

using ClockworkActor =
    caf::typed_actor<caf::reacts_to<PartitionsOpened>, caf::reacts_to<StoreChanged>, caf::reacts_to<TickClock>, caf::reacts_to<RegistersRead>,
                     caf::reacts_to<FieldsRead>, caf::reacts_to<OwnAppended>, caf::reacts_to<BoundaryKept>, caf::reacts_to<Drain>>;

struct ClockworkOptions {
  std::vector<Scribe> scribes;           // by thread: that of partition p is number p % size
  Shelf& shelf;                          // both answer on this actor's thread
  Registers& registers;
  Clock clock;
  bool hourly = false;
  bool daily = false;
  caf::actor observer;                   // hears Drained
  LogSink* log = nullptr;                // null: none
};

ClockworkActor spawn_clockwork(const Stage& stage, ActorMeter& meter, ClockworkOptions options);

}  // namespace denrei
