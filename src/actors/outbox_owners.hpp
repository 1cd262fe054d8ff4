// Who keeps the outbox of each partition for a Destination, under which epoch, and how many dead letters of ours are in it.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"

namespace denrei {

class OutboxOwners {
 public:
  void open(const LanesOpened& fact) { owners_[fact.partition] = {fact.dispatcher, fact.epoch, fact.dead}; }
  void close(std::uint32_t partition) { owners_.erase(partition); }
  void clear() { owners_.clear(); }
  // What belongs to another epoch is void.
  [[nodiscard]] bool is_current(std::uint32_t partition, std::uint64_t epoch) const {
    const auto at = owners_.find(partition);
    return at != owners_.end() && at->second.epoch == epoch;
  }

  void change_dead(std::uint32_t partition, std::int64_t by) {
    auto& dead = owners_.at(partition).dead;
    dead = static_cast<std::uint64_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(dead) + by));
  }
  [[nodiscard]] std::uint64_t dead() const {
    std::uint64_t sum = 0;
    for (const auto& [partition, owner] : owners_) sum += owner.dead;
    return sum;
  }

  void settle(std::uint32_t partition, SettleOrder order) const {
    const auto& owner = owners_.at(partition);
    Settle message{owner.epoch, {}};
    message.orders.push_back(std::move(order));
    caf::anon_send(owner.dispatcher, std::move(message));
  }
  template <class Self>
  void fetch(Self* self, std::uint32_t partition, std::vector<DeliveryId> ids) const {
    const auto& owner = owners_.at(partition);
    caf::unsafe_send_as(self, owner.dispatcher, FetchDeliveries{owner.epoch, std::move(ids)});
  }
  // What concerns no delivery goes to any of them.
  void write_audit(std::string entry) const {
    if (!owners_.empty()) caf::anon_send(owners_.begin()->second.dispatcher, WriteAudit{std::move(entry)});
  }
  void forget_all() {
    for (const auto& [partition, owner] : std::exchange(owners_, {})) caf::anon_send(owner.dispatcher, LanesForgotten{});
  }

 private:
  struct Owner {
    caf::actor dispatcher;
    std::uint64_t epoch = 0;
    std::uint64_t dead = 0;
  };
  std::map<std::uint32_t, Owner> owners_;  // by partition
};

}  // namespace denrei
