// The wiring of the way out: destinations with their HTTP clients, dispatchers, alerts and the desk.
//
// Shape   made before any thread runs (meters); spawn(…) once; make_dispatcher(…) for each partition when the store is open
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "denrei/actors/alerts.hpp"
#include "denrei/actors/desk.hpp"
#include "denrei/actors/destination.hpp"
#include "denrei/actors/dispatcher.hpp"
#include "denrei/adapters/curl/curl_client.hpp"
#include "denrei/app/config.hpp"

namespace denrei {

// Where a destination lives, and the store's registers on that loop.
struct DeliveryPlace {
  Stage stage;
  boost::asio::io_context& loop;
  Registers& registers;
};

struct DeliveryWorld {
  std::vector<DeliveryPlace> places;     // destinations are dealt out in turn; the first is also the alerts'
  Stage desk_stage;
  Outbox& outbox;                        // on the desk's loop
  Chronicle& chronicle;
  SitePtr site;
  caf::actor observer;
  LogSink* log = nullptr;
  std::map<std::string, caf::actor> channels;
  caf::actor exporter;                   // null: no object storage
};

class DeliveryWiring {
 public:
  DeliveryWiring(const Config& config, MetricsRegistry& metrics);
  ~DeliveryWiring();
  [[nodiscard]] Result<void> spawn(DeliveryWorld world);
  Dispatcher make_dispatcher(const Stage& stage, std::uint32_t index, Outbox& outbox);
  [[nodiscard]] caf::actor desk() const { return caf::actor_cast<caf::actor>(desk_); }
  [[nodiscard]] caf::actor alerts() const { return caf::actor_cast<caf::actor>(alerts_); }
  [[nodiscard]] std::vector<caf::actor> destinations() const;
  [[nodiscard]] std::map<std::string, const DestinationMeter*> meters() const;  // by destination
  void store_changed(const StoreChanged& fact);
  void site_changed(const SiteChanged& fact);
  void dispatchers_opened(const DispatchersOpened& fact);
  void end_actors();

 private:
  struct Seat;                           // one destination: its meters and its client
  Result<void> make_client(Seat& seat, boost::asio::io_context& loop);

  std::vector<std::unique_ptr<Seat>> seats_;
  ActorMeter& dispatcher_meter_;
  ActorMeter& alerts_meter_;
  ActorMeter& desk_meter_;
  ActorMeter& attempt_meter_;
  std::chrono::hours events_remembered_;
  SitePtr site_;
  caf::actor observer_;
  std::map<std::string, caf::actor> handles_;  // destinations by name
  std::vector<Dispatcher> dispatchers_;
  AlertsActor alerts_;
  Desk desk_;
};

}  // namespace denrei
