// Limits by type: how many attempts go in a window, and who waits for room, first come first served.
//
// Shape   take_or_wait(…) before an attempt; next(now) -> who has waited long enough; has_turn(now), next_turn(now) say when to ask it again
// Rules   the first limit that fits a type counts. Who waits keeps its lane: nothing of it may overtake
//         room is kept for the one that next() names, and for its lane when it is left out there for a newer one: so a key that is
//         updated more often than its turn comes is sent nevertheless
//         the limits are those of the start, as rate and order are: a change counts from the next start of the process
// Limits  one that waits a lane; a limit remembers the times of its last `count` attempts, and nothing from before the process
// Source  protocol §2.4, §3 (statistics)
#pragma once
#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "denrei/domain/lane_book.hpp"
#include "denrei/domain/sliding_limit.hpp"

namespace denrei {

class TypeLimits {
 public:
  explicit TypeLimits(const std::vector<TypeLimit>& settings) : settings_(settings) {
    for (const auto& one : settings_) rows_.push_back({SlidingLimit(one.count, one.window), {}});
  }

  // It goes, and counts. False: it waits from now on.
  [[nodiscard]] bool take_or_wait(const Pending& pending, std::string_view type, WallTime now) {
    const auto kept = give_back(pending.lane);
    const auto* const limit = find_limit(settings_, type);
    if (limit == nullptr) return true;
    const auto number = static_cast<std::size_t>(limit - settings_.data());
    auto& row = rows_[number];
    const bool is_its_turn = row.waiting.empty() || kept == number;
    if (is_its_turn && row.limit.take(now)) return true;
    row.waiting.push_back(pending);
    return false;
  }

  // Of those that wait, one for which there is room; its lane is still out. The limits take turns.
  [[nodiscard]] std::optional<Pending> next(WallTime now) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      last_ = (last_ + 1) % rows_.size();
      auto& row = rows_[last_];
      if (row.waiting.empty() || !row.limit.reserve(now)) continue;
      const auto pending = row.waiting.front();
      row.waiting.pop_front();
      kept_[pending.lane] = {last_, pending.partition};
      return pending;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool has_turn(WallTime now) {
    return std::any_of(rows_.begin(), rows_.end(), [now](Row& row) { return !row.waiting.empty() && row.limit.wait(now) == Millis{0}; });
  }
  // When next() will have somebody that it does not have now.
  [[nodiscard]] std::optional<WallTime> next_turn(WallTime now) {
    std::optional<WallTime> at;
    for (auto& row : rows_)
      if (const auto wait = row.waiting.empty() ? Millis{0} : row.limit.wait(now); wait > Millis{0})
        at = std::min(at.value_or(WallTime::max()), now + wait);
    return at;
  }

  // The room that was kept for a lane is not needed. Answers the number of its limit.
  std::optional<std::size_t> give_back(std::uint64_t lane) {
    const auto at = kept_.find(lane);
    if (at == kept_.end()) return std::nullopt;
    const auto number = at->second.number;
    rows_[number].limit.give_back();
    kept_.erase(at);
    return number;
  }
  void lose(std::uint32_t partition) {
    for (auto& row : rows_) std::erase_if(row.waiting, [partition](const Pending& pending) { return pending.partition == partition; });
    for (auto at = kept_.begin(); at != kept_.end();) {
      const bool goes = at->second.partition == partition;
      if (goes) rows_[at->second.number].limit.give_back();
      at = goes ? kept_.erase(at) : std::next(at);
    }
  }
  // After a crash. What was attempted still counts.
  void forget_waiting() {
    for (auto& row : rows_) row.waiting.clear();
    for (const auto& [lane, kept] : std::exchange(kept_, {})) rows_[kept.number].limit.give_back();
  }

 private:
  struct Row {
    SlidingLimit limit;
    std::deque<Pending> waiting;
  };
  struct Kept {
    std::size_t number = 0;
    std::uint32_t partition = 0;
  };
  std::vector<TypeLimit> settings_;
  std::vector<Row> rows_;                          // one a setting
  std::unordered_map<std::uint64_t, Kept> kept_;   // by lane; at most `count` a limit
  std::size_t last_ = 0;                           // row that was asked last
};

}  // namespace denrei
