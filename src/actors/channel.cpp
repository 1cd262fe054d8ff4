// One channel: its queue, its tries and the providers that they go over.
#include "denrei/actors/channel.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "alert_message.hpp"
#include "channel_requests.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/retry.hpp"
#include "denrei/domain/sliding_limit.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

// What waits; the front is the one that is tried.
struct Waiting {
  AlertMessagePtr message;
  caf::actor asker;                             // null: the channel itself
};

// What decides how tries go on; when it changes, they begin anew.
struct Way {
  std::string service;                          // empty: none
  std::size_t providers = 1;
  std::uint32_t retries = 0;
  Millis return_after{60'000};
  friend bool operator==(const Way&, const Way&) = default;
};

Way make_way(const LiveChannel& live, const LiveService* service) {
  if (service == nullptr) return {.service = {}, .retries = live.channel.retries};
  const auto& s = service->service;
  return {s.name, s.providers.size(), s.retries, s.return_after};
}

class ChannelAtWork final : public Supervised<ChannelActor::base> {
 public:
  ChannelAtWork(caf::actor_config& config, ActorMeter& own_meter, ChannelOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    since_ = options_.clock();
    read_site();
    (void)adopt_way();
    return {
        [this](SendAlert& order) { on_send_alert(order); },
        [this](const ChannelTryEnded& fact) { on_try_ended(fact); },
        [this](const NotificationPosted& fact) { on_posted(fact); },
        [this](ChannelTick) { on_tick(); },
        [this](const SiteChanged& fact) { on_site_changed(fact); },
        [this](const DrainChannel& order) { on_drain(order); },
    };
  }

 private:
  // A send that threw has failed; what else waits goes on.
  void restart_state() override {
    if (std::exchange(handing_over_, false)) on_try_ended({sending_, JobOutcome::again, "the send crashed", {}});
    go_on();
  }

  void on_exit() override {  // handles that hold each other
    queue_.clear();
    drain_ = options_.inbox = options_.fan_out = options_.registry = nullptr;
  }

  // --- what it is to do, and by whom

  void on_site_changed(const SiteChanged& fact) {
    options_.site = fact.site;
    read_site();
    if (sending_ != 0 || !adopt_way()) report();
    check_at_ = steady_now();  // perhaps the reload has mended what was wrong
    go_on();
  }

  void read_site() {
    const auto& site = *options_.site;
    const auto at = site.channels.find(options_.name);
    live_ = at == site.channels.end() ? nullptr : at->second;
    const bool is_mail = live_ && live_->channel.kind == ChannelKind::email;
    const auto by = is_mail ? site.services.find(live_->channel.service) : site.services.end();
    service_ = by == site.services.end() ? nullptr : by->second;
  }

  // Between two tries: with another service, other providers or retries the message at the front begins anew, and what was known is void.
  bool adopt_way() {
    const auto way = live_ ? make_way(*live_, service_.get()) : Way{};
    if (way == way_) return false;
    state_of(way_.service).store(ServiceState::unknown);  // nobody may be left who could say otherwise
    way_ = way;
    failover_ = Failover({.providers = way.providers, .retries = way.retries, .return_after = way.return_after});
    end_job();
    reported_provider_.clear();
    write_state(ServiceState::unknown);
    return true;
  }

  void end_job() {
    try_.reset();
    checking_ = false;
  }

  // --- the queue

  void on_send_alert(SendAlert& order) {
    if (drained_) return log(*order.message, {.channel = options_.name, .result = AlertResult::unsent});
    if (queue_.size() >= limits::alerts_waiting_max) return leave_out(order);
    if (checking_ && sending_ == 0) end_job();  // the message asks better
    queue_.push_back({std::move(order.message), std::move(order.asker)});
    go_on();
  }

  void leave_out(const SendAlert& order) {
    const auto before = left_out_ ? left_out_->stands_for : 0;
    left_out_ = AlertMessage{0, order.message->alert, before + order.message->stands_for, options_.clock(), std::nullopt};
    give_up({order.message, order.asker}, {.channel = options_.name, .result = AlertResult::left_out});
  }

  // Whatever has happened: what can go goes, and the next moment at which something can is in the diary.
  void go_on() {
    while (may_try()) begin_try();
    if (drain_ && queue_.empty()) end_drain();
    const auto next = next_moment();
    if (!next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    delayed_send(this, std::max<caf::timespan>(*next - steady_now(), 0ms), ChannelTick{});
  }

  void on_tick() {
    if (armed_ && *armed_ <= steady_now()) armed_.reset();
    go_on();
  }

  // Whether the message at the front, or the question whether the service is back, may be tried now; begins the job.
  bool may_try() {
    if (drained_ || sending_ != 0) return false;
    (void)adopt_way();
    if (!live_) return !queue_.empty();
    const auto now = steady_now();
    if (!try_ && !queue_.empty()) {
      if (limit_wait(now) > 0ms) return false;
      try_ = failover_.begin(now);
    }
    if (!try_ && is_to_check() && check_at_ <= now) {
      checking_ = true;
      try_ = failover_.begin(now);
    }
    return try_ && try_->not_before <= now;
  }

  [[nodiscard]] bool is_to_check() const { return service_ && queue_.empty() && !drain_ && failover_.state() == ServiceState::down; }

  [[nodiscard]] Millis limit_wait(WallTime now) {
    const auto count = live_->channel.per_minute;
    if (count != limit_count_) {
      limit_count_ = count;
      limit_.reset();
      if (count > 0) limit_.emplace(count, 1min);
    }
    return limit_ ? limit_->wait(now) : 0ms;
  }

  void begin_try() {
    if (!live_) return finish_front({.channel = options_.name, .result = AlertResult::given_up, .why = "the channel is gone"});
    if (limit_ && !checking_ && failover_.tries() == 0) (void)limit_->take(steady_now());
    sending_ = ++tries_;
    handing_over_ = true;
    hand_over(sending_);
    handing_over_ = false;
  }

  [[nodiscard]] std::optional<WallTime> next_moment() {
    if (drained_ || sending_ != 0) return std::nullopt;
    if (try_) return try_->not_before;
    const auto now = steady_now();
    if (!queue_.empty()) return now + limit_wait(now);
    return is_to_check() ? std::optional(check_at_) : std::nullopt;
  }

  // --- one try

  void hand_over(std::uint64_t number) {
    const auto ended = [self = caf::actor_cast<ChannelActor>(this)](ChannelTryEnded fact) { caf::anon_send(self, std::move(fact)); };
    const auto nobody = [&](std::string why) { ended({number, JobOutcome::bad_job, std::move(why), {}}); };
    switch (live_->channel.kind) {
      case ChannelKind::slack:
        if (options_.client == nullptr) return nobody("it has no client");
        return options_.client->send(make_slack_request(*live_, front()), [ended, number](Exchange e) { ended(judge_exchange(number, std::move(e))); });
      case ChannelKind::webhook: {
        if (options_.client == nullptr) return nobody("it has no client");
        auto request = make_webhook_request(*live_, front(), options_.clock());
        if (!request) return nobody(request.error().detail);
        return options_.client->send(std::move(*request), [ended, number](Exchange e) { ended(judge_exchange(number, std::move(e))); });
      }
      case ChannelKind::email:
        if (!service_) return nobody("its service is gone");
        return options_.mailer.send(mail_of_try(), [ended, number](Result<void> result) { ended(judge_mail(number, result)); });
      case ChannelKind::inbox:
        if (!options_.inbox) return nobody("there is no inbox");
        // It answers whoever sent it.
        caf::send_as(caf::actor_cast<caf::actor>(this), options_.inbox, PostNotification{number, make_alert_notification(live_->channel, front())});
        return delayed_send(this, live_->channel.timeout, ChannelTryEnded{number, JobOutcome::again, "the inbox has not answered", {}});
      case ChannelKind::sse:
        publish();
        return ended({number, JobOutcome::done, {}, {}});
    }
  }

  [[nodiscard]] const AlertMessage& front() const { return *queue_.front().message; }

  [[nodiscard]] Mail mail_of_try() const {
    if (!checking_) return make_alert_mail(*live_, *service_, try_->provider, front());
    auto mail = make_mail(*service_, try_->provider);
    mail.date = options_.clock();
    return mail;
  }

  // To those who look on now; nobody may.
  void publish() {
    if (!options_.fan_out) return;
    const auto json = alert_event_json(live_->channel, front());
    for (const auto* topic : {"operations", "level99"}) caf::anon_send(options_.fan_out, Publish{topic, "alert", json});
  }

  void on_posted(const NotificationPosted& fact) {
    on_try_ended({fact.number, fact.ok ? JobOutcome::done : JobOutcome::again, fact.ok ? "" : "the inbox cannot take it", {}});
  }

  void on_try_ended(const ChannelTryEnded& fact) {
    if (fact.number != sending_ || sending_ == 0) return;
    sending_ = 0;
    if (drained_ && fact.outcome != JobOutcome::done) return;  // nobody tries again
    const auto provider = provider_name(try_->provider);
    const auto asked = parse_retry_after(fact.retry_after, options_.clock()).value_or(0ms);
    try_ = failover_.ended(fact.outcome, asked, steady_now());
    if (fact.outcome != JobOutcome::done) last_error_ = fact.why;
    if (!try_) on_job_ended(fact, provider);
    else if (checking_ && !queue_.empty()) end_job();  // a message has come meanwhile, and asks better
    go_on();
  }

  void on_job_ended(const ChannelTryEnded& fact, const std::string& provider) {
    check_at_ = steady_now() + way_.return_after;
    // A bad job says nothing of its service.
    if (fact.outcome != JobOutcome::bad_job) write_state(failover_.state());
    if (std::exchange(checking_, false)) return;
    finish_front({.channel = options_.name, .result = failover_.done() ? AlertResult::sent : AlertResult::given_up, .tries = failover_.tries(),
                  .provider = provider, .why = failover_.done() ? std::string_view() : std::string_view(fact.why)});
  }

  [[nodiscard]] std::string provider_name(std::size_t number) const {
    return service_ && number < service_->service.providers.size() ? service_->service.providers[number].name : std::string();
  }

  void finish_front(const AlertOutcome& outcome) {
    const auto first = std::move(queue_.front());
    queue_.pop_front();
    if (auto digest = std::exchange(left_out_, std::nullopt)) {
      digest->alert = make_digest(digest->alert, digest->stands_for, options_.clock());
      queue_.push_back({std::make_shared<const AlertMessage>(std::move(*digest)), nullptr});
    }
    if (outcome.result != AlertResult::sent) return give_up(first, outcome);
    tell(first);
    if (options_.sent != nullptr) options_.sent->add();
    log(*first.message, outcome);
  }

  void give_up(const Waiting& waiting, const AlertOutcome& outcome) {
    tell(waiting);
    if (options_.failed != nullptr) options_.failed->add();
    log(*waiting.message, outcome);
  }

  static void tell(const Waiting& waiting) {
    if (waiting.asker) caf::anon_send(waiting.asker, AlertEnded{waiting.message->number});
  }

  // --- the state of its service, which other channels may use too: what the newest job of any of them says is so

  [[nodiscard]] std::atomic<ServiceState>& state_of(const std::string& service) {
    const auto at = options_.service_meters.find(service);
    return at == options_.service_meters.end() || at->second == nullptr ? own_meter_.state : at->second->state;
  }

  void write_state(ServiceState state) {
    if (!service_) return;
    const auto before = state_of(way_.service).exchange(state);
    if (before == state && provider_name(failover_.provider()) == reported_provider_) return;
    since_ = options_.clock();
    report();
  }

  void report() {
    if (!service_ || !options_.registry) return;
    const auto& service = service_->service;
    reported_provider_ = provider_name(failover_.provider());
    caf::anon_send(options_.registry, ServiceReported{{.name = service.name, .kind = service.kind, .dependency = service.dependency,
                                                       .state = state_of(service.name).load(), .provider = reported_provider_, .since = since_,
                                                       .last_error = last_error_, .note = {}}});
  }

  // --- the end

  void on_drain(const DrainChannel& order) {
    drain_ = order.asker;
    if (order.hurry || drained_) return end_drain();
    go_on();
  }

  void end_drain() {
    if (!std::exchange(drained_, true))
      for (const auto& waiting : queue_) log(*waiting.message, {.channel = options_.name, .result = AlertResult::unsent});
    if (const auto asker = std::exchange(drain_, nullptr)) caf::anon_send(asker, ChannelDrained{options_.name});
  }

  void log(const AlertMessage& message, const AlertOutcome& outcome) const {
    if (options_.log != nullptr) options_.log->write(alert_log_line(message, outcome, options_.clock()));
  }

  // Of the steady clock, as if it were a calendar: a corrected wall clock must not silence an alert.
  [[nodiscard]] WallTime steady_now() { return WallTime{std::chrono::duration_cast<Millis>(clock().now().time_since_epoch())}; }

  ChannelOptions options_;
  std::shared_ptr<const LiveChannel> live_;      // null: a reload has taken it
  std::shared_ptr<const LiveService> service_;   // null: it has none
  std::deque<Waiting> queue_;                    // at most alerts_waiting_max, and one digest
  std::optional<AlertMessage> left_out_;         // stands for those that found the queue full
  Way way_{.providers = 0};                      // none yet
  Failover failover_;
  std::optional<Failover::Try> try_;             // of the job under way
  bool checking_ = false;                        // the job under way asks only whether the service lets us in
  std::uint64_t tries_ = 0;
  std::uint64_t sending_ = 0;                    // number of the try under way; 0: none
  bool handing_over_ = false;                    // the send is being called
  std::optional<SlidingLimit> limit_;
  std::uint32_t limit_count_ = 0;
  WallTime check_at_{};
  ServiceMeter own_meter_;                       // where nobody gave one
  WallTime since_{};
  std::string reported_provider_;
  std::string last_error_;
  std::optional<WallTime> armed_;
  caf::actor drain_;                             // waits to hear that nothing waits; null: nobody
  bool drained_ = false;
};

}  // namespace

ChannelActor spawn_channel(const Stage& stage, ActorMeter& meter, ChannelOptions options) {
  return spawn_on<ChannelAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
