// Archive: answers the reading API. Waits until what was accepted before the question is applied, then reads the shelf.
//
// Shape   hears Serve; says TellWhenApplied to partitions; answers JSON, or a problem (RFC 9457). Says AskInbox to an inbox, which then
//         answers; hands GET /api/events/{id} on to the Desk and GET /api/notifications/stream, of readers, to the FanOut
// Limits  page_max items a page; reads_waiting_max questions under way
// Source  protocol §4, design §7
#pragma once
#include <map>

#include "denrei/actors/inbox.hpp"
#include "denrei/actors/messages.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

using Archive = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<AppliedNow>, caf::reacts_to<BlobsRead>,
                                 caf::reacts_to<FieldsRead>, caf::reacts_to<PartitionsOpened>>;

struct ArchiveOptions {
  Shelf& shelf;
  std::map<std::string, Inbox> inboxes;        // by name
  caf::actor desk;                             // hears Serve for /api/events/{id}; null: that path does not exist
  caf::actor fan_out = {};                     // hears Serve for /api/notifications/stream; null: that path does not exist
};

Archive spawn_archive(const Stage& stage, ActorMeter& meter, ArchiveOptions options);

}  // namespace denrei
