// Changes on their way to the outbox: they wait while one settle call is under way, and go together with the next.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/aftermath.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {

[[nodiscard]] inline std::vector<std::string> raw_ids(const std::vector<DeliveryId>& ids) {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const auto& id : ids) out.emplace_back(id.raw());
  return out;
}

// The audit entry of what was done to one dead letter.
[[nodiscard]] inline std::string action_entry(std::string_view action, const DeliveryHead& head, std::string_view by, std::string_view reason, WallTime now) {
  JsonObject entry;
  entry.text("action", action).text("deliveryId", head.id.text()).text("eventId", head.event.text()).text("destination", head.destination);
  return entry.text_if_any("by", by).text_if_any("reason", reason).text("timestamp", format_iso8601(now)).take();
}

struct QueuedChange {
  std::string destination;         // whose lane waits for the confirmation; empty: nobody's
  SettleOrder order;               // without a delivery: only an audit entry
  std::uint64_t answer = 0;        // the operator's order that it is part of; 0: none
};

// What operators do to a dead letter. `order`: theirs; 0: nobody's.
[[nodiscard]] inline QueuedChange make_revival(Delivery delivery, std::string_view by, std::uint64_t order, WallTime now) {
  revive(delivery.head, now);
  auto entry = action_entry("delivery_resent", delivery.head, by, {}, now);
  return {{}, {OutboxChange::Kind::revive, std::make_shared<Delivery>(std::move(delivery)), std::move(entry), false}, order};
}
[[nodiscard]] inline QueuedChange make_discard(DeliveryHead head, std::string_view by, std::string_view reason, std::uint64_t order, WallTime now) {
  auto entry = action_entry("delivery_discarded", head, by, reason, now);
  auto delivery = std::make_shared<Delivery>();
  delivery->head = std::move(head);
  return {{}, {OutboxChange::Kind::discard, std::move(delivery), std::move(entry), false}, order};
}

class SettleQueue {
 public:
  void push(QueuedChange change) { waiting_.push_back(std::move(change)); }
  [[nodiscard]] bool is_idle() const noexcept { return waiting_.empty() && flight_.empty(); }
  [[nodiscard]] bool may_begin() const noexcept { return flight_.empty() && !waiting_.empty(); }

  [[nodiscard]] Settlement begin(const std::string& token) {
    Settlement settlement{token, {}, {}, {}};
    std::size_t bytes = 0;
    while (!waiting_.empty() && flight_.size() < limits::settle_changes_max && bytes < limits::settle_bytes_max) {
      bytes += add(settlement, waiting_.front().order);
      flight_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return settlement;
  }

  [[nodiscard]] std::vector<QueuedChange> take_settled() { return std::exchange(flight_, {}); }

 private:
  static std::size_t add(Settlement& settlement, SettleOrder& order) {
    std::size_t bytes = order.audit.size();
    if (!order.audit.empty()) settlement.audit.push_back(std::move(order.audit));
    if (!order.delivery) return bytes;
    const bool has_record = order.kind != OutboxChange::Kind::finish && order.kind != OutboxChange::Kind::discard;
    settlement.changes.push_back({order.kind, std::string(order.delivery->head.id.raw()), has_record ? encode_delivery(*order.delivery) : std::string{}});
    bytes += settlement.changes.back().record.size();
    if (!order.was_delivered) return bytes;
    settlement.delivered.push_back(encode_delivered(*order.delivery));
    return bytes + settlement.delivered.back().size();
  }

  std::deque<QueuedChange> waiting_;
  std::vector<QueuedChange> flight_;
};

// Operators' orders that are answered when all their changes are in the store.
class OperatorOrders {
 public:
  [[nodiscard]] std::uint64_t begin(caf::actor asker, DeadSettled answer) {
    orders_[++last_] = {std::move(asker), std::move(answer), 0};
    return last_;
  }
  void expect(std::uint64_t order, std::size_t changes) { orders_.at(order).waiting += changes; }
  void note(std::uint64_t order, const DeliveryId& id) {
    const auto at = orders_.find(order);
    if (at == orders_.end()) return;
    at->second.answer.done.push_back(id);
    --at->second.waiting;
  }
  // One that was expected will not come: somebody else was quicker.
  void give_up(std::uint64_t order) {
    if (const auto at = orders_.find(order); at != orders_.end()) --at->second.waiting;
  }
  void answer_complete() {
    for (auto at = orders_.begin(); at != orders_.end();) {
      if (at->second.waiting > 0) {
        ++at;
        continue;
      }
      caf::anon_send(at->second.asker, std::move(at->second.answer));
      at = orders_.erase(at);
    }
  }
  void fail_all() {
    for (auto& [number, order] : std::exchange(orders_, {})) {
      order.answer.ok = false;
      caf::anon_send(order.asker, std::move(order.answer));
    }
  }

 private:
  struct Order {
    caf::actor asker;
    DeadSettled answer;
    std::size_t waiting = 0;
  };
  std::map<std::uint64_t, Order> orders_;
  std::uint64_t last_ = 0;
};

}  // namespace denrei
