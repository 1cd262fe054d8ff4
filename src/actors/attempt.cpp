// One HTTP exchange of one delivery.
#include "denrei/actors/attempt.hpp"

#include <fmt/format.h>
#include <limits>

#include "denrei/actors/supervised.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t error_text_shown = 300;  // bytes of a log line; the whole text is kept with the attempt

// Microseconds since the start as milliseconds with three decimals; what was not reached is left out.
void add_ms(JsonObject& line, std::string_view name, std::uint32_t us) {
  if (us != 0) line.raw(name, fmt::format("{}.{:03}", us / 1000, us % 1000));
}

// No personal data: the key appears as a hash, as in the line of a request; bodies, headers and URLs never.
std::string attempt_log_line(const DeliveryHead& head, const Attempt& attempt, WallTime now) {
  JsonObject line(640);
  line.text("timestamp", format_iso8601(now)).text("log", "attempt");
  line.text("deliveryId", head.id.text()).text("eventId", head.event.text());
  line.text("destination", head.destination).text("type", head.type);
  line.number("keyHash", partition_of(head.family, head.key, std::numeric_limits<std::uint32_t>::max()));
  line.number("sequence", head.lane_sequence).number("attempt", attempt.number).number("status", attempt.status);
  if (attempt.error != AttemptError::none) line.text("error", attempt_error_name(attempt.error));
  line.text_if_any("errorText", std::string_view(attempt.error_text).substr(0, error_text_shown));
  line.text_if_any("address", attempt.address);
  add_ms(line, "dnsMs", attempt.dns_us);
  add_ms(line, "connectMs", attempt.connect_us);
  add_ms(line, "tlsMs", attempt.tls_us);
  add_ms(line, "firstByteMs", attempt.first_byte_us);
  add_ms(line, "totalMs", attempt.total_us);
  return line.take();
}

class AttemptAtWork final : public Supervised<AttemptActor::base> {
 public:
  AttemptAtWork(caf::actor_config& config, ActorMeter& own_meter, AttemptOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](StartAttempt) { on_start(); },
        [this](ExchangeEnded& fact) { guarded([&] { finish(std::move(fact.exchange)); }); },
    };
  }

 private:
  // After a crash there is nothing to go on with: the attempt has failed.
  void restart_state() override {
    Exchange exchange;
    exchange.error = AttemptError::crashed;
    exchange.error_text = why_;
    if (finished_) quit();
    else finish(std::move(exchange));
  }

  // The supervisor restarts us but does not say why: the reason goes into the attempt.
  template <class Act>
  void guarded(Act act) {
    try {
      act();
    } catch (const std::exception& error) {
      why_ = error.what();
      throw;
    }
  }

  void on_start() {
    if (started_at_) return;
    started_at_ = options_.clock();
    guarded([this] { send(); });
  }

  void send() {
    auto request = make_request();
    options_.client.send(std::move(request), [self = caf::actor_cast<AttemptActor>(this)](Exchange exchange) {
      caf::anon_send(self, ExchangeEnded{std::move(exchange)});
    });
  }

  [[nodiscard]] OutboundRequest make_request() const {
    const auto& live = *options_.destination;
    OutboundRequest request;
    request.url = live.destination.url;
    request.headers = make_headers();
    request.body = options_.delivery->body;
    request.connect_timeout = live.destination.connect_timeout;
    request.timeout = live.destination.timeout;
    return request;
  }

  [[nodiscard]] std::vector<OwnedHeader> make_headers() const {
    if (options_.keys != nullptr) return make_headers(*options_.keys);
    const auto& live = *options_.destination;
    const auto keys = make_outbound_keys(live.destination.signature, live.secrets);
    DENREI_ASSERT(keys.has_value());
    return make_headers(*keys);
  }

  [[nodiscard]] std::vector<OwnedHeader> make_headers(const OutboundKeys& keys) const {
    const auto& live = *options_.destination;
    return make_outbound_headers({.destination = live.destination, .keys = keys, .bearer = live.bearer ? &*live.bearer : nullptr,
                                  .delivery = *options_.delivery, .attempt = number(), .now = *started_at_,
                                  .version = DENREI_VERSION});
  }

  // The line is made first, because the message takes the attempt away; it is written last, because nothing after the
  // message may undo it.
  void finish(Exchange exchange) {
    if (finished_) return;
    AttemptFinished fact;
    fact.flight = options_.flight;
    fact.retry_after = std::move(exchange.retry_after);
    fact.attempt = make_attempt(std::move(exchange));
    std::string line;
    if (options_.log != nullptr) line = attempt_log_line(options_.delivery->head, fact.attempt, options_.clock());
    fact.delivery = options_.delivery;
    caf::anon_send(options_.owner, std::move(fact));
    finished_ = true;
    if (options_.log != nullptr) options_.log->write(line);
    quit();
  }

  [[nodiscard]] Attempt make_attempt(Exchange exchange) const {
    Attempt attempt;
    attempt.number = number();
    attempt.started_at = started_at_.value_or(WallTime{});
    attempt.status = exchange.status;
    attempt.error = exchange.error;
    attempt.error_text = std::move(exchange.error_text);
    attempt.address = std::move(exchange.address);
    attempt.dns_us = exchange.dns_us;
    attempt.connect_us = exchange.connect_us;
    attempt.tls_us = exchange.tls_us;
    attempt.first_byte_us = exchange.first_byte_us;
    attempt.total_us = exchange.total_us;
    attempt.answer_headers = std::move(exchange.headers);
    attempt.answer_body = std::move(exchange.body);
    return attempt;
  }

  [[nodiscard]] std::uint32_t number() const { return options_.delivery->head.attempts + 1; }

  AttemptOptions options_;
  std::optional<WallTime> started_at_;
  bool finished_ = false;
  std::string why_;
};

}  // namespace

AttemptActor spawn_attempt(const Stage& stage, ActorMeter& meter, AttemptOptions options) {
  return spawn_on<AttemptAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
