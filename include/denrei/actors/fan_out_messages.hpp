// What is said where people look: inboxes, live streams, channels, outside services, alert rules, and orders of the clock.
// The rest: messages.hpp and delivery_messages.hpp.
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/domain/alert_text.hpp"
#include "denrei/domain/service.hpp"

namespace denrei {

// --- inbox feeds: Inbox -> FanOut

// A place in an inbox's feed, as a stream shows it: "<seq>-<nonce>". The nonce is that of the log entry which holds it, so that a
// place which the store has forgotten is not taken for a new one. Sequence 0: before the first.
struct FeedPlace {
  std::uint64_t seq = 0;
  std::string nonce;
};
struct FeedItem {
  FeedPlace place;
  std::shared_ptr<const std::string> json;       // the notification as readers see it, without cursor and marks
};
struct InboxGrew { std::string inbox; std::vector<FeedItem> items; };
// Answers what stands behind `after`; whatever comes later follows as InboxGrew, in order and without a gap.
struct FollowInbox { std::uint64_t ticket = 0; std::optional<FeedPlace> after; };  // nothing: only what is new
struct InboxFollowed {
  std::uint64_t ticket = 0;
  bool ok = true;                                // false: the store is away
  bool resumed = true;                           // false: nobody knows that place any more; `items` are the newest instead
  FeedPlace newest;
  std::vector<FeedItem> items;
};

// --- readers of an inbox: Archive -> Inbox, which answers the request itself

enum class InboxAct : std::uint8_t { list, counts, mark, unmark, mark_up_to };
struct InboxQuestion {
  std::string inbox;                             // "acknowledgements", "level99"
  InboxAct act = InboxAct::list;
  std::string reader;                            // whose marks
  std::optional<std::uint64_t> after;            // list: only what is behind it; nothing: no cursor was given
  std::size_t limit = 0;                         // list
  bool with_marked = true;                       // list: also what this reader has marked
  std::vector<std::string> ids;                  // mark, unmark: notification ids or cursors
  std::uint64_t upto = 0;                        // mark_up_to: a cursor
};
struct AskInbox { RequestPtr request; SitePtr site; InboxQuestion question; };
// From the store; `life` tells answers that came too late.
struct MarksRead { std::uint64_t life = 0; Result<std::vector<std::pair<std::string, std::string>>> result; };
struct MarksStored { std::uint64_t life = 0; std::string reader; Result<void> result; };

// --- live streams: FanOut <-> Edge. A Reply with `stream_owner` opens one

struct StreamBytes {
  std::vector<std::uint64_t> sessions;           // of the edge that hears this
  std::shared_ptr<const std::string> bytes;
  bool last = false;                             // the stream ends with it
};
struct StreamClosed { caf::actor edge; std::uint64_t session = 0; };  // Edge -> FanOut: its reader is gone, or was too slow
// Something for everybody who looks on now, kept nowhere: alerts, changes of state.
struct Publish { std::string topic; std::string event; std::string json; };  // topic: "operations" or an inbox's name

// --- notifications of Denrei's own: Channel -> Inbox -> Channel

struct PostNotification { std::uint64_t number = 0; Notification notification; };
struct NotificationPosted { std::uint64_t number = 0; bool ok = true; };

// --- outside services: whoever uses one -> Registry

struct ServiceReport {
  std::string name;
  ServiceKind kind = ServiceKind::email;
  Dependency dependency = Dependency::low;
  ServiceState state = ServiceState::unknown;
  std::string provider;                          // that is used now
  WallTime since{};                              // of this state
  std::string last_error;                        // empty: none yet
  std::string note;                              // for people: "12 pushes wait on disk"
};
struct ServiceReported { ServiceReport report; };

// --- the clock: Clockwork -> Scribe. An event of Denrei's own, accepted like any other but answered to its asker

struct AppendOwn { std::uint64_t ticket = 0; std::shared_ptr<Event> event; };
struct OwnAppended { std::uint64_t ticket = 0; bool ok = true; };  // also when it had been appended before
struct TickClock { std::uint64_t tick = 0; };                      // Clockwork to itself
struct BoundaryKept { std::uint64_t round = 0; Result<void> result; };  // the register that says how far the clock's orders are

// --- alerts that somebody wants to know the end of: Alerts -> who raised it

struct AlertSettled { std::uint64_t ticket = 0; };  // every channel has taken it or given it up

}  // namespace denrei

DENREI_MESSAGE(AskInbox)
DENREI_MESSAGE(MarksRead)
DENREI_MESSAGE(MarksStored)
DENREI_MESSAGE(InboxGrew)
DENREI_MESSAGE(FollowInbox)
DENREI_MESSAGE(InboxFollowed)
DENREI_MESSAGE(StreamBytes)
DENREI_MESSAGE(StreamClosed)
DENREI_MESSAGE(Publish)
DENREI_MESSAGE(PostNotification)
DENREI_MESSAGE(NotificationPosted)
DENREI_MESSAGE(ServiceReported)
DENREI_MESSAGE(AppendOwn)
DENREI_MESSAGE(OwnAppended)
DENREI_MESSAGE(TickClock)
DENREI_MESSAGE(BoundaryKept)
DENREI_MESSAGE(AlertSettled)
