// Matching an event against routes, and the deliveries that follow from it.
#include "denrei/domain/route.hpp"

#include <algorithm>

#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

bool fits_any(const std::vector<std::string>& patterns, std::string_view text) noexcept {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [text](const std::string& p) { return fits_pattern(p, text); });
}

bool is_planned(const std::vector<Delivery>& planned, std::string_view destination) noexcept {
  return std::any_of(planned.begin(), planned.end(), [destination](const Delivery& d) { return d.head.destination == destination; });
}

// Destinations come and go over the years; one that comes back after it was forgotten here counts from 1 again.
void make_room(const Routes& routes, LaneSequences& sequences) {
  const auto is_unused = [&routes](const auto& sequence) {
    return std::none_of(routes.begin(), routes.end(), [&sequence](const Route& r) { return r.destination == sequence.first; });
  };
  const auto unused = std::find_if(sequences.begin(), sequences.end(), is_unused);
  sequences.erase(unused == sequences.end() ? sequences.begin() : unused);
}

std::uint32_t next_number(const Routes& routes, const std::string& destination, LaneSequences& sequences) {
  const auto known = std::find_if(sequences.begin(), sequences.end(), [&destination](const auto& s) { return s.first == destination; });
  if (known != sequences.end()) return ++known->second;
  if (sequences.size() >= limits::destinations_max) make_room(routes, sequences);
  return sequences.emplace_back(destination, 1).second;
}

Delivery make_delivery(const Route& route, const Event& event) {
  Delivery delivery;
  auto& head = delivery.head;
  head.id = make_delivery_id(event.id, route.destination, route.name);
  head.event = event.id;
  head.destination = route.destination;
  head.route = route.name;
  head.source = event.source;
  head.family = event.family;
  head.key = event.key;
  head.type = event.type;
  head.received_at = event.received_at;
  delivery.body = event.body;
  return delivery;
}

}  // namespace

bool matches(const Route& route, const Event& event) noexcept {
  return fits_any(route.sources, event.source) && fits_any(route.types, event.type) && fits_any(route.keys, event.key);
}

std::vector<Delivery> plan_deliveries(const Routes& routes, const Event& event, std::uint64_t seq, WallTime now,
                                      LaneSequences& sequences) {
  std::vector<Delivery> planned;
  for (const auto& route : routes) {
    if (is_planned(planned, route.destination) || !matches(route, event)) continue;
    auto& head = planned.emplace_back(make_delivery(route, event)).head;
    head.seq = seq;
    head.lane_sequence = next_number(routes, route.destination, sequences);
    head.due = now;
  }
  return planned;
}

}  // namespace denrei
