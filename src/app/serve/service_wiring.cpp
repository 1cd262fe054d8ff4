// Outside services and who uses them. All on loop 0, but the spool, which writes on a thread of its own.
#include "service_wiring.hpp"

#include <algorithm>

#include "real_world.hpp"
#include "site_building.hpp"

namespace denrei {
namespace {

constexpr std::size_t connections_max = 2;      // each of them has one request under way
constexpr std::size_t photo_bytes_max = 8u * 1024 * 1024;  // a photo is read to its end; the seed's have 180 KB

const char* actor_kind(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::email: return nullptr;    // the channels use it
    case ServiceKind::storage: return "Depot";
    case ServiceKind::monitoring: return "Telemetry";
    case ServiceKind::cdn: return "CdnWatch";
  }
  return nullptr;
}

}  // namespace

ServiceWiring::ServiceWiring(const Config& config, MetricsRegistry& metrics) : config_(config), metrics_(metrics) {
  for (const auto& service : config.services) {
    auto& meter = *(meters_[service.name] = std::make_unique<ServiceMeter>());
    metrics.gauge("denrei_service_state", "0 unknown, 1 up, 2 on a secondary provider, 3 down.",
                  {{"service", service.name}, {"dependency", std::string(dependency_name(service.dependency))}},
                  [&meter] { return static_cast<double>(static_cast<int>(meter.state.load())); });
    if (const auto* kind = actor_kind(service.kind)) actor_meters_[service.name] = &metrics.actor(kind, service.name, "supervisor");
    if (service.kind == ServiceKind::storage) {
      exporter_meter_ = &metrics.actor("Exporter", "exporter", "supervisor");
      stored_ = &metrics.counter("denrei_objects_total", "Objects for the object storage by result.", {{"result", "stored"}});
      store_failed_ = &metrics.counter("denrei_objects_total", "Objects for the object storage by result.", {{"result", "failed"}});
      stored_bytes_ = &metrics.counter("denrei_object_bytes_total", "Bytes of stored objects.");
    }
    if (service.kind == ServiceKind::cdn) {
      const auto checks = [&](const char* result) {
        return &metrics.counter("denrei_cdn_checks_total", "Checks of a CDN's sample photo by result.", {{"service", service.name}, {"result", result}});
      };
      checks_[service.name] = {checks("passed"), checks("failed")};
    }
    if (service.kind == ServiceKind::monitoring) {
      const auto pushes = [&](const char* result) { return &metrics.counter("denrei_pushes_total", "Pushes to the monitoring service by result.", {{"result", result}}); };
      sent_ = pushes("sent");
      refused_ = pushes("refused");
      lost_ = pushes("lost");
      metrics.gauge("denrei_pushes_on_disk", "Pushes that wait for the monitoring service.", {}, [this] { return static_cast<double>(on_disk_.load()); });
    }
  }
}

ServiceWiring::~ServiceWiring() = default;

std::map<std::string, ServiceMeter*> ServiceWiring::meters() const {
  std::map<std::string, ServiceMeter*> out;
  for (const auto& [name, meter] : meters_) out[name] = meter.get();
  return out;
}

Result<void> ServiceWiring::spawn(const ServiceWorld& world) {
  for (const auto& [name, live] : world.site->services) {
    auto spawned = Result<void>{};
    switch (live->service.kind) {
      case ServiceKind::email: break;
      case ServiceKind::storage: spawned = spawn_storage(world, live); break;
      case ServiceKind::monitoring: spawned = spawn_monitoring(world, live); break;
      case ServiceKind::cdn: spawned = spawn_cdn(world, live); break;
    }
    if (!spawned) return spawned;
  }
  return {};
}

// One a provider: each has its own address guard.
Result<std::vector<HttpClient*>> ServiceWiring::make_clients(const Service& service, boost::asio::io_context& loop) {
  std::vector<HttpClient*> clients;
  for (const auto& provider : service.providers) {
    auto allow = parse_ranges(provider.allow);
    if (!allow) return tl::unexpected(allow.error());
    ClientPolicy policy{.allow = std::move(*allow), .ca_file = provider.ca_file, .proxy = {}, .user_agent = user_agent, .connections_max = connections_max,
                        .plain_http = provider.plain_http};
    if (service.kind == ServiceKind::cdn) policy.answer_bytes_max = photo_bytes_max;
    clients_.push_back(std::make_unique<CurlClient>(loop, std::move(policy)));
    clients.push_back(clients_.back().get());
  }
  return clients;
}

// Exports go to the first object storage of the file.
Result<void> ServiceWiring::spawn_storage(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live) {
  auto clients = make_clients(live->service, world.loop);
  if (!clients) return tl::unexpected(clients.error());
  auto& state = *meters_.at(live->service.name);
  const auto depot = spawn_depot(world.stage, *actor_meters_.at(live->service.name),
                                 {.service = live, .clients = std::move(*clients), .state = state, .registry = world.registry, .observer = world.observer,
                                  .log = world.log, .stored = stored_, .failed = store_failed_, .bytes = stored_bytes_, .clock = wall_clock});
  depots_.push_back(caf::actor_cast<caf::actor>(depot));
  if (exporter_) return {};
  exporter_ = spawn_exporter(world.stage, *exporter_meter_,
                             {.service = live->service, .state = state, .depot = depots_.back(), .outbox = world.outbox, .chronicle = world.chronicle,
                              .registers = world.registers, .observer = world.observer, .log = world.log, .clock = wall_clock});
  depots_.push_back(exporter());
  return {};
}

Result<void> ServiceWiring::spawn_monitoring(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live) {
  const auto& service = live->service;
  auto clients = make_clients(service, world.loop);
  if (!clients) return tl::unexpected(clients.error());
  spools_.push_back(std::make_unique<FileSpool>(config_.data_dir / "telemetry" / service.name, service.buffer_bytes_max));
  auto take_lines = std::function<std::vector<std::string>(std::size_t)>{};
  if (world.traces != nullptr) take_lines = [traces = world.traces](std::size_t most) { return traces->take(most); };
  const auto telemetry = spawn_telemetry(world.stage, *actor_meters_.at(service.name),
                                         {.service = live, .clients = std::move(*clients), .state = *meters_.at(service.name), .spool = *spools_.back(),
                                          .collect = [this] { return metrics_.collect(); }, .take_lines = std::move(take_lines), .node = config_.node,
                                          .version = DENREI_VERSION, .registry = world.registry, .observer = world.observer, .log = world.log,
                                          .sent = sent_, .refused = refused_, .lost = lost_, .on_disk = &on_disk_, .clock = wall_clock});
  tellers_.push_back(caf::actor_cast<caf::actor>(telemetry));
  return {};
}

Result<void> ServiceWiring::spawn_cdn(const ServiceWorld& world, const std::shared_ptr<const LiveService>& live) {
  auto clients = make_clients(live->service, world.loop);
  if (!clients) return tl::unexpected(clients.error());
  const auto watch = spawn_cdn_watch(world.stage, *actor_meters_.at(live->service.name),
                                     {.service = live, .clients = std::move(*clients), .state = *meters_.at(live->service.name), .registry = world.registry,
                                      .observer = world.observer, .log = world.log, .passed = checks_.at(live->service.name).first,
                                      .failed = checks_.at(live->service.name).second, .clock = wall_clock});
  watches_.push_back(caf::actor_cast<caf::actor>(watch));
  return {};
}

void ServiceWiring::site_changed(const SiteChanged& fact) {
  for (const auto& depot : depots_)
    if (depot != exporter()) caf::anon_send(depot, fact);
  for (const auto& teller : tellers_) caf::anon_send(teller, fact);
}

void ServiceWiring::dispatchers_opened(const DispatchersOpened& fact) {
  if (exporter_) caf::anon_send(exporter_, fact);
}

// The actors hold each other's handles: they must be told to go.
void ServiceWiring::end_actors() {
  for (const auto& depot : depots_) kill_actor(depot);
  for (const auto& teller : tellers_) kill_actor(teller);
  for (const auto& watch : watches_) kill_actor(watch);
  depots_.clear();
  tellers_.clear();
  watches_.clear();
}

}  // namespace denrei
