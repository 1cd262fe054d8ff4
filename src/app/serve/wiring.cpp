// Who is who.
#include "wiring.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "denrei/actors/receiver.hpp"
#include "denrei/adapters/prometheus_text.hpp"
#include "denrei/runtime/asio_scheduler.hpp"
#include "real_world.hpp"

namespace denrei {
namespace {

constexpr std::array effects{Effect::ledger, Effect::employee, Effect::acknowledgement, Effect::bulletin, Effect::announcement, Effect::tally};
constexpr std::array known_statuses{200, 202, 204, 303, 304, 400, 401, 403, 404, 405, 409, 413, 415, 429, 500, 503};
// Only where somebody takes the traces.
std::unique_ptr<TracingSink> make_traces(const Config& config, LogSink& log) {
  for (const auto& service : config.services)
    if (service.kind == ServiceKind::monitoring && service.trace_share > 0) return std::make_unique<TracingSink>(log, service.trace_share);
  return nullptr;
}

constexpr unsigned partitions_max = 1024;  // their meters are registered before the store says how many there are

}  // namespace

struct Wiring::Thread {
  Thread(Wiring& w, std::size_t index)
      : journal(*w.loops_[index], {.url = w.store_url_, .prefix = w.config_.redis_prefix, .dedupe_window = w.config_.dedupe_window,
                                   .on_state = [&w, index](bool up, std::string why) { w.on_store(index, up, why); },
                                   .on_warning = [&w, index](const std::string& text) { if (index == 0) w.note("warning", text); }}),
        edge(make_edge(*w.system_, {.loop = *w.loops_[index], .timeouts = w.config_.http_timeouts, .counters = w.edge_counters_,
                                    .log = w.config_.log_requests ? &w.log_ : nullptr, .clock = wall_clock,
                                    .connections_max = std::max<std::size_t>(1, limits::connections_max / w.config_.threads),
                                    .connections_per_address_max = limits::connections_per_address_max})),
        server(edge) {}
  RedisJournal journal;
  RedisOutbox outbox{journal};
  EdgePtr edge;
  HttpServer server;
  Scribe scribe;
  Verifier verifier;
  Receiver receiver;
  Archive archive;
  std::vector<Partition> partitions;  // of this loop, and touched there only
};

struct Wiring::Outside {
  Outside(Wiring& w, boost::asio::io_context& loop)
      : journal(loop, {.url = w.store_url_, .prefix = w.config_.redis_prefix, .dedupe_window = w.config_.dedupe_window,
                       .on_state = [&w](bool up, std::string why) { w.delivery_->store_changed({up, std::move(why)}); }}) {}
  RedisJournal journal;
  RedisOutbox outbox{journal};
};

// Meters are made before any thread runs; actors come later and find theirs here.
struct Wiring::Meters {
  std::vector<ActorMeter*> receivers, verifiers, scribes, archives, partitions;
  std::map<Effect, ActorMeter*> keys;
  ActorMeter* registry = nullptr;
  ActorMeter* supervisor = nullptr;
  Counter* applied = nullptr;
  Counter* stale = nullptr;
  Counter* failed = nullptr;
  Counter* appends = nullptr;
  Histogram* apply_delay = nullptr;
  Histogram* append_duration = nullptr;
};

Wiring::Wiring(const Config& config, Loops& loops, LogSink& log, std::string store_url)
    : config_(config), loops_(loops), traces_(make_traces(config, log)), log_(traces_ ? *traces_ : log), store_url_(std::move(store_url)) {
  register_source_counters(metrics_, config_, source_counters_);
  edge_counters_ = make_edge_counters();
  make_meters();
  services_ = std::make_unique<ServiceWiring>(config_, metrics_);
  fan_out_ = std::make_unique<FanOutWiring>(config_, metrics_);
  fan_out_->add_stream_counters(edge_counters_);
  delivery_ = std::make_unique<DeliveryWiring>(config_, metrics_);
  std::vector<boost::asio::io_context*> raw;
  for (const auto& loop : loops_) raw.push_back(loop.get());
  install_asio_scheduler(actor_config_, std::move(raw));
  system_ = std::make_unique<caf::actor_system>(actor_config_);
}

Wiring::~Wiring() = default;

EdgeCounters Wiring::make_edge_counters() {
  EdgeCounters out;
  const char* const listeners[] = {"site", "operations"};
  for (std::size_t l = 0; l < 2; ++l) {
    for (const int status : known_statuses)
      out.by_status[l][status] = &metrics_.counter("denrei_http_server_requests_total", "Answers by listener and status.",
                                                   {{"listener", listeners[l]}, {"code", std::to_string(status)}});
    out.duration[l] = &metrics_.histogram("denrei_http_server_request_duration_seconds", "From the whole request to its answer.",
                                          {{"listener", listeners[l]}});
  }
  out.other_status = &metrics_.counter("denrei_http_server_requests_total", "Answers by listener and status.",
                                       {{"listener", "any"}, {"code", "other"}});
  out.malformed = &metrics_.counter("denrei_http_malformed_total", "Bytes that were no HTTP request.");
  out.timed_out = &metrics_.counter("denrei_http_timeouts_total", "Requests that did not arrive in time.");
  out.refused_connections = &metrics_.counter("denrei_http_connections_refused_total", "Connections beyond a limit.");
  return out;
}

void Wiring::make_meters() {
  meters_ = std::make_unique<Meters>();
  auto& m = *meters_;
  m.supervisor = &metrics_.actor("Supervisor", "supervisor", "");
  m.registry = &metrics_.actor("Registry", "registry", "supervisor");
  for (std::size_t i = 0; i < config_.threads; ++i) {
    const auto number = "-" + std::to_string(i);
    m.receivers.push_back(&metrics_.actor("Receiver", "receiver" + number, "supervisor"));
    m.verifiers.push_back(&metrics_.actor("Verifier", "verifier" + number, "supervisor"));
    m.scribes.push_back(&metrics_.actor("Scribe", "scribe" + number, "supervisor"));
    m.archives.push_back(&metrics_.actor("Archive", "archive" + number, "supervisor"));
  }
  m.partitions.push_back(&metrics_.actor("Partition", "partitions", "supervisor"));
  for (const auto effect : effects) {
    const auto kind = std::string(key_kind(effect));
    m.keys[effect] = &metrics_.actor(kind, kind + "s", "partitions");
  }
  const auto applied = [&](const char* outcome) {
    return &metrics_.counter("denrei_events_applied_total", "Events whose effect is committed, by outcome.", {{"outcome", outcome}});
  };
  m.applied = applied("applied");
  m.stale = applied("stale");
  m.failed = applied("failed");
  m.appends = &metrics_.counter("denrei_appends_total", "Append calls to the store; events per call is the batch size.");
  m.apply_delay = &metrics_.histogram("denrei_event_apply_delay_seconds", "From the receipt of an event to its commit.");
  m.append_duration = &metrics_.histogram("denrei_append_duration_seconds", "From an append to its durable answer.");
  for (const auto& secret : config_.secret_ages)
    if (secret.since)
      metrics_.gauge("denrei_secret_age_seconds", "Since the file of the secret was written.", {{"name", secret.name}},
                     [this, name = secret.name] { return secret_age_s(name); });
  if (traces_)
    metrics_.gauge("denrei_trace_lines_left_out", "Lines of traced events that found no room since the start.", {},
                   [this] { return static_cast<double>(traces_->left_out()); });
  metrics_.gauge("denrei_build_info", "Always 1.", {{"version", DENREI_VERSION}}, [] { return 1.0; });
}

// On loop 0, where a reload changes it.
double Wiring::secret_age_s(const std::string& name) const {
  for (const auto& secret : config_.secret_ages)
    if (secret.name == name) return static_cast<double>(age_of(secret, wall_clock()).value_or(std::chrono::seconds{0}).count());
  return 0;
}

Stage Wiring::stage(std::size_t thread) { return {*system_, &scheduler_of(*system_).unit(thread)}; }

SiteFixtures Wiring::fixtures() const { return {services_->meters(), fan_out_->console_key()}; }

Result<void> Wiring::start() {
  auto site = build_site(config_, source_counters_, fixtures());
  if (!site) return tl::unexpected(site.error());
  site_ = std::move(*site);
  supervisor_ = spawn_supervisor(stage(0), *meters_->supervisor);
  for (std::size_t i = 0; i < config_.threads; ++i) threads_.push_back(std::make_unique<Thread>(*this, i));
  registry_ = spawn_registry(stage(0), *meters_->registry, {.metrics = metrics_, .render_metrics = prometheus_text, .notes = [this] { return old_secret_notes(config_.secret_ages, wall_clock()); }});
  if (auto spawned = spawn_outside(); !spawned) return spawned;
  if (auto spawned = spawn_delivery(); !spawned) return spawned;
  spawn_thread_actors();
  open_rooms();
  return listen();
}

// Outside services, and what people look at: all on loop 0.
Result<void> Wiring::spawn_outside() {
  auto& first = *threads_.front();
  const auto registry = caf::actor_cast<caf::actor>(registry_);
  const auto observer = caf::actor_cast<caf::actor>(supervisor_);
  const ServiceWorld world{stage(0), *loops_.front(), first.outbox, first.outbox, first.outbox, site_, registry, observer, &log_, traces_.get()};
  if (auto spawned = services_->spawn(world); !spawned) return spawned;
  return fan_out_->open({stage(0), *loops_.front(), first.journal, first.journal, first.outbox, site_, registry, observer, log_, config_.log_requests, services_->meters()});
}

// Destinations live on a loop of their own where there is one, else beside the requests.
Result<void> Wiring::spawn_delivery() {
  DeliveryWorld world{.places = {}, .desk_stage = stage(0), .outbox = threads_.front()->outbox, .chronicle = threads_.front()->outbox, .site = site_,
                      .observer = caf::actor_cast<caf::actor>(supervisor_), .log = config_.log_requests ? &log_ : nullptr,
                      .channels = fan_out_->channels(), .exporter = services_->exporter()};
  if (loops_.size() > threads_.size()) {
    outside_ = std::make_unique<Outside>(*this, *loops_.back());
    world.places.push_back({stage(loops_.size() - 1), *loops_.back(), outside_->outbox});
  } else {
    for (std::size_t i = 0; i < threads_.size(); ++i) world.places.push_back({stage(i), *loops_[i], threads_[i]->outbox});
  }
  return delivery_->spawn(std::move(world));
}

// Who answers what on the operations listener.
void Wiring::open_rooms() {
  RoomsOpened opened{fan_out_->rooms(), fan_out_->fan_out()};
  for (const auto* root : {"/ops/destinations", "/ops/deliveries", "/ops/dead-letters", "/ops/jobs", "/ops/audit", "/ops/exports"}) opened.rooms[root] = delivery_->desk();
  caf::anon_send(registry_, std::move(opened));
}

void Wiring::spawn_thread_actors() {
  const auto observer = caf::actor_cast<caf::actor>(supervisor_);
  std::vector<Scribe> scribes;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    auto& t = *threads_[i];
    t.scribe = spawn_scribe(stage(i), *meters_->scribes[i],
                            {.journal = t.journal, .observer = observer, .registry = caf::actor_cast<caf::actor>(registry_),
                             .append_duration = meters_->append_duration, .appends = meters_->appends, .clock = wall_clock});
    scribes.push_back(t.scribe);
  }
  fan_out_->watch_over(delivery_->alerts(), scribes, source_counters_, delivery_->meters());
  DrainPlan plan{.stages = {{fan_out_->fan_out(), fan_out_->clockwork()}, {}, delivery_->destinations(), {delivery_->alerts()}, {}, {}, {}}, .registry = caf::actor_cast<caf::actor>(registry_), .timeout = config_.drain_timeout,
                 .ended = [this](bool clean) { if (on_ended) on_ended(clean); }};
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    auto& t = *threads_[i];
    t.verifier = spawn_verifier(stage(i), *meters_->verifiers[i], {.site = site_, .scribes = scribes, .clock = wall_clock});
    t.archive = spawn_archive(stage(i), *meters_->archives[i], {.shelf = t.journal, .inboxes = fan_out_->inboxes(), .desk = delivery_->desk(), .fan_out = fan_out_->fan_out()});
    t.receiver = spawn_receiver(stage(i), *meters_->receivers[i],
                                {.site = site_, .verifier = t.verifier, .limiting_verifier = threads_.front()->verifier,
                                 .archive = caf::actor_cast<caf::actor>(t.archive), .registry = caf::actor_cast<caf::actor>(registry_)});
    t.edge->set_receiver(t.receiver, observer, site_);
    plan.stages[0].push_back(t.edge.actor());
    plan.stages[1].push_back(caf::actor_cast<caf::actor>(t.scribe));
  }
  for (const auto& watch : services_->watches()) plan.stages[0].push_back(watch);
  for (const auto& depot : services_->depots()) plan.stages[3].push_back(depot);
  for (const auto& [name, inbox] : fan_out_->inboxes()) plan.stages[6].push_back(caf::actor_cast<caf::actor>(inbox));
  for (const auto& teller : services_->tellers()) plan.stages[6].push_back(teller);
  caf::anon_send(supervisor_, PlanMade{std::move(plan)});
}

Result<void> Wiring::listen() {
  const bool tls = !config_.tls.certificate.empty();
  auto port = config_.listen.port;
  for (auto& t : threads_) {
    if (tls)
      if (auto read = t->server.set_tls(config_.tls.certificate, config_.tls.key); !read) return read;
    auto bound = t->server.listen({.address = config_.listen.address, .port = port, .tls = tls, .share_port = threads_.size() > 1, .first = t == threads_.front()});
    if (!bound) return tl::unexpected(bound.error());
    port = *bound;
  }
  auto operations = threads_.front()->server.listen({config_.ops_listen.address, config_.ops_listen.port, Listener::operations, false});
  if (!operations) return tl::unexpected(operations.error());
  note("listening", fmt::format("{}://{}:{} and, for operations, http://{}:{}", tls ? "https" : "http", config_.listen.address, port,
                                config_.ops_listen.address, *operations));
  return {};
}

// --- the store comes and goes

void Wiring::on_store(std::size_t thread, bool up, const std::string& why) {
  auto& t = *threads_[thread];
  const StoreChanged fact{up, why};
  caf::anon_send(t.scribe, fact);
  for (const auto& partition : t.partitions) caf::anon_send(partition, fact);
  if (thread != 0) return;
  note(up ? "store up" : "store down", why);
  caf::anon_send(registry_, fact);
  if (!outside_) delivery_->store_changed(fact);
  fan_out_->store_changed(fact);
  if (!up || !partitions_.empty() || std::exchange(opening_, true)) return;
  t.journal.open_layout(config_.partitions, [this](Result<unsigned> count) {
    opening_ = false;
    if (count && *count > 0 && *count <= partitions_max) return open_partitions(*count);
    note("store unusable", count ? "it says that it has no sensible number of partitions" : count.error().detail);
  });
}

void Wiring::open_partitions(unsigned count) {
  std::map<std::string, caf::actor> inboxes;
  for (const auto& [name, inbox] : fan_out_->inboxes()) inboxes[name] = caf::actor_cast<caf::actor>(inbox);
  PartitionsOpened opened;
  DispatchersOpened dispatchers;
  for (unsigned p = 0; p < count; ++p) {
    const auto thread = p % threads_.size();
    auto& journal = threads_[thread]->journal;
    dispatchers.dispatchers.push_back(caf::actor_cast<caf::actor>(delivery_->make_dispatcher(stage(thread), p, threads_[thread]->outbox)));
    partitions_.push_back(spawn_partition(
        stage(thread), *meters_->partitions.front(),
        {.index = p, .node = config_.node, .take_over = config_.take_over, .log_keep_events = config_.log_keep_events,
         .journal = journal, .shelf = journal, .key_meters = meters_->keys, .inboxes = inboxes,
         .site = site_, .dispatcher = dispatchers.dispatchers.back(), .observer = caf::actor_cast<caf::actor>(supervisor_), .applied = meters_->applied, .stale = meters_->stale,
         .failed = meters_->failed, .apply_delay = meters_->apply_delay, .clock = wall_clock}));
    opened.partitions.push_back(caf::actor_cast<caf::actor>(partitions_.back()));
    boost::asio::post(*loops_[thread], [t = threads_[thread].get(), partition = partitions_.back()] { t->partitions.push_back(partition); });
  }
  caf::anon_send(supervisor_, dispatchers);
  delivery_->dispatchers_opened(dispatchers);
  services_->dispatchers_opened(dispatchers);
  tell_everyone(opened);
  for (const auto& partition : partitions_) caf::anon_send(partition, StartPartition{});
}

void Wiring::tell_everyone(const PartitionsOpened& opened) {
  caf::anon_send(registry_, opened);
  caf::anon_send(supervisor_, opened);
  fan_out_->partitions_opened(opened);
  for (const auto& t : threads_) {
    caf::anon_send(t->scribe, opened);
    caf::anon_send(t->verifier, opened);
    caf::anon_send(t->archive, opened);
  }
}

// --- reload and end

Result<void> Wiring::reload(const Config& config) {
  register_source_counters(metrics_, config, source_counters_);  // on loop 0, where they are read too
  auto site = build_site(config, source_counters_, fixtures());
  if (!site) return tl::unexpected(site.error());
  if (!config.tls.certificate.empty())
    for (auto& t : threads_)
      if (auto read = t->server.set_tls(config.tls.certificate, config.tls.key); !read) return read;
  site_ = std::move(*site);
  config_.secret_ages = config.secret_ages;
  for (const auto& t : threads_) {
    caf::anon_send(t->receiver, SiteChanged{site_});
    caf::anon_send(t->verifier, SiteChanged{site_});
    caf::anon_send(t->edge.actor(), SiteChanged{site_});
  }
  for (const auto& partition : partitions_) caf::anon_send(partition, SiteChanged{site_});
  delivery_->site_changed({site_});
  services_->site_changed({site_});
  fan_out_->site_changed({site_});
  return {};
}

void Wiring::drain(bool hurry) {
  for (auto& t : threads_) t->server.stop_accepting();
  caf::anon_send(supervisor_, Drain{hurry});
}

void Wiring::run_loop(std::size_t index) {
  LoopUnit::bind_thread(&scheduler_of(*system_).unit(index));
  const auto work = boost::asio::make_work_guard(*loops_[index]);
  loops_[index]->run();
  LoopUnit::bind_thread(nullptr);
}

void Wiring::end_actors() {
  for (auto& t : threads_) {
    t->server.stop();
    t->edge->close();
  }
  for (auto& t : threads_) {
    kill_actor(t->receiver);
    kill_actor(t->verifier);
    kill_actor(t->scribe);
    kill_actor(t->archive);
  }
  for (auto& p : partitions_) kill_actor(p);
  fan_out_->end_actors();
  services_->end_actors();
  delivery_->end_actors();
  kill_actor(registry_);
  kill_actor(supervisor_);
  scheduler_of(*system_).run_remaining();
}

void Wiring::note(std::string_view kind, std::string_view text) {
  log_.write(json::serialize(json::object{{"timestamp", format_iso8601(wall_clock())}, {"log", "process"},
                                          {"event", json::string(kind)}, {"detail", json::string(text)}}));
}

}  // namespace denrei
