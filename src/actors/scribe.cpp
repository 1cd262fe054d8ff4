// Group commit of appends.
#include "denrei/actors/scribe.hpp"

#include <deque>
#include <unordered_map>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/actors/verifier.hpp"

namespace denrei {
namespace {

constexpr std::size_t events_waiting_max = 16'384;  // twice what one thread admits at once
constexpr std::chrono::seconds probe_every{1};
constexpr std::chrono::microseconds linger{400};

struct Waiting {
  Append order;                    // without a request: an event of Denrei's own
  caf::strong_actor_ptr asker;     // a request: the Verifier, when it took a unit of a budget; else who hears OwnAppended
  std::uint64_t ticket = 0;        // of OwnAppended
  std::string record;

  [[nodiscard]] bool is_own() const noexcept { return order.request == nullptr; }
};

struct Lane {
  std::deque<Waiting> waiting;
  std::size_t flights = 0;
  std::size_t expected = 1;        // senders that seem to be active: as many as were answered and waited last time
  bool lingering = false;
};

struct Flight {
  std::uint32_t partition = 0;
  std::vector<Waiting> events;
  std::chrono::steady_clock::time_point started;
};

class ScribeAtWork final : public Supervised<Scribe::base> {
 public:
  ScribeAtWork(caf::actor_config& config, ActorMeter& own_meter, ScribeOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](Append& order) { on_append(order); },
        [this](AppendOwn& order) { on_append_own(order); },
        [this](FlushAppends) { on_flush(); },
        [this](AppendFinished& fact) { on_append_finished(fact); },
        [this](const StoreChanged& fact) { on_store_changed(fact); },
        [this](const PartitionsOpened& fact) { partitions_ = fact.partitions; },
        [this](LingerEnded) { on_linger_ended(); },
        [this](ProbeWrites) { on_probe_writes(); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  void on_exit() override {  // handles that hold each other: whoever asked holds ours
    lanes_.clear();
    flights_.clear();
  }

  // What waited or was under way can no longer be answered from here; the sessions' own time-out does it.
  void restart_state() override {
    lanes_.clear();
    flights_.clear();
    waiting_ = 0;
    flush_asked_ = false;
    if (draining_) on_drain();
  }

  void on_append(Append& order) {
    Waiting w{std::move(order), {}, 0, {}};
    if (w.order.limit >= 0) w.asker = current_sender();
    take(std::move(w));
  }

  void on_append_own(AppendOwn& order) {
    Waiting w{{}, current_sender(), order.ticket, {}};
    w.order.event = std::move(order.event);
    take(std::move(w));
  }

  void take(Waiting&& w) {
    if (!up_ || partitions_.empty() || waiting_ >= events_waiting_max) {
      refuse(w);
      return say_replies();
    }
    const auto& event = *w.order.event;
    const auto index = partition_of(event.family, event.key, static_cast<std::uint32_t>(partitions_.size()));
    w.record = encode_event(event);
    lanes_[index].waiting.push_back(std::move(w));
    ++waiting_;
    // A message to ourselves: requests that are already in the mailbox join this append.
    if (!std::exchange(flush_asked_, true)) caf::anon_send(caf::actor_cast<Scribe>(this), FlushAppends{});
  }

  void on_flush() {
    flush_asked_ = false;
    for (auto& [index, lane] : lanes_)
      while (may_fly(lane)) fly(index, lane);
  }

  // An append costs its fsync (about 250 µs of CPU) whether it carries one event or 256. So it leaves when all senders
  // that were active a moment ago have come back, or after a short linger; a lone sender never waits.
  bool may_fly(Lane& lane) {
    if (lane.waiting.empty()) return false;
    if (lane.waiting.size() >= limits::append_events_max) return lane.flights < limits::flushes_in_flight_max;
    if (lane.flights > 0) return false;
    if (lane.waiting.size() >= lane.expected || lane.lingering) return true;
    if (!std::exchange(linger_asked_, true)) delayed_send(this, linger, LingerEnded{});
    return false;
  }

  void on_linger_ended() {
    linger_asked_ = false;
    for (auto& [index, lane] : lanes_) {
      (void)index;
      lane.lingering = true;
    }
    on_flush();
    for (auto& [index, lane] : lanes_) {
      (void)index;
      lane.lingering = false;
    }
  }

  void fly(std::uint32_t index, Lane& lane) {
    const auto id = ++last_flight_;
    auto& flight = flights_[id];
    flight.partition = index;
    flight.started = std::chrono::steady_clock::time_point(clock().now().time_since_epoch());
    std::vector<AppendRecord> records;
    std::size_t bytes = 0;
    while (!lane.waiting.empty() && records.size() < limits::append_events_max && bytes < limits::append_bytes_max) {
      auto& w = lane.waiting.front();
      const auto& e = *w.order.event;
      bytes += w.record.size();
      records.push_back({e.id, e.received_at, e.body_hash, std::move(w.record), w.order.probe, w.order.once});
      flight.events.push_back(std::move(w));
      lane.waiting.pop_front();
      --waiting_;
    }
    ++lane.flights;
    options_.appends->add();
    options_.journal.append(partition_tag(index), std::move(records), options_.clock(),
                            [self = caf::actor_cast<Scribe>(this), id](Result<AppendReply> reply) {
                              caf::anon_send(self, AppendFinished{id, std::move(reply)});
                            });
  }

  void on_append_finished(AppendFinished& fact) {
    if (fact.flight == 0) return on_probed(fact);
    const auto at = flights_.find(fact.flight);
    if (at == flights_.end()) return;  // of a life before
    auto flight = std::move(at->second);
    flights_.erase(at);
    auto& lane = lanes_[flight.partition];
    --lane.flights;
    lane.expected = flight.events.size() + lane.waiting.size();
    options_.append_duration->observe(clock().now().time_since_epoch() - flight.started.time_since_epoch());
    if (fact.reply && fact.reply->outcomes.size() == flight.events.size())
      settle(flight, *fact.reply);
    else
      refuse_all(flight.events);
    note_refusing(fact.reply ? std::string{} : fact.reply.error().detail,
                  !fact.reply && fact.reply.error().code == FaultCode::overloaded);
    say_replies();
    on_flush();
    if (draining_) on_drain();
  }

  void on_probed(const AppendFinished& fact) {
    const bool refused = !fact.reply && fact.reply.error().code == FaultCode::overloaded;
    if (refused) {
      ask_for_room();
      delayed_send(this, probe_every, ProbeWrites{});
    } else {
      note_refusing({}, false);
    }
  }

  void settle(Flight& flight, const AppendReply& reply) {
    EventsAppended appended{reply.previous, reply.last, {}};
    for (std::size_t i = 0; i < flight.events.size(); ++i) {
      auto& w = flight.events[i];
      const auto& outcome = reply.outcomes[i];
      switch (outcome.what) {
        case Appended::fresh:
          appended.events.push_back({outcome.seq, w.order.event});
          accept(w, Verdict::accepted, w.order.event->received_at);
          break;
        case Appended::repeat:
          return_budget(w);
          accept(w, outcome.body_hash == w.order.event->body_hash ? Verdict::repeat : Verdict::conflict, outcome.received_at);
          break;
        case Appended::probed_new:
        case Appended::limited:
          return_budget(w);
          if (w.is_own()) answer_own(w, false);  // nobody asks for that
          else replies_.push_back(refused(w.order));
          break;
      }
    }
    if (appended.events.empty()) return;
    caf::anon_send(partitions_.at(flight.partition), std::move(appended));
  }

  template <class Events>
  void refuse_all(Events& events) {
    for (auto& w : events) refuse(w);
  }

  void refuse(const Waiting& w) {
    if (w.is_own()) return answer_own(w, false);
    return_budget(w);
    replies_.push_back(overloaded(w.order));
  }

  void accept(const Waiting& w, Verdict verdict, WallTime received_at) {
    if (w.is_own()) return answer_own(w, true);
    replies_.push_back(accepted(w.order, verdict, received_at));
  }

  static void answer_own(const Waiting& w, bool ok) {
    if (w.asker) caf::anon_send(caf::actor_cast<caf::actor>(w.asker), OwnAppended{w.ticket, ok});
  }

  // A store that is there but takes no writes (full, or its disk is) is asked every second whether it does again, so
  // that readiness comes back without traffic.
  void note_refusing(const std::string& why, bool refusing) {
    if (refusing && !refusing_) {
      delayed_send(this, probe_every, ProbeWrites{});
      ask_for_room();
    }
    if (refusing != std::exchange(refusing_, refusing))
      caf::anon_send(options_.registry, WritesRefused{meter().name, refusing ? why : std::string{}});
  }

  void ask_for_room() {
    for (const auto& partition : partitions_) caf::anon_send(partition, MakeRoom{});
  }

  void on_probe_writes() {
    if (!refusing_ || partitions_.empty()) return;
    const auto now = options_.clock();
    options_.journal.append(partition_tag(0), {{make_event_id("probe", meter().name), now, 0, {}, true, {}}}, now,
                            [self = caf::actor_cast<Scribe>(this)](Result<AppendReply> reply) {
                              caf::anon_send(self, AppendFinished{0, std::move(reply)});
                            });
  }

  static void return_budget(const Waiting& w) {
    if (w.asker && !w.is_own())
      caf::anon_send(caf::actor_cast<Verifier>(w.asker), BudgetReturned{w.order.source, w.order.site, w.order.limit});
  }

  static Reply accepted(const Append& order, Verdict verdict, WallTime received_at) {
    const auto& e = *order.event;
    Reply reply{order.request,
                render_accepted(order.source->source.dialect, {e.id, e.identity, received_at, verdict != Verdict::accepted}),
                verdict};
    reply.source = order.source;
    reply.site = order.site;
    reply.event = order.event;
    return reply;
  }

  static Reply refused(const Append& order) {
    return make_refusal(order.request, order.site, order.source, order.refusal, order.event);
  }

  static Reply overloaded(const Append& order) {
    return make_refusal(order.request, order.site, order.source,
                        {.why = Refusal::overloaded, .detail = "the event could not be made durable; send it again"},
                        order.event);
  }

  // One message an edge, however many answers became ready together.
  void say_replies() {
    while (!replies_.empty()) {
      const auto edge = replies_.front().request->edge;
      RepliesReady ready;
      std::vector<Reply> others;
      for (auto& r : replies_) (r.request->edge == edge ? ready.replies : others).push_back(std::move(r));
      replies_ = std::move(others);
      caf::anon_send(edge, std::move(ready));
    }
  }

  void on_store_changed(const StoreChanged& fact) {
    up_ = fact.up;
    if (up_) return;
    for (auto& [index, lane] : lanes_) {
      (void)index;
      refuse_all(lane.waiting);
      waiting_ -= lane.waiting.size();
      lane.waiting.clear();
    }
    say_replies();
    if (draining_) on_drain();
  }

  void on_drain() {
    draining_ = true;
    if (waiting_ > 0 || !flights_.empty() || std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  ScribeOptions options_;
  std::vector<caf::actor> partitions_;            // of the whole store; empty until it is open
  bool up_ = false;
  bool refusing_ = false;                         // the store takes no writes
  bool draining_ = false;
  bool drained_ = false;
  bool flush_asked_ = false;
  bool linger_asked_ = false;
  std::size_t waiting_ = 0;
  std::uint64_t last_flight_ = 0;
  std::map<std::uint32_t, Lane> lanes_;           // by partition
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::vector<Reply> replies_;                    // ready in this message's handling
};

}  // namespace

Scribe spawn_scribe(const Stage& stage, ActorMeter& meter, ScribeOptions options) {
  return spawn_on<ScribeAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
