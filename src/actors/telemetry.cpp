// Metrics and traces on their way to the monitoring service.
#include "denrei/actors/telemetry.hpp"

#include <algorithm>
#include <deque>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/otlp_json.hpp"
#include "service_line.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr auto drain_for = 3s;       // then what is unsent goes to the disk
constexpr Millis connect_max = 10s;  // as for deliveries

// The bytes of a push as they are spooled: one letter that names the path, and the body.
constexpr char metrics_mark = 'm';
constexpr char traces_mark = 't';

struct Push {
  std::string bytes;
  std::optional<std::uint64_t> spooled;  // its number in the spool
};

class TelemetryAtWork final : public Supervised<Telemetry::base> {
 public:
  TelemetryAtWork(caf::actor_config& config, ActorMeter& own_meter, TelemetryOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), line_({options_.service, options_.state, options_.registry, options_.log}),
        started_(options_.clock()) {
    DENREI_ASSERT(options_.clients.size() == line_.service().providers.size() && !options_.clients.empty());
  }

  behavior_type make_behavior() override {
    line_.report();
    ask_size();
    delayed_send(this, line_.service().interval, CollectNow{});
    return {
        [this](CollectNow) { on_collect(); },
        [this](CollectSpans) { on_collect_spans(); },
        [this](const PushAnswered& fact) { on_answered(fact); },
        [this](const PushDue& order) { if (order.tick == tick_) on_due(); },
        [this](const PushSpooled& fact) { on_spooled(fact); },
        [this](const SpoolMeasured& fact) { on_measured(fact); },
        [this](SpoolRead& fact) { on_spool_read(fact); },
        [this](const SiteChanged& fact) { line_.use(*fact.site); },
        [this](const Drain& order) { on_drain(order); },
    };
  }

 private:
  // A push whose sending threw has failed; the next interval comes by itself.
  void restart_state() override {
    if (std::exchange(handing_over_, false)) {
      Exchange exchange;
      exchange.error = AttemptError::crashed;
      exchange.error_text = "the push crashed";
      on_answered({number_, std::move(exchange)});
    }
    if (std::exchange(collecting_, false) && !draining_) delayed_send(this, line_.service().interval, CollectNow{});
    go_on();
  }

  Telemetry me() { return caf::actor_cast<Telemetry>(this); }

  // --- what there is to push

  void on_collect() {
    if (draining_) return;
    collecting_ = true;
    collect_metrics();
    on_collect_spans();
    collecting_ = false;
    delayed_send(this, line_.service().interval, CollectNow{});
  }

  void collect_metrics() {
    offer(metrics_mark + make_metrics_push({options_.version, options_.node}, options_.collect(), {started_, options_.clock()}));
  }

  // Some at a time, so that a busy interval does not hold the loop.
  void on_collect_spans() {
    if (!draining_ && collect_spans()) caf::anon_send(me(), CollectSpans{});
  }

  // Whether there may be more.
  bool collect_spans() {
    if (!options_.take_lines) return false;
    const auto lines = options_.take_lines(limits::spans_per_push);
    std::vector<Span> spans;
    for (const auto& line : lines)
      if (auto span = span_of_line(line)) spans.push_back(std::move(*span));
    if (!spans.empty()) offer(traces_mark + make_traces_push({options_.version, options_.node}, spans));
    return lines.size() == limits::spans_per_push;
  }

  // In memory while all goes well, else behind what waits on disk already.
  void offer(std::string bytes) {
    const bool goes_well = size_ && size_->items == 0 && writing_ == 0 && !is_resting() && ready_.size() < pushes_ready_max;
    if (goes_well) ready_.push_back({std::move(bytes), std::nullopt});
    else spool(std::move(bytes));
    go_on();
  }

  // --- one push at a time

  [[nodiscard]] bool is_resting() const { return options_.clock() < rest_until_; }

  // Whatever has happened: what can go goes, and the next moment at which something can is in the diary.
  void go_on() {
    if (drained_) return;
    if (!current_ && !is_resting()) take_next();
    if (under_way_) return;
    const auto now = options_.clock();
    if (current_ && try_->not_before <= now) return hand_over();
    if (draining_) return give_up();
    const auto due = current_ ? try_->not_before : rest_until_;
    if (due > now && (current_ || has_more())) delayed_send(this, caf::timespan{due - now}, PushDue{++tick_});
  }

  [[nodiscard]] bool has_more() const { return !ready_.empty() || (size_ && size_->items > 0); }

  void take_next() {
    if (!ready_.empty()) {
      auto next = std::move(ready_.front());
      ready_.pop_front();
      return begin(std::move(next));
    }
    if (draining_ || asking_spool_ || !size_ || size_->items == 0) return;  // what is on disk is safe there
    asking_spool_ = true;
    options_.spool.front([self = me()](Result<std::optional<SpoolItem>> item) { caf::anon_send(self, SpoolRead{std::move(item)}); });
  }

  void begin(Push push) {
    current_ = std::move(push);
    try_ = line_.begin(options_.clock());
  }

  void on_due() {
    if (draining_) give_up();
    else go_on();
  }

  void hand_over() {
    under_way_ = handing_over_ = true;
    const auto number = ++number_;
    options_.clients[try_->provider]->send(make_request(try_->provider), [self = me(), number](Exchange exchange) {
      caf::anon_send(self, PushAnswered{number, std::move(exchange)});
    });
    handing_over_ = false;
  }

  [[nodiscard]] OutboundRequest make_request(std::size_t index) const {
    const auto& provider = line_.provider(index);
    const auto timeout = line_.service().timeout;
    std::string_view base = provider.url;
    while (base.ends_with('/')) base.remove_suffix(1);
    OutboundRequest request;
    request.url = fmt::format("{}/v1/{}", base, current_->bytes.front() == metrics_mark ? "metrics" : "traces");
    request.headers = {{"Content-Type", "application/json"}};
    if (const auto& secret = line_.secret(index); !secret.empty()) {
      if (provider.key_header.empty()) request.headers.push_back({"Authorization", "Bearer " + std::string(secret.reveal())});
      else request.headers.push_back({provider.key_header, std::string(secret.reveal())});
    }
    request.body = current_->bytes.substr(1);
    request.connect_timeout = std::min(timeout, connect_max);
    request.timeout = timeout;
    return request;
  }

  void on_answered(const PushAnswered& fact) {
    if (!under_way_ || fact.number != number_) return;
    under_way_ = false;
    const auto& exchange = fact.exchange;
    const auto verdict = judge_monitoring({exchange.status, exchange.error, exchange.error_text, exchange.body});
    try_ = line_.ended(verdict, exchange.retry_after, options_.clock());
    if (!try_) end_push(verdict.outcome);
    report();
    go_on();
  }

  void end_push(JobOutcome outcome) {
    auto push = std::move(*current_);
    current_.reset();
    switch (outcome) {
      case JobOutcome::done: count(options_.sent); return leave_spool(push);
      case JobOutcome::bad_job: count(options_.refused); return leave_spool(push);
      case JobOutcome::again:
      case JobOutcome::refused: return rest(std::move(push));
    }
  }

  static void count(Counter* counter, std::uint64_t n = 1) {
    if (counter != nullptr) counter->add(n);
  }

  void leave_spool(const Push& push) {
    if (!push.spooled) return;
    asking_spool_ = true;  // until the answer is here, its size is not known
    options_.spool.pop(*push.spooled, [self = me()](Result<SpoolSize> size) { caf::anon_send(self, SpoolMeasured{std::move(size)}); });
  }

  // Nobody takes it: all that is in memory goes to the disk, in its order.
  void rest(Push push) {
    rest_until_ = options_.clock() + line_.service().return_after;
    if (!push.spooled) spool(std::move(push.bytes));
    for (auto& ready : std::exchange(ready_, {})) spool(std::move(ready.bytes));
  }

  // --- the spool

  void ask_size() {
    asking_spool_ = true;
    options_.spool.size([self = me()](Result<SpoolSize> size) { caf::anon_send(self, SpoolMeasured{std::move(size)}); });
  }

  void spool(std::string bytes) {
    if (writing_ >= limits::pushes_unwritten_max) return count(options_.lost);
    ++writing_;
    options_.spool.push(std::move(bytes), [self = me()](Result<SpoolSize> size) { caf::anon_send(self, PushSpooled{std::move(size)}); });
  }

  void on_spooled(const PushSpooled& fact) {
    --writing_;
    if (fact.size) {
      disk_error_.clear();
      learn(*fact.size);
    } else {
      disk_error_ = fact.size.error().detail;
      count(options_.lost);
    }
    report();
    go_on();
  }

  void on_measured(const SpoolMeasured& fact) {
    asking_spool_ = false;
    if (fact.size) learn(*fact.size);
    else rest_for_the_disk();
    report();
    go_on();
  }

  void rest_for_the_disk() { rest_until_ = options_.clock() + line_.service().return_after; }

  void learn(const SpoolSize& size) {
    count(options_.lost, size.dropped - dropped_);
    dropped_ = size.dropped;
    size_ = size;
    if (options_.on_disk != nullptr) options_.on_disk->store(size.items, std::memory_order_relaxed);
  }

  void on_spool_read(SpoolRead& fact) {
    asking_spool_ = false;
    if (drained_ || draining_) return go_on();
    if (!fact.item) rest_for_the_disk();
    else if (!*fact.item) ask_size();              // those that were there could not be read
    else if ((*fact.item)->bytes.size() < 2) leave_spool({{}, (*fact.item)->number});
    else begin({std::move((*fact.item)->bytes), (*fact.item)->number});
    go_on();
  }

  void report() {
    std::string note;
    if (size_ && size_->items > 0) note = fmt::format("{} pushes wait on disk", size_->items);
    if (dropped_ > 0) note += fmt::format("{}{} were dropped", note.empty() ? "" : ", ", dropped_);
    if (!disk_error_.empty()) note += fmt::format("{}the disk does not take them: {}", note.empty() ? "" : "; ", disk_error_);
    line_.report(std::move(note));
  }

  // --- the end

  void on_drain(const Drain& order) {
    if (drained_) return;
    if (!std::exchange(draining_, true)) {
      collect_metrics();
      while (collect_spans()) continue;           // at most limits::traced_lines_max
      delayed_send(this, drain_for, PushDue{++tick_});
    }
    if (order.hurry) return give_up();
    go_on();
  }

  // What is under way may arrive as well: told twice, the same numbers and spans say the same.
  void give_up() {
    if (current_ && !current_->spooled) spool(std::move(current_->bytes));
    current_.reset();
    under_way_ = false;
    for (auto& ready : std::exchange(ready_, {})) spool(std::move(ready.bytes));
    say_drained();                                // the spool writes what it was given before it goes
  }

  void say_drained() {
    if (std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  TelemetryOptions options_;
  ServiceLine line_;
  const WallTime started_;
  std::deque<Push> ready_;                        // at most pushes_ready_max, older than all on disk
  std::optional<Push> current_;                   // being sent
  std::optional<Failover::Try> try_;              // of it
  bool under_way_ = false;                        // a client has it
  bool handing_over_ = false;                     // and is being called
  bool collecting_ = false;
  std::uint64_t number_ = 0;                      // of the client's last call: an answer to an earlier one is not meant
  std::uint64_t tick_ = 0;
  WallTime rest_until_{};                         // after a push that nobody took
  std::optional<SpoolSize> size_;                 // nothing: not known yet
  std::size_t writing_ = 0;                       // pushes that the spool has not confirmed
  bool asking_spool_ = false;                     // front, pop or size is under way
  std::uint64_t dropped_ = 0;
  std::string disk_error_;
  bool draining_ = false;
  bool drained_ = false;
};

}  // namespace

Telemetry spawn_telemetry(const Stage& stage, ActorMeter& meter, TelemetryOptions options) {
  return spawn_on<TelemetryAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
