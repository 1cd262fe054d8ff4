// Everything that Denrei's actors can say to each other. Facts are in past tense, orders in imperative.
// What is said on the way out stands in delivery_messages.hpp.
#pragma once
#include <caf/all.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "denrei/actors/site.hpp"
#include "denrei/domain/dialect.hpp"
#include "denrei/domain/event.hpp"
#include "denrei/domain/key_logic.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

// --- from the edge: one HTTP request, and its answer back

enum class Listener : std::uint8_t { site, operations };

struct InboundRequest {
  caf::actor edge;                 // who takes the answer
  std::uint64_t session = 0;       // which connection, in the edge's own numbering
  Listener listener = Listener::site;
  std::string method;
  std::string target;              // path and query, as sent
  std::string header_text;         // owns what `headers` points into
  std::vector<Header> headers;
  std::string body;
  std::size_t body_bytes = 0;      // stays when the body has moved on
  bool body_too_large = false;
  bool tls = false;
  std::string peer;                // address without port
  std::string request_id;          // the sender's, or ours
  bool has_console_session = false;  // a signed cookie of the console came along, and nothing speaks against its use
  std::size_t requests_in_flight = 0;  // of this thread, when this one arrived
  std::size_t bytes_in_flight = 0;
  WallTime arrived_at{};
  std::chrono::steady_clock::time_point started{};
};
// By the Authorization header; on the operations listener also by a session of the console, which stands for an operator.
[[nodiscard]] bool is_authorized(const Site& site, Role needed, const InboundRequest& request) noexcept;
using RequestPtr = std::shared_ptr<const InboundRequest>;
using FreshRequestPtr = std::shared_ptr<InboundRequest>;  // on its way in: its body moves into the event

struct Reply {
  RequestPtr request;
  Answer answer;
  Verdict verdict = Verdict::served;
  Refusal why = Refusal::internal;     // verdict refused
  const LiveSource* source = nullptr;  // kept alive by `site`
  SitePtr site;
  EventPtr event;                      // accepted, repeat, conflict
  std::string detail;                  // for the log line only
  caf::actor stream_owner;             // set: the answer's body is only the beginning, StreamBytes follow (fan_out_messages.hpp)
};
struct RepliesReady { std::vector<Reply> replies; };

// --- the way in: Receiver -> Verifier -> Scribe

struct Receive { FreshRequestPtr request; };
struct Verify { FreshRequestPtr request; SitePtr site; std::size_t source = 0; };
struct Append {
  RequestPtr request;
  SitePtr site;
  const LiveSource* source = nullptr;
  std::shared_ptr<Event> event;
  std::optional<EventId> once;       // at most one event with this second identity
  bool probe = false;                // the budget is spent: only find out whether this is a repeat
  RefusalFacts refusal;              // the answer when it is not (probe), or when `once` was taken
  int limit = -1;                    // index of the source's limit that a unit was taken from
};
struct BudgetReturned { const LiveSource* source = nullptr; SitePtr site; int limit = 0; };
struct AppendFinished { std::uint64_t flight = 0; Result<AppendReply> reply; };
struct FlushAppends {};
struct LingerEnded {};
struct SiteChanged { SitePtr site; };
struct ProbeWrites {};

// --- order per key: Scribe -> Partition -> key actor -> Partition

struct SequencedEvent { std::uint64_t seq = 0; EventPtr event; };
struct EventsAppended { std::string previous; std::string last; std::vector<SequencedEvent> events; };
struct Decide {
  std::uint64_t batch = 0;
  std::vector<SequencedEvent> events;
  std::shared_ptr<const Routes> routes;  // null: nothing goes anywhere
  WallTime now{};
};
struct Decided {
  std::uint64_t batch = 0;
  std::string field;                 // of the key's file
  std::string file;                  // packed, after the last of these events
  ChunkChange chunks;
  std::uint32_t applied = 0;
  std::uint32_t stale = 0;
  std::uint32_t failed = 0;
  std::vector<std::pair<std::string, Notification>> notifications;  // "<seq>-<n>"
  std::vector<DeliveryPtr> deliveries;
};
using DecidedPtr = std::shared_ptr<Decided>;

struct StartPartition {};
struct PartitionAcquired { std::uint64_t life = 0; Result<Acquired> result; };
struct LogRead { std::uint64_t life = 0; Result<std::vector<LogEntry>> result; };
struct FilesRead { std::uint64_t life = 0; Result<std::vector<std::optional<std::string>>> result; };
struct Committed { std::uint64_t life = 0; Result<void> result; };
struct Released { std::uint64_t life = 0; Result<void> result; };
struct SweepKeys {};
struct MakeRoom {};  // the store is full: let go of what is applied
struct TellWhenApplied { caf::actor_addr asker; std::uint64_t ticket = 0; };
struct AppliedNow { std::uint64_t ticket = 0; bool ok = true; };

// --- inboxes

struct Relay { LogTag from; std::vector<std::pair<std::string, Notification>> notifications; };
struct RelayPending { LogTag from; };
struct PendingRead { LogTag from; Result<std::vector<std::pair<std::string, std::string>>> result; };
struct InboxFilled { std::uint64_t fill = 0; Result<std::vector<LogEntry>> result; };  // one page, backwards
struct RelayAppended { std::uint64_t flight = 0; Result<AppendReply> reply; };
struct FeedAcquired { Result<Acquired> result; };
struct FeedTrimmed { Result<void> result; };
struct RetryRelay {};
// What readers and streams say to an inbox: fan_out_messages.hpp

// --- reading

struct Serve { RequestPtr request; SitePtr site; };
struct BlobsRead { std::uint64_t ticket = 0; Result<std::vector<std::optional<std::string>>> result; };
struct FieldsRead { std::uint64_t ticket = 0; Result<FieldsPage> result; };

// --- life of the process

struct StoreChanged { bool up = false; std::string why; };
struct WritesRefused { std::string by; std::string why; };  // empty why: they are taken again
// The store is open and says how many partitions it has; these own them, by index.
struct PartitionsOpened { std::vector<caf::actor> partitions; };
struct DispatchersOpened { std::vector<caf::actor> dispatchers; };  // who keeps the outbox of each partition, by index
struct PartitionChanged { std::uint32_t index = 0; bool ready = false; std::string why; };
struct Drain { bool hurry = false; };
struct Drained { std::string who; };
struct DrainTimedOut {};

}  // namespace denrei

#define DENREI_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(denrei::type)
DENREI_MESSAGE(RepliesReady)
DENREI_MESSAGE(Receive)
DENREI_MESSAGE(Verify)
DENREI_MESSAGE(Append)
DENREI_MESSAGE(BudgetReturned)
DENREI_MESSAGE(AppendFinished)
DENREI_MESSAGE(FlushAppends)
DENREI_MESSAGE(LingerEnded)
DENREI_MESSAGE(SiteChanged)
DENREI_MESSAGE(ProbeWrites)
DENREI_MESSAGE(WritesRefused)
DENREI_MESSAGE(PartitionsOpened)
DENREI_MESSAGE(DispatchersOpened)
DENREI_MESSAGE(EventsAppended)
DENREI_MESSAGE(Decide)
DENREI_MESSAGE(DecidedPtr)
DENREI_MESSAGE(StartPartition)
DENREI_MESSAGE(PartitionAcquired)
DENREI_MESSAGE(LogRead)
DENREI_MESSAGE(FilesRead)
DENREI_MESSAGE(Committed)
DENREI_MESSAGE(Released)
DENREI_MESSAGE(SweepKeys)
DENREI_MESSAGE(MakeRoom)
DENREI_MESSAGE(TellWhenApplied)
DENREI_MESSAGE(AppliedNow)
DENREI_MESSAGE(Relay)
DENREI_MESSAGE(RelayPending)
DENREI_MESSAGE(PendingRead)
DENREI_MESSAGE(InboxFilled)
DENREI_MESSAGE(RelayAppended)
DENREI_MESSAGE(FeedAcquired)
DENREI_MESSAGE(FeedTrimmed)
DENREI_MESSAGE(RetryRelay)
DENREI_MESSAGE(Serve)
DENREI_MESSAGE(BlobsRead)
DENREI_MESSAGE(FieldsRead)
DENREI_MESSAGE(StoreChanged)
DENREI_MESSAGE(PartitionChanged)
DENREI_MESSAGE(Drain)
DENREI_MESSAGE(Drained)
DENREI_MESSAGE(DrainTimedOut)
