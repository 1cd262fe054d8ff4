// The Scribe's handle alone, for those who only write to it.
#pragma once
#include "denrei/actors/fan_out_messages.hpp"

namespace denrei {

using Scribe = caf::typed_actor<caf::reacts_to<Append>, caf::reacts_to<AppendOwn>, caf::reacts_to<FlushAppends>, caf::reacts_to<AppendFinished>,
                                caf::reacts_to<StoreChanged>, caf::reacts_to<PartitionsOpened>, caf::reacts_to<ProbeWrites>, caf::reacts_to<LingerEnded>,
                                caf::reacts_to<Drain>>;

}  // namespace denrei
