// Routes of the file: every [[route]] read and checked against the sources and destinations that there are.
//
// Shape   read_routes(file, ends, draft, problems) -> routes in the file's order; then take_routes(routes, config) keeps those
//         that lead somewhere
// Limits  1000 routes, 100 patterns in a list
// Errors  into Problems, with file:line:column
#pragma once
#include <string>
#include <vector>

#include "denrei/app/config/settings.hpp"

namespace denrei {

// What a route may name.
struct RouteEnds {
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
};

[[nodiscard]] std::vector<Route> read_routes(const ConfigFile& file, const RouteEnds& ends, ConfigDraft& draft, Problems& problems);
// Destinations come before.
void take_routes(std::vector<Route> routes, Config& config);

}  // namespace denrei
