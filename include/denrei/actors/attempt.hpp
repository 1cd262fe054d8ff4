// Attempt: one HTTP exchange of one delivery. Signs, sends, measures, tells its Destination, and ends. Its crash is a failed attempt.
#pragma once
#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

using AttemptActor = caf::typed_actor<caf::reacts_to<StartAttempt>, caf::reacts_to<ExchangeEnded>>;

struct AttemptOptions {
  std::shared_ptr<const LiveDestination> destination;
  DeliveryPtr delivery;
  std::uint64_t lane = 0;
  HttpClient& client;
  caf::actor owner;                              // the Destination: hears AttemptFinished, exactly once
  LogSink* log = nullptr;
  Clock clock;
};

AttemptActor spawn_attempt(const Stage& stage, ActorMeter& meter, AttemptOptions options);

}  // namespace denrei
