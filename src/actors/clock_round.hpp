// One boundary being handled: which announcements have not had its event yet. Knows no clock and no messages.
//
// Shape   round.wants_page() -> ask query() of partition(); take(page) or lose_page(); next_key(), handed_in(ticket, key),
//         answered(ticket, ok) -> whether it was waited for; is_through() -> it may be written down
// Limits  one page of keys besides those that are outstanding, whose number the owner bounds
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "denrei/domain/clock_order.hpp"
#include "denrei/domain/key_file.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

class ClockRound {
 public:
  static constexpr std::size_t page_keys = 256;  // as many as one append takes

  // Without partitions it is through at once: only the boundary is written down.
  ClockRound(std::size_t order, WallTime at, std::uint32_t partitions)
      : order_(order), at_(at), partitions_(partitions), events_(clock_orders.at(order), at) {}

  [[nodiscard]] std::size_t order() const noexcept { return order_; }
  [[nodiscard]] WallTime at() const noexcept { return at_; }
  [[nodiscard]] const ClockEvents& events() const noexcept { return events_; }
  [[nodiscard]] std::uint64_t announcements() const noexcept { return announcements_; }
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_.size(); }
  [[nodiscard]] bool is_through() const noexcept { return partition_ == partitions_ && keys_.empty() && outstanding_.empty(); }

  // --- keys, page by page
  [[nodiscard]] bool wants_page() const noexcept { return partition_ < partitions_ && keys_.empty(); }
  [[nodiscard]] std::uint32_t partition() const noexcept { return partition_; }
  [[nodiscard]] FieldsQuery query() const { return {file_field(clock_family, {}), cursor_, page_keys}; }
  void take(FieldsPage page) {
    const auto prefix = file_field(clock_family, {}).size();
    for (auto& name : page.fields) keys_.push_back(name.substr(prefix));
    if (page.next == "0") ++partition_;
    cursor_ = std::move(page.next);
  }
  // A cursor does not outlive a restart of the store: the partition's names are read from the start.
  void lose_page() { cursor_ = "0"; }

  // --- events
  [[nodiscard]] std::optional<std::string> next_key() {
    if (keys_.empty()) return std::nullopt;
    auto key = std::move(keys_.back());
    keys_.pop_back();
    return key;
  }
  void handed_in(std::uint64_t ticket, std::string key) { outstanding_.emplace(ticket, std::move(key)); }
  bool answered(std::uint64_t ticket, bool ok) {
    auto found = outstanding_.extract(ticket);
    if (found.empty()) return false;
    if (ok) ++announcements_;
    else keys_.push_back(std::move(found.mapped()));
    return true;
  }
  // Nobody will answer any more: they are handed in again.
  void take_back() {
    for (auto& [ticket, key] : outstanding_) keys_.push_back(std::move(key));
    outstanding_.clear();
  }

 private:
  std::size_t order_;
  WallTime at_;
  std::uint32_t partitions_;
  ClockEvents events_;
  std::uint32_t partition_ = 0;
  std::string cursor_ = "0";
  std::vector<std::string> keys_;                              // known and not handed in
  std::unordered_map<std::uint64_t, std::string> outstanding_; // ticket -> key
  std::uint64_t announcements_ = 0;                            // events that are in the log
};

}  // namespace denrei
