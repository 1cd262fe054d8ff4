// The book of arrivals: which deliveries came, which came again, and whether each lane's came in order.
//
// Shape   book.arrive(arrival) -> whether it is a repeat, and when it was accepted; then book.accept(arrival, now) if it is now
// Rules   a delivery counts with its first arrival, whatever the answer was: an attempt that failed has been made in its place. The
//         order of acceptances is checked beside it: there, a lane that goes on behind a failed delivery shows
// Limits  deliveries_max deliveries are remembered (about 60 bytes each); more count as new ones, and is_complete() says so
#pragma once
#include <optional>
#include <unordered_map>

#include "denrei/app/receive/order_check.hpp"
#include "denrei/base/ids.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

struct Arrival {
  std::string_view path;
  std::string_view key;        // empty: unknown
  std::string_view id;         // webhook-id; empty: none came, so nobody can say whether it is a repeat
  std::uint32_t sequence = 0;  // Denrei-Sequence; 0: none came, so it stands in no order
};

struct Acquaintance {
  bool repeat = false;
  std::optional<WallTime> accepted_at;  // for the first time
};

class ArrivalBook {
 public:
  [[nodiscard]] Acquaintance arrive(const Arrival& arrival);
  void accept(const Arrival& arrival, WallTime now);
  [[nodiscard]] std::uint64_t deliveries() const noexcept { return deliveries_; }
  [[nodiscard]] std::uint64_t repeats() const noexcept { return repeats_; }
  [[nodiscard]] std::uint64_t accepted() const noexcept { return accepted_; }    // deliveries, not requests
  [[nodiscard]] std::uint64_t without_id() const noexcept { return without_id_; }
  [[nodiscard]] std::uint64_t unnumbered() const noexcept { return unnumbered_; }
  [[nodiscard]] const OrderCheck& arrivals() const noexcept { return arrivals_; }
  [[nodiscard]] const OrderCheck& acceptances() const noexcept { return acceptances_; }
  [[nodiscard]] bool is_complete() const noexcept { return complete_ && arrivals_.is_complete() && acceptances_.is_complete(); }

 private:
  static constexpr std::size_t deliveries_max = 5'000'000;
  static constexpr std::int64_t never = INT64_MIN;

  [[nodiscard]] static EventId name_of(const Arrival& arrival) { return make_event_id("webhook-id", arrival.id); }
  static void add_to(OrderCheck& order, const Arrival& arrival);

  std::unordered_map<EventId, std::int64_t> accepted_at_;  // Unix milliseconds, or never
  OrderCheck arrivals_, acceptances_;
  std::uint64_t deliveries_ = 0, repeats_ = 0, accepted_ = 0, without_id_ = 0, unnumbered_ = 0;
  bool complete_ = true;
};

}  // namespace denrei
