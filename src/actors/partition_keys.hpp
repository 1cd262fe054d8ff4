// The live keys of a partition: which key actors exist, who was used last, and which may sleep.
#pragma once
#include <chrono>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "denrei/actors/key.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

struct LiveKey {
  std::string field;
  KeyActor actor;
  std::uint64_t last_batch = 0;                 // newer than the committed batch: it knows more than the store
  std::chrono::steady_clock::time_point used{};
  std::vector<SequencedEvent> waiting;          // this batch's events, while the batch is being put together
};

class PartitionKeys {
 public:
  // Null when the key sleeps. Moves it to the front of the order of use.
  LiveKey* find(const std::string& field) {
    const auto at = by_field_.find(field);
    if (at == by_field_.end()) return nullptr;
    order_.splice(order_.begin(), order_, at->second);
    return &*at->second;
  }

  LiveKey& wake(std::string field, KeyActor actor) {
    order_.push_front({std::move(field), std::move(actor), 0, {}, {}});
    by_field_.emplace(order_.front().field, order_.begin());
    return order_.front();
  }

  // Lets keys sleep whose state the store has: those beyond the limit, and those unused since `idle_before`.
  // A key actor ends when its last handle goes.
  void let_sleep(std::uint64_t committed_batch, std::chrono::steady_clock::time_point idle_before) {
    for (auto at = order_.end(); at != order_.begin();) {
      --at;
      if (order_.size() <= limits::live_keys_max && at->used >= idle_before) break;
      if (at->last_batch > committed_batch) {
        if (at->used >= idle_before) break;
        continue;
      }
      by_field_.erase(at->field);
      at = order_.erase(at);
    }
  }

  void clear() {
    by_field_.clear();
    order_.clear();
  }
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

 private:
  std::list<LiveKey> order_;  // most recently used first
  std::unordered_map<std::string, std::list<LiveKey>::iterator> by_field_;
};

}  // namespace denrei
