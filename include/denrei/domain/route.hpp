// Routes: which accepted events go to which destinations. Pure.
//
// Shape   plan_deliveries(routes, event, seq, sequences) -> deliveries to write with the event's commit
// Rules   the first route that matches decides per destination, so an event goes to a destination once
//         a pattern is a text, or a text and a final "*"; an empty list matches everything
// Source  protocol §3; design §6, §8
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/domain/delivery.hpp"

namespace denrei {

struct Route {
  std::string name;                    // unique; part of the delivery id
  std::string destination;
  std::vector<std::string> sources;    // names of sources; "api" for POST /api/events
  std::vector<std::string> types;      // "employee.*"
  std::vector<std::string> keys;
};
using Routes = std::vector<Route>;

[[nodiscard]] bool matches(const Route& route, const Event& event) noexcept;

// How many deliveries each destination has had from one key: kept in the key's file, so that it is exact.
using LaneSequences = std::vector<std::pair<std::string, std::uint32_t>>;  // destination -> last number given

[[nodiscard]] std::vector<Delivery> plan_deliveries(const Routes& routes, const Event& event, std::uint64_t seq,
                                                    WallTime now, LaneSequences& sequences);

}  // namespace denrei
