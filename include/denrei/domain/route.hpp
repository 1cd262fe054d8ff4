// Routes: which accepted events go to which destinations. Pure.
//
// Shape   plan_deliveries(routes, event, seq, sequences) -> deliveries to write with the event's commit
// Rules   the first route that matches decides per destination, so an event goes to a destination once
//         a pattern is a text, or a text and a final "*"; an empty list matches everything
// Limits  destinations_max sequences a key; beyond it the one longest there that no route names any more starts anew
// Source  protocol §3; design §6, §8
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/delivery.hpp"
#include "denrei/domain/key_file.hpp"

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

[[nodiscard]] std::vector<Delivery> plan_deliveries(const Routes& routes, const Event& event, std::uint64_t seq,
                                                    WallTime now, LaneSequences& sequences);

}  // namespace denrei
