// The lane book: which deliveries of one destination wait, which may go now, and which must not overtake. Pure.
//
// Shape   add(pending); take_ready(now) -> the head of a lane that is due; then finish(lane), or postpone(lane, due), or block(lane)
// Rules   a lane has at most one delivery out; the rest of it waits in the order of `seq`
//         an order for a lane that is not out changes nothing: it is about something forgotten
// Limits  about 130 bytes a lane with one delivery, 150 more with a second, 80 with each further one
//         O(log n) a step; nothing here reads a payload
//         what it holds is exact: no entry outlives its lane, however often a lane is postponed or forgotten and added again
// Source  design §6; redis.md §4d
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
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
  // One that blocks its lane blocks it no longer: it was revived, and may go.
  bool add(const Pending& pending);
  // The next delivery that is due and whose lane is free; its lane is out from now on. Lanes that became due first go first,
  // and one that was out goes behind those that are due already.
  [[nodiscard]] std::optional<Pending> take_ready(WallTime now);
  // This one is out already, since before its lane was forgotten and added again. False: it is not there, or its lane may not go.
  bool take(const Pending& pending);
  // The delivery that is out goes back unharmed, as if it had not been taken, to be taken first.
  void put_back(std::uint64_t lane);
  void finish(std::uint64_t lane);                     // it is done with; the next of the lane may go
  void postpone(std::uint64_t lane, WallTime due, bool waits_for_batch);
  // The delivery is dead and its lane waits for an operator; when it is the one that is out, it leaves the book.
  // Before a lane exists too: at start the dead ones that block are told first, then with their partition, for forget().
  void block(std::uint64_t lane, const DeliveryId& id, std::optional<std::uint32_t> partition = std::nullopt);
  // Several may block a lane; it goes on when none does.
  void unblock(std::uint64_t lane, const DeliveryId& id);
  // Deliveries between two rounds are due now.
  void begin_batch(WallTime now);
  // Forgets every lane of a partition, whatever is out or blocks. Linear.
  void forget(std::uint32_t partition);
  [[nodiscard]] bool is_out(std::uint64_t lane, const DeliveryId& id) const;

  [[nodiscard]] std::optional<WallTime> next_due() const;  // of what waits for a time; nothing when nothing does
  [[nodiscard]] bool has_ready(WallTime now);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }        // deliveries, with those that are out
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] std::size_t blocked() const noexcept { return blocked_.size(); }  // lanes
  // For people: up to `count` deliveries that wait or are out, in no order but without repeats from one `skip` to the next.
  [[nodiscard]] std::vector<Pending> list(std::size_t skip, std::size_t count) const;

 private:
  enum class State : std::uint8_t { waiting, ready, out, held };  // in due_; in ready_; taken; blocked
  struct Place {                                 // the order within a lane
    std::uint64_t seq = 0;
    DeliveryId id;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Wait {
    WallTime due{};
    std::uint32_t partition = 0;
    bool for_batch = false;
  };
  using Line = std::map<Place, Wait>;
  struct Lane;
  using Slot = std::pair<const std::uint64_t, Lane>;  // stays where it is as long as the lane exists
  // With the map's node 88 bytes, which is what an allocation of 96 has room for.
  struct Lane {
    Place place;                                 // of the head: the least of the lane, or the one that is out
    Wait wait;
    std::unique_ptr<Line> rest;                  // none for most
    Slot* before = nullptr;                      // in ready_
    Slot* after = nullptr;
    std::uint32_t at = 0;                        // in due_
    State state = State::held;
    bool rest_for_batch = false;                 // perhaps one of the rest waits for a batch
  };
  struct Due {
    WallTime due;
    Slot* slot;
  };
  struct Blocks {
    std::vector<DeliveryId> ids;                 // the dead ones that hold the lane
    std::optional<std::uint32_t> partition;
  };

  static void add_to_rest(Lane& lane, const Place& place, const Wait& wait);
  static void take_from_rest(Lane& lane);
  static void oldest_to_head(Lane& lane);
  void enter(Slot& slot);
  void leave(Slot& slot);
  void drop_head(Slot& slot);
  Slot* find_out(std::uint64_t lane);
  void begin_batch(Slot& slot, WallTime now);
  void collect_due(WallTime now);

  // A heap by due, then seq, whose lanes know where they stand in it, so that any of them can leave.
  static bool is_before(const Due& a, const Due& b) noexcept;
  void push_due(Slot& slot);
  void erase_due(std::size_t at);
  void settle_due(std::size_t at, Due entry);    // the entry goes up or down from there to where it belongs
  void sink_due(std::size_t at, Due entry);      // only down
  void put_due(std::size_t at, Due entry);
  void push_ready_front(Slot& slot);
  void push_ready_back(Slot& slot);
  void erase_ready(Slot& slot);

  std::unordered_map<std::uint64_t, Lane> lanes_;
  std::unordered_map<std::uint64_t, Blocks> blocked_;
  std::vector<Due> due_;
  Slot* ready_first_ = nullptr;                  // a list through the lanes
  Slot* ready_last_ = nullptr;
  std::unordered_set<std::uint64_t> batch_lanes_;  // every lane with a delivery between two rounds, perhaps others
  std::size_t size_ = 0;
};

}  // namespace denrei
