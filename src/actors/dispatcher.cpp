// The outbox of one partition.
#include "denrei/actors/dispatcher.hpp"

#include "back_off.hpp"
#include "dead_index.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/aftermath.hpp"
#include "fetches.hpp"
#include "outbox_reading.hpp"
#include "settle_queue.hpp"

namespace denrei {
namespace {

// They stay as they are at the start, as the Destinations' own do.
std::map<std::string, LaneOrder> lane_orders(const DispatcherOptions& options) {
  std::map<std::string, LaneOrder> orders;
  for (const auto& [name, live] : options.site->destinations)
    if (options.destinations.contains(name)) orders[name] = live->destination.order;
  return orders;
}

class DispatcherAtWork final : public Supervised<Dispatcher::base> {
 public:
  DispatcherAtWork(caf::actor_config& config, ActorMeter& own_meter, DispatcherOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), tag_(partition_tag(options_.index)), reading_(options_.index, lane_orders(options_)) {}

  behavior_type make_behavior() override {
    return {
        [this](const OutboxOpened& fact) { on_outbox_opened(fact); },
        [this](OutboxClosed) { on_outbox_closed(); },
        [this](DeliveriesCommitted& fact) { on_deliveries_committed(fact); },
        [this](OutboxScanned& fact) { on_outbox_scanned(fact); },
        [this](const CommitsHandedOver& fact) { if (fact.life == life_) open_lanes(); },
        [this](OutboxFetched& fact) { on_outbox_fetched(fact); },
        [this](const OutboxSettled& fact) { on_outbox_settled(fact); },
        [this](Settle& order) { on_settle(order); },
        [this](FetchDeliveries& order) { on_fetch_deliveries(order); },
        [this](LanesForgotten) { break_off("a destination restarted after a crash"); },
        [this](const ListDead& order) { on_list_dead(order); },
        [this](const ReviveDead& order) { on_revive_dead(order); },
        [this](const DiscardDead& order) { on_discard_dead(order); },
        [this](const AlertsSent& fact) { on_alerts_sent(fact); },
        [this](WriteAudit& order) { on_write_audit(order); },
        [this](const SiteChanged& fact) { options_.site = fact.site; },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  void on_exit() override {  // handles that hold each other
    partition_ = nullptr;
    options_.destinations.clear();
  }
  void restart_state() override { break_off("restarted after a crash"); }

  // --- the outbox comes and goes

  void on_outbox_opened(const OutboxOpened& fact) {
    partition_ = caf::actor_cast<caf::actor>(current_sender());
    close();
    token_ = fact.token;
    scan(OutboxPart::dead, "0");
  }

  void on_outbox_closed() {
    if (!token_.empty()) close();
    say_drained_when_quiet();
  }

  // Whatever we hold may be wrong; the destinations' lanes of this partition are void.
  void close() {
    ++life_;
    token_.clear();
    open_ = false;
    reading_.clear();
    dead_.clear();
    unalarmed_.clear();
    queue_ = SettleQueue{};
    fetches_.clear();
    orders_.fail_all();
    for (const auto& [name, destination] : options_.destinations) caf::anon_send(destination, LanesClosed{options_.index});
  }

  // While it is closed it is on its way to be opened anyhow. One that breaks again and again must not keep everybody busy: each
  // time it is read anew, and what was under way is tried again.
  void break_off(const std::string& why) {
    if (token_.empty()) return;
    OutboxBroken fact{why, token_};
    close();
    say_drained_when_quiet();
    const auto wait = back_off_.next(clock().now());
    if (wait.count() == 0) caf::anon_send(partition_, std::move(fact));
    else caf::delayed_anon_send(partition_, wait, std::move(fact));
  }

  // Dead letters first: which lanes wait for an operator must be known before anything may go.
  void scan(OutboxPart part, std::string cursor) {
    options_.outbox.scan(tag_, part, std::move(cursor), [self = me(), life = life_, part](Result<OutboxPage> page) {
      caf::anon_send(self, OutboxScanned{life, part, std::move(page)});
    });
  }

  void on_outbox_scanned(OutboxScanned& fact) {
    if (fact.life != life_) return;
    if (!fact.page) return break_off(fact.page.error().detail);
    for (const auto& bytes : fact.page->heads) {
      auto head = decode_delivery_head(bytes);
      if (!head) return break_off("unreadable outbox record: " + head.error().detail);
      if (fact.part == OutboxPart::dead) dead_.put(std::move(*head));
      else reading_.found(*head);
    }
    if (fact.page->next != "0") return scan(fact.part, std::move(fact.page->next));
    if (fact.part == OutboxPart::dead) return scan(OutboxPart::pending, "0");
    caf::anon_send(partition_, OutboxRead{life_});
  }

  // Whatever the reading may have seen has been handed over by now: of a commit all its deliveries are known, or none.
  void open_lanes() {
    open_ = true;
    for (const auto& [name, destination] : options_.destinations) {
      auto found = reading_.take(name);
      caf::anon_send(destination, LanesOpened{options_.index, life_, caf::actor_cast<caf::actor>(this), std::move(found.pending),
                                              std::move(found.payloads), dead_.blocked(options_.index, name), dead_.count(name)});
    }
    reading_.clear();
    unalarmed_ = dead_.with_alert_due();
    raise_forgotten_alerts();
  }

  // --- from the partition to the destinations

  void on_deliveries_committed(DeliveriesCommitted& fact) {
    if (token_.empty()) return;  // they are in the outbox and found there
    if (open_) return hand_over(std::move(fact.deliveries));
    for (auto& delivery : fact.deliveries) reading_.committed(std::move(delivery));
  }

  void hand_over(std::vector<DeliveryPtr> deliveries) {
    std::map<std::string, Deliver> by_destination;
    for (auto& delivery : deliveries) by_destination[delivery->head.destination].deliveries.push_back(std::move(delivery));
    tell_each(by_destination);
  }

  template <class Fact>
  void tell_each(std::map<std::string, Fact>& facts) {
    for (auto& [name, fact] : facts) {
      fact.partition = options_.index;
      fact.epoch = life_;
      if (const auto at = options_.destinations.find(name); at != options_.destinations.end()) caf::anon_send(at->second, std::move(fact));
    }
  }

  // --- settling

  void on_settle(Settle& order) {
    if (order.epoch != life_) return;
    for (auto& one : order.orders) {
      auto destination = one.delivery->head.destination;
      queue_.push({std::move(destination), std::move(one), 0});
    }
    settle_next();
  }

  void on_write_audit(WriteAudit& order) {
    if (token_.empty()) return;
    queue_.push({{}, {OutboxChange::Kind::finish, nullptr, std::move(order.entry), false}, 0});
    settle_next();
  }

  void settle_next() {
    if (token_.empty() || !queue_.may_begin()) return;
    options_.outbox.settle(tag_, queue_.begin(token_), [self = me(), life = life_](Result<void> result) {
      caf::anon_send(self, OutboxSettled{life, std::move(result)});
    });
  }

  void on_outbox_settled(const OutboxSettled& fact) {
    if (fact.life != life_) return;
    if (!fact.result) return break_off(fact.result.error().detail);
    std::map<std::string, SettleConfirmed> confirmed;
    std::map<std::string, DeadChanged> changed;
    for (auto& it : queue_.take_settled()) {
      if (it.order.delivery) take_note(it, changed);
      if (!it.destination.empty()) confirmed[it.destination].ids.push_back(it.order.delivery->head.id);
    }
    tell_each(confirmed);
    tell_each(changed);
    orders_.answer_complete();
    settle_next();
    say_drained_when_quiet();
  }

  // What a change that is now durable means for the dead letters and for who waits.
  void take_note(const QueuedChange& it, std::map<std::string, DeadChanged>& changed) {
    const auto& head = it.order.delivery->head;
    if (it.answer != 0) orders_.note(it.answer, head.id);
    switch (it.order.kind) {
      case OutboxChange::Kind::update:
      case OutboxChange::Kind::amend: return;
      case OutboxChange::Kind::finish:
        return tell_desk(head);
      case OutboxChange::Kind::bury:
        dead_.put(head);
        if (head.alert_due) raise_alert(*it.order.delivery);
        tell_desk(head);
        return drop_oldest_dead(head.destination);
      case OutboxChange::Kind::revive:
        --changed[head.destination].dead_by;
        return changed[head.destination].revived.push_back(it.order.delivery);
      case OutboxChange::Kind::discard:
        --changed[head.destination].dead_by;
        if (head.blocks_lane) changed[head.destination].released.push_back({lane_of_dead(options_.index, head), head.id});
        return;
    }
  }

  void tell_desk(const DeliveryHead& head) {
    if (head.resends > 0) caf::anon_send(options_.desk, ResendEnded{head.id, head.dead == DeadReason::alive});
  }

  void drop_oldest_dead(const std::string& destination) {
    const auto at = options_.site->destinations.find(destination);
    if (at == options_.site->destinations.end() || dead_.count(destination) <= at->second->destination.dead_max) return;
    const auto oldest = dead_.oldest(destination);
    if (oldest) discard(*oldest, "denrei", "more dead letters than dead_max", 0);
  }

  // --- alerts: raised when the burial is durable; the record remembers that until somebody has been told

  void raise_alert(const Delivery& delivery) {
    const auto at = options_.site->destinations.find(delivery.head.destination);
    if (at == options_.site->destinations.end()) return;
    const auto& destination = at->second->destination;
    caf::anon_send(options_.alerts, RaiseAlert{make_alert(destination, delivery, burial_severity(destination, delivery.head), delivery.head.ended_at),
                                               options_.index, delivery.head.id});
  }

  // Some at a time, so that few whole records are in memory.
  void raise_forgotten_alerts() {
    const auto count = std::min(unalarmed_.size(), limits::settle_changes_max);
    if (count == 0) return;
    const auto from = unalarmed_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<DeliveryId> ids(from, unalarmed_.end());
    unalarmed_.erase(from, unalarmed_.end());
    fetch(OutboxPart::dead, {Purpose::raise_alert, {}, std::move(ids), 0, {}});
  }

  void on_alerts_sent(const AlertsSent& fact) {
    std::vector<DeliveryId> ids;
    for (const auto& id : fact.ids)
      if (const auto* head = dead_.find(id); head != nullptr && head->alert_due) ids.push_back(id);
    if (!ids.empty()) fetch(OutboxPart::dead, {Purpose::alert_sent, {}, std::move(ids), 0, {}});
  }

  // Meanwhile it may have been re-sent or discarded.
  void note_alert_sent(Delivery delivery) {
    if (dead_.find(delivery.head.id) == nullptr) return;
    delivery.head.alert_due = false;
    dead_.put(delivery.head);
    queue_.push({{}, {OutboxChange::Kind::amend, std::make_shared<Delivery>(std::move(delivery)), {}, false}, 0});
  }

  // --- whole records

  void on_fetch_deliveries(FetchDeliveries& order) {
    if (order.epoch == life_)
      fetch(OutboxPart::pending, {Purpose::deliver, caf::actor_cast<caf::actor>(current_sender()), std::move(order.ids), 0, {}});
  }

  void fetch(OutboxPart part, Fetching fetching) {
    auto ids = raw_ids(fetching.ids);
    const auto ticket = fetches_.begin(std::move(fetching));
    options_.outbox.fetch(tag_, part, std::move(ids), [self = me(), life = life_, ticket](Result<Blobs> records) {
      caf::anon_send(self, OutboxFetched{life, ticket, std::move(records)});
    });
  }

  void on_outbox_fetched(OutboxFetched& fact) {
    if (fact.life != life_) return;
    if (!fact.records) return break_off(fact.records.error().detail);
    const auto fetching = fetches_.end(fact.ticket);
    if (!fetching) return;
    use(*fetching, decode_all(*fact.records, fetching->ids.size()));
    settle_next();
    say_drained_when_quiet();
  }

  void use(const Fetching& fetching, std::vector<DeliveryPtr> deliveries) {
    switch (fetching.purpose) {
      case Purpose::deliver: return caf::anon_send(fetching.asker, DeliveriesFetched{options_.index, life_, fetching.ids, std::move(deliveries)});
      case Purpose::revive: return queue_revivals(fetching, deliveries);
      case Purpose::raise_alert:
        for (const auto& delivery : deliveries)
          if (delivery) raise_alert(*delivery);
        return raise_forgotten_alerts();
      case Purpose::alert_sent:
        for (const auto& delivery : deliveries)
          if (delivery) note_alert_sent(*delivery);
        return;
    }
  }

  // --- what operators order

  void on_list_dead(const ListDead& order) {
    DeadListed out{order.ticket, options_.index, open_, 0, {}};
    if (open_) dead_.list(order, out);
    caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), std::move(out));
  }

  std::uint64_t begin_order(std::uint64_t ticket) {
    return orders_.begin(caf::actor_cast<caf::actor>(current_sender()), {ticket, options_.index, open_, {}});
  }

  void on_revive_dead(const ReviveDead& order) {
    const auto number = begin_order(order.ticket);
    std::vector<DeliveryId> ids;
    for (const auto& id : order.ids) {
      const auto* head = dead_.find(id);
      if (open_ && head != nullptr && options_.destinations.contains(head->destination)) ids.push_back(id);
    }
    orders_.expect(number, ids.size());
    if (ids.empty()) return orders_.answer_complete();
    fetch(OutboxPart::dead, {Purpose::revive, {}, std::move(ids), number, order.by});
  }

  // They leave the index at once, so that nobody revives them twice; if the store does not take it, all is read anew.
  void queue_revivals(const Fetching& fetching, const std::vector<DeliveryPtr>& deliveries) {
    for (const auto& delivery : deliveries) {
      if (delivery && dead_.remove(delivery->head.id)) queue_.push(make_revival(*delivery, fetching.by, fetching.order, options_.clock()));
      else orders_.give_up(fetching.order);
    }
    orders_.answer_complete();
  }

  void on_discard_dead(const DiscardDead& order) {
    const auto number = begin_order(order.ticket);
    for (const auto& id : order.ids) {
      if (!open_ || dead_.find(id) == nullptr) continue;
      orders_.expect(number, 1);
      discard(id, order.by, order.reason, number);
    }
    orders_.answer_complete();
    settle_next();
  }

  void discard(const DeliveryId& id, std::string_view by, std::string_view reason, std::uint64_t order) {
    queue_.push(make_discard(std::move(*dead_.remove(id)), by, reason, order, options_.clock()));
  }

  // --- the end

  void on_drain() {
    draining_ = true;
    say_drained_when_quiet();
  }

  void say_drained_when_quiet() {
    if (!draining_ || !queue_.is_idle() || !fetches_.empty() || std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  Dispatcher me() { return caf::actor_cast<Dispatcher>(this); }
  DispatcherOptions options_;
  LogTag tag_;
  caf::actor partition_;                             // whose outbox this is; known from its first OutboxOpened
  std::uint64_t life_ = 1;
  std::string token_;                                // empty: not ours
  bool open_ = false;                                // the outbox has been read
  bool draining_ = false;
  bool drained_ = false;
  BackOff back_off_;
  OutboxReading reading_;
  DeadIndex dead_;
  std::vector<DeliveryId> unalarmed_;                // found dead with their alert unsent, not yet raised again; the oldest last
  SettleQueue queue_;
  Fetches fetches_;
  OperatorOrders orders_;
};

}  // namespace

Dispatcher spawn_dispatcher(const Stage& stage, ActorMeter& meter, DispatcherOptions options) {
  return spawn_on<DispatcherAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
