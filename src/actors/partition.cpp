// Order per key: from the log to the key actors, and from their decisions to one commit.
#include "denrei/actors/partition.hpp"

#include <algorithm>
#include <unordered_map>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/supervised.hpp"
#include "partition_draft.hpp"
#include "partition_feed.hpp"
#include "partition_keys.hpp"
#include "partition_tickets.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto retry_first = 50ms;
constexpr auto retry_max = 1'000ms;
constexpr auto sweep_every = 10s;
constexpr std::size_t read_entries = 16;  // each up to 256 KiB and one more body

class PartitionAtWork final : public Supervised<Partition::base> {
 public:
  PartitionAtWork(caf::actor_config& config, ActorMeter& own_meter, PartitionOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), tag_(partition_tag(options_.index)) {}

  behavior_type make_behavior() override {
    delayed_send(this, sweep_every, SweepKeys{});
    return {
        [this](EventsAppended& fact) { on_events_appended(std::move(fact)); },
        [this](const DecidedPtr& fact) { on_decided(*fact); },
        [this](const Committed& fact) { on_committed(fact); },
        [this](FilesRead& fact) { on_files_read(fact); },
        [this](const TellWhenApplied& order) { on_tell_when_applied(order); },
        [this](const LogRead& fact) { on_log_read(fact); },
        [this](const PartitionAcquired& fact) { on_acquired(fact); },
        [this](StartPartition) { acquire(); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](SweepKeys) { on_sweep_keys(); },
        [this](MakeRoom) { on_make_room(); },
        [this](const OutboxRead& fact) { outbox_read_ = fact.life; go_on(); },
        [this](const OutboxBroken& fact) { if (owned_ && fact.token == token_) start_again(fact.why); },
        [this](const SiteChanged& fact) { options_.site = fact.site; },
        [this](const Drain&) { on_drain(); },
        [this](const Released&) { on_released(); },
    };
  }

 private:
  // The Dispatcher holds our handle and we hold its: who goes, lets go.
  void on_exit() override {
    called_.clear();
    keys_.clear();
    options_.dispatcher = nullptr;
  }
  void restart_state() override { start_again("restarted after a crash"); }

  // --- ownership

  void acquire() {
    if (owned_ || acquiring_ || done_) return;
    acquiring_ = true;
    options_.journal.acquire(tag_, {options_.node, options_.take_over}, answer_to<PartitionAcquired, Acquired>());
  }

  void on_acquired(const PartitionAcquired& fact) {
    if (fact.life != life_) return;
    acquiring_ = false;
    if (!fact.result) return start_again(fact.result.error().detail);
    owned_ = true;
    token_ = fact.result->token;
    cursor_ = fact.result->cursor;
    known_seq_ = fact.result->seq;
    committed_seq_ = 0;  // after a failover sequences may begin again below what we had committed
    feed_.restart(cursor_, fact.result->seq);
    for (const auto& [name, inbox] : options_.inboxes) caf::anon_send(inbox, RelayPending{tag_});
    caf::unsafe_send_as(this, options_.dispatcher, OutboxOpened{token_});
    applied_seq_ = std::strtoull(cursor_.c_str(), nullptr, 10);
    // After a commit that failed, ready is said again only when one has succeeded or none is needed.
    if (!doubtful_) say_ready();
    go_on();
  }

  void say_ready() {
    doubtful_ = false;
    retry_ = retry_first;
    caf::anon_send(options_.observer, PartitionChanged{options_.index, true, {}});
  }

  // Everything in memory may be wrong or incomplete: forget it and begin at the store's cursor.
  void start_again(const std::string& why) {
    ++life_;
    caf::anon_send(options_.dispatcher, OutboxClosed{});
    owned_ = acquiring_ = loading_ = false;
    outbox_read_ = 0;
    deciding_ = 0;
    called_.clear();  // before the keys that it points at
    keys_.clear();
    groups_.clear();
    sleeping_.clear();
    feed_ = PartitionFeed{};
    batch_ = PartitionDraft{};
    ready_ = PartitionDraft{};
    sent_ = PartitionDraft{};
    tickets_.refuse_all();
    caf::anon_send(options_.observer, PartitionChanged{options_.index, false, why});
    if (draining_) return on_released();
    delayed_send(this, retry_, StartPartition{});
    retry_ = std::min<std::chrono::milliseconds>(retry_ * 2, retry_max);
  }

  void on_store_changed(const StoreChanged& fact) {
    if (fact.up) {
      retry_ = retry_first;
      acquire();
    } else if (owned_) {
      start_again(fact.why);
    }
  }

  // --- the log's events come in

  void on_events_appended(EventsAppended fact) {
    known_seq_ = std::max(known_seq_, fact.events.back().seq);
    if (!owned_) return;  // it is in the log, and read from there once the partition is ours
    feed_.offer(std::move(fact));
    go_on();
  }

  void read_log() {
    feed_.read_started();
    options_.journal.read(tag_, token_, feed_.head(), read_entries, answer_to<LogRead, std::vector<LogEntry>>());
  }

  void on_log_read(const LogRead& fact) {
    if (fact.life != life_) return;
    if (!fact.result) return start_again(fact.result.error().detail);
    std::vector<EventsAppended> batches;
    for (const auto& entry : *fact.result) {
      auto events = decode_batch(entry.blob);
      if (!events) return start_again("unreadable log entry " + entry.id + ": " + events.error().detail);
      EventsAppended batch{{}, entry.id, {}};
      std::uint64_t seq = std::strtoull(entry.id.c_str(), nullptr, 10);
      for (auto& event : *events) batch.events.push_back({seq++, std::move(event)});
      batches.push_back(std::move(batch));
    }
    feed_.read_done(std::move(batches), fact.result->size() < read_entries);
    go_on();
  }

  // --- a batch is put together, decided and merged

  void go_on() {
    if (feed_.wants_read() && owned_) read_log();
    // One commit is under way at a time; while it is, the next draft may grow to the size of one commit.
    const bool has_room = ready_.files.size() < limits::commit_keys_max && ready_.bytes < limits::commit_bytes_max;
    if (deciding_ == 0 && !loading_ && !feed_.empty() && has_room) begin_batch();
    if (outbox_read_ != 0 && sent_.empty()) caf::anon_send(options_.dispatcher, CommitsHandedOver{std::exchange(outbox_read_, 0)});
    commit_if_ready();
    tickets_.answer_up_to(feed_.settled() && idle() ? UINT64_MAX : committed_seq_);
    if (doubtful_ && owned_ && feed_.settled() && idle()) say_ready();
    if (draining_ && owned_ && idle()) release();
  }

  void begin_batch() {
    // A body goes into the commit with each of its deliveries.
    const auto copies = std::max<std::size_t>(1, options_.site ? options_.site->routes->size() : 0);
    std::size_t taken = 0;
    std::size_t bytes = 0;
    while (!feed_.empty() && (taken == 0 || (taken + feed_.front_size() <= limits::commit_keys_max &&
                                             bytes + feed_.front_bytes() <= limits::commit_bytes_max / copies))) {
      bytes += feed_.front_bytes();
      auto batch = feed_.pop();
      taken += batch.events.size();
      batch_.upto = std::move(batch.last);
      batch_.upto_seq = batch.events.back().seq;
      for (auto& event : batch.events) group(std::move(event));
    }
    batch_.batch = ++batch_number_;
    sleeping_.clear();
    std::vector<std::string> fields;
    for (const auto& [field, events] : groups_) {
      (void)events;
      fields.push_back(field);
      sleeping_.push_back(field);
    }
    if (fields.empty()) return decide();
    loading_ = true;
    options_.shelf.look(tag_, ShelfName::states, std::move(fields), answer_to<FilesRead, Blobs>());
  }

  // To its live actor's waiting list, or, when the key sleeps, to the events that wait for its file.
  void group(SequencedEvent event) {
    batch_.received.push_back(event.event->received_at);
    auto field = file_field(event.event->family, event.event->key);
    if (auto* live = keys_.find(field)) {
      if (live->waiting.empty()) called_.push_back(live);
      live->waiting.push_back(std::move(event));
    } else {
      groups_[std::move(field)].push_back(std::move(event));
    }
  }

  void on_files_read(FilesRead& fact) {
    if (fact.life != life_) return;
    loading_ = false;
    if (!fact.result) return start_again(fact.result.error().detail);
    for (std::size_t i = 0; i < sleeping_.size(); ++i) {
      auto& events = groups_[sleeping_[i]];
      auto& live = keys_.wake(sleeping_[i], spawn(sleeping_[i], *events.front().event, (*fact.result)[i]));
      live.waiting = std::move(events);
      called_.push_back(&live);
    }
    groups_.clear();
    decide();
  }

  KeyActor spawn(const std::string& field, const Event& first, std::optional<std::string>& file) {
    return spawn_key({system(), home()}, *options_.key_meters.at(first.effect),
                     {.effect = first.effect, .field = field,
                      .file = file ? std::move(*file) : std::string{}, .make_logic = options_.make_logic});
  }

  void decide() {
    const auto now = clock().now();
    deciding_ = called_.size();
    for (auto* live : called_) {
      live->last_batch = batch_number_;
      live->used = now;
      send(live->actor, Decide{batch_number_, std::move(live->waiting), options_.site ? options_.site->routes : nullptr, options_.clock()});
      live->waiting.clear();
    }
    called_.clear();
  }

  void on_decided(Decided& decided) {
    if (deciding_ == 0 || decided.batch != batch_number_) return;  // of a life before
    batch_.merge(decided);
    if (--deciding_ > 0) return;
    merge_batch();
    go_on();
  }

  void merge_batch() { ready_.absorb(std::exchange(batch_, PartitionDraft{})); }

  // --- the commit

  void commit_if_ready() {
    if (!sent_.empty() || ready_.empty()) return;
    sent_ = std::exchange(ready_, PartitionDraft{});
    options_.journal.commit(tag_, sent_.take_commit(token_, cursor_, keep_events_),
                            answer_to<Committed, void>());
  }

  void on_committed(const Committed& fact) {
    if (fact.life != life_) return;
    if (!fact.result) {
      doubtful_ = true;
      return start_again(fact.result.error().detail);
    }
    if (doubtful_) say_ready();
    auto draft = std::exchange(sent_, PartitionDraft{});
    cursor_ = draft.upto;
    committed_seq_ = applied_seq_ = draft.upto_seq;
    committed_batch_ = draft.batch;
    count(draft);
    relay(draft);
    if (!draft.deliveries.empty()) caf::anon_send(options_.dispatcher, DeliveriesCommitted{std::move(draft.deliveries)});
    if (keys_.is_crowded()) let_keys_sleep();
    go_on();
  }

  void count(const PartitionDraft& draft) {
    options_.applied->add(draft.applied);
    options_.stale->add(draft.stale);
    options_.failed->add(draft.failed);
    const auto now = options_.clock();
    for (const auto received : draft.received)
      options_.apply_delay->observe(now > received ? now - received : Millis{0});
  }

  void relay(const PartitionDraft& draft) {
    std::map<std::string, Relay> by_inbox;
    for (const auto& n : draft.notifications) by_inbox[n.second.inbox].notifications.push_back(n);
    for (auto& [name, relay] : by_inbox) {
      relay.from = tag_;
      const auto inbox = options_.inboxes.find(name);
      if (inbox != options_.inboxes.end()) caf::anon_send(inbox->second, std::move(relay));
    }
  }

  // The store is full. Payloads of applied events are what can go; half of those that are kept, each time it asks.
  void on_make_room() {
    if (!owned_ || applied_seq_ == 0 || !sent_.empty()) return;
    keep_events_ = std::max(limits::log_keep_min, std::min(keep_events_, applied_seq_ - std::min(applied_seq_, trimmed_below_)) / 2);
    if (applied_seq_ <= keep_events_) return;
    trimmed_below_ = applied_seq_ - keep_events_;
    Commit commit;
    commit.token = token_;
    commit.expected = commit.upto = cursor_;
    commit.trim_below = trimmed_below_;
    options_.journal.commit(tag_, std::move(commit), [](Result<void>) {});  // tried again as long as the store is full
  }

  // --- who waits for an event to be applied

  void on_tell_when_applied(const TellWhenApplied& order) {
    if (!owned_ || tickets_.size() >= limits::reads_waiting_max) return PartitionTickets::tell(order, false);
    if (feed_.settled() && idle()) return PartitionTickets::tell(order, true);
    tickets_.wait(known_seq_, order);
  }

  [[nodiscard]] bool idle() const noexcept {
    return deciding_ == 0 && !loading_ && sent_.empty() && ready_.empty() && feed_.empty();
  }

  // --- sleep and the end

  void let_keys_sleep() {
    if (!loading_) keys_.let_sleep(committed_batch_, clock().now() - limits::key_idle);  // called_ points at live keys
  }

  void on_sweep_keys() {
    let_keys_sleep();
    // A Scribe that crashed between append and hand-over leaves events that nobody has told us about.
    if (owned_ && !draining_ && feed_.settled() && idle()) read_log();
    if (!done_) delayed_send(this, sweep_every, SweepKeys{});
  }

  void on_drain() {
    draining_ = true;
    if (!owned_) return on_released();
    go_on();
  }

  void release() {
    if (std::exchange(releasing_, true)) return;
    options_.journal.release(tag_, token_, answer_to<Released, void>());
  }

  void on_released() {
    if (std::exchange(done_, true)) return;
    keys_.clear();
    caf::anon_send(options_.dispatcher, OutboxClosed{});
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  // A callback for the journal that does one thing: send the answer to this actor, marked with the life it belongs to.
  template <class Fact, class Value>
  Done<Value> answer_to() {
    return [self = caf::actor_cast<Partition>(this), life = life_](Result<Value> result) {
      caf::anon_send(self, Fact{life, std::move(result)});
    };
  }

  PartitionOptions options_;
  LogTag tag_;
  std::uint64_t life_ = 1;
  bool owned_ = false;
  bool acquiring_ = false;
  bool draining_ = false;
  bool releasing_ = false;
  bool done_ = false;
  std::chrono::milliseconds retry_ = retry_first;
  std::string token_;
  std::string cursor_;                        // committed
  std::uint64_t committed_seq_ = 0;
  std::uint64_t applied_seq_ = 0;             // as committed_seq_, or the cursor's first sequence after an acquisition
  std::uint64_t keep_events_ = options_.log_keep_events;
  std::uint64_t trimmed_below_ = 0;
  bool doubtful_ = false;                     // the last commit failed
  std::uint64_t known_seq_ = 0;               // newest sequence known to be in the log
  PartitionFeed feed_;
  PartitionKeys keys_;
  std::uint64_t batch_number_ = 0;
  std::uint64_t committed_batch_ = 0;
  PartitionDraft batch_;                      // being decided
  PartitionDraft ready_;                      // decided, waiting for the commit before it
  PartitionDraft sent_;                       // being committed
  std::vector<LiveKey*> called_;              // live keys with events in this batch; list nodes do not move
  std::unordered_map<std::string, std::vector<SequencedEvent>> groups_;  // events of sleeping keys
  std::vector<std::string> sleeping_;         // their fields, in the order asked
  bool loading_ = false;
  std::size_t deciding_ = 0;
  PartitionTickets tickets_;
  std::uint64_t outbox_read_ = 0;             // the Dispatcher's life that waits for the commit under way; 0: none
};

}  // namespace

LogTag partition_tag(std::uint32_t index) { return "p" + std::to_string(index); }

Partition spawn_partition(const Stage& stage, ActorMeter& meter, PartitionOptions options) {
  return spawn_on<PartitionAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
