// What a destination shows of itself: numbers for the metrics page, a report and a list for operators.
#pragma once
#include <algorithm>
#include <utility>

#include "denrei/actors/destination.hpp"
#include "destination_switch.hpp"
#include "flights.hpp"
#include "outbox_owners.hpp"
#include "pace.hpp"

namespace denrei {

// Where it is read from.
struct DestinationState {
  const LaneBook& book;
  const Flights& flights;
  const OutboxOwners& owners;
  const DestinationSwitch& on_off;
  const Pace& pace;
};

inline void show(const DestinationState& state, DestinationMeter& m, WallTime now) {
  m.pending.store(state.book.size(), std::memory_order_relaxed);
  m.in_flight.store(state.flights.size(), std::memory_order_relaxed);
  m.dead.store(state.owners.dead(), std::memory_order_relaxed);
  m.disabled.store(state.on_off.disabled().has_value(), std::memory_order_relaxed);
  m.breaker.store(static_cast<int>(state.pace.breaker_state(now)), std::memory_order_relaxed);
}

// What an attempt has come to, in numbers.
inline void count_attempt(DestinationMeter& m, const Aftermath& after, WallTime now) {
  if (after.judgement != Judgement::delivered) return (after.dead ? m.given_up : m.retried)->add();
  m.delivered->add();
  m.delivery_delay->observe(std::max(Millis{0}, now - after.delivery.head.received_at));
}

[[nodiscard]] inline DestinationReport make_report(const DestinationState& state, const Destination& d, const DestinationMeter& m, WallTime now) {
  DestinationReport out{.name = d.name, .url = d.url, .order = std::string(lane_order_name(d.order))};
  state.pace.report(out, now);
  state.on_off.report(out);
  out.pending = state.book.size();
  out.lanes = state.book.lanes();
  out.blocked_lanes = state.book.blocked();
  out.in_flight = state.flights.size();
  out.dead = state.owners.dead();
  out.delivered = m.delivered->value();
  out.failed_attempts = m.retried->value() + m.given_up->value();
  out.given_up = m.given_up->value();
  out.next_due = state.book.next_due();
  return out;
}

[[nodiscard]] inline PendingListed list_pending(const LaneBook& book, const ListPending& order) {
  PendingListed out{order.ticket, {}, book.size()};
  for (const auto& pending : book.list(order.skip, order.count)) out.ids.emplace_back(pending.partition, pending.id);
  return out;
}

}  // namespace denrei
