// A process that delivers, over a store and receivers that outlive it, in one thread from one seed.
//
// Shape   open(site); tell_store(up); kill_process() is kill -9 and the start after it; settle() until nobody has anything to do
// Rules   the order in which actors run, answers come and things fail follows from the seed alone
//         the last class of all calls TearDown() in its destructor: actors that end still tell it of arrivals
#pragma once
#include <random>

#include "denrei/actors/destination.hpp"
#include "denrei/actors/dispatcher.hpp"
#include "denrei/actors/partition.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"
#include "support/sim_receiver.hpp"
#include "support/watched_outbox.hpp"

namespace denrei::test {

class DeliveryProcess : public ActorWorld {
 public:
  static constexpr std::uint32_t partitions = 2;
  static constexpr int keys = 4;

  explicit DeliveryProcess(std::uint64_t seed) : dice_(seed) {}
  void TestBody() override {}

 protected:
  struct Seat {
    std::unique_ptr<SimReceiver> receiver;
    DestinationMeter meter;
    Counter delivered, retried, given_up, superseded;
    Histogram duration, delay;
    caf::actor actor;
  };

  std::uint64_t roll(std::uint64_t sides) { return dice_() % sides; }
  bool one_in(std::uint64_t sides) { return roll(sides) == 0; }

  // --- the process

  void open(std::shared_ptr<Site> site) {
    site_ = std::move(site);
    for (const auto& [name, live] : site_->destinations) {
      auto& seat = *seats_.emplace(name, std::make_unique<Seat>()).first->second;
      seat.receiver = std::make_unique<SimReceiver>([this](std::uint64_t sides) { return roll(sides); },
                                                    [this, name = name](const Arrival& arrival) { on_arrival(name, arrival); });
      seat.meter.delivered = &seat.delivered;
      seat.meter.retried = &seat.retried;
      seat.meter.given_up = &seat.given_up;
      seat.meter.superseded = &seat.superseded;
      seat.meter.attempt_duration = &seat.duration;
      seat.meter.delivery_delay = &seat.delay;
    }
    for (const auto& actor : {alerts_.actor(), desk_.actor(), observer_.actor(), asker_.actor()}) keep(actor);
    start_process();
  }

  void start_process() {
    std::map<std::string, caf::actor> handles;
    for (auto& [name, seat] : seats_)
      handles[name] = seat->actor = caf::actor_cast<caf::actor>(
          keep(spawn_destination(stage, destination_meter_, {.name = name, .site = site_, .client = *seat->receiver, .registers = outbox_,
                                                             .attempt_meter = attempt_meter_, .meter = seat->meter, .alerts = alerts_.actor(),
                                                             .observer = observer_.actor(), .clock = shaky_clock()})));
    for (std::uint32_t p = 0; p < partitions; ++p) {
      const auto dispatcher = keep(spawn_dispatcher(stage, dispatcher_meter_,
                                                    {.index = p, .site = site_, .outbox = watched_, .destinations = handles, .alerts = alerts_.actor(),
                                                     .desk = desk_.actor(), .observer = observer_.actor(), .clock = shaky_clock()}));
      dispatchers_.push_back(caf::actor_cast<caf::actor>(dispatcher));
      partitions_.push_back(caf::actor_cast<caf::actor>(
          keep(spawn_partition(stage, partition_meter_, {.index = p, .node = "node", .take_over = true, .journal = journal_, .shelf = journal_,
                                                         .key_meters = {{Effect::ledger, &key_meter_}}, .site = site_, .dispatcher = dispatchers_.back(),
                                                         .observer = observer_.actor(), .applied = &count_, .stale = &count_, .failed = &failed_,
                                                         .apply_delay = &delay_, .clock = shaky_clock()}))));
      caf::anon_send(partitions_.back(), StartPartition{});
    }
    tell_store(up_);
  }

  // As kill -9: what was decided by receivers and written by the store stays, everything else is gone.
  void kill_process() {
    for (auto& [name, seat] : seats_) end(std::exchange(seat->actor, nullptr));
    for (auto& actor : std::exchange(dispatchers_, {})) end(actor);
    for (auto& actor : std::exchange(partitions_, {})) end(actor);
    run();
    for (auto& [name, seat] : seats_) seat->receiver->forget();
    journal_.lose_connection();
    run();
    scheduler.clock().cancel_all();
    alerts_.all<RaiseAlert>().clear();
    fuse_ = 0;
    start_process();
  }

  void tell_store(bool up) {
    for (const auto& actor : partitions_) caf::anon_send(actor, StoreChanged{up, up ? "" : "cut"});
    for (const auto& [name, seat] : seats_) caf::anon_send(seat->actor, StoreChanged{up, up ? "" : "cut"});
  }

  // Until nobody has anything to do at this moment.
  void settle() {
    int rounds = 0;
    for (bool busy = true; busy; ++rounds) {
      ASSERT_LT(rounds, 3'000) << "it does not come to rest";
      run();
      busy = journal_.deliver() > 0;
      for (auto& [name, seat] : seats_)
        for (; seat->receiver->waiting() > 0; busy = true) seat->receiver->answer_one();
    }
  }

  // Every arrival, before it is answered.
  virtual void on_arrival(const std::string& destination, const Arrival& arrival) = 0;

  Clock shaky_clock() {
    return [this] {
      if (fuse_ > 0 && --fuse_ == 0) throw std::runtime_error("planned crash");
      return now;
    };
  }

  std::mt19937_64 dice_;
  std::shared_ptr<Site> site_;
  FakeJournal journal_{Answers::by_hand};
  FakeOutbox outbox_{journal_};
  WatchedOutbox watched_{journal_, outbox_};
  std::map<std::string, std::unique_ptr<Seat>> seats_;
  std::vector<caf::actor> dispatchers_, partitions_;
  ActorMeter& destination_meter_ = meter("Destination");
  ActorMeter& dispatcher_meter_ = meter("Dispatcher");
  ActorMeter& partition_meter_ = meter("Partition");
  ActorMeter attempt_meter_{"Attempt", "attempts", "", {}, {}, {}, {}, {}, {}, {}};
  ActorMeter key_meter_{"Ledger", "Ledgers", "", {}, {}, {}, {}, {}, {}, {}};
  Counter count_, failed_;
  Histogram delay_;
  Recorder<RaiseAlert> alerts_{system};
  Recorder<ResendEnded> desk_{system};
  Recorder<PartitionChanged, Drained> observer_{system};
  Recorder<DeadListed, DeadSettled, DestinationReport, PendingListed> asker_{system};
  std::uint64_t fuse_ = 0;               // looks at the clock until one of them throws; 0: none does
  bool up_ = true;
};

}  // namespace denrei::test
