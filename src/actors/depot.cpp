// Objects on their way into the object storage.
#include "denrei/actors/depot.hpp"

#include <deque>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/object_key.hpp"
#include "service_line.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto drain_for = 5s;       // the object under way; then the process ends without it
constexpr Millis connect_max = 10s;  // as for deliveries: an address that does not answer is not waited for any longer

class DepotAtWork final : public Supervised<Depot::base> {
 public:
  DepotAtWork(caf::actor_config& config, ActorMeter& own_meter, DepotOptions options)
      : Supervised(config, own_meter), options_(std::move(options)),
        line_({options_.service, options_.state, options_.registry, options_.log}) {
    DENREI_ASSERT(options_.clients.size() == line_.service().providers.size() && !options_.clients.empty());
  }

  behavior_type make_behavior() override {
    line_.report();
    probe_at_ = options_.clock();
    caf::anon_send(caf::actor_cast<Depot>(this), DepotTick{tick_});
    return {
        [this](StoreObject& order) { on_store(order); },
        [this](const DepotAnswered& fact) { on_answered(fact); },
        [this](const DepotTick& tick) { on_tick(tick); },
        [this](const SiteChanged& fact) { line_.use(*fact.site); },
        [this](const Drain& order) { on_drain(order); },
    };
  }

 private:
  // A put that threw has failed; everything else goes on.
  void restart_state() override {
    if (std::exchange(handing_over_, false)) {
      Exchange exchange;
      exchange.error = AttemptError::crashed;
      exchange.error_text = "the put crashed";
      on_answered({number_, std::move(exchange)});
    }
    go_on();
  }

  // --- what waits

  void on_store(StoreObject& order) {
    const auto refusal = why_not(order);
    if (!refusal.empty()) return tell(order, false, {}, refusal);
    waiting_bytes_ += order.body->size();
    queue_.push_back(std::move(order));
    go_on();
  }

  [[nodiscard]] std::string why_not(const StoreObject& order) const {
    if (draining_) return "the process is about to end";
    if (const auto checked = check_object_key(order.key); !checked) return checked.error().detail;
    if (order.body == nullptr) return "an object without a body";
    if (queue_.size() >= limits::depot_objects_max || waiting_bytes_ + order.body->size() > limits::depot_bytes_max)
      return "too many objects wait for the storage";
    return {};
  }

  void tell(const StoreObject& order, bool ok, std::string provider, std::string error) {
    if (auto* counter = ok ? options_.stored : options_.failed) counter->add();
    if (ok && options_.bytes != nullptr) options_.bytes->add(order.body->size());
    if (ok && options_.log != nullptr) log(order, provider);
    if (order.asker) caf::anon_send(order.asker, ObjectStored{order.ticket, ok, std::move(provider), std::move(error)});
  }

  void log(const StoreObject& order, const std::string& provider) const {
    JsonObject line;
    line.text("timestamp", format_iso8601(options_.clock())).text("log", "object").text("service", line_.service().name);
    line.text("provider", provider).text("key", order.key).number("bytes", static_cast<std::int64_t>(order.body->size()));
    options_.log->write(line.take());
  }

  // --- the job under way: the front of the queue, or a probe

  // Whatever has happened: what can go goes, and the next moment at which something can is in the diary.
  void go_on() {
    if (drained_) return;
    if (!try_) begin_job();
    if (draining_ && !under_way_) return say_drained();
    if (under_way_) return;
    const auto next = try_ ? std::optional(try_->not_before) : next_probe();
    if (!next) return;
    const auto now = options_.clock();
    if (*next > now) return delayed_send(this, caf::timespan{*next - now}, DepotTick{++tick_});
    hand_over();
  }

  void begin_job() {
    const auto now = options_.clock();
    is_probe_ = queue_.empty();
    if (is_probe_ && (draining_ || !next_probe() || *next_probe() > now)) return;
    try_ = line_.begin(now);
  }

  [[nodiscard]] std::optional<WallTime> next_probe() const {
    return line_.state() == ServiceState::up || draining_ ? std::nullopt : std::optional(probe_at_);
  }

  void hand_over() {
    under_way_ = true;
    handing_over_ = true;
    const auto number = ++number_;
    options_.clients[try_->provider]->send(make_request(try_->provider), [self = caf::actor_cast<Depot>(this), number](Exchange exchange) {
      caf::anon_send(self, DepotAnswered{number, std::move(exchange)});
    });
    handing_over_ = false;
  }

  [[nodiscard]] OutboundRequest make_request(std::size_t index) const {
    const auto& provider = line_.provider(index);
    const auto timeout = line_.service().timeout;
    OutboundRequest request;
    request.method = "PUT";
    request.url = make_object_url(provider, is_probe_ ? std::string_view(depot_probe_key) : std::string_view(queue_.front().key));
    request.headers = {{"Content-Type", is_probe_ ? "text/plain" : queue_.front().content_type}};
    request.body = is_probe_ ? fmt::format("denrei {}\n", format_iso8601(options_.clock())) : *queue_.front().body;
    request.connect_timeout = std::min(timeout, connect_max);
    request.timeout = timeout;
    request.aws = AwsSignature{.region = provider.region, .access_key = provider.user, .secret_key = line_.secret(index)};
    return request;
  }

  void on_answered(const DepotAnswered& fact) {
    if (!under_way_ || fact.number != number_) return;
    under_way_ = false;
    const auto& exchange = fact.exchange;
    const auto verdict = judge_storage({exchange.status, exchange.error, exchange.error_text, exchange.body});
    const auto by = line_.provider(try_->provider).name;
    try_ = line_.ended(verdict, exchange.retry_after, options_.clock());
    if (draining_) try_.reset();
    line_.report();
    if (!try_) end_job(verdict, by);
    go_on();
  }

  void end_job(const ServiceVerdict& verdict, const std::string& by) {
    probe_at_ = options_.clock() + line_.service().return_after;
    if (is_probe_) return;
    const auto ok = verdict.outcome == JobOutcome::done;
    const auto order = take_front();
    tell(order, ok, ok ? by : "", ok ? "" : fmt::format("{}: {}", by, verdict.why));
  }

  StoreObject take_front() {
    auto order = std::move(queue_.front());
    queue_.pop_front();
    waiting_bytes_ -= order.body->size();
    return order;
  }

  void on_tick(const DepotTick& tick) {
    if (drained_ || tick.number != tick_) return;
    if (draining_) give_up();
    else go_on();
  }

  // --- the end: the object under way may still arrive, nothing else is tried

  void on_drain(const Drain& order) {
    if (drained_) return;
    const bool first = !std::exchange(draining_, true);
    const bool worth_waiting = under_way_ && !is_probe_;
    fail_queue(worth_waiting ? 1 : 0);
    if (!worth_waiting) {
      under_way_ = false;
      try_.reset();
      return say_drained();
    }
    if (order.hurry) return give_up();
    if (first) delayed_send(this, drain_for, DepotTick{++tick_});
  }

  void fail_queue(std::size_t keep) {
    while (queue_.size() > keep) {
      auto order = std::move(queue_.back());
      queue_.pop_back();
      waiting_bytes_ -= order.body->size();
      tell(order, false, {}, "the process is about to end");
    }
  }

  void give_up() {
    fail_queue(0);
    under_way_ = false;
    try_.reset();
    say_drained();
  }

  void say_drained() {
    if (std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  DepotOptions options_;
  ServiceLine line_;
  std::deque<StoreObject> queue_;    // the front is the job under way, unless that is a probe
  std::size_t waiting_bytes_ = 0;
  std::optional<Failover::Try> try_; // of the job under way
  bool is_probe_ = false;            // the job under way is one
  bool under_way_ = false;           // a client has it
  bool handing_over_ = false;        // and is being called
  std::uint64_t number_ = 0;         // of the client's last call: an answer to an earlier one is not meant
  std::uint64_t tick_ = 0;
  WallTime probe_at_{};
  bool draining_ = false;
  bool drained_ = false;
};

}  // namespace

Depot spawn_depot(const Stage& stage, ActorMeter& meter, DepotOptions options) {
  return spawn_on<DepotAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
