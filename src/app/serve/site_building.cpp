// Building the site.
#include "site_building.hpp"

#include "denrei/actors/rule_counts.hpp"
#include "hand_in.hpp"

namespace denrei {

void register_source_counters(MetricsRegistry& metrics, const Config& config, CountersBySource& counters) {
  const auto counter = [&](const Source& source, std::string_view result) {
    return &metrics.counter("denrei_webhooks_received_total", "Requests to sources by what became of them.",
                            {{"source", source.name}, {"result", std::string(result)}});
  };
  auto sources = config.sources;
  for (auto& source : make_hand_in_sources()) sources.push_back(std::move(source));
  for (const auto& source : sources) {
    const auto [at, fresh] = counters.try_emplace(source.name);
    if (!fresh) continue;
    at->second.accepted = {counter(source, "accepted"), counter(source, "repeat"), counter(source, "conflict")};
    for (std::size_t i = 0; i < refusals; ++i)
      at->second.refused[i] = counter(source, refusal_name(static_cast<Refusal>(i)));
    at->second.duration = &metrics.histogram("denrei_webhook_duration_seconds", "From the whole request of a sender to its answer.", {{"source", source.name}});
    for (const auto& type : counted_types(config.alert_rules, source.name))
      at->second.by_type[type] = &metrics.counter("denrei_webhooks_accepted_by_type_total", "Accepted events of the types that alert rules name.",
                                                  {{"source", source.name}, {"type", type}});
  }
}

namespace {

std::vector<Secret> secrets_of(const Config& config, const std::string& name) {
  const auto at = config.secrets.find(name);
  return name.empty() || at == config.secrets.end() ? std::vector<Secret>{} : at->second.values;
}

// Of the services that a source needs only those that are highly depended on stop it; one that a reload has added is not at work yet.
std::vector<const ServiceMeter*> needs_of(const Config& config, const Source& source, const SiteFixtures& fixtures) {
  std::vector<const ServiceMeter*> needs;
  for (const auto& service : config.services)
    if (service.dependency == Dependency::high && std::find(source.needs.begin(), source.needs.end(), service.name) != source.needs.end())
      if (const auto at = fixtures.services.find(service.name); at != fixtures.services.end()) needs.push_back(at->second);
  return needs;
}

Result<LiveSource> build_source(const Config& config, const Source& source, const CountersBySource& counters, const SiteFixtures& fixtures) {
  const auto text = config.schemas.find(source.schema);
  if (text == config.schemas.end()) return fail(FaultCode::invalid, "source " + source.name + ": no schema " + source.schema);
  auto schema = compile_schema(text->second, {{"photo_hosts", source.photo_hosts}});
  if (!schema) return fail(FaultCode::invalid, "schema " + source.schema + ": " + schema.error().detail);
  auto allow = parse_ranges(source.allow);
  if (!allow) return tl::unexpected(allow.error());
  return LiveSource{.source = source, .schema = std::move(*schema), .secrets = secrets_of(config, source.secret),
                    .bearers = secrets_of(config, source.bearer), .allow = std::move(*allow), .counters = counters.at(source.name),
                    .needs = needs_of(config, source, fixtures)};
}

// Of a token only the current one is sent, of a secret only the current one signs; receivers accept both while rotating.
std::shared_ptr<const LiveDestination> build_destination(const Config& config, const Destination& destination) {
  auto live = std::make_shared<LiveDestination>();
  live->destination = destination;
  live->secrets = secrets_of(config, destination.secret);
  if (auto bearer = secrets_of(config, destination.bearer); !bearer.empty()) live->bearer = std::move(bearer.front());
  return live;
}

std::shared_ptr<const LiveChannel> build_channel(const Config& config, const Channel& channel) {
  auto live = std::make_shared<LiveChannel>();
  live->channel = channel;
  if (auto secrets = secrets_of(config, channel.secret); !secrets.empty()) live->secret = std::move(secrets.front());
  return live;
}

std::shared_ptr<const LiveService> build_service(const Config& config, const Service& service) {
  auto live = std::make_shared<LiveService>();
  live->service = service;
  for (const auto& provider : service.providers) {
    auto secrets = secrets_of(config, provider.secret);
    live->secrets.push_back(secrets.empty() ? Secret{} : std::move(secrets.front()));
  }
  return live;
}

void add_outbound(const Config& config, Site& site) {
  for (const auto& service : config.services) site.services.emplace(service.name, build_service(config, service));
  for (const auto& destination : config.destinations) site.destinations.emplace(destination.name, build_destination(config, destination));
  for (const auto& channel : config.channels) site.channels.emplace(channel.name, build_channel(config, channel));
  site.routes = std::make_shared<Routes>(config.routes);
}

// The built-in sources exist when somebody may call them.
Result<void> add_hand_in(const Config& config, const CountersBySource& counters, Site& site) {
  const auto may_call = [&](const char* role) { return config.role_tokens.contains(role); };
  if (!may_call("sender") && !may_call("operator") && !may_call("admin")) return {};
  auto built_in = make_hand_in(counters);
  if (!built_in) return tl::unexpected(built_in.error());
  for (auto& live : *built_in) add_source(site, std::move(live));
  return {};
}

}  // namespace

Result<std::vector<Cidr>> parse_ranges(const std::vector<std::string>& texts) {
  std::vector<Cidr> out;
  for (const auto& text : texts) {
    auto range = parse_cidr(text);
    if (!range) return tl::unexpected(range.error());
    out.push_back(*range);
  }
  return out;
}

Result<SitePtr> build_site(const Config& config, const CountersBySource& counters, const SiteFixtures& fixtures) {
  auto site = std::make_shared<Site>();
  for (const auto& source : config.sources) {
    auto live = build_source(config, source, counters, fixtures);
    if (!live) return tl::unexpected(live.error());
    add_source(*site, std::move(*live));
  }
  add_outbound(config, *site);
  if (auto added = add_hand_in(config, counters, *site); !added) return tl::unexpected(added.error());
  for (const auto& [name, role] : {std::pair{"sender", Role::sender}, {"reader", Role::reader}, {"operator", Role::op}, {"admin", Role::admin}})
    if (const auto at = config.role_tokens.find(name); at != config.role_tokens.end()) site->tokens.emplace(role, at->second);
  site->cors_origins = config.cors_origins;
  site->console_key = fixtures.console_key;
  auto proxies = parse_ranges(config.trusted_proxies);
  if (!proxies) return tl::unexpected(proxies.error());
  site->trusted_proxies = std::move(*proxies);
  return site;
}

}  // namespace denrei
