// One endpoint: which delivery may go now, and what its attempt has come to.
#include "denrei/actors/destination.hpp"

#include <algorithm>

#include "denrei/actors/attempt.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/aftermath.hpp"
#include "coalescing.hpp"
#include "destination_report.hpp"
#include "payload_window.hpp"
#include "type_limits.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto ask_again_after = 500ms;
constexpr auto tick_max = 60s;  // so that a wall clock that is set is noticed

class DestinationAtWork final : public Supervised<DestinationActor::base> {
 public:
  DestinationAtWork(caf::actor_config& config, ActorMeter& own_meter, DestinationOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), limits_(options_.site->destinations.at(options_.name)->destination.limits),
        switch_(options_.registers, options_.name) {
    use(options_.site->destinations.at(options_.name));
    pace_ = Pace(settings());
  }

  behavior_type make_behavior() override {
    return {
        [this](LanesOpened& fact) { on_lanes_opened(fact); },
        [this](const LanesClosed& fact) { on_lanes_closed(fact); },
        [this](Deliver& fact) { on_deliver(fact); },
        [this](DeadChanged& fact) { on_dead_changed(fact); },
        [this](DeliveriesFetched& fact) { on_deliveries_fetched(fact); },
        [this](const SettleConfirmed& fact) { on_settle_confirmed(fact); },
        [this](AttemptFinished& fact) { on_attempt_finished(fact); },
        [this](const WakeDestination& order) { on_wake(order); },
        [this](const ReportDestination& order) { report(order.ticket); },
        [this](const DirectDestination& order) { on_direct(order); },
        [this](const ListPending& order) { caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), list_pending(book_, order)); },
        [this](const RegistersRead& fact) { on_registers_read(fact); },
        [this](const SiteChanged& fact) { on_site_changed(fact); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](AbandonAttempts) { say_drained(); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  void on_exit() override { owners_.clear(); }  // handles that hold each other
  // The lanes are in the outbox: each Dispatcher hands them over again when it hears that we forgot them.
  void restart_state() override {
    book_ = LaneBook{};
    coalescing_.clear();
    limits_.forget_waiting();
    window_.clear();
    settlements_.clear();
    flights_.make_void();
    owners_.forget_all();
    pace_ = Pace(settings());
    caf::anon_send(me(), StoreChanged{true, {}});  // the register may be what crashed us
  }

  // Taken out of the configuration, it stays as it was until the process starts again; so do its order, its pace and its limits.
  void on_site_changed(const SiteChanged& fact) {
    const auto at = fact.site->destinations.find(options_.name);
    if (at == fact.site->destinations.end()) return;
    auto next = std::make_shared<LiveDestination>(*at->second);
    next->destination.order = settings().order;
    use(std::move(next));
  }

  void use(std::shared_ptr<const LiveDestination> live) {
    live_ = std::move(live);
    keys_.reset();
    if (auto keys = make_outbound_keys(settings().signature, live_->secrets)) keys_ = std::make_shared<const OutboundKeys>(std::move(*keys));
  }

  [[nodiscard]] const Destination& settings() const noexcept { return live_->destination; }

  // --- whether it is disabled must be known before anything goes

  void on_store_changed(const StoreChanged& fact) {
    if (fact.up) switch_.synchronize(me());
  }

  void on_registers_read(const RegistersRead& fact) {
    switch_.learn(fact);
    if (!fact.values) return delayed_send(this, ask_again_after, StoreChanged{true, {}});
    go_on();
  }

  void on_direct(const DirectDestination& order) {
    const Disabled why{order.reason, order.by, options_.clock()};
    if (order.enable) {
      if (switch_.disabled()) owners_.write_audit(switch_entry("destination_enabled", options_.name, why));
      switch_.enable(me());
      pace_.close_breaker(settings());
    } else if (!switch_.disabled()) {
      disable(why);
    }
    report(order.ticket);
    go_on();
  }

  void disable(const Disabled& why) {
    owners_.write_audit(switch_entry("destination_disabled", options_.name, why));
    switch_.disable(why, me());
  }

  // --- lanes come and go

  void on_lanes_opened(LanesOpened& fact) {
    forget_lanes(fact.partition);
    owners_.open(fact);
    for (const auto& blocked : fact.blocked) book_.block(blocked.lane, blocked.id, fact.partition);
    for (const auto& pending : fact.pending) book_.add(pending);
    flights_.find_again(fact.partition, [this](const Pending& pending) { return book_.take(pending); });
    if (!fact.payloads.empty()) begin_batch();
    for (auto& payload : fact.payloads) {
      coalescing_.learn(settings(), fact.partition, payload->head);
      window_.keep(std::move(payload));
    }
    go_on();
  }

  void forget_lanes(std::uint32_t partition) {
    book_.forget(partition);
    coalescing_.lose(partition);
    limits_.lose(partition);
  }

  void on_lanes_closed(const LanesClosed& fact) {
    forget_lanes(fact.partition);
    owners_.close(fact.partition);
    window_.clear();
    settlements_.lose(fact.partition);
    for (auto given_back = flights_.lose(fact.partition); given_back > 0; --given_back) pace_.given_back();
    go_on();
  }

  void on_deliver(Deliver& fact) {
    if (!owners_.is_current(fact.partition, fact.epoch)) return;
    for (auto& delivery : fact.deliveries) take_in(fact.partition, std::move(delivery));
    begin_batch();
    go_on();
  }

  // What waits between two rounds goes with what comes new.
  void begin_batch() {
    if (settings().rounds > 1) book_.begin_batch(options_.clock());
  }

  void take_in(std::uint32_t partition, DeliveryPtr delivery) {
    if (book_.size() >= settings().pending_max) return refuse_for_want_of_room(partition, *delivery);
    add(partition, delivery->head);
    window_.keep(std::move(delivery));
  }

  [[nodiscard]] std::uint64_t lane_in(std::uint32_t partition, const DeliveryHead& head) const { return lane_of(partition, head, settings().order); }

  bool add(std::uint32_t partition, const DeliveryHead& head) {
    coalescing_.learn(settings(), partition, head);
    return book_.add({head.id, head.seq, lane_in(partition, head), head.due, partition, head.waits_for_batch});
  }

  // What comes after it in its lane waits until it is known to be dead: else, after a crash, it would come behind that.
  void refuse_for_want_of_room(std::uint32_t partition, Delivery delivery) {
    bury(settings(), delivery.head, DeadReason::pending_limit, options_.clock());
    options_.meter.given_up->add();
    const auto lane = lane_in(partition, delivery.head);
    book_.block(lane, delivery.head.id, partition);
    auto audit = make_audit_entry(settings(), delivery, options_.clock());
    settle({Settling::Then::unblock, lane, partition, std::make_shared<Delivery>(std::move(delivery))}, OutboxChange::Kind::bury, std::move(audit));
  }

  void on_dead_changed(DeadChanged& fact) {
    if (!owners_.is_current(fact.partition, fact.epoch)) return;
    owners_.change_dead(fact.partition, fact.dead_by);
    for (const auto& released : fact.released) book_.unblock(released.lane, released.id);
    for (auto& delivery : fact.revived)
      if (add(fact.partition, delivery->head)) window_.keep(std::move(delivery));
    go_on();
  }

  // --- what may go, goes

  void go_on() {
    const auto now = options_.clock();
    while (may_begin(now)) {
      const auto pending = take_next(now);
      if (!pending) break;
      pace_.begun(now);
      if (auto delivery = window_.take(pending->id)) attempt(*pending, std::move(delivery), now);
      else flights_.begin_with_fetch(*pending);
    }
    for (auto& [partition, ids] : flights_.take_wanted()) owners_.fetch(this, partition, std::move(ids));
    show(state(), options_.meter, now);
    arm(now);
    say_drained_when_quiet();
  }

  [[nodiscard]] bool is_sending() const noexcept { return switch_.is_on() && !draining_; }

  [[nodiscard]] bool may_begin(WallTime now) {
    return is_sending() && flights_.size() < settings().concurrency && pace_.may_begin(now);
  }

  // Those that waited for their type's limit and the others take turns: neither can hold up the other.
  std::optional<Pending> take_next(WallTime now) {
    limited_first_ = !limited_first_;
    auto next = limited_first_ ? limits_.next(now) : book_.take_ready(now);
    if (next) return next;
    return limited_first_ ? book_.take_ready(now) : limits_.next(now);
  }

  void on_deliveries_fetched(DeliveriesFetched& fact) {
    if (!owners_.is_current(fact.partition, fact.epoch)) return;
    const auto now = options_.clock();
    for (std::size_t i = 0; i < fact.ids.size(); ++i) {
      const auto number = flights_.fetched(fact.ids[i]);
      if (number == 0) continue;
      const auto pending = flights_.take(number)->pending;
      if (fact.deliveries[i] && is_sending()) attempt(pending, std::move(fact.deliveries[i]), now);
      else give_back(pending, std::move(fact.deliveries[i]));
    }
    go_on();
  }

  // Meanwhile nothing may go any more. Or the outbox does not know it: it was settled in a life before.
  void give_back(const Pending& pending, DeliveryPtr delivery) {
    pace_.given_back();
    limits_.give_back(pending.lane);
    if (!delivery) {
      coalescing_.left(pending.partition, pending.seq);
      return book_.finish(pending.lane);
    }
    window_.keep(std::move(delivery));
    book_.put_back(pending.lane);
  }

  // With its payload at hand it shows: it is needless, waits for the limit of its type, or goes.
  void attempt(const Pending& pending, DeliveryPtr delivery, WallTime now) {
    if (coalescing_.has_newer(settings(), delivery->head)) return supersede(pending, *delivery, now);
    if (!limits_.take_or_wait(pending, delivery->head.type, now)) {
      pace_.given_back();
      return window_.keep(std::move(delivery));
    }
    const auto actor = spawn_attempt({system(), home()}, options_.attempt_meter,
                                     {.destination = live_, .delivery = coalescing_.heir(std::move(delivery)), .flight = flights_.begin(pending),
                                      .client = options_.client, .owner = caf::actor_cast<caf::actor>(this), .log = options_.log,
                                      .clock = options_.clock, .keys = keys_});
    caf::anon_send(actor, StartAttempt{});
  }

  // It is done with, and the next of its lane, in the end the newer one, is asked when that is written.
  void supersede(const Pending& pending, const Delivery& delivery, WallTime now) {
    pace_.given_back();
    if (options_.meter.superseded != nullptr) options_.meter.superseded->add();
    coalescing_.bequeath(delivery.head);
    auto left = std::make_shared<Delivery>(leave_out(delivery, now));
    settle({Settling::Then::finish, pending.lane, pending.partition, std::move(left)}, OutboxChange::Kind::finish, {});
  }

  // --- what has become of it

  void on_attempt_finished(AttemptFinished& fact) {
    const auto flight = flights_.take(fact.flight);
    if (!flight) return;
    options_.meter.attempt_duration->observe(std::chrono::microseconds(fact.attempt.total_us));
    const auto now = options_.clock();
    auto after = conclude_attempt(settings(), *fact.delivery, std::move(fact.attempt), fact.retry_after, now);
    pace_.ended(after, now);
    if (!flight->is_void && book_.is_out(flight->pending.lane, flight->pending.id)) conclude(flight->pending, std::move(after), now);
    go_on();
  }

  void conclude(const Pending& pending, Aftermath after, WallTime now) {
    count_attempt(options_.meter, after, now);
    if (after.judgement == Judgement::disable && !switch_.disabled()) disable_by_answer(attempt_line(after.delivery.attempts.back()), now);
    using Kind = OutboxChange::Kind;
    using Then = Settling::Then;
    const auto kind = after.judgement == Judgement::delivered ? Kind::finish : after.dead ? Kind::bury : Kind::update;
    const auto then = kind == Kind::update ? Then::postpone : after.delivery.head.blocks_lane ? Then::block : Then::finish;
    auto audit = after.dead ? make_audit_entry(settings(), after.delivery, now) : std::string{};
    settle({then, pending.lane, pending.partition, std::make_shared<Delivery>(std::move(after.delivery))}, kind, std::move(audit));
  }

  void disable_by_answer(const std::string& answer, WallTime now) {
    const Disabled why{"the receiver answered " + answer, "receiver", now};
    caf::anon_send(options_.alerts, RaiseAlert{make_disabled_alert(settings(), why.reason, now), 0, std::nullopt});
    disable(why);
  }

  void settle(Settling settling, OutboxChange::Kind kind, std::string audit) {
    owners_.settle(settling.partition, {kind, settling.delivery, std::move(audit), kind == OutboxChange::Kind::finish});
    settlements_.add(std::move(settling));
  }

  void on_settle_confirmed(const SettleConfirmed& fact) {
    if (!owners_.is_current(fact.partition, fact.epoch)) return;
    for (const auto& id : fact.ids)
      if (const auto settled = settlements_.take(id)) go_on_in_lane(*settled);
    go_on();
  }

  void go_on_in_lane(const Settling& settled) {
    const auto& head = settled.delivery->head;
    if (is_dead_letter(head)) owners_.change_dead(settled.partition, 1);
    if (settled.then != Settling::Then::postpone) coalescing_.left(head);
    switch (settled.then) {
      case Settling::Then::finish: return book_.finish(settled.lane);
      case Settling::Then::block: return book_.block(settled.lane, head.id);
      case Settling::Then::postpone:
        window_.keep(settled.delivery);
        return book_.postpone(settled.lane, head.due, head.waits_for_batch);
      case Settling::Then::unblock: return book_.unblock(settled.lane, head.id);
    }
  }

  // --- time

  // One tick is pending, for the first thing that waits for a time.
  void arm(WallTime now) {
    std::optional<WallTime> at;
    const auto sooner = [&](std::optional<WallTime> t) { if (t && (!at || *t < *at)) at = t; };
    if (!is_sending()) return;
    const bool has_ready = book_.has_ready(now) || limits_.has_turn(now);  // first: what is due now waits for no time
    sooner(book_.next_due());
    sooner(limits_.next_turn(now));
    if (has_ready && flights_.size() < settings().concurrency) sooner(pace_.next_chance(now));
    if (!at || (tick_at_ && *tick_at_ <= *at)) return;
    tick_at_ = at;
    delayed_send(this, std::clamp<Millis>(*at - now, 0ms, tick_max), WakeDestination{++last_tick_});
  }

  void on_wake(const WakeDestination& order) {
    if (order.tick != last_tick_) return;
    tick_at_.reset();
    go_on();
  }

  // --- for people

  [[nodiscard]] DestinationState state() const { return {book_, flights_, owners_, switch_, pace_}; }

  void report(std::uint64_t ticket) {
    auto out = make_report(state(), settings(), options_.meter, options_.clock());
    out.ticket = ticket;
    caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), std::move(out));
  }

  // --- the end

  void on_drain() {
    draining_ = true;
    delayed_send(this, limits::drain_attempts_for, AbandonAttempts{});
    say_drained_when_quiet();
  }

  void say_drained_when_quiet() {
    if (draining_ && flights_.empty() && settlements_.empty()) say_drained();
  }

  void say_drained() {
    if (!std::exchange(drained_, true)) caf::anon_send(options_.observer, Drained{meter().name});
  }

  DestinationActor me() { return caf::actor_cast<DestinationActor>(this); }
  DestinationOptions options_;
  std::shared_ptr<const LiveDestination> live_;
  std::shared_ptr<const OutboundKeys> keys_;
  LaneBook book_;
  Coalescing coalescing_;
  TypeLimits limits_;
  bool limited_first_ = false;
  Pace pace_;
  PayloadWindow window_;
  OutboxOwners owners_;
  Flights flights_;
  Settlements settlements_;
  std::uint64_t last_tick_ = 0;
  std::optional<WallTime> tick_at_;
  DestinationSwitch switch_;
  bool draining_ = false;
  bool drained_ = false;
};

}  // namespace

DestinationActor spawn_destination(const Stage& stage, ActorMeter& meter, DestinationOptions options) {
  return spawn_on<DestinationAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
