// The wiring of outside services: their states, and whoever uses them: object storage with its exports, monitoring, CDN checks.
//
// Shape   made before any thread runs (meters); spawn(…) once. E-mail is used by the channels, which get their meters from here
#pragma once
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <vector>

#include "denrei/actors/cdn_watch.hpp"
#include "denrei/actors/depot.hpp"
#include "denrei/actors/exporter.hpp"
#include "denrei/actors/telemetry.hpp"
#include "denrei/adapters/curl/curl_client.hpp"
#include "denrei/adapters/file_spool.hpp"
#include "denrei/adapters/tracing_sink.hpp"
#include "denrei/app/config.hpp"

namespace denrei {

// What all of them need, on the loop that they live on.
struct ServiceWorld {
  Stage stage;
  boost::asio::io_context& loop;
  Outbox& outbox;
  Chronicle& chronicle;
  Registers& registers;
  SitePtr site;
  caf::actor registry;
  caf::actor observer;
  LogSink* log = nullptr;
  TracingSink* traces = nullptr;         // null: nothing is traced
};

class ServiceWiring {
 public:
  using Meters = std::map<std::string, std::unique_ptr<ServiceMeter>>;
  ServiceWiring(const Config& config, MetricsRegistry& metrics);
  ~ServiceWiring();
  [[nodiscard]] std::map<std::string, ServiceMeter*> meters() const;
  [[nodiscard]] Result<void> spawn(const ServiceWorld& world);
  [[nodiscard]] caf::actor exporter() const { return caf::actor_cast<caf::actor>(exporter_); }
  // Those who end with the alerts, and those who end last because they tell of the end.
  [[nodiscard]] const std::vector<caf::actor>& depots() const noexcept { return depots_; }
  [[nodiscard]] const std::vector<caf::actor>& watches() const noexcept { return watches_; }  // these end first
  [[nodiscard]] const std::vector<caf::actor>& tellers() const noexcept { return tellers_; }
  void site_changed(const SiteChanged& fact);
  void dispatchers_opened(const DispatchersOpened& fact);
  void end_actors();

 private:
  Result<std::vector<HttpClient*>> make_clients(const Service& service, boost::asio::io_context& loop);
  Result<void> spawn_storage(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live);
  Result<void> spawn_monitoring(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live);
  Result<void> spawn_cdn(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live);

  const Config& config_;
  MetricsRegistry& metrics_;
  Meters meters_;
  std::map<std::string, ActorMeter*> actor_meters_;  // by service
  ActorMeter* exporter_meter_ = nullptr;
  Counter *stored_ = nullptr, *store_failed_ = nullptr, *stored_bytes_ = nullptr;
  Counter *sent_ = nullptr, *refused_ = nullptr, *lost_ = nullptr;
  std::atomic<std::uint64_t> on_disk_{0};
  std::map<std::string, std::pair<Counter*, Counter*>> checks_;  // of CDNs: passed, failed
  std::vector<std::unique_ptr<CurlClient>> clients_;
  std::vector<std::unique_ptr<FileSpool>> spools_;
  std::vector<caf::actor> depots_, tellers_, watches_;
  Exporter exporter_;
};

}  // namespace denrei
