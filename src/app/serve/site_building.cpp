// Building the site.
#include "site_building.hpp"

namespace denrei {

void register_source_counters(MetricsRegistry& metrics, const Config& config, CountersBySource& counters) {
  const auto counter = [&](const Source& source, std::string_view result) {
    return &metrics.counter("denrei_webhooks_received_total", "Requests to sources by what became of them.",
                            {{"source", source.name}, {"result", std::string(result)}});
  };
  for (const auto& source : config.sources) {
    const auto [at, fresh] = counters.try_emplace(source.name);
    if (!fresh) continue;
    at->second.accepted = {counter(source, "accepted"), counter(source, "repeat"), counter(source, "conflict")};
    for (std::size_t i = 0; i < refusals; ++i)
      at->second.refused[i] = counter(source, refusal_name(static_cast<Refusal>(i)));
  }
}

namespace {

Result<LiveSource> build_source(const Config& config, const Source& source, const CountersBySource& counters) {
  const auto text = config.schemas.find(source.schema);
  if (text == config.schemas.end()) return fail(FaultCode::invalid, "source " + source.name + ": no schema " + source.schema);
  auto schema = compile_schema(text->second, {{"photo_hosts", source.photo_hosts}});
  if (!schema) return fail(FaultCode::invalid, "schema " + source.schema + ": " + schema.error().detail);
  const auto secrets_of = [&](const std::string& name) {
    const auto at = config.secrets.find(name);
    return name.empty() || at == config.secrets.end() ? std::vector<Secret>{} : at->second.values;
  };
  LiveSource live{source, std::move(*schema), secrets_of(source.secret), secrets_of(source.bearer), {}, counters.at(source.name)};
  for (const auto& range : source.allow) {
    auto parsed = parse_cidr(range);
    if (!parsed) return tl::unexpected(parsed.error());
    live.allow.push_back(*parsed);
  }
  return live;
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
  for (const auto& [name, role] : {std::pair{"reader", Role::reader}, {"operator", Role::op}, {"admin", Role::admin}})
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
