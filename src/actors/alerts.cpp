// What operators must know, on its way to their channels.
#include "denrei/actors/alerts.hpp"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "alert_message.hpp"
#include "alert_windows.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/retry.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr Millis first_wait = 1s;
constexpr std::uint32_t doublings_max = 6;    // the longest wait of ours is about a minute, a window
constexpr Millis retry_after_max = 1h;        // as for destinations
constexpr auto drain_for = 3s;                // the process must end; what is not confirmed is raised again at the next start
constexpr std::size_t held_max = 100'000;     // dead letters that wait for a message (about 6 MB); more are confirmed before it is sent

// What waits for one channel; the front is the one that is tried.
struct Line {
  std::deque<AlertMessagePtr> queue;
  std::uint32_t tries = 0;           // of the front
  std::uint64_t sending = 0;         // number of the send under way; 0: none
  Moment not_before{};
  AlertMessagePtr left_out;          // stands for those that found the queue full; null: none did
};

class AlertsAtWork final : public Supervised<AlertsActor::base> {
 public:
  AlertsAtWork(caf::actor_config& config, ActorMeter& own_meter, AlertsOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](RaiseAlert& order) { on_raise(order); },
        [this](const AlertSendEnded& fact) { on_send_ended(fact); },
        [this](AlertTick) { on_tick(); },
        [this](const DispatchersOpened& fact) { on_dispatchers_opened(fact); },
        [this](const SiteChanged& fact) { options_.site = fact.site; },
        [this](const Drain& order) { on_drain(order); },
    };
  }

 private:
  // A send that threw has failed; what else is under way goes on.
  void restart_state() override {
    if (const auto channel = std::exchange(handing_to_, {}); !channel.empty())
      on_send_ended({channel, false, true, "the send crashed", lines_[channel].sending, {}});
    on_tick();
  }

  // --- what is raised

  void on_raise(RaiseAlert& order) {
    AlertMessage message{std::move(order.alert), {}, 1, options_.clock(), 0, 0};
    if (order.id && !hold({order.partition, *order.id}, message.about)) return;
    if (drained_) return log(message, {.result = AlertResult::unsent});
    // Only what somebody will hear is worth counting.
    const bool heard = !live_channels(message.alert).empty();
    if (!heard || windows_.is_first(message, order.id.has_value(), moment())) send_out(std::move(message));
    go_on();
  }

  // False: its alert is already on its way; a Dispatcher that reads its outbox anew raises it again.
  bool hold(const DeadReference& reference, DeadReferences& about) {
    if (held_.contains(reference.id.hash)) return false;
    if (held_.size() >= held_max) {
      confirm({reference});
      return true;
    }
    held_.insert(reference.id.hash);
    about.push_back(reference);
    return true;
  }

  // --- to the channels

  [[nodiscard]] std::vector<std::string> live_channels(const Alert& alert) const {
    std::vector<std::string> names;
    for (const auto& name : alert.channels)
      if (options_.site->channels.contains(name) && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return names;
  }

  void send_out(AlertMessage made) {
    const auto names = live_channels(made.alert);
    const auto message = std::make_shared<AlertMessage>(std::move(made));
    message->number = ++messages_;
    message->channels_left = names.size();
    if (names.empty()) {
      log(*message, {.result = AlertResult::no_channel});
      confirm(message->about);
    }
    for (const auto& name : names) enqueue(name, message);
  }

  void enqueue(const std::string& name, const AlertMessagePtr& message) {
    auto& line = lines_[name];
    if (line.queue.size() < limits::alerts_waiting_max) return line.queue.push_back(message);
    const auto before = line.left_out ? line.left_out->stands_for : 0;
    line.left_out = std::make_shared<AlertMessage>(AlertMessage{message->alert, {}, before + message->stands_for, options_.clock(), 0, 0});
    give_up(*message, {.channel = name, .result = AlertResult::left_out});
  }

  void send_next(const std::string& name, Line& line) {
    while (!drained_ && line.sending == 0 && !line.queue.empty() && line.not_before <= moment()) {
      const auto at = options_.site->channels.find(name);
      if (at == options_.site->channels.end()) {
        finish_front(line, {.channel = name, .result = AlertResult::given_up, .tries = line.tries, .why = "the channel is gone"});
        continue;
      }
      handing_to_ = name;
      ++line.tries;
      line.sending = ++sends_;
      hand_over(*at->second, *line.queue.front(), line.sending);
      handing_to_.clear();
    }
  }

  void hand_over(const LiveChannel& live, const AlertMessage& message, std::uint64_t number) {
    const auto self = caf::actor_cast<AlertsActor>(this);
    const auto& name = live.channel.name;
    switch (live.channel.kind) {
      case ChannelKind::slack: {
        const auto client = options_.clients.find(name);
        if (client == options_.clients.end())
          return caf::anon_send(self, AlertSendEnded{name, false, false, "it has no client", number, {}});
        return client->second->send(make_slack_request(live, message), [self, name, number](Exchange exchange) {
          caf::anon_send(self, judge_slack_answer(name, number, std::move(exchange)));
        });
      }
      case ChannelKind::email:
        return options_.mailer.send(make_alert_mail(live, message), [self, name, number](Result<void> result) {
          caf::anon_send(self, judge_mail(name, number, result));
        });
    }
  }

  void on_send_ended(const AlertSendEnded& fact) {
    const auto at = lines_.find(fact.channel);
    if (at == lines_.end() || at->second.sending != fact.number || fact.number == 0) return;
    auto& line = at->second;
    line.sending = 0;
    if (fact.ok) finish_front(line, {.channel = fact.channel, .result = AlertResult::sent, .tries = line.tries});
    else if (!drained_) on_send_failed(fact, line);
    go_on();
  }

  void on_send_failed(const AlertSendEnded& fact, Line& line) {
    const auto asked = std::min(parse_retry_after(fact.retry_after, options_.clock()).value_or(0ms), retry_after_max);
    const auto at = options_.site->channels.find(fact.channel);
    if (fact.again && at != options_.site->channels.end() && line.tries <= at->second->channel.retries) {
      const auto doubled = first_wait * (1u << std::min(line.tries - 1, doublings_max));
      line.not_before = moment() + std::max<Millis>(doubled, asked);
      return;
    }
    line.not_before = moment() + asked;  // it asked for silence, whichever message is next
    finish_front(line, {.channel = fact.channel, .result = AlertResult::given_up, .tries = line.tries, .why = fact.why});
  }

  void finish_front(Line& line, const AlertOutcome& outcome) {
    const auto message = std::move(line.queue.front());
    line.queue.pop_front();
    line.tries = 0;
    if (outcome.result == AlertResult::sent) {
      log(*message, outcome);
      if (options_.sent != nullptr) options_.sent->add();
      leave_channel(*message);
    } else {
      give_up(*message, outcome);
    }
    if (line.left_out) tell_left_out(line);
  }

  void tell_left_out(Line& line) {
    const auto message = std::exchange(line.left_out, nullptr);
    message->alert = make_digest(message->alert, message->stands_for, options_.clock());
    message->number = ++messages_;
    message->channels_left = 1;
    line.queue.push_back(message);
  }

  void give_up(AlertMessage& message, const AlertOutcome& outcome) {
    log(message, outcome);
    if (options_.failed != nullptr) options_.failed->add();
    leave_channel(message);
  }

  void leave_channel(AlertMessage& message) {
    if (--message.channels_left == 0) confirm(message.about);
  }

  // --- to the Dispatchers

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

  // Whatever has happened: what can go goes, and the next moment at which something can is in the diary.
  void go_on() {
    for (auto& [name, line] : lines_) send_next(name, line);
    if (drain_until_) end_if_drained();
    const auto next = next_moment();
    if (!next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    delayed_send(this, std::max<caf::timespan>(*next - moment(), 0ms), AlertTick{});
  }

  [[nodiscard]] std::optional<Moment> next_moment() const {
    if (drained_) return std::nullopt;
    auto next = drain_until_;
    const auto consider = [&next](Moment moment) { next = next ? std::min(*next, moment) : moment; };
    if (const auto end = windows_.next_end()) consider(*end);
    for (const auto& [name, line] : lines_)
      if (line.sending == 0 && !line.queue.empty()) consider(line.not_before);
    return next;
  }

  // --- the end

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
    for (auto& [name, line] : lines_) send_next(name, line);
  }

  void end_if_drained() {
    if (drained_) return;
    if (*drain_until_ > moment()) {
      if (is_idle()) send_digests();
      if (!is_idle()) return;
    }
    drained_ = true;
    log_unsent();
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  [[nodiscard]] bool is_idle() const {
    return std::all_of(lines_.begin(), lines_.end(), [](const auto& item) { return item.second.queue.empty(); });
  }

  void log_unsent() {
    for (const auto& [name, line] : lines_)
      for (const auto& message : line.queue) log(*message, {.channel = name, .result = AlertResult::unsent});
    for (const auto& digest : windows_.take_all(options_.clock())) log(digest, {.result = AlertResult::unsent});
  }

  void log(const AlertMessage& message, const AlertOutcome& outcome) const {
    if (options_.log != nullptr) options_.log->write(alert_log_line(message, outcome, options_.clock()));
  }

  [[nodiscard]] Moment moment() { return clock().now(); }

  AlertsOptions options_;
  std::vector<caf::actor> dispatchers_;                               // by partition; none: not opened yet
  AlertWindows windows_;
  std::map<std::string, Line> lines_;                                 // as many as channels were ever configured
  std::unordered_set<EventId> held_;                                  // hashes of the dead letters that wait for a message
  DeadReferences unconfirmed_;                                        // done before anybody could be told
  std::uint64_t messages_ = 0;
  std::uint64_t sends_ = 0;
  std::string handing_to_;                                            // the channel whose send is being called
  std::optional<Moment> armed_;
  std::optional<Moment> drain_until_;
  bool drained_ = false;
};

}  // namespace

AlertsActor spawn_alerts(const Stage& stage, ActorMeter& meter, AlertsOptions options) {
  return spawn_on<AlertsAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
