// Who waits for an event to be applied: readers who must see what was accepted before they asked.
#pragma once
#include <map>

#include "denrei/actors/messages.hpp"

namespace denrei {

class PartitionTickets {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  void wait(std::uint64_t seq, const TellWhenApplied& order) { waiting_.emplace(seq, order); }
  void answer_up_to(std::uint64_t seq) {
    while (!waiting_.empty() && waiting_.begin()->first <= seq) {
      tell(waiting_.begin()->second, true);
      waiting_.erase(waiting_.begin());
    }
  }
  void refuse_all() {
    for (const auto& [seq, order] : std::exchange(waiting_, {})) tell(order, false);
  }
  static void tell(const TellWhenApplied& order, bool ok) {
    if (auto asker = caf::actor_cast<caf::actor>(order.asker)) caf::anon_send(asker, AppliedNow{order.ticket, ok});
  }

 private:
  std::multimap<std::uint64_t, TellWhenApplied> waiting_;  // by the sequence that must be committed
};

}  // namespace denrei
