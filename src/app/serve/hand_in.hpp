// POST /api/events: the built-in source by which programs hand events to destinations.
//
// Shape   {"type","key","payload","id"?} with a role token (sender, operator, admin) -> 202 {"id":"evt_…","receivedAt"}
// Limits  type 128 bytes, key and id 256; the payload is an object; a request as large as any other
// Source  design §7. A repeat is recognised by `id`, else by the header Idempotency-Key; without either every request is a new event
#pragma once
#include "denrei/actors/site.hpp"

namespace denrei {

[[nodiscard]] Source make_hand_in_source();
[[nodiscard]] Result<LiveSource> make_hand_in(const SourceCounters& counters);

}  // namespace denrei
