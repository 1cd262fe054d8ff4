// Routes: their members, what is shown of them, and which of them lead somewhere.
#include "denrei/app/config/routes.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/shown_values.hpp"

namespace denrei {
namespace {

constexpr std::size_t routes_max = 1'000;
constexpr std::size_t patterns_max = 100;

void refuse_unknown_name(TableReader& table, std::string_view key, const std::string& name, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  table.complain(key, fmt::format("there is no {} '{}'{}", key == "sources" ? "source" : key, name, suggest_word(name, known)));
}

// A text, or a text and a final '*'.
void read_patterns(TableReader& table, std::string_view key, std::size_t bytes_max, std::vector<std::string>& out) {
  table.read(key, out);
  if (out.size() > patterns_max) table.complain(key, fmt::format("'{}' has more than {} patterns", key, patterns_max));
  for (const auto& pattern : out) {
    const bool star_within = pattern.find('*') < pattern.size() - 1;
    if (pattern.empty() || pattern.size() > bytes_max || star_within)
      table.complain(key, fmt::format("'{}' is not a pattern of 1 to {} bytes such as employee.created or employee.*", pattern, bytes_max));
  }
}

Route read_route(TableReader& table, const RouteEnds& ends) {
  Route route;
  table.require("destination");
  table.read("destination", route.destination);
  if (!route.destination.empty()) refuse_unknown_name(table, "destination", route.destination, ends.destinations);
  route.name = route.destination;
  read_name(table, "name", route.name);
  if (route.name.empty() && table.has("name")) table.require("name");
  table.read("sources", route.sources);
  if (route.sources.size() > patterns_max) table.complain("sources", fmt::format("'sources' has more than {} names", patterns_max));
  for (const auto& source : route.sources) refuse_unknown_name(table, "sources", source, ends.sources);
  read_patterns(table, "types", limits::event_type_bytes_max, route.types);
  read_patterns(table, "keys", limits::key_bytes_max, route.keys);
  table.refuse_unknown_keys();
  return route;
}

void show_route(const Route& route, const TableReader& table, Config& config) {
  ShownValues shown(config, "route." + route.name, table);
  const auto or_every = [](const std::vector<std::string>& list) { return list.empty() ? std::vector<std::string>{"every"} : list; };
  shown.add("destination", route.destination);
  shown.add_list("sources", or_every(route.sources));
  shown.add_list("types", or_every(route.types));
  shown.add_list("keys", or_every(route.keys));
}

bool is_on(const Config& config, const std::string& destination) {
  return std::any_of(config.destinations.begin(), config.destinations.end(), [&](const Destination& d) { return d.name == destination; });
}

}  // namespace

std::vector<Route> read_routes(const ConfigFile& file, const RouteEnds& ends, ConfigDraft& draft, Problems& problems) {
  std::vector<Route> routes;
  Seen names;
  for (auto& table : tables_of(file, "route", routes_max, problems)) {
    auto route = read_route(table, ends);
    refuse_repeat("route name", route.name, table, "name", names);
    show_route(route, table, draft.config);
    routes.push_back(std::move(route));
  }
  return routes;
}

void take_routes(std::vector<Route> routes, Config& config) {
  for (auto& route : routes) {
    if (is_on(config, route.destination)) config.routes.push_back(std::move(route));
    else config.notices.push_back(fmt::format("route {} is off: destination {} is off", route.name, route.destination));
  }
  for (const auto& destination : config.destinations)
    if (std::none_of(config.routes.begin(), config.routes.end(), [&](const Route& r) { return r.destination == destination.name; }))
      config.notices.push_back(fmt::format("destination {} gets nothing: no route leads to it", destination.name));
}

}  // namespace denrei
