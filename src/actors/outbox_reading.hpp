// An outbox that is being read: what has been found, and what its partition has committed meanwhile. Destinations are told of both
// at once: the reading may find a delivery and miss an earlier one of its lane, when both are committed behind its back.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/limits.hpp"
#include "denrei/domain/lane_book.hpp"

namespace denrei {

class OutboxReading {
 public:
  struct Found {
    std::vector<Pending> pending;        // perhaps some twice
    std::vector<DeliveryPtr> payloads;   // of some of them
  };

  // `orders`: of each destination that is served. What is for another one stays in the outbox until that is configured again.
  OutboxReading(std::uint32_t partition, std::map<std::string, LaneOrder> orders) : partition_(partition), orders_(std::move(orders)) {}

  void found(const DeliveryHead& head) { (void)add(head); }
  // The payload is kept while there is room; else it is fetched when it is due.
  void committed(DeliveryPtr delivery) {
    const auto bytes = bytes_ + delivery->body.size();
    auto* const found = add(delivery->head);
    if (found == nullptr || bytes > limits::payload_window_bytes) return;
    bytes_ = bytes;
    found->payloads.push_back(std::move(delivery));
  }
  [[nodiscard]] Found take(const std::string& destination) { return std::exchange(found_[destination], {}); }
  void clear() {
    found_.clear();
    bytes_ = 0;
  }

 private:
  Found* add(const DeliveryHead& head) {
    const auto order = orders_.find(head.destination);
    if (order == orders_.end()) return nullptr;
    auto& found = found_[head.destination];
    found.pending.push_back({head.id, head.seq, lane_of(partition_, head, order->second), head.due, partition_, head.waits_for_batch});
    return &found;
  }

  std::uint32_t partition_;
  std::map<std::string, LaneOrder> orders_;
  std::map<std::string, Found> found_;   // by destination
  std::size_t bytes_ = 0;                // of the payloads
};

}  // namespace denrei
