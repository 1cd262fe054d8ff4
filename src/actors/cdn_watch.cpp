// Whether the CDN serves photos.
#include "denrei/actors/cdn_watch.hpp"

#include <algorithm>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/domain/photo_check.hpp"
#include "service_line.hpp"

namespace denrei {
namespace {

constexpr Millis connect_max{10'000};  // as for deliveries

PhotoAnswer make_photo_answer(Exchange exchange) {
  return {.status = exchange.status, .error = exchange.error, .error_text = std::move(exchange.error_text), .headers = std::move(exchange.headers),
          .body_bytes = exchange.body_bytes, .dns_us = exchange.dns_us, .connect_us = exchange.connect_us, .tls_us = exchange.tls_us, .first_byte_us = exchange.first_byte_us,
          .total_us = exchange.total_us};
}

// One line about the worst check: what it looked at, what it found, what to change.
std::string describe(const std::vector<PhotoCheck>& checks, PhotoVerdict worst) {
  const auto at = std::find_if(checks.begin(), checks.end(), [worst](const auto& check) { return check.verdict == worst; });
  if (at == checks.end()) return {};
  return fmt::format("{} ({}): {}{}{}", at->title, at->name, at->found, at->hint.empty() ? "" : "; ", at->hint);
}

// Only what the network or the server's bad moment did may be better a second later.
bool is_passing(const PhotoAnswer& answer) {
  return (answer.error != AttemptError::none && answer.error != AttemptError::blocked) || answer.status == 429 || answer.status >= 500;
}

class CdnWatchAtWork final : public Supervised<CdnWatch::base> {
 public:
  CdnWatchAtWork(caf::actor_config& config, ActorMeter& own_meter, CdnWatchOptions options)
      : Supervised(config, own_meter), options_(std::move(options)), line_({options_.service, options_.state, options_.registry, options_.log}) {
    DENREI_ASSERT(options_.clients.size() == line_.service().providers.size());
  }

  behavior_type make_behavior() override {
    line_.report();
    next_at_ = options_.clock();
    caf::anon_send(caf::actor_cast<CdnWatch>(this), CdnDue{tick_});
    return {
        [this](CdnAnswered& fact) { on_answered(fact); },
        [this](const CdnDue& order) { if (order.tick == tick_ && !drained_) go_on(); },
        [this](const Drain&) { on_drain(); },
    };
  }

 private:
  // A request that threw has failed.
  void restart_state() override {
    if (std::exchange(handing_over_, false)) {
      CdnAnswered fact{number_, {}};
      fact.exchange.error = AttemptError::crashed;
      fact.exchange.error_text = "the check crashed";
      on_answered(fact);
    } else {
      go_on();
    }
  }

  void go_on() {
    if (under_way_) return;
    const auto now = options_.clock();
    const auto due = try_ ? try_->not_before : next_at_;
    if (due > now) return delayed_send(this, caf::timespan{due - now}, CdnDue{++tick_});
    if (!try_) {
      next_at_ = now + line_.service().interval;
      try_ = line_.begin(now);
      return go_on();
    }
    begin_try();
  }

  void begin_try() {
    const auto& provider = line_.provider(try_->provider);
    requests_ = photo_check_requests(provider.url, provider.origin);
    facts_ = {.url = provider.url, .origin = provider.origin};
    ask(requests_.photo);
  }

  void ask(const PhotoRequest& wanted) {
    const auto timeout = line_.service().timeout;
    OutboundRequest request{.method = wanted.method, .url = wanted.url, .headers = wanted.headers};
    request.connect_timeout = std::min(timeout, connect_max);
    request.timeout = timeout;
    under_way_ = handing_over_ = true;
    const auto number = ++number_;
    options_.clients[try_->provider]->send(std::move(request), [self = caf::actor_cast<CdnWatch>(this), number](Exchange exchange) {
      caf::anon_send(self, CdnAnswered{number, std::move(exchange)});
    });
    handing_over_ = false;
  }

  // First the photo; without it the preflight says nothing.
  void on_answered(CdnAnswered& fact) {
    if (!under_way_ || fact.number != number_ || drained_) return;
    under_way_ = false;
    const bool is_photo = !facts_.photo;
    auto retry_after = std::move(fact.exchange.retry_after);
    (is_photo ? facts_.photo : facts_.preflight) = make_photo_answer(std::move(fact.exchange));
    if (is_photo && requests_.preflight && facts_.photo->status / 100 == 2) return ask(*requests_.preflight);
    end_try(retry_after);
  }

  void end_try(const std::string& retry_after) {
    const auto checks = judge_photo(facts_, {}, Language::ja);
    const auto worst = worst_of(checks);
    ServiceVerdict verdict;
    if (worst == PhotoVerdict::failed) {
      const auto& last = facts_.preflight ? *facts_.preflight : *facts_.photo;
      verdict = {is_passing(last) ? JobOutcome::again : JobOutcome::refused, describe(checks, worst)};
    }
    try_ = line_.ended(verdict, retry_after, options_.clock());
    if (!try_) count(verdict.outcome == JobOutcome::done ? options_.passed : options_.failed);
    line_.report(worst == PhotoVerdict::warning ? describe(checks, worst) : std::string{});
    go_on();
  }

  static void count(Counter* counter) {
    if (counter != nullptr) counter->add();
  }

  void on_drain() {
    if (std::exchange(drained_, true)) return;
    caf::anon_send(options_.observer, Drained{meter().name});
  }

  CdnWatchOptions options_;
  ServiceLine line_;
  WallTime next_at_{};                       // of the next check
  std::optional<Failover::Try> try_;         // of the check under way
  PhotoRequests requests_;                   // of the try under way
  PhotoFacts facts_;
  bool under_way_ = false;                   // a client has a request
  bool handing_over_ = false;                // and is being called
  std::uint64_t number_ = 0;
  std::uint64_t tick_ = 0;
  bool drained_ = false;
};

}  // namespace

CdnWatch spawn_cdn_watch(const Stage& stage, ActorMeter& meter, CdnWatchOptions options) {
  return spawn_on<CdnWatchAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
