// The scheduler module: one unit a loop, a clock that uses the calling loop's timers, and a printer that needs no thread.
#include "denrei/runtime/asio_scheduler.hpp"

#include <boost/asio/post.hpp>
#include <iostream>

namespace denrei {
namespace {

constexpr std::size_t messages_per_turn = 64;  // so that one busy actor cannot own its loop

// What aout() would do on a thread of its own. Nothing of ours prints through it; CAF's own complaints do.
class Printer final : public caf::monitorable_actor {
 public:
  explicit Printer(caf::actor_config& config) : caf::monitorable_actor(config) {}
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override {
    caf::message_handler print{[](caf::add_atom, caf::actor_id, const std::string& text) { std::cerr << text; }};
    print(element->content());
  }
};

}  // namespace

// Routes clock calls to the private timer queue of the calling loop; calls from other threads go to loop 0.
class AsioScheduler::RouterClock final : public caf::actor_clock {
 public:
  explicit RouterClock(AsioScheduler& owner) : owner_(owner) {}
  void set_ordinary_timeout(time_point t, caf::abstract_actor* a, caf::atom_value type, std::uint64_t id) override {
    on_loop([t, type, id, keep = keep_alive(a)](LoopClock& c) { c.set_ordinary_timeout(t, keep->get(), type, id); });
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* a, caf::atom_value type, std::uint64_t id) override {
    on_loop([t, type, id, keep = keep_alive(a)](LoopClock& c) { c.set_multi_timeout(t, keep->get(), type, id); });
  }
  void set_request_timeout(time_point t, caf::abstract_actor* a, caf::message_id id) override {
    on_loop([t, id, keep = keep_alive(a)](LoopClock& c) { c.set_request_timeout(t, keep->get(), id); });
  }
  void cancel_ordinary_timeout(caf::abstract_actor* a, caf::atom_value type) override {
    if (auto* unit = LoopUnit::current()) unit->clock().cancel_ordinary_timeout(a, type);
  }
  void cancel_request_timeout(caf::abstract_actor* a, caf::message_id id) override {
    if (auto* unit = LoopUnit::current()) unit->clock().cancel_request_timeout(a, id);
  }
  void cancel_timeouts(caf::abstract_actor* a) override {
    if (auto* unit = LoopUnit::current()) unit->clock().cancel_timeouts(a);
  }
  void schedule_message(time_point t, caf::strong_actor_ptr to, caf::mailbox_element_ptr m) override {
    on_loop([t, to = std::move(to), m = std::move(m)](LoopClock& c) mutable {
      c.schedule_message(t, std::move(to), std::move(m));
    });
  }
  void schedule_message(time_point t, caf::group group, caf::strong_actor_ptr from, caf::message m) override {
    on_loop([t, group = std::move(group), from = std::move(from), m = std::move(m)](LoopClock& c) {
      c.schedule_message(t, group, from, m);
    });
  }
  void cancel_all() override {}

 private:
  static caf::strong_actor_ptr keep_alive(caf::abstract_actor* a) { return caf::strong_actor_ptr{a->ctrl()}; }
  template <class Action>
  void on_loop(Action action) {
    if (auto* here = LoopUnit::current()) {
      action(here->clock());
      here->clock().rearm();
      return;
    }
    auto* unit = owner_.units_.front().get();
    boost::asio::post(unit->loop(), [unit, action = std::move(action)]() mutable {
      action(unit->clock());
      unit->clock().rearm();
    });
  }
  AsioScheduler& owner_;
};

AsioScheduler::AsioScheduler(caf::actor_system& system, std::vector<boost::asio::io_context*> loops)
    : abstract_coordinator(system), loops_(std::move(loops)), clock_(std::make_unique<RouterClock>(*this)) {
  for (auto* loop : loops_) units_.push_back(std::make_unique<LoopUnit>(system, *loop, messages_per_turn));
}

AsioScheduler::~AsioScheduler() = default;

void AsioScheduler::enqueue(caf::resumable* job) {
  auto* here = LoopUnit::current();
  (here != nullptr ? here : units_[next_worker_++ % units_.size()].get())->exec_later(job);
}

caf::actor_clock& AsioScheduler::clock() noexcept { return *clock_; }

void AsioScheduler::start() {
  caf::actor_config config{units_.front().get()};
  auto& sys = system();
  utility_actors_[printer_id] = caf::make_actor<Printer, caf::actor>(sys.next_actor_id(), sys.node(), &sys, config);
}

void AsioScheduler::run_remaining() {
  for (bool any = true; any;) {
    any = false;
    for (auto& unit : units_) any = unit->run_remaining() || any;
  }
}

void AsioScheduler::stop() {
  run_remaining();
  for (auto& unit : units_) unit->clock().clear();
}

void install_asio_scheduler(caf::actor_system_config& config, std::vector<boost::asio::io_context*> loops) {
  config.module_factories.push_back([loops = std::move(loops)](caf::actor_system& system) -> caf::actor_system::module* {
    return new AsioScheduler(system, loops);  // CAF owns its modules and deletes them
  });
}

AsioScheduler& scheduler_of(caf::actor_system& system) { return dynamic_cast<AsioScheduler&>(system.scheduler()); }

}  // namespace denrei
