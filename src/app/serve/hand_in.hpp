// The built-in sources, by which programs of our own side hand events in with a role token instead of a signature.
//
// Shape   api            POST /api/events {"type","key","payload","id"?}: any event, for destinations
//         announcements  PUT  /api/announcements/{id} {"title","category","priority","publishedAt","delivered","environment"?}
//         actions        POST /api/announcements/{id}/actions {"action","department"?,"viewer"?,"readTimeSeconds"?,"at"?,"actionId"?}
//         each with the role sender, operator or admin -> 202 {"id":"evt_…","receivedAt"}
// Limits  type 128 bytes, key and id 256; a request as large as any other; department 100 characters, viewer 256
// Source  design §7; protocol §3.4. A repeat is recognised by `id` or `actionId`, else by the header Idempotency-Key; without either
//         every request is a new event
#pragma once
#include <map>
#include <string>
#include <vector>

#include "denrei/actors/site.hpp"

namespace denrei {

[[nodiscard]] std::vector<Source> make_hand_in_sources();
// Ready to serve; `counters` has those of every one of them.
[[nodiscard]] Result<std::vector<LiveSource>> make_hand_in(const std::map<std::string, SourceCounters>& counters);

}  // namespace denrei
