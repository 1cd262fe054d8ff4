// Who looks on, and who is told.
#include "fan_out_wiring.hpp"

#include <array>
#include <openssl/rand.h>

#include "console_files.hpp"
#include "denrei/actors/rule_counts.hpp"
#include "denrei/base/assert.hpp"
#include "real_world.hpp"

namespace denrei {
namespace {

constexpr std::array inbox_names{"acknowledgements", "level99"};
constexpr std::size_t channel_connections_max = 2;

// As long as the process: a restart ends every session of the console.
std::shared_ptr<const HmacSha256> make_console_key() {
  std::array<unsigned char, 32> bytes{};
  DENREI_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return std::make_shared<const HmacSha256>(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

FanOutWiring::FanOutWiring(const Config& config, MetricsRegistry& metrics)
    : config_(config),
      fan_out_meter_(metrics.actor("FanOut", "fan-out", "supervisor")),
      console_meter_(metrics.actor("Console", "console", "supervisor")),
      watch_meter_(metrics.actor("Watch", "watch", "supervisor")),
      clockwork_meter_(metrics.actor("Clockwork", "clockwork", "supervisor")),
      streams_cut_off_(metrics.counter("denrei_streams_cut_off_total", "Readers of a live stream that were too slow.")),
      alerts_sent_(metrics.counter("denrei_alerts_total", "Alert messages by result.", {{"result", "sent"}})),
      alerts_failed_(metrics.counter("denrei_alerts_total", "Alert messages by result.", {{"result", "failed"}})),
      console_key_(make_console_key()) {
  for (const auto* name : inbox_names) inbox_meters_[name] = &metrics.actor("Inbox", std::string("inbox-") + name, "supervisor");
  for (const auto& channel : config.channels) channel_meters_[channel.name] = &metrics.actor("Channel", "channel-" + channel.name, "alerts");
  const auto streams = [&](const char* how) { return &metrics.counter("denrei_streams_total", "Live streams by how they began.", {{"began", how}}); };
  stream_counters_ = {.opened = streams("opened"), .resumed = streams("resumed"), .reset = streams("reset"), .refused = streams("refused"),
                      .events = &metrics.counter("denrei_stream_events_total", "Events that went to live streams, each counted once.")};
  metrics.gauge("denrei_streams_open", "Readers of live streams.", {}, [this] { return static_cast<double>(streams_open_.load()); });
  for (const auto& rule : config.alert_rules) {
    auto& meter = *(rule_meters_[rule.name] = std::make_unique<RuleMeter>());
    metrics.gauge("denrei_alert_firing", "1 while the rule holds.", {{"rule", rule.name}}, [&meter] { return meter.firing.load() ? 1.0 : 0.0; });
  }
}

FanOutWiring::~FanOutWiring() = default;

Result<void> FanOutWiring::open(FanOutWorld world) {
  std::map<std::string, caf::actor> topics;
  for (const auto* name : inbox_names) {
    inboxes_[name] = spawn_inbox(world.stage, *inbox_meters_.at(name),
                                 {.name = name, .node = config_.node, .journal = world.journal, .shelf = world.shelf, .registers = world.registers,
                                  .observer = world.observer, .clock = wall_clock});
    topics[name] = caf::actor_cast<caf::actor>(inboxes_[name]);
  }
  fan_out_ = spawn_fan_out(world.stage, fan_out_meter_, {.inboxes = std::move(topics), .observer = world.observer, .counters = stream_counters_});
  console_ = spawn_console(world.stage, console_meter_,
                           {.files = console_files(), .key = console_key_, .one_time_token = config_.console_token, .clock = wall_clock});
  mailer_ = std::make_unique<CurlMailer>(world.loop);
  if (auto spawned = spawn_channels(world); !spawned) return spawned;
  world_.emplace(std::move(world));
  return {};
}

Result<HttpClient*> FanOutWiring::make_channel_client(const Channel& channel, boost::asio::io_context& loop) {
  if (channel.kind != ChannelKind::slack && channel.kind != ChannelKind::webhook) return nullptr;
  auto allow = parse_ranges(channel.allow);
  if (!allow) return tl::unexpected(allow.error());
  auto& client = channel_clients_[channel.name];
  // Slack's URL is a secret that may name a proxy of the house: it is taken as it is.
  client = std::make_unique<CurlClient>(loop, ClientPolicy{.allow = std::move(*allow), .ca_file = channel.ca_file, .proxy = {}, .user_agent = user_agent,
                                                           .connections_max = channel_connections_max,
                                                           .plain_http = channel.plain_http || channel.kind == ChannelKind::slack});
  return client.get();
}

Result<void> FanOutWiring::spawn_channels(const FanOutWorld& world) {
  for (const auto& [name, live] : world.site->channels) {
    auto client = make_channel_client(live->channel, world.loop);
    if (!client) return tl::unexpected(client.error());
    const auto channel = spawn_channel(world.stage, *channel_meters_.at(name),
                                       {.site = world.site, .name = name, .client = *client, .mailer = *mailer_,
                                        .inbox = caf::actor_cast<caf::actor>(inboxes_.at("level99")), .fan_out = fan_out(), .registry = world.registry,
                                        .service_meters = world.service_meters, .log = world.logs_alerts ? &world.log : nullptr,
                                        .sent = &alerts_sent_, .failed = &alerts_failed_, .clock = wall_clock});
    channels_[name] = caf::actor_cast<caf::actor>(channel);
  }
  return {};
}

void FanOutWiring::watch_over(const caf::actor& alerts, const std::vector<Scribe>& scribes, const CountersBySource& sources,
                              std::map<std::string, const DestinationMeter*> destinations) {
  const auto& world = *world_;
  auto count = [&sources, destinations = std::move(destinations)](const AlertRuleSpec& spec) {
    RuleCounts sum;
    switch (spec.over.kind) {
      case RuleScope::Kind::all:
        for (const auto& [name, counters] : sources) sum += counts_of(counters, spec.type);
        break;
      case RuleScope::Kind::source:
        if (const auto at = sources.find(spec.over.name); at != sources.end()) sum = counts_of(at->second, spec.type);
        break;
      case RuleScope::Kind::destination:
        if (const auto at = destinations.find(spec.over.name); at != destinations.end()) sum = counts_of(*at->second);
        break;
    }
    return sum;
  };
  std::map<std::string, RuleMeter*, std::less<>> meters;
  for (const auto& [name, meter] : rule_meters_) meters[name] = meter.get();
  watch_ = spawn_watch(world.stage, watch_meter_,
                       {.rules = config_.alert_rules, .count = std::move(count), .meters = std::move(meters), .registers = world.registers,
                        .alerts = alerts, .fan_out = fan_out(), .log = world.logs_alerts ? &world.log : nullptr, .clock = wall_clock});
  clockwork_ = spawn_clockwork(world.stage, clockwork_meter_,
                               {.scribes = scribes, .shelf = world.shelf, .registers = world.registers, .clock = wall_clock,
                                .hourly = config_.hourly_statistics, .daily = config_.daily_statistics, .observer = world.observer, .log = &world.log});
}

std::map<std::string, caf::actor> FanOutWiring::rooms() const {
  return {{"/console", caf::actor_cast<caf::actor>(console_)}, {"/ops/alerts", caf::actor_cast<caf::actor>(watch_)}};
}

void FanOutWiring::add_stream_counters(EdgeCounters& counters) {
  counters.streams_cut_off = &streams_cut_off_;
  counters.streams_open = &streams_open_;
}

void FanOutWiring::store_changed(const StoreChanged& fact) {
  for (const auto& [name, inbox] : inboxes_) caf::anon_send(inbox, fact);
  caf::anon_send(clockwork_, fact);
  caf::anon_send(watch_, fact);
}

void FanOutWiring::partitions_opened(const PartitionsOpened& fact) { caf::anon_send(clockwork_, fact); }

void FanOutWiring::site_changed(const SiteChanged& fact) { caf::anon_send(fan_out_, fact); }

// The actors hold each other's handles: they must be told to go.
void FanOutWiring::end_actors() {
  for (const auto& [name, inbox] : inboxes_) kill_actor(inbox);
  for (const auto& [name, channel] : channels_) kill_actor(channel);
  kill_actor(fan_out_);
  kill_actor(console_);
  kill_actor(watch_);
  kill_actor(clockwork_);
  inboxes_.clear();
  channels_.clear();
  world_.reset();
}

}  // namespace denrei
