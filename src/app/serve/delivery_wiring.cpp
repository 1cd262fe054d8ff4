// Who delivers what, by which client.
#include "delivery_wiring.hpp"

#include "real_world.hpp"
#include "site_building.hpp"

namespace denrei {

struct DeliveryWiring::Seat {
  Seat(Destination d, ActorMeter& m) : destination(std::move(d)), actor_meter(m) {}
  Destination destination;
  ActorMeter& actor_meter;
  DestinationMeter meter;
  std::unique_ptr<CurlClient> client;
};

DeliveryWiring::DeliveryWiring(const Config& config, MetricsRegistry& metrics)
    : dispatcher_meter_(metrics.actor("Dispatcher", "dispatchers", "supervisor")),
      alerts_meter_(metrics.actor("Alerts", "alerts", "supervisor")),
      desk_meter_(metrics.actor("Desk", "desk", "supervisor")),
      attempt_meter_(metrics.actor("Attempt", "attempts", "supervisor")),
      events_remembered_(config.dedupe_window) {
  for (const auto& destination : config.destinations) {
    auto seat = std::make_unique<Seat>(destination, metrics.actor("Destination", "destination-" + destination.name, "supervisor"));
    auto& m = seat->meter;
    const Labels labels{{"destination", destination.name}};
    const auto counter = [&](const char* result) {
      return &metrics.counter("denrei_delivery_attempts_total", "Attempts by what they came to.", {{"destination", destination.name}, {"result", result}});
    };
    m.delivered = counter("delivered");
    m.retried = counter("retried");
    m.given_up = counter("given_up");
    m.superseded = &metrics.counter("denrei_deliveries_superseded_total", "Left out because a newer delivery said all that they did.", labels);
    m.attempt_duration = &metrics.histogram("denrei_delivery_attempt_duration_seconds", "One HTTP exchange with a destination.", labels);
    m.delivery_delay = &metrics.histogram("denrei_delivery_delay_seconds", "From the receipt of an event to its delivery.", labels);
    const auto gauge = [&](const char* name, const char* help, auto read) {
      metrics.gauge(name, help, labels, [&m, read] { return static_cast<double>(read(m)); });
    };
    gauge("denrei_deliveries_pending", "Deliveries that wait or are under way.", [](const DestinationMeter& d) { return d.pending.load(); });
    gauge("denrei_delivery_attempts_in_flight", "Attempts under way.", [](const DestinationMeter& d) { return d.in_flight.load(); });
    gauge("denrei_dead_letters", "Deliveries that were given up and wait for an operator.", [](const DestinationMeter& d) { return d.dead.load(); });
    gauge("denrei_destination_breaker", "0 closed, 1 half open, 2 open.", [](const DestinationMeter& d) { return d.breaker.load(); });
    gauge("denrei_destination_disabled", "1 while nothing is sent there.", [](const DestinationMeter& d) { return d.disabled.load(); });
    seats_.push_back(std::move(seat));
  }
}

DeliveryWiring::~DeliveryWiring() = default;

Result<void> DeliveryWiring::make_client(Seat& seat, boost::asio::io_context& loop) {
  auto allow = parse_ranges(seat.destination.allow);
  if (!allow) return tl::unexpected(allow.error());
  const auto& d = seat.destination;
  seat.client = std::make_unique<CurlClient>(loop, ClientPolicy{.allow = std::move(*allow), .ca_file = d.ca_file, .proxy = d.proxy, .user_agent = user_agent,
                                                                .connections_max = d.concurrency, .plain_http = d.plain_http, .http2 = d.http2});
  return {};
}

Result<void> DeliveryWiring::spawn(DeliveryWorld world) {
  site_ = world.site;
  observer_ = world.observer;
  alerts_ = spawn_alerts(world.places.front().stage, alerts_meter_,
                         {.site = site_, .channels = world.channels, .observer = observer_, .log = world.log, .clock = wall_clock});
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    auto& seat = *seats_[i];
    const auto& place = world.places[i % world.places.size()];
    if (auto made = make_client(seat, place.loop); !made) return made;
    const auto actor = spawn_destination(place.stage, seat.actor_meter,
                                         {.name = seat.destination.name, .site = site_, .client = *seat.client, .registers = place.registers,
                                          .attempt_meter = attempt_meter_, .meter = seat.meter, .alerts = alerts(), .observer = observer_,
                                          .log = world.log, .clock = wall_clock});
    handles_[seat.destination.name] = caf::actor_cast<caf::actor>(actor);
  }
  desk_ = spawn_desk(world.desk_stage, desk_meter_,
                     {.site = site_, .outbox = world.outbox, .chronicle = world.chronicle, .destinations = handles_, .clock = wall_clock, .events_remembered = events_remembered_,
                      .exporter = world.exporter});
  return {};
}

Dispatcher DeliveryWiring::make_dispatcher(const Stage& stage, std::uint32_t index, Outbox& outbox) {
  dispatchers_.push_back(spawn_dispatcher(stage, dispatcher_meter_,
                                          {.index = index, .site = site_, .outbox = outbox, .destinations = handles_, .alerts = alerts(), .desk = desk(),
                                           .observer = observer_, .clock = wall_clock}));
  return dispatchers_.back();
}

std::map<std::string, const DestinationMeter*> DeliveryWiring::meters() const {
  std::map<std::string, const DestinationMeter*> out;
  for (const auto& seat : seats_) out[seat->destination.name] = &seat->meter;
  return out;
}

std::vector<caf::actor> DeliveryWiring::destinations() const {
  std::vector<caf::actor> out;
  for (const auto& [name, handle] : handles_) out.push_back(handle);
  return out;
}

void DeliveryWiring::store_changed(const StoreChanged& fact) {
  for (const auto& [name, handle] : handles_) caf::anon_send(handle, fact);
}

void DeliveryWiring::site_changed(const SiteChanged& fact) {
  site_ = fact.site;
  for (const auto& [name, handle] : handles_) caf::anon_send(handle, fact);
  for (const auto& dispatcher : dispatchers_) caf::anon_send(dispatcher, fact);
  caf::anon_send(alerts_, fact);
  caf::anon_send(desk_, fact);
}

void DeliveryWiring::dispatchers_opened(const DispatchersOpened& fact) {
  caf::anon_send(alerts_, fact);
  caf::anon_send(desk_, fact);
}

// The actors hold each other's handles: they must be told to go.
void DeliveryWiring::end_actors() {
  for (auto& [name, handle] : handles_) kill_actor(handle);
  for (auto& dispatcher : dispatchers_) kill_actor(dispatcher);
  kill_actor(alerts_);
  kill_actor(desk_);
  handles_.clear();
  dispatchers_.clear();
  observer_ = nullptr;
}

}  // namespace denrei
