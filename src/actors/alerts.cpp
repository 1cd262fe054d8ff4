// What operators must know, on its way to their channels.
#include "denrei/actors/alerts.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "alert_message.hpp"
#include "alert_windows.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto drain_for = 3s;                // the process must end; what is not confirmed is raised again at the next start
constexpr std::size_t held_max = 100'000;     // dead letters that wait for a message (about 6 MB), and likewise askers; more are told before it is sent

// A message that not every channel is done with.
struct UnderWay {
  AlertHearers hearers;
  std::size_t channels_left = 0;
};

class AlertsAtWork final : public Supervised<AlertsActor::base> {
 public:
  AlertsAtWork(caf::actor_config& config, ActorMeter& own_meter, AlertsOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](RaiseAlert& order) { on_raise(order); },
        [this](const AlertEnded& fact) { on_alert_ended(fact); },
        [this](AlertTick) { on_tick(); },
        [this](const DispatchersOpened& fact) { on_dispatchers_opened(fact); },
        [this](const SiteChanged& fact) { on_site_changed(fact); },
        [this](const ChannelDrained& fact) { on_channel_drained(fact); },
        [this](const Drain& order) { on_drain(order); },
    };
  }

 private:
  void restart_state() override { on_tick(); }

  void on_exit() override {  // handles that hold each other
    options_.channels.clear();
    options_.observer = nullptr;
    dispatchers_.clear();
    under_way_.clear();
    windows_ = {};
  }

  // --- what is raised

  void on_raise(RaiseAlert& order) {
    AlertDraft draft{{0, std::move(order.alert), 1, options_.clock(), order.id}, {}};
    if (order.asker) take_asker({std::move(order.asker), order.ticket}, draft.hearers);
    if (order.id && !hold({order.partition, *order.id}, draft.hearers)) return settle(draft.hearers.askers);
    if (drained_) return log(draft.message, AlertResult::unsent);
    // Only what somebody will hear is worth counting.
    const auto& alert = draft.message.alert;
    const bool goes_at_once = !alert.rule.empty() || live_channels(alert).empty();
    if (goes_at_once || windows_.is_first(draft, order.id.has_value(), moment())) send_out(std::move(draft));
    go_on();
  }

  void take_asker(AlertAsker asker, AlertHearers& hearers) {
    if (askers_ >= held_max) return settle_one(asker);
    ++askers_;
    hearers.askers.push_back(std::move(asker));
  }

  // False: its alert is already on its way; a Dispatcher that reads its outbox anew raises it again.
  bool hold(const DeadReference& reference, AlertHearers& hearers) {
    if (held_.contains(reference.id.hash)) return false;
    if (held_.size() >= held_max) {
      confirm({reference});
      return true;
    }
    held_.insert(reference.id.hash);
    hearers.dead.push_back(reference);
    return true;
  }

  // --- to the channels and back

  [[nodiscard]] std::vector<std::string> live_channels(const Alert& alert) const {
    std::vector<std::string> names;
    for (const auto& name : alert.channels) {
      const bool is_live = options_.site->channels.contains(name) && options_.channels.contains(name);
      if (is_live && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  void send_out(AlertDraft draft) {
    const auto names = live_channels(draft.message.alert);
    draft.message.number = ++messages_;
    if (names.empty()) {
      tell(draft.hearers);
      return log(draft.message, AlertResult::no_channel);
    }
    const auto message = std::make_shared<const AlertMessage>(std::move(draft.message));
    under_way_[message->number] = {std::move(draft.hearers), names.size()};
    for (const auto& name : names) caf::anon_send(options_.channels.at(name), SendAlert{message, caf::actor_cast<caf::actor>(this)});
  }

  void on_alert_ended(const AlertEnded& fact) {
    const auto at = under_way_.find(fact.number);
    if (at == under_way_.end()) return;
    if (--at->second.channels_left > 0) return;
    const auto hearers = std::move(at->second.hearers);
    under_way_.erase(at);
    tell(hearers);
    go_on();
  }

  void on_site_changed(const SiteChanged& fact) {
    options_.site = fact.site;
    for (const auto& [name, channel] : options_.channels) caf::anon_send(channel, fact);
  }

  // --- to those who wait to hear of it

  void tell(const AlertHearers& hearers) {
    confirm(hearers.dead);
    settle(hearers.askers);
  }

  void settle(const std::vector<AlertAsker>& askers) {
    for (const auto& asker : askers) settle_one(asker);
    askers_ -= askers.size();
  }

  static void settle_one(const AlertAsker& asker) { caf::anon_send(asker.actor, AlertSettled{asker.ticket}); }

  void on_dispatchers_opened(const DispatchersOpened& fact) {
    dispatchers_ = fact.dispatchers;
    confirm(std::exchange(unconfirmed_, {}));
  }

  void confirm(const DeadReferences& references) {
    if (dispatchers_.empty()) {
      if (unconfirmed_.size() < held_max) unconfirmed_.insert(unconfirmed_.end(), references.begin(), references.end());
      return;
    }
    std::map<std::uint32_t, AlertsSent> facts;
    for (const auto& reference : references) {
      held_.erase(reference.id.hash);
      if (reference.partition >= dispatchers_.size()) continue;
      auto& fact = facts[reference.partition];
      fact.ids.push_back(reference.id);
      if (fact.ids.size() == limits::settle_changes_max) caf::anon_send(dispatchers_[reference.partition], std::exchange(fact, {}));
    }
    for (auto& [partition, fact] : facts)
      if (!fact.ids.empty()) caf::anon_send(dispatchers_[partition], std::move(fact));
  }

  // --- time

  void on_tick() {
    if (armed_ && *armed_ <= moment()) armed_.reset();
    for (auto& digest : windows_.take_ended(moment(), options_.clock())) send_out(std::move(digest));
    go_on();
  }

  // Whatever has happened: the end may have come nearer, and the next moment at which something can happen is in the diary.
  void go_on() {
    if (drain_until_) drain_on();
    const auto next = next_moment();
    if (!next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    delayed_send(this, std::max<caf::timespan>(*next - moment(), 0ms), AlertTick{});
  }

  [[nodiscard]] std::optional<Moment> next_moment() const {
    if (drained_ || hurried_) return std::nullopt;
    const auto end = windows_.next_end();
    return drain_until_ && (!end || *drain_until_ < *end) ? drain_until_ : end;
  }

  // --- the end: first our messages, then what the channels say for themselves, and after drain_for whatever is left is unsent

  void on_drain(const Drain& order) {
    if (!drain_until_) {
      drain_until_ = moment() + drain_for;
      send_digests();
    }
    if (order.hurry) drain_until_ = moment();
    go_on();
  }

  // No window is waited for any more.
  void send_digests() {
    for (auto& digest : windows_.take_all(options_.clock())) send_out(std::move(digest));
  }

  void drain_on() {
    if (drained_) return;
    if (*drain_until_ <= moment()) {
      if (!std::exchange(hurried_, true)) drain_channels();
      return;
    }
    if (under_way_.empty()) send_digests();
    if (under_way_.empty() && undrained_.empty()) drain_channels();
  }

  void drain_channels() {
    for (const auto& [name, channel] : options_.channels) {
      undrained_.insert(name);
      caf::anon_send(channel, DrainChannel{caf::actor_cast<caf::actor>(this), hurried_});
    }
    if (options_.channels.empty()) end_drain();
  }

  void on_channel_drained(const ChannelDrained& fact) {
    if (undrained_.erase(fact.channel) > 0 && undrained_.empty()) end_drain();
  }

  void end_drain() {
    if (std::exchange(drained_, true)) return;
    for (const auto& digest : windows_.take_all(options_.clock())) log(digest.message, AlertResult::unsent);
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  void log(const AlertMessage& message, AlertResult result) const {
    if (options_.log != nullptr) options_.log->write(alert_log_line(message, {.result = result}, options_.clock()));
  }

  [[nodiscard]] Moment moment() { return clock().now(); }

  AlertsOptions options_;
  std::vector<caf::actor> dispatchers_;                               // by partition; none: not opened yet
  AlertWindows windows_;
  std::unordered_map<std::uint64_t, UnderWay> under_way_;             // by number; as many as the channels hold
  std::unordered_set<EventId> held_;                                  // hashes of the dead letters that wait for a message
  DeadReferences unconfirmed_;                                        // done before anybody could be told
  std::size_t askers_ = 0;                                            // that wait
  std::uint64_t messages_ = 0;
  std::optional<Moment> armed_;
  std::optional<Moment> drain_until_;
  std::set<std::string> undrained_;                                   // channels that have been told of the end and have not answered
  bool hurried_ = false;
  bool drained_ = false;
};

}  // namespace

AlertsActor spawn_alerts(const Stage& stage, ActorMeter& meter, AlertsOptions options) {
  return spawn_on<AlertsAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
