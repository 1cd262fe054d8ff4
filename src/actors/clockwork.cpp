// The clock's orders at work.
#include "denrei/actors/clockwork.hpp"

#include <algorithm>

#include "clock_round.hpp"
#include "denrei/actors/partition.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

const std::string group = "clockwork";
constexpr std::size_t outstanding_max = 256;   // one append's worth: requests find room in the lanes
constexpr std::chrono::seconds wait_first{1};
constexpr std::chrono::seconds wait_max{30};
constexpr std::chrono::seconds look_every{60}; // the wall clock may be set
constexpr std::chrono::seconds answer_max{30}; // a Scribe that has crashed answers nothing of what it had; else Redis' own deadline comes first

class ClockworkAtWork final : public Supervised<ClockworkActor::base> {
 public:
  ClockworkAtWork(caf::actor_config& config, ActorMeter& own_meter, ClockworkOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](const PartitionsOpened& fact) { on_partitions_opened(fact); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](const TickClock& tick) { on_tick(tick); },
        [this](const RegistersRead& fact) { on_registers_read(fact); },
        [this](FieldsRead& fact) { on_fields_read(fact); },
        [this](const OwnAppended& fact) { on_own_appended(fact); },
        [this](const BoundaryKept& fact) { on_boundary_kept(fact); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  using Moment = caf::actor_clock::time_point;

  void on_exit() override { options_.scribes.clear(); }  // handles that hold each other

  // From the registers on. What was handed in may come again: its ids are known.
  void restart_state() override {
    round_.reset();
    is_known_ = is_asking_ = is_keeping_ = false;
    reading_ = 0;
    armed_.reset();
    stop_resting();
    if (draining_) on_drain();
    go_on();
  }

  // --- what happens

  void on_partitions_opened(const PartitionsOpened& fact) {
    partitions_ = static_cast<std::uint32_t>(fact.partitions.size());
    go_on();
  }

  void on_store_changed(const StoreChanged& fact) {
    up_ = fact.up;
    if (up_) stop_resting();
    go_on();
  }

  void on_tick(const TickClock& tick) {
    if (tick.tick != tick_) return;  // an earlier one took its place
    armed_.reset();
    go_on();
  }

  void on_registers_read(const RegistersRead& fact) {
    is_asking_ = false;
    if (!fact.values) rest();
    else if (!std::exchange(is_known_, true)) learn(*fact.values);
    go_on();
  }

  void learn(const std::vector<std::pair<std::string, std::string>>& values) {
    handled_ = {};
    for (const auto& [name, text] : values)
      for (std::size_t i = 0; i < clock_orders.size(); ++i)
        if (const auto at = parse_iso8601(text); at && clock_orders[i].name == name) handled_[i] = *at;
  }

  void on_fields_read(FieldsRead& fact) {
    if (!round_ || fact.ticket != reading_) return;
    reading_ = 0;
    if (fact.result) {
      round_->take(std::move(*fact.result));
    } else {
      round_->lose_page();
      rest();
    }
    go_on();
  }

  void on_own_appended(const OwnAppended& fact) {
    if (!round_ || !round_->answered(fact.ticket, fact.ok)) return;
    heard_at_ = clock().now();
    if (fact.ok) wait_ = wait_first;
    else rest();
    go_on();
  }

  void on_boundary_kept(const BoundaryKept& fact) {
    if (!round_ || fact.round != number_of_round_) return;
    is_keeping_ = false;
    if (fact.result) {
      handled_[round_->order()] = round_->at();
      log_round();
      round_.reset();
    } else {
      rest();
    }
    go_on();
  }

  // What the Scribes have of ours, they drain themselves.
  void on_drain() {
    draining_ = true;
    if (!std::exchange(drained_, true)) caf::anon_send(options_.observer, Drained{meter().name});
  }

  // --- what is to be done next

  void go_on() {
    if (may_work()) {
      if (!is_known_) ask_registers();
      if (is_known_ && !round_) begin_what_is_due();
      if (round_) work();
    }
    arm();
  }

  [[nodiscard]] bool may_work() const {
    return up_ && partitions_ > 0 && !options_.scribes.empty() && !draining_ && (!resting_until_ || clock().now() >= *resting_until_);
  }

  [[nodiscard]] bool is_on(Boundary boundary) const {
    switch (boundary) {
      case Boundary::hour: return options_.hourly;
      case Boundary::tokyo_day: return options_.daily;
    }
    return false;
  }

  void ask_registers() {
    if (std::exchange(is_asking_, true)) return;
    options_.registers.all(group, [self = caf::actor_cast<ClockworkActor>(this)](Result<std::vector<std::pair<std::string, std::string>>> values) {
      caf::anon_send(self, RegistersRead{std::move(values)});
    });
  }

  void begin_what_is_due() {
    const auto now = options_.clock();
    for (std::size_t i = 0; i < clock_orders.size() && !round_; ++i) {
      const auto boundary = clock_orders[i].boundary;
      if (!is_on(boundary)) continue;
      const auto step = decide_boundary(boundary, handled_[i], now);
      if (!handled_[i]) begin(ClockRound(i, step.handled, 0), 0);
      else handled_[i] = step.handled;
      if (step.due) begin(ClockRound(i, *step.due, partitions_), step.skipped);
    }
  }

  void begin(ClockRound round, std::uint64_t skipped) {
    is_first_ = !handled_[round.order()];
    skipped_ = skipped;
    number_of_round_ = ++last_number_;
    began_at_ = heard_at_ = clock().now();
    reading_ = 0;
    is_keeping_ = false;
    round_.emplace(std::move(round));
  }

  void work() {
    if (round_->outstanding() > 0 && clock().now() >= heard_at_ + answer_max) round_->take_back();
    while (round_->outstanding() < outstanding_max) {
      auto key = round_->next_key();
      if (!key) break;
      hand_in(std::move(*key));
    }
    if (round_->wants_page() && reading_ == 0) read_page();
    if (round_->is_through() && !std::exchange(is_keeping_, true)) keep();
  }

  void hand_in(std::string key) {
    const auto ticket = ++last_number_;
    const auto partition = partition_of(clock_family, key, partitions_);
    if (round_->outstanding() == 0) heard_at_ = clock().now();
    send(options_.scribes[partition % options_.scribes.size()], AppendOwn{ticket, round_->events().make(key, options_.clock())});
    round_->handed_in(ticket, std::move(key));
  }

  void read_page() {
    reading_ = ++last_number_;
    options_.shelf.fields(partition_tag(round_->partition()), ShelfName::states, round_->query(),
                          [self = caf::actor_cast<ClockworkActor>(this), ticket = reading_](Result<FieldsPage> page) {
                            caf::anon_send(self, FieldsRead{ticket, std::move(page)});
                          });
  }

  void keep() {
    options_.registers.put(group, std::string(clock_orders[round_->order()].name), format_iso8601(round_->at()),
                           [self = caf::actor_cast<ClockworkActor>(this), round = number_of_round_](Result<void> result) {
                             caf::anon_send(self, BoundaryKept{round, std::move(result)});
                           });
  }

  // --- time

  void rest() {
    if (resting_until_ && clock().now() < *resting_until_) return;  // several answers of one trouble
    resting_until_ = clock().now() + wait_;
    wait_ = std::min<std::chrono::seconds>(wait_ * 2, wait_max);
  }

  void stop_resting() {
    resting_until_.reset();
    wait_ = wait_first;
  }

  // One timer, for whatever comes first.
  void arm() {
    const auto now = clock().now();
    const auto wanted = next_look(now);
    if (draining_ || (armed_ && *armed_ <= wanted)) return;
    armed_ = wanted;
    delayed_send(this, wanted - now, TickClock{++tick_});
  }

  [[nodiscard]] Moment next_look(Moment now) const {
    const auto wall = options_.clock();
    auto wanted = now + look_every;
    for (const auto& order : clock_orders)
      if (is_on(order.boundary)) wanted = std::min(wanted, now + (next_boundary(order.boundary, wall) - wall));
    if (resting_until_ && *resting_until_ > now) wanted = std::min(wanted, *resting_until_);
    if (round_ && round_->outstanding() > 0) wanted = std::min(wanted, std::max(heard_at_ + answer_max, now + wait_first));
    return wanted;
  }

  void log_round() {
    if (options_.log == nullptr || is_first_) return;
    JsonObject line;
    line.text("timestamp", format_iso8601(options_.clock())).text("log", "clockwork").text("order", clock_orders[round_->order()].name);
    line.text("at", format_iso8601(round_->at())).number("announcements", static_cast<std::int64_t>(round_->announcements()));
    line.number("tookMs", std::chrono::duration_cast<Millis>(clock().now() - began_at_).count());
    if (skipped_ > 0) line.number("skipped", static_cast<std::int64_t>(skipped_));
    options_.log->write(line.take());
  }

  ClockworkOptions options_;
  std::uint32_t partitions_ = 0;
  bool up_ = false;
  bool draining_ = false;
  bool drained_ = false;
  bool is_asking_ = false;                       // the registers
  bool is_known_ = false;                        // what they say
  std::array<std::optional<WallTime>, clock_orders.size()> handled_;

  std::optional<ClockRound> round_;              // at most one, of whatever order
  bool is_first_ = false;                        // of its order, ever
  bool is_keeping_ = false;
  std::uint64_t skipped_ = 0;
  std::uint64_t number_of_round_ = 0;
  std::uint64_t reading_ = 0;                    // ticket of the page that was asked for; 0: none
  std::uint64_t last_number_ = 0;                // never used again, so that answers of a life before mean nothing
  Moment began_at_{};
  Moment heard_at_{};                            // when a Scribe last answered, or could have begun to

  std::optional<Moment> resting_until_;
  std::chrono::seconds wait_ = wait_first;
  std::optional<Moment> armed_;
  std::uint64_t tick_ = 0;
};

}  // namespace

ClockworkActor spawn_clockwork(const Stage& stage, ActorMeter& meter, ClockworkOptions options) {
  return spawn_on<ClockworkAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
