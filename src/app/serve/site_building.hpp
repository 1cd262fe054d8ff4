// From the configuration to the actors' snapshot of it.
#pragma once
#include "denrei/actors/site.hpp"
#include "denrei/app/config.hpp"

namespace denrei {

// One counter for each source and result; a reload finds its sources' counters again and adds those of new ones.
using CountersBySource = std::map<std::string, SourceCounters>;
void register_source_counters(MetricsRegistry& metrics, const Config& config, CountersBySource& counters);

// What a site has that lives as long as the process.
struct SiteFixtures {
  std::map<std::string, ServiceMeter*> services;
  std::shared_ptr<const HmacSha256> console_key;
};

// Errors: invalid, naming the source, when a schema does not compile.
[[nodiscard]] Result<SitePtr> build_site(const Config& config, const CountersBySource& counters, const SiteFixtures& fixtures);
[[nodiscard]] Result<std::vector<Cidr>> parse_ranges(const std::vector<std::string>& texts);

}  // namespace denrei
