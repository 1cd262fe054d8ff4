// Deliveries that were taken from their lanes: being fetched from the outbox, attempted, or being settled.
#pragma once
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "denrei/domain/lane_book.hpp"

namespace denrei {

struct Flight {
  Pending pending;
  bool is_void = false;   // its partition was lost meanwhile: unless that is ours again before it ends, it will be repeated
};

// At most the destination's concurrency.
class Flights {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return flights_.size(); }
  [[nodiscard]] bool empty() const noexcept { return flights_.empty(); }

  // The flight's number, never 0.
  std::uint64_t begin(const Pending& pending) {
    flights_[++last_] = {pending};
    return last_;
  }
  void begin_with_fetch(const Pending& pending) {
    fetching_[pending.id.hash] = begin(pending);
    wanted_[pending.partition].push_back(pending.id);
  }
  [[nodiscard]] std::map<std::uint32_t, std::vector<DeliveryId>> take_wanted() { return std::exchange(wanted_, {}); }

  // The number of the flight that waited for this delivery, or 0.
  [[nodiscard]] std::uint64_t fetched(const DeliveryId& id) {
    const auto at = fetching_.find(id.hash);
    if (at == fetching_.end()) return 0;
    const auto number = at->second;
    fetching_.erase(at);
    return number;
  }

  [[nodiscard]] std::optional<Flight> take(std::uint64_t number) {
    const auto at = flights_.find(number);
    if (at == flights_.end()) return std::nullopt;
    const auto flight = at->second;
    flights_.erase(at);
    return flight;
  }

  // A partition is lost: nobody answers its fetches, and its attempts count for nothing. Answers how many fetches were ended.
  std::size_t lose(std::uint32_t partition) {
    wanted_.erase(partition);
    std::size_t ended = 0;
    for (auto at = flights_.begin(); at != flights_.end();) {
      auto& flight = at->second;
      const bool is_lost = flight.pending.partition == partition;
      flight.is_void = flight.is_void || is_lost;
      const bool was_fetching = is_lost && fetching_.erase(flight.pending.id.hash) > 0;
      ended += was_fetching;
      at = was_fetching ? flights_.erase(at) : std::next(at);
    }
    return ended;
  }

  // The partition is ours again: its attempts that are still under way count, where `take` finds their delivery in its lane. So
  // nobody is sent the same delivery twice at a time because a connection was lost.
  template <class Take>
  void find_again(std::uint32_t partition, Take take) {
    for (auto& [number, flight] : flights_)
      if (flight.is_void && flight.pending.partition == partition) flight.is_void = !take(flight.pending);
  }

  // After a crash: fetches end, attempts count for nothing.
  void make_void() {
    wanted_.clear();
    for (const auto& [id, number] : std::exchange(fetching_, {})) flights_.erase(number);
    for (auto& [number, flight] : flights_) flight.is_void = true;
  }

 private:
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::unordered_map<EventId, std::uint64_t> fetching_;      // delivery -> flight
  std::map<std::uint32_t, std::vector<DeliveryId>> wanted_;  // to be asked for, by partition
  std::uint64_t last_ = 0;
};

// A delivery whose change is on its way to the store, and what becomes of its lane then.
struct Settling {
  enum class Then : std::uint8_t { finish, postpone, block, unblock };
  Then then = Then::finish;
  std::uint64_t lane = 0;
  std::uint32_t partition = 0;
  DeliveryPtr delivery;
};

class Settlements {
 public:
  void add(Settling settling) {
    const auto id = settling.delivery->head.id.hash;
    under_way_[id] = std::move(settling);
  }
  [[nodiscard]] std::optional<Settling> take(const DeliveryId& id) {
    auto node = under_way_.extract(id.hash);
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
  }
  void lose(std::uint32_t partition) {
    std::erase_if(under_way_, [partition](const auto& it) { return it.second.partition == partition; });
  }
  void clear() { under_way_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }

 private:
  std::unordered_map<EventId, Settling> under_way_;  // by delivery
};

}  // namespace denrei
