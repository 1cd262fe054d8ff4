// The wiring: which real adapters the actors get, who knows whom, and on which event loop each lives.
//
// Shape   Wiring(config, loops, log, store_url); start() -> Result; then the loops run; drain(…) ends it
// The only files that name real adapters are this one's and serve.cpp.
#pragma once
#include <boost/asio/io_context.hpp>
#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "denrei/actors/archive.hpp"
#include "denrei/actors/registry.hpp"
#include "denrei/actors/scribe.hpp"
#include "denrei/actors/supervisor.hpp"
#include "denrei/adapters/redis/redis_journal.hpp"
#include "denrei/adapters/redis/redis_outbox.hpp"
#include "denrei/app/config.hpp"
#include "denrei/http/server.hpp"
#include "delivery_wiring.hpp"
#include "fan_out_wiring.hpp"
#include "service_wiring.hpp"
#include "site_building.hpp"

namespace denrei {

using Loops = std::vector<std::unique_ptr<boost::asio::io_context>>;

class Wiring {
 public:
  Wiring(const Config& config, Loops& loops, LogSink& log, std::string store_url);
  ~Wiring();
  [[nodiscard]] Result<void> start();
  void drain(bool hurry);
  // All or nothing: certificates and secrets of the new configuration, or the old ones and why.
  [[nodiscard]] Result<void> reload(const Config& config);
  std::function<void(bool clean)> on_ended;  // on loop 0
  // Binds the calling thread to its loop, and runs it until stop.
  void run_loop(std::size_t index);
  // After the loops' threads have ended.
  void end_actors();

 private:
  struct Thread;  // what each event loop has of its own
  void make_meters();
  Result<void> spawn_outside();
  Result<void> spawn_delivery();
  void spawn_thread_actors();
  void open_rooms();
  [[nodiscard]] SiteFixtures fixtures() const;
  [[nodiscard]] double secret_age_s(const std::string& name) const;
  Result<void> listen();
  void on_store(std::size_t thread, bool up, const std::string& why);
  void open_partitions(unsigned count);
  void tell_everyone(const PartitionsOpened& opened);
  EdgeCounters make_edge_counters();
  Stage stage(std::size_t thread);
  void note(std::string_view kind, std::string_view text);

  Config config_;
  Loops& loops_;
  std::unique_ptr<TracingSink> traces_;            // null: nothing is traced
  LogSink& log_;
  std::string store_url_;
  MetricsRegistry metrics_;
  CountersBySource source_counters_;
  EdgeCounters edge_counters_;
  SitePtr site_;
  caf::actor_system_config actor_config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<std::unique_ptr<Thread>> threads_;   // those that take requests
  struct Outside;                                  // the store as the delivery's own loop sees it, where it has one
  std::unique_ptr<Outside> outside_;
  std::unique_ptr<ServiceWiring> services_;
  std::unique_ptr<FanOutWiring> fan_out_;
  std::unique_ptr<DeliveryWiring> delivery_;
  Registry registry_;
  SupervisorWithPlan supervisor_;
  std::vector<Partition> partitions_;
  bool opening_ = false;
  struct Meters;
  std::unique_ptr<Meters> meters_;
};

}  // namespace denrei
