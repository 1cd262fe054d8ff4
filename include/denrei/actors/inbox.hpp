// Inbox: the notifications for one kind of reader ("acknowledgements", "level99"), newest last, deduplicated and durable, and what
// each reader has marked of them.
//
// Shape   hears Relay (from a partition's commit) and PostNotification (from a channel), appends them to its feed, which is a log like
//         any other; hears AskInbox and answers the request itself; tells the FanOut what is new (InboxGrew)
// Limits  the newest inbox_tail_max notifications are held in memory, so that polling never touches the store;
//         feed_keep stay in the store; marks: domain/read_marks.hpp, mark_readers_max readers
// Why     relaying is repeatable: the feed deduplicates by notification id, and what a commit wrote is forgotten only
//         after the feed has it, so a crash between the two loses and doubles nothing. A mark is answered when the store has it
// Source  redis.md §4e; protocol §4
#pragma once
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/journal.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

using Inbox = caf::typed_actor<caf::reacts_to<Relay>, caf::reacts_to<RelayPending>, caf::reacts_to<PendingRead>,
                               caf::reacts_to<InboxFilled>, caf::reacts_to<RelayAppended>, caf::reacts_to<RetryRelay>,
                               caf::reacts_to<FeedAcquired>, caf::reacts_to<FeedTrimmed>, caf::reacts_to<PostNotification>,
                               caf::reacts_to<AskInbox>, caf::reacts_to<FollowInbox>, caf::reacts_to<MarksRead>,
                               caf::reacts_to<MarksStored>, caf::reacts_to<StoreChanged>, caf::reacts_to<Drain>>;

struct InboxOptions {
  std::string name;
  std::string node;         // owns the feed, so that it may be trimmed
  Journal& journal;
  Shelf& shelf;
  Registers& registers;     // group "read.<name>": reader -> packed marks
  caf::actor observer;      // hears Drained
  caf::actor fan_out = {};  // hears InboxGrew; null: whoever says FollowInbox first
  Clock clock;
};

Inbox spawn_inbox(const Stage& stage, ActorMeter& meter, InboxOptions options);

}  // namespace denrei
