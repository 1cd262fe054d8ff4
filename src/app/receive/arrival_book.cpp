// Who came, and who came before.
#include "denrei/app/receive/arrival_book.hpp"

namespace denrei {

Acquaintance ArrivalBook::arrive(const Arrival& arrival) {
  if (arrival.id.empty()) {
    ++deliveries_;
    ++without_id_;
    return {};
  }
  const auto name = name_of(arrival);
  const auto known = accepted_at_.find(name);
  if (known != accepted_at_.end()) {
    ++repeats_;
    return {true, known->second == never ? std::nullopt : std::optional(from_unix_ms(known->second))};
  }
  ++deliveries_;
  if (arrival.sequence == 0) ++unnumbered_;
  if (accepted_at_.size() >= deliveries_max) complete_ = false;
  else accepted_at_.emplace(name, never);
  add_to(arrivals_, arrival);
  return {};
}

void ArrivalBook::accept(const Arrival& arrival, WallTime now) {
  if (arrival.id.empty()) {
    ++accepted_;
    return;
  }
  const auto known = accepted_at_.find(name_of(arrival));
  if (known == accepted_at_.end() || known->second != never) return;  // not remembered, or accepted before
  known->second = to_unix_ms(now);
  ++accepted_;
  add_to(acceptances_, arrival);
}

void ArrivalBook::add_to(OrderCheck& order, const Arrival& arrival) {
  if (arrival.sequence > 0) order.add({arrival.path, arrival.key, arrival.id, arrival.sequence});
}

}  // namespace denrei
