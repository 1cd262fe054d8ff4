// What is said on the way out: Partition -> Dispatcher -> Destination -> Attempt, and what operators ask. The rest: messages.hpp.
#pragma once
#include "denrei/actors/messages.hpp"
#include "denrei/domain/alert_text.hpp"
#include "denrei/domain/delivery.hpp"
#include "denrei/domain/lane_book.hpp"
#include "denrei/ports/http_client.hpp"
#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/outbox.hpp"

namespace denrei {

// --- the outbox of a partition: Partition -> Dispatcher

struct OutboxOpened { std::string token; };      // the partition is ours, this is the proof
struct OutboxClosed {};                          // it is not ours any more
struct OutboxBroken { std::string why; std::string token; };  // Dispatcher -> Partition: what we hold by that token may be wrong, acquire again
struct OutboxRead { std::uint64_t life = 0; };   // Dispatcher -> Partition: say when what is being committed now has been handed over
struct CommitsHandedOver { std::uint64_t life = 0; };  // the answer
struct DeliveriesCommitted { std::vector<DeliveryPtr> deliveries; };  // in the order of the log
struct OutboxScanned { std::uint64_t life = 0; OutboxPart part = OutboxPart::pending; Result<OutboxPage> page; };
struct OutboxFetched { std::uint64_t life = 0; std::uint64_t ticket = 0; Result<Blobs> records; };
struct OutboxSettled { std::uint64_t life = 0; Result<void> result; };

// --- lanes: Dispatcher -> Destination and back. `epoch` changes with every opening; what belongs to an older one is void

struct BlockedLane { std::uint64_t lane = 0; DeliveryId id; };
struct LanesOpened {
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
  caf::actor dispatcher;
  std::vector<Pending> pending;                  // all that the outbox holds for this destination, perhaps some twice
  std::vector<DeliveryPtr> payloads;             // of some of them: those that were committed while the outbox was read
  std::vector<BlockedLane> blocked;
  std::uint64_t dead = 0;
};
struct LanesClosed { std::uint32_t partition = 0; };
struct LanesForgotten {};                        // Destination -> Dispatcher, after a crash: hand everything over again
struct Deliver { std::uint32_t partition = 0; std::uint64_t epoch = 0; std::vector<DeliveryPtr> deliveries; };
struct DeadChanged {                              // an operator re-sent or discarded dead letters of this destination
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
  std::vector<DeliveryPtr> revived;
  std::vector<BlockedLane> released;
  std::int64_t dead_by = 0;                       // how the number of dead letters has changed
};

struct FetchDeliveries { std::uint64_t epoch = 0; std::vector<DeliveryId> ids; };
struct DeliveriesFetched {
  std::uint32_t partition = 0;
  std::uint64_t epoch = 0;
  std::vector<DeliveryId> ids;
  std::vector<DeliveryPtr> deliveries;           // one per id; null: there is none
};
struct SettleOrder {
  OutboxChange::Kind kind = OutboxChange::Kind::finish;
  DeliveryPtr delivery;                          // as it is to be written
  std::string audit;                             // JSON; empty: none
  bool was_delivered = false;                    // finish: into the history
};
struct Settle { std::uint64_t epoch = 0; std::vector<SettleOrder> orders; };
struct SettleConfirmed { std::uint32_t partition = 0; std::uint64_t epoch = 0; std::vector<DeliveryId> ids; };

// --- one attempt: Destination -> Attempt -> Destination

struct StartAttempt {};
struct ExchangeEnded { Exchange exchange; };
struct AttemptFinished {
  std::uint64_t flight = 0;                      // the number that the Destination gave it
  DeliveryPtr delivery;
  Attempt attempt;
  std::string retry_after;
};
struct WakeDestination { std::uint64_t tick = 0; };
struct AbandonAttempts {};

// --- alerts

struct RaiseAlert {
  Alert alert;
  std::uint32_t partition = 0;                   // with `id`: of the dead letter that it is about
  std::optional<DeliveryId> id;
  caf::actor asker = {};                         // hears AlertSettled
  std::uint64_t ticket = 0;
};
struct AlertsSent { std::vector<DeliveryId> ids; };  // Alerts -> Dispatcher

// --- what operators ask: Desk -> Destination, Dispatcher

struct DestinationReport {
  std::uint64_t ticket = 0;
  std::string name, url, order, disabled_reason, breaker;  // breaker: closed, open, half_open
  bool disabled = false;
  WallTime disabled_since{};
  std::uint64_t pending = 0, lanes = 0, blocked_lanes = 0, in_flight = 0, dead = 0;
  std::uint64_t delivered = 0, failed_attempts = 0, given_up = 0;   // since the process started
  std::optional<WallTime> next_due;
  std::optional<WallTime> last_success, last_failure;
  std::string last_failure_text;
};
struct ReportDestination { std::uint64_t ticket = 0; };
struct DirectDestination { std::uint64_t ticket = 0; bool enable = false; std::string reason; std::string by; };
struct ListPending { std::uint64_t ticket = 0; std::size_t skip = 0; std::size_t count = 0; };
struct PendingListed { std::uint64_t ticket = 0; std::vector<std::pair<std::uint32_t, DeliveryId>> ids; std::uint64_t total = 0; };

struct DeadFilter {
  std::string destination, key, type;            // empty: any
  std::optional<DeadReason> reason;
  std::optional<int> status;
  std::optional<WallTime> since, until;          // of ended_at
};
struct ListDead {
  std::uint64_t ticket = 0;
  DeadFilter filter;
  std::uint64_t after = 0;                       // seq; in the order of the log
  std::size_t count = 0;                         // 0: only the totals
};
struct DeadListed {
  std::uint64_t ticket = 0;
  std::uint32_t partition = 0;
  bool open = true;                              // false: the partition is not ours at the moment
  std::uint64_t total = 0;                       // that match, on all pages
  std::vector<DeliveryHead> heads;
};
struct ReviveDead { std::uint64_t ticket = 0; std::vector<DeliveryId> ids; std::string by; };
struct DiscardDead { std::uint64_t ticket = 0; std::vector<DeliveryId> ids; std::string reason; std::string by; };
struct DeadSettled { std::uint64_t ticket = 0; std::uint32_t partition = 0; bool ok = true; std::vector<DeliveryId> done; };
struct ResendEnded { DeliveryId id; bool delivered = false; };      // Dispatcher -> Desk: one that an operator had re-sent
struct WriteAudit { std::string entry; };                           // Desk, Destination -> Dispatcher

struct FoundEventRead { std::uint64_t ticket = 0; std::uint32_t partition = 0; Result<FoundEvent> found; };
struct RecordsRead { std::uint64_t ticket = 0; std::uint32_t partition = 0; OutboxPart part = OutboxPart::pending; Result<Blobs> records; };
struct NumberedRead { std::uint64_t ticket = 0; std::uint32_t partition = 0; Result<Numbered> page; };
struct RegistersRead { Result<std::vector<std::pair<std::string, std::string>>> values; };

}  // namespace denrei

DENREI_MESSAGE(OutboxOpened)
DENREI_MESSAGE(OutboxClosed)
DENREI_MESSAGE(OutboxBroken)
DENREI_MESSAGE(OutboxRead)
DENREI_MESSAGE(CommitsHandedOver)
DENREI_MESSAGE(DeliveriesCommitted)
DENREI_MESSAGE(OutboxScanned)
DENREI_MESSAGE(OutboxFetched)
DENREI_MESSAGE(OutboxSettled)
DENREI_MESSAGE(LanesOpened)
DENREI_MESSAGE(LanesClosed)
DENREI_MESSAGE(LanesForgotten)
DENREI_MESSAGE(Deliver)
DENREI_MESSAGE(DeadChanged)
DENREI_MESSAGE(FetchDeliveries)
DENREI_MESSAGE(DeliveriesFetched)
DENREI_MESSAGE(Settle)
DENREI_MESSAGE(SettleConfirmed)
DENREI_MESSAGE(StartAttempt)
DENREI_MESSAGE(ExchangeEnded)
DENREI_MESSAGE(AttemptFinished)
DENREI_MESSAGE(WakeDestination)
DENREI_MESSAGE(AbandonAttempts)
DENREI_MESSAGE(RaiseAlert)
DENREI_MESSAGE(AlertsSent)
DENREI_MESSAGE(DestinationReport)
DENREI_MESSAGE(ReportDestination)
DENREI_MESSAGE(DirectDestination)
DENREI_MESSAGE(ListPending)
DENREI_MESSAGE(PendingListed)
DENREI_MESSAGE(ListDead)
DENREI_MESSAGE(DeadListed)
DENREI_MESSAGE(ReviveDead)
DENREI_MESSAGE(DiscardDead)
DENREI_MESSAGE(DeadSettled)
DENREI_MESSAGE(ResendEnded)
DENREI_MESSAGE(WriteAudit)
DENREI_MESSAGE(FoundEventRead)
DENREI_MESSAGE(RecordsRead)
DENREI_MESSAGE(NumberedRead)
DENREI_MESSAGE(RegistersRead)
