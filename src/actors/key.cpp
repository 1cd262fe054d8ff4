// One key's own actor.
#include "denrei/actors/key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "denrei/actors/supervised.hpp"

namespace denrei {
namespace {

class KeyAtWork final : public Supervised<KeyActor::base> {
 public:
  KeyAtWork(caf::actor_config& config, ActorMeter& key_meter, KeyOptions options)
      : Supervised(config, key_meter), options_(std::move(options)) {
    if (!options_.file.empty()) {
      auto file = open_key_file(options_.file);
      if (!file) {
        unreadable_ = true;
        return;
      }
      file_ = std::move(*file);
    }
    logic_ = fresh_logic();
  }

  behavior_type make_behavior() override {
    return {[this](const Decide& order) { on_decide(order); }};
  }

 private:
  void restart_state() override { logic_ = fresh_logic(); }

  // Null when the state is unreadable. Then its bytes are kept as they are, and events are recorded as failed.
  std::unique_ptr<KeyLogic> fresh_logic() {
    if (unreadable_) return nullptr;
    auto logic = options_.make_logic(options_.effect, options_.key, file_.state);
    return logic ? std::move(*logic) : nullptr;
  }

  void on_decide(const Decide& order) {
    auto decided = std::make_shared<Decided>();
    decided->batch = order.batch;
    decided->field = options_.field;
    for (std::size_t i = 0; i < order.events.size(); ++i) take(order, i, *decided);
    if (logic_) file_.state = logic_->encode_state();
    failed_here_.clear();
    decided->file = unreadable_ ? options_.file : encode_key_file(file_);
    caf::anon_send(caf::actor_cast<caf::actor>(current_sender()), DecidedPtr(std::move(decided)));
  }

  // An event that throws is poison: it is recorded as failed, and the state is rebuilt without it from the last
  // encoded one by deciding this batch's earlier events again (decisions are pure).
  void take(const Decide& order, std::size_t index, Decided& decided) {
    const auto& it = order.events[index];
    try {
      return record(it, logic_ ? logic_->decide(*it.event) : Decision{Outcome::failed, {}, {}}, decided);
    } catch (const std::exception&) {
      meter().restarts.fetch_add(1, std::memory_order_relaxed);
      failed_here_.push_back(index);
      logic_ = fresh_logic();
      for (std::size_t i = 0; i < index && logic_; ++i)
        if (std::find(failed_here_.begin(), failed_here_.end(), i) == failed_here_.end())
          (void)logic_->decide(*order.events[i].event);
    }
    record(it, {Outcome::failed, {}, {}}, decided);
  }

  void record(const SequencedEvent& it, Decision decision, Decided& decided) {
    const auto& e = *it.event;
    if (!unreadable_)  // else no line either: nothing of the file is touched
      add_line(file_, options_.field,  // throws before it has changed anything
               {it.seq, e.id, e.type, e.occurred_at, e.received_at, decision.outcome, std::move(decision.note)},
               decided.chunks);
    decided.applied += decision.outcome == Outcome::applied;
    decided.stale += decision.outcome == Outcome::stale;
    decided.failed += decision.outcome == Outcome::failed;
    for (std::size_t n = 0; n < decision.notifications.size(); ++n)
      decided.notifications.emplace_back(fmt::format("{}-{}", it.seq, n), std::move(decision.notifications[n]));
  }

  KeyOptions options_;
  KeyFile file_;
  std::unique_ptr<KeyLogic> logic_;
  bool unreadable_ = false;
  std::vector<std::size_t> failed_here_;  // at most one batch long
};

}  // namespace

std::string_view key_kind(Effect effect) noexcept {
  switch (effect) {
    case Effect::ledger: return "Ledger";
    case Effect::employee: return "StaffMember";
    case Effect::acknowledgement: return "CaseFile";
    case Effect::bulletin: return "Bulletin";
    case Effect::announcement: return "Announcement";
  }
  return "Ledger";
}

KeyActor spawn_key(const Stage& stage, ActorMeter& meter, KeyOptions options) {
  return spawn_on<KeyAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
