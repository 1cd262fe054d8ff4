// The wiring of what people look at: inboxes, live streams, channels, alert rules, the console; and of the clock.
//
// Shape   made before any thread runs (meters); then open(…), once, and watch_over(…) when Alerts and Scribes exist
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <vector>

#include "denrei/actors/channel.hpp"
#include "denrei/actors/clockwork.hpp"
#include "denrei/actors/console.hpp"
#include "denrei/actors/destination.hpp"
#include "denrei/actors/fan_out.hpp"
#include "denrei/actors/inbox.hpp"
#include "denrei/actors/registry.hpp"
#include "denrei/actors/watch.hpp"
#include "denrei/adapters/curl/curl_client.hpp"
#include "denrei/adapters/curl/curl_mailer.hpp"
#include "denrei/app/config.hpp"
#include "denrei/http/edge.hpp"
#include "site_building.hpp"

namespace denrei {

// All of it lives on one loop.
struct FanOutWorld {
  Stage stage;
  boost::asio::io_context& loop;
  Journal& journal;
  Shelf& shelf;
  Registers& registers;
  SitePtr site;
  caf::actor registry;
  caf::actor observer;
  LogSink& log;
  bool logs_alerts = true;
  std::map<std::string, ServiceMeter*> service_meters;
};

class FanOutWiring {
 public:
  FanOutWiring(const Config& config, MetricsRegistry& metrics);
  ~FanOutWiring();
  [[nodiscard]] Result<void> open(FanOutWorld world);
  // `destinations` are asked how they fare by rules that are about them.
  void watch_over(const caf::actor& alerts, const std::vector<Scribe>& scribes, const CountersBySource& sources,
                  std::map<std::string, const DestinationMeter*> destinations);
  [[nodiscard]] const std::map<std::string, Inbox>& inboxes() const noexcept { return inboxes_; }
  [[nodiscard]] const std::map<std::string, caf::actor>& channels() const noexcept { return channels_; }
  [[nodiscard]] caf::actor fan_out() const { return caf::actor_cast<caf::actor>(fan_out_); }
  [[nodiscard]] caf::actor clockwork() const { return caf::actor_cast<caf::actor>(clockwork_); }
  [[nodiscard]] const std::shared_ptr<const HmacSha256>& console_key() const noexcept { return console_key_; }
  [[nodiscard]] std::map<std::string, caf::actor> rooms() const;
  void add_stream_counters(EdgeCounters& counters);
  void store_changed(const StoreChanged& fact);
  void partitions_opened(const PartitionsOpened& fact);
  void site_changed(const SiteChanged& fact);
  void end_actors();

 private:
  Result<void> spawn_channels(const FanOutWorld& world);
  Result<HttpClient*> make_channel_client(const Channel& channel, boost::asio::io_context& loop);

  const Config& config_;
  std::map<std::string, ActorMeter*> inbox_meters_, channel_meters_;
  ActorMeter& fan_out_meter_;
  ActorMeter& console_meter_;
  ActorMeter& watch_meter_;
  ActorMeter& clockwork_meter_;
  FanOutCounters stream_counters_;
  Counter& streams_cut_off_;
  std::atomic<std::int64_t> streams_open_{0};
  Counter& alerts_sent_;
  Counter& alerts_failed_;
  std::map<std::string, std::unique_ptr<RuleMeter>> rule_meters_;
  std::shared_ptr<const HmacSha256> console_key_;
  std::map<std::string, std::unique_ptr<CurlClient>> channel_clients_;
  std::unique_ptr<CurlMailer> mailer_;
  std::optional<FanOutWorld> world_;
  std::map<std::string, Inbox> inboxes_;
  std::map<std::string, caf::actor> channels_;
  FanOut fan_out_;
  Console console_;
  Watch watch_;
  ClockworkActor clockwork_;
};

}  // namespace denrei
