// The live keys of a partition: which key actors exist, and which may sleep.
#pragma once
#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "denrei/actors/key.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

struct LiveKey {
  KeyActor actor;
  std::uint64_t last_batch = 0;                 // newer than the committed batch: it knows more than the store
  std::chrono::steady_clock::time_point used{};
  std::vector<SequencedEvent> waiting;          // this batch's events, while the batch is being put together
};

// No list in order of use: keeping one touches three cold neighbours an event. Whoever sleeps is found by looking at all,
// which happens every few seconds, or once in many new keys.
class PartitionKeys {
 public:
  // Null when the key sleeps. The address stays good until let_sleep() or clear().
  LiveKey* find(const std::string& field) {
    const auto at = live_.find(field);
    return at != live_.end() ? &at->second : nullptr;
  }

  LiveKey& wake(std::string field, KeyActor actor) {
    return live_.insert_or_assign(std::move(field), LiveKey{std::move(actor), 0, {}, {}}).first->second;
  }

  [[nodiscard]] bool is_crowded() const noexcept { return live_.size() > limits::live_keys_max + limits::live_keys_max / 10; }

  // Lets keys sleep whose state the store has: those unused since `idle_before`, and, when there are too many, those
  // used longest ago. A key actor ends when its last handle goes.
  void let_sleep(std::uint64_t committed_batch, std::chrono::steady_clock::time_point idle_before) {
    const auto old_batch = std::min(committed_batch, oldest_to_keep());
    std::erase_if(live_, [&](const auto& entry) {
      const auto& key = entry.second;
      return key.last_batch <= old_batch || (key.used < idle_before && key.last_batch <= committed_batch);
    });
  }

  void clear() { live_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return live_.size(); }

 private:
  // Keys last used in this batch or before it must go, so that the limit is kept; 0 when there is room.
  [[nodiscard]] std::uint64_t oldest_to_keep() const {
    if (live_.size() <= limits::live_keys_max) return 0;
    std::vector<std::uint64_t> batches;
    batches.reserve(live_.size());
    for (const auto& [field, key] : live_) {
      (void)field;
      batches.push_back(key.last_batch);
    }
    const auto surplus = batches.begin() + static_cast<std::ptrdiff_t>(live_.size() - limits::live_keys_max);
    std::nth_element(batches.begin(), surplus, batches.end());
    return *surplus;
  }

  std::unordered_map<std::string, LiveKey> live_;
};

}  // namespace denrei
