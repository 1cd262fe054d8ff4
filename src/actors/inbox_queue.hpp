// What waits to enter an inbox's feed, in the order of arrival, and the batch that is under way to it. Pure.
//
// Shape   add(arrival) -> is there room?; start_flight() -> records; land() gives the batch back when its append has ended
// Limits  queue_max arrivals; a batch as one append
#pragma once
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

struct Arrival {
  LogTag from;              // the partition that relays it; empty: it was posted
  std::string id;           // in the partition's list of pending notifications
  Notification notification;
  caf::strong_actor_ptr poster = nullptr;
  std::uint64_t number = 0; // of the poster
  std::uint64_t place = 0;  // in the order of arrival
  [[nodiscard]] bool is_posted() const noexcept { return from.empty(); }
};

class InboxQueue {
 public:
  using Arrivals = std::deque<Arrival>;
  static constexpr std::size_t queue_max = 10'000;  // beyond it notifications wait in their partition, not here

  [[nodiscard]] bool has_room() const noexcept { return waiting_.size() < queue_max; }
  [[nodiscard]] bool is_empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] bool is_flying() const noexcept { return !flight_.empty(); }
  [[nodiscard]] std::uint64_t last_place() const noexcept { return last_place_; }
  // Whatever has a place below it has landed.
  [[nodiscard]] std::uint64_t open_place() const noexcept {
    if (!flight_.empty()) return flight_.front().place;
    return waiting_.empty() ? last_place_ + 1 : waiting_.front().place;
  }

  void add(Arrival arrival) {
    arrival.place = ++last_place_;
    waiting_.push_back(std::move(arrival));
  }

  [[nodiscard]] std::vector<AppendRecord> start_flight() {
    std::vector<AppendRecord> records;
    std::size_t bytes = 0;
    while (!waiting_.empty() && records.size() < limits::append_events_max && bytes < limits::append_bytes_max) {
      const auto& n = waiting_.front().notification;
      bytes += n.json.size();
      records.push_back({n.id, n.created_at, 0, encode_notification(n)});
      flight_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return records;
  }
  [[nodiscard]] Arrivals land() { return std::exchange(flight_, {}); }
  // It has not landed, and goes first with the next batch.
  void put_back(Arrival arrival) { waiting_.push_front(std::move(arrival)); }

  // Everything, under way or not; what was posted only.
  [[nodiscard]] Arrivals take_all() {
    auto all = land();
    for (auto& arrival : std::exchange(waiting_, {})) all.push_back(std::move(arrival));
    return all;
  }
  [[nodiscard]] Arrivals take_posted() {
    Arrivals posted;
    std::erase_if(waiting_, [&posted](Arrival& arrival) {
      if (arrival.is_posted()) posted.push_back(std::move(arrival));
      return arrival.is_posted();
    });
    return posted;
  }

 private:
  Arrivals waiting_, flight_;
  std::uint64_t last_place_ = 0;
};

}  // namespace denrei
