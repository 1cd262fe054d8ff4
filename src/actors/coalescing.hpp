// Which waiting deliveries are needless: a newer one of the same key and type waits behind them and says all that they say.
//
// Shape   learn(…) of each delivery that comes into the book with its head; has_newer(…) before an attempt; left(…) when one goes;
//         bequeath(…) when one is left out, heir(…) of whatever is attempted
// Rules   what is not known is simply not coalesced: after a restart the heads of lanes come without their types
//         one that an operator has sent again goes, whatever is newer
//         the batches that could not deliver the older count for the newer: else a receiver that is away would be hidden by news
// Limits  an entry a newest delivery that is in the book, so at most as many as the destination's pending_max
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

#include "denrei/domain/delivery.hpp"

namespace denrei {

class Coalescing {
 public:
  void learn(const Destination& destination, std::uint32_t partition, const DeliveryHead& head) {
    if (!is_coalesced(destination, head.type)) return;
    auto& newest = newest_.try_emplace(subject_of(head), Newest{partition, head.seq}).first->second;
    if (newest.seq < head.seq) newest.seq = head.seq;
  }
  [[nodiscard]] bool has_newer(const Destination& destination, const DeliveryHead& head) const {
    if (newest_.empty() || head.resends > 0 || !is_coalesced(destination, head.type)) return false;
    const auto at = newest_.find(subject_of(head));
    return at != newest_.end() && at->second.seq > head.seq;
  }
  // It is not in the book any more. Was it the newest, then nothing that is left is known to be newer than another.
  void left(const DeliveryHead& head) {
    if (newest_.empty()) return;
    const auto at = newest_.find(subject_of(head));
    if (at == newest_.end()) return;
    if (at->second.seq == head.seq) newest_.erase(at);
    else if (head.dead != DeadReason::superseded) at->second.round = 1;
  }
  // It is left out for a newer one.
  void bequeath(const DeliveryHead& head) {
    const auto at = newest_.find(subject_of(head));
    if (at != newest_.end()) at->second.round = std::max(at->second.round, head.round);
  }
  [[nodiscard]] std::shared_ptr<const Delivery> heir(std::shared_ptr<const Delivery> delivery) const {
    if (newest_.empty() || delivery->head.resends > 0) return delivery;
    const auto at = newest_.find(subject_of(delivery->head));
    if (at == newest_.end() || at->second.seq != delivery->head.seq || at->second.round <= delivery->head.round) return delivery;
    auto heir = std::make_shared<Delivery>(*delivery);
    heir->head.round = at->second.round;
    return heir;
  }
  // The same of one whose head is not known. Linear, and rare: the outbox did not know it either.
  void left(std::uint32_t partition, std::uint64_t seq) {
    std::erase_if(newest_, [partition, seq](const auto& entry) { return entry.second.partition == partition && entry.second.seq == seq; });
  }
  void lose(std::uint32_t partition) {
    std::erase_if(newest_, [partition](const auto& entry) { return entry.second.partition == partition; });
  }
  void clear() { newest_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return newest_.size(); }

 private:
  struct Newest {
    std::uint32_t partition = 0;   // a key has one
    std::uint64_t seq = 0;         // in its log
    std::uint32_t round = 1;       // that older ones, left out for it, had come to
  };
  // Key and type themselves: two lanes may share a number, and nothing is left out by mistake.
  static std::string subject_of(const DeliveryHead& head) {
    std::string subject;
    subject.reserve(head.family.size() + head.key.size() + head.type.size() + 8);
    return subject.append(std::to_string(head.family.size())).append(":").append(head.family)
        .append(std::to_string(head.key.size())).append(":").append(head.key).append(head.type);
  }

  std::unordered_map<std::string, Newest> newest_;  // by family, key and type
};

}  // namespace denrei
