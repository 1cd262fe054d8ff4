// The lane book: which deliveries of one destination wait, which may go now, and which must not overtake. Pure.
//
// Shape   add(pending); take_ready(now) -> the head of a lane that is due; then finish(lane), or postpone(lane, due), or block(lane)
// Rules   a lane has at most one delivery out; the rest of it waits in the order of `seq`
// Limits  about 130 bytes a lane with one delivery, 48 a further one; O(log n) a step; nothing here reads a payload
// Source  design §6; redis.md §4d
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "denrei/domain/delivery.hpp"

namespace denrei {

struct Pending {
  DeliveryId id;
  std::uint64_t seq = 0;
  std::uint64_t lane = 0;
  WallTime due{};
  std::uint32_t partition = 0;
  bool waits_for_batch = false;
};

class LaneBook {
 public:
  // False: it is there already. Goes where its seq belongs, but never before a delivery that is out.
  bool add(const Pending& pending);
  // The next delivery that is due and whose lane is free; its lane is out from now on. Lanes that became due first go first.
  [[nodiscard]] std::optional<Pending> take_ready(WallTime now);
  // The delivery that is out goes back unharmed, as if it had not been taken, to be taken first.
  void put_back(std::uint64_t lane);
  void finish(std::uint64_t lane);                     // it is done with; the next of the lane may go
  void postpone(std::uint64_t lane, WallTime due, bool waits_for_batch);
  void block(std::uint64_t lane, const DeliveryId& id);    // it is dead and its lane waits for an operator
  // Before a lane exists too: at start the dead ones that block are told first.
  void unblock(std::uint64_t lane, const DeliveryId& id);
  // Deliveries between two rounds are due now.
  void begin_batch(WallTime now);
  // Forgets every lane of a partition, whatever is out.
  void forget(std::uint32_t partition);
  [[nodiscard]] bool is_out(std::uint64_t lane, const DeliveryId& id) const;

  [[nodiscard]] std::optional<WallTime> next_due() const;  // of what waits for a time; nothing when nothing does
  [[nodiscard]] bool has_ready(WallTime now);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }        // deliveries, with those that are out
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] std::size_t blocked() const noexcept { return blocked_.size(); }
  // For people: up to `count` deliveries that wait or are out, in no order but without repeats from one `skip` to the next.
  [[nodiscard]] std::vector<Pending> list(std::size_t skip, std::size_t count) const;

 private:
  enum class State : std::uint8_t { waiting, ready, out };
  struct Lane {
    Pending head;
    std::unique_ptr<std::deque<Pending>> rest;   // none for most
    State state = State::waiting;
  };
  struct Due {
    WallTime due;
    std::uint64_t lane;
    friend bool operator>(const Due& a, const Due& b) noexcept { return a.due > b.due; }
  };
  using Lanes = std::unordered_map<std::uint64_t, Lane>;

  void wait(std::uint64_t lane, Lane& it);
  void collect_due(WallTime now);
  [[nodiscard]] bool is_blocked(std::uint64_t lane) const { return blocked_.contains(lane); }

  Lanes lanes_;
  std::unordered_map<std::uint64_t, std::vector<DeliveryId>> blocked_;  // lane -> the dead ones that hold it
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;      // entries may be out of date
  std::deque<std::uint64_t> ready_;                                     // so may these
  std::vector<std::uint64_t> batch_waiters_;
  std::size_t size_ = 0;
};

}  // namespace denrei
