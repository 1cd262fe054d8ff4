// Attempt: one HTTP exchange of one delivery. Signs, sends, measures, tells its Destination, and ends. Its crash is a failed attempt.
//
// Shape   hears StartAttempt from its Destination, once, and ExchangeEnded; says AttemptFinished, exactly once, and quits
// Units   the attempt's number is the delivery's `attempts` + 1
// Errors  whatever goes wrong in here is AttemptError::crashed, told after the supervisor's back-off
// Source  protocol §3; design §6
#pragma once
#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/domain/outbound.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

using AttemptActor = caf::typed_actor<caf::reacts_to<StartAttempt>, caf::reacts_to<ExchangeEnded>>;

struct AttemptOptions {
  std::shared_ptr<const LiveDestination> destination;
  DeliveryPtr delivery;
  std::uint64_t flight = 0;                      // the owner's number for this attempt, given back with its result
  HttpClient& client;
  caf::actor owner;                              // the Destination: hears AttemptFinished, exactly once
  LogSink* log = nullptr;                        // one line an attempt; null: none
  Clock clock;
  std::shared_ptr<const OutboundKeys> keys;      // for attempts on one loop; null: each makes its own (1.5 µs a key)
};

AttemptActor spawn_attempt(const Stage& stage, ActorMeter& meter, AttemptOptions options);

}  // namespace denrei
