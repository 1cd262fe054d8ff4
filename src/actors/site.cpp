// Putting a site together.
#include "denrei/actors/site.hpp"

#include "denrei/domain/request_head.hpp"

namespace denrei {

void add_source(Site& site, LiveSource live) {
  for (const auto& path : live.source.paths) {
    if (has_key_segment(path)) site.patterns.emplace_back(path, site.sources.size());
    else site.paths.emplace(path, site.sources.size());
  }
  site.sources.push_back(std::move(live));
}

}  // namespace denrei
