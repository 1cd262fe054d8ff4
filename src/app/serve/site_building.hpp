// From the configuration to the actors' snapshot of it.
#pragma once
#include "denrei/actors/site.hpp"
#include "denrei/app/config.hpp"

namespace denrei {

// One counter for each source and result, registered once; a reload finds its sources' counters here again.
using CountersBySource = std::map<std::string, SourceCounters>;
[[nodiscard]] CountersBySource register_source_counters(MetricsRegistry& metrics, const Config& config);

// Errors: invalid, naming the source, when a schema does not compile or a reload brings a source that is not known.
[[nodiscard]] Result<SitePtr> build_site(const Config& config, const CountersBySource& counters);

}  // namespace denrei
