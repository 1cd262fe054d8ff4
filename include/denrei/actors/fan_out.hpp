// FanOut: everybody who looks on live. Opens streams (Server-Sent Events), resumes them without a gap, deals out what is new.
//
// Shape   hears Serve for GET /api/notifications/stream (?inbox=level99 | acknowledgements) and GET /ops/stream, both authorised;
//         asks the inbox by FollowInbox; answers a Reply with stream_owner; sends StreamBytes to the edges
// Frames  retry; then `ready` (a new reader), or the notifications missed (a known Last-Event-ID), or `reset` with the newest ones
//         `notification` with id "<seq>-<nonce>"; what is only published has its own event name and no id; a comment as heartbeat
// Rules   one reader hears a topic's events in order, none twice and none left out; /ops/stream keeps nothing to resume from
//         an event goes out in portions, each a message of its own, so that a thousand readers do not stall the loop
//         while the store is away a new reader waits for some seconds, as at each restart; then it is refused (503)
//         a stream ends when its token is withdrawn, when the process ends, and after a crash of this actor: its reader asks again
// Limits  streams_max; stream_beginning_bytes_max a beginning; stream_waiting_bytes_max before pauses are left out
// Source  protocol §4; redis.md §4e; WHATWG HTML §9.2
#pragma once
#include <map>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/metrics.hpp"

namespace denrei {

struct DealOut { std::string topic; };                      // to oneself: the next portion
struct AskInboxAgain { std::uint64_t ticket = 0; };         // to oneself: its store was away a moment ago
struct StreamBeat { std::uint64_t chain = 0; };             // to oneself: heartbeats are due

using FanOut = caf::typed_actor<caf::reacts_to<Serve>, caf::reacts_to<InboxFollowed>, caf::reacts_to<InboxGrew>,
                                caf::reacts_to<Publish>, caf::reacts_to<StreamClosed>, caf::reacts_to<SiteChanged>,
                                caf::reacts_to<Drain>, caf::reacts_to<DealOut>, caf::reacts_to<AskInboxAgain>,
                                caf::reacts_to<StreamBeat>>;

struct FanOutCounters {                                     // each may be null
  Counter* opened = nullptr;
  Counter* resumed = nullptr;                               // of those opened
  Counter* reset = nullptr;                                 // of those opened
  Counter* refused = nullptr;                               // for want of room, or the store was away
  Counter* events = nullptr;                                // notifications and published events that somebody looked on at
};

struct FanOutOptions {
  std::map<std::string, caf::actor> inboxes;                // by name; the topics of the site's streams
  std::chrono::milliseconds heartbeat = limits::stream_heartbeat;
  std::size_t streams_max = limits::streams_max;
  caf::actor observer;                                      // hears Drained
  FanOutCounters counters;
};

FanOut spawn_fan_out(const Stage& stage, ActorMeter& meter, FanOutOptions options);

}  // namespace denrei

DENREI_MESSAGE(DealOut)
DENREI_MESSAGE(AskInboxAgain)
DENREI_MESSAGE(StreamBeat)
