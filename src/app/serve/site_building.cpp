// Building the site.
#include "site_building.hpp"

#include "hand_in.hpp"

namespace denrei {

void register_source_counters(MetricsRegistry& metrics, const Config& config, CountersBySource& counters) {
  const auto counter = [&](const Source& source, std::string_view result) {
    return &metrics.counter("denrei_webhooks_received_total", "Requests to sources by what became of them.",
                            {{"source", source.name}, {"result", std::string(result)}});
  };
  auto sources = config.sources;
  sources.push_back(make_hand_in_source());
  for (const auto& source : sources) {
    const auto [at, fresh] = counters.try_emplace(source.name);
    if (!fresh) continue;
    at->second.accepted = {counter(source, "accepted"), counter(source, "repeat"), counter(source, "conflict")};
    for (std::size_t i = 0; i < refusals; ++i)
      at->second.refused[i] = counter(source, refusal_name(static_cast<Refusal>(i)));
  }
}

namespace {

std::vector<Secret> secrets_of(const Config& config, const std::string& name) {
  const auto at = config.secrets.find(name);
  return name.empty() || at == config.secrets.end() ? std::vector<Secret>{} : at->second.values;
}

Result<LiveSource> build_source(const Config& config, const Source& source, const CountersBySource& counters) {
  const auto text = config.schemas.find(source.schema);
  if (text == config.schemas.end()) return fail(FaultCode::invalid, "source " + source.name + ": no schema " + source.schema);
  auto schema = compile_schema(text->second, {{"photo_hosts", source.photo_hosts}});
  if (!schema) return fail(FaultCode::invalid, "schema " + source.schema + ": " + schema.error().detail);
  LiveSource live{source, std::move(*schema), secrets_of(config, source.secret), secrets_of(config, source.bearer), {}, counters.at(source.name)};
  for (const auto& range : source.allow) {
    auto parsed = parse_cidr(range);
    if (!parsed) return tl::unexpected(parsed.error());
    live.allow.push_back(*parsed);
  }
  return live;
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

void add_outbound(const Config& config, Site& site) {
  for (const auto& destination : config.destinations) site.destinations.emplace(destination.name, build_destination(config, destination));
  for (const auto& channel : config.channels) site.channels.emplace(channel.name, build_channel(config, channel));
  site.routes = std::make_shared<Routes>(config.routes);
}

// POST /api/events exists when somebody may call it.
Result<void> add_hand_in(const Config& config, const CountersBySource& counters, Site& site) {
  const auto may_call = [&](const char* role) { return config.role_tokens.contains(role); };
  if (!may_call("sender") && !may_call("operator") && !may_call("admin")) return {};
  auto live = make_hand_in(counters.at(make_hand_in_source().name));
  if (!live) return tl::unexpected(live.error());
  for (const auto& path : live->source.paths) site.paths.emplace(path, site.sources.size());
  site.sources.push_back(std::move(*live));
  return {};
}

}  // namespace

Result<SitePtr> build_site(const Config& config, const CountersBySource& counters) {
  auto site = std::make_shared<Site>();
  for (const auto& source : config.sources) {
    auto live = build_source(config, source, counters);
    if (!live) return tl::unexpected(live.error());
    for (const auto& path : source.paths) site->paths.emplace(path, site->sources.size());
    site->sources.push_back(std::move(*live));
  }
  add_outbound(config, *site);
  if (auto added = add_hand_in(config, counters, *site); !added) return tl::unexpected(added.error());
  for (const auto& [name, role] : {std::pair{"sender", Role::sender}, {"reader", Role::reader}, {"operator", Role::op}, {"admin", Role::admin}})
    if (const auto at = config.role_tokens.find(name); at != config.role_tokens.end()) site->tokens.emplace(role, at->second);
  site->cors_origins = config.cors_origins;
  for (const auto& range : config.trusted_proxies) {
    auto parsed = parse_cidr(range);
    if (!parsed) return tl::unexpected(parsed.error());
    site->trusted_proxies.push_back(*parsed);
  }
  return site;
}

}  // namespace denrei
