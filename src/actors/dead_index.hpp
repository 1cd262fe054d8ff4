// The dead letters of one partition by their heads: listed, filtered and counted without asking the store.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"

namespace denrei {

[[nodiscard]] inline bool matches(const DeadFilter& filter, const DeliveryHead& head) {
  return (filter.destination.empty() || filter.destination == head.destination) && (filter.key.empty() || filter.key == head.key) &&
         (filter.type.empty() || filter.type == head.type) && (!filter.reason || *filter.reason == head.dead) &&
         (!filter.status || *filter.status == head.last_status) && (!filter.since || head.ended_at >= *filter.since) &&
         (!filter.until || head.ended_at <= *filter.until);
}

// Only lanes that keep an order are ever blocked.
[[nodiscard]] inline std::uint64_t lane_of_dead(std::uint32_t partition, const DeliveryHead& head) {
  return lane_of(partition, head, LaneOrder::fifo_block);
}

class DeadIndex {
 public:
  void put(DeliveryHead head) {
    remove(head.id);
    ++count_[head.destination];
    places_[head.id.hash] = head.seq;
    oldest_.emplace(head.destination, head.seq, head.id);
    heads_[{head.seq, head.id}] = std::move(head);
  }

  // The head that was there.
  std::optional<DeliveryHead> remove(const DeliveryId& id) {
    const auto place = places_.find(id.hash);
    if (place == places_.end()) return std::nullopt;
    const auto at = heads_.find({place->second, id});
    auto head = std::move(at->second);
    --count_[head.destination];
    oldest_.erase({head.destination, head.seq, head.id});
    heads_.erase(at);
    places_.erase(place);
    return head;
  }

  [[nodiscard]] const DeliveryHead* find(const DeliveryId& id) const {
    const auto place = places_.find(id.hash);
    return place == places_.end() ? nullptr : &heads_.at({place->second, id});
  }

  [[nodiscard]] std::uint64_t count(const std::string& destination) const {
    const auto at = count_.find(destination);
    return at == count_.end() ? 0 : at->second;
  }

  [[nodiscard]] std::optional<DeliveryId> oldest(const std::string& destination) const {
    const auto at = oldest_.lower_bound({destination, 0, DeliveryId{}});
    return at != oldest_.end() && std::get<0>(*at) == destination ? std::optional(std::get<2>(*at)) : std::nullopt;
  }

  void list(const ListDead& order, DeadListed& out) const {
    for (const auto& [place, head] : heads_) {
      if (!matches(order.filter, head)) continue;
      ++out.total;
      if (place.first > order.after && out.heads.size() < order.count) out.heads.push_back(head);
    }
  }

  [[nodiscard]] std::vector<BlockedLane> blocked(std::uint32_t partition, const std::string& destination) const {
    std::vector<BlockedLane> lanes;
    for (const auto& [place, head] : heads_)
      if (head.blocks_lane && head.destination == destination) lanes.push_back({lane_of_dead(partition, head), head.id});
    return lanes;
  }

  // The oldest last.
  [[nodiscard]] std::vector<DeliveryId> with_alert_due() const {
    std::vector<DeliveryId> ids;
    for (auto at = heads_.rbegin(); at != heads_.rend(); ++at)
      if (at->second.alert_due) ids.push_back(at->first.second);
    return ids;
  }

  void clear() { *this = DeadIndex{}; }

 private:
  using Place = std::pair<std::uint64_t, DeliveryId>;  // in the order of the log
  std::map<Place, DeliveryHead> heads_;
  std::unordered_map<EventId, std::uint64_t> places_;
  std::set<std::tuple<std::string, std::uint64_t, DeliveryId>> oldest_;
  std::map<std::string, std::uint64_t> count_;
};

}  // namespace denrei
