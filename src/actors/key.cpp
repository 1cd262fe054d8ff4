// One key's own actor.
#include "denrei/actors/key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "denrei/actors/supervised.hpp"

namespace denrei {
namespace {

// Between events only the packed file is kept: one block of memory. A decoded record is a dozen scattered strings, and
// with thousands of live keys, each touched rarely, fetching those costs more than decoding (5 µs an event measured).
// What follows from a batch and only goes out: of each type the last that an event emitted, with the index of that event.
class Emitted {
 public:
  void add(std::size_t index, std::vector<Emission> emissions) {
    for (auto& emission : emissions) {
      std::erase_if(last_, [&emission](const auto& earlier) { return earlier.second.type == emission.type; });
      last_.emplace_back(index, std::move(emission));
    }
  }

  // An event like any other for routes and receivers, though no log has it. Its id follows from its source's, so that writing it
  // twice changes nothing.
  [[nodiscard]] std::vector<Event> events_of(std::size_t index, const Event& source) {
    std::vector<Event> events;
    for (auto& [from, emission] : last_) {
      if (from != index) continue;
      auto& event = events.emplace_back();
      event.id = make_event_id("denrei", source.id.hex() + emission.type);
      event.effect = source.effect;
      event.source = "denrei";
      event.family = source.family;
      event.key = source.key;
      event.type = emission.type;
      event.occurred_at = source.occurred_at;
      event.received_at = source.received_at;
      event.body = std::move(emission.body);
    }
    return events;
  }

 private:
  std::vector<std::pair<std::size_t, Emission>> last_;
};

class KeyAtWork final : public Supervised<KeyActor::base> {
 public:
  KeyAtWork(caf::actor_config& config, ActorMeter& key_meter, KeyOptions options)
      : Supervised(config, key_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {[this](const Decide& order) { on_decide(order); }};
  }

 private:
  void restart_state() override {}

  void on_decide(const Decide& order) {
    auto decided = std::make_shared<Decided>();
    decided->batch = order.batch;
    decided->field = options_.field;
    auto file = options_.file.empty() ? Result<KeyFile>(KeyFile{}) : open_key_file(options_.file);
    if (!file || !decide_and_encode(order, *file, *decided)) {
      *decided = {.batch = order.batch, .field = options_.field};  // an unreadable file is not touched
      decided->failed = static_cast<std::uint32_t>(order.events.size());
      KeyFile none;
      Emitted nothing;
      plan(order, none, nothing, *decided);  // accepted is accepted: others get it all the same
    }
    decided->file = options_.file;
    caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), DecidedPtr(std::move(decided)));
  }

  // The Partition waits for an answer to every Decide, so nothing that goes wrong in here may swallow it.
  bool decide_and_encode(const Decide& order, KeyFile& file, Decided& decided) {
    try {
      Emitted emitted;
      decide_all(order, file, emitted, decided);
      plan(order, file, emitted, decided);
      options_.file = encode_key_file(file);
      return true;
    } catch (const std::exception&) {
      meter().restarts.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
  }

  // A state that nobody can read keeps its bytes; its events are recorded as failed.
  void decide_all(const Decide& order, KeyFile& file, Emitted& emitted, Decided& decided) {
    auto logic = fresh_logic(file.state);
    std::vector<bool> poison(order.events.size(), false);
    for (std::size_t i = 0; i < order.events.size(); ++i) {
      if (auto emissions = logic ? decide_and_record(*logic, order.events[i], file, decided) : std::nullopt) {
        emitted.add(i, std::move(*emissions));
        continue;
      }
      poison[i] = true;
      logic = logic_before(order, i, poison, file.state);
      record(order.events[i], {.outcome = Outcome::failed}, file, decided);
    }
    if (logic) file.state = logic->encode_state();
  }

  std::unique_ptr<KeyLogic> fresh_logic(const std::string& state) {
    const auto nul = options_.field.find('\0');
    auto logic = options_.make_logic(options_.effect, std::string_view(options_.field).substr(nul + 1), state);
    return logic ? std::move(*logic) : nullptr;
  }

  // What the event emits. Nothing: it throws, in its decision or because its line cannot be written; then nothing is recorded.
  std::optional<std::vector<Emission>> decide_and_record(KeyLogic& logic, const SequencedEvent& it, KeyFile& file, Decided& decided) {
    try {
      auto decision = logic.decide(*it.event);
      auto emissions = std::move(decision.emissions);
      record(it, std::move(decision), file, decided);
      return emissions;
    } catch (const std::exception&) {
      meter().restarts.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
  }

  // Decisions are pure: the state without the poison is the last one kept, with this batch's good events decided again.
  std::unique_ptr<KeyLogic> logic_before(const Decide& order, std::size_t index, const std::vector<bool>& poison, const std::string& state) {
    auto logic = fresh_logic(state);
    for (std::size_t i = 0; i < index && logic; ++i)
      if (!poison[i]) (void)logic->decide(*order.events[i].event);
    return logic;
  }

  void record(const SequencedEvent& it, Decision decision, KeyFile& file, Decided& decided) {
    const auto& e = *it.event;
    if (decision.has_line || decision.outcome == Outcome::failed)
      add_line(file, options_.field,
               {it.seq, e.id, e.type, e.occurred_at, e.received_at, decision.outcome, std::move(decision.note)},
               decided.chunks);  // the only line here that can throw
    decided.applied += decision.outcome == Outcome::applied;
    decided.stale += decision.outcome == Outcome::stale;
    decided.failed += decision.outcome == Outcome::failed;
    for (std::size_t n = 0; n < decision.notifications.size(); ++n)
      decided.notifications.emplace_back(fmt::format("{}-{}", it.seq, n), std::move(decision.notifications[n]));
  }

  // What was accepted goes out, whatever it did here: stale or not is for each receiver to decide. What it emitted goes right behind it.
  static void plan(const Decide& order, KeyFile& file, Emitted& emitted, Decided& decided) {
    if (!order.routes || order.routes->empty()) return;
    for (std::size_t i = 0; i < order.events.size(); ++i) {
      const auto& it = order.events[i];
      plan_one(order, *it.event, it.seq, file, decided);
      for (const auto& event : emitted.events_of(i, *it.event)) plan_one(order, event, it.seq, file, decided);
    }
  }

  static void plan_one(const Decide& order, const Event& event, std::uint64_t seq, KeyFile& file, Decided& decided) {
    for (auto& delivery : plan_deliveries(*order.routes, event, seq, order.now, file.lane_sequences))
      decided.deliveries.push_back(std::make_shared<const Delivery>(std::move(delivery)));
  }

  KeyOptions options_;
};

}  // namespace

std::string_view key_kind(Effect effect) noexcept {
  switch (effect) {
    case Effect::ledger: return "Ledger";
    case Effect::employee: return "StaffMember";
    case Effect::acknowledgement: return "CaseFile";
    case Effect::bulletin: return "Bulletin";
    case Effect::announcement: return "Announcement";
    case Effect::tally: return "Tally";
  }
  return "Ledger";
}

KeyActor spawn_key(const Stage& stage, ActorMeter& meter, KeyOptions options) {
  return spawn_on<KeyAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
