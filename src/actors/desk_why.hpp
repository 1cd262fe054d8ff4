// Why a delivery is where it is, in one sentence of each language. Pure.
//
// Shape   explain_pending / explain_dead / explain_settled(delivery, …) -> Why; explain_nothing(…) when an event has none
// Units   English texts say times in UTC, Japanese ones in JST
// Source  design §7: "why was this not delivered"
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/domain/route.hpp"

namespace denrei {

struct Why {
  std::string en, ja;
};

// `report`: of its destination; null when nobody has one to give. `settings`: null when it is not configured.
[[nodiscard]] Why explain_pending(const DeliveryHead& head, const Destination* settings, const DestinationReport* report, WallTime now);
[[nodiscard]] Why explain_dead(const Delivery& delivery);
[[nodiscard]] Why explain_settled(const DeliveryHead& head);  // delivered, or left out for a newer one

// How many of its deliveries are where, and to which destinations none is known.
struct EventTrace {
  std::optional<Event> event;          // nothing: its payload is no longer in the log
  WallTime received_at{};
  std::size_t pending = 0, dead = 0, delivered = 0, superseded = 0;
  std::vector<std::string> missing;    // destinations that a route names now, without a trace of a delivery
};
[[nodiscard]] Why explain_event(const EventTrace& trace, const Routes& routes, WallTime now);

}  // namespace denrei
