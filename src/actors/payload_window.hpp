// The payloads that a destination holds in memory. What does not fit is fetched from the outbox when it is due.
#pragma once
#include <unordered_map>
#include <utility>

#include "denrei/base/limits.hpp"
#include "denrei/domain/delivery.hpp"

namespace denrei {

class PayloadWindow {
 public:
  // Instead of what was held of it before.
  void keep(DeliveryPtr delivery) {
    (void)take(delivery->head.id);
    const auto bytes = bytes_of(*delivery);
    if (bytes_ + bytes > limits::payload_window_bytes) return;
    bytes_ += bytes;
    const auto id = delivery->head.id.hash;
    held_.emplace(id, std::move(delivery));
  }
  // Null: it must be fetched.
  [[nodiscard]] DeliveryPtr take(const DeliveryId& id) {
    const auto at = held_.find(id.hash);
    if (at == held_.end()) return nullptr;
    auto delivery = std::move(at->second);
    bytes_ -= bytes_of(*delivery);
    held_.erase(at);
    return delivery;
  }
  void clear() { *this = PayloadWindow{}; }

 private:
  static constexpr std::size_t overhead_bytes = 600;  // head, control block, node; measured roughly
  static std::size_t bytes_of(const Delivery& delivery) noexcept {
    std::size_t bytes = overhead_bytes + delivery.body.size();
    for (const auto& attempt : delivery.attempts) bytes += attempt.answer_body.size() + attempt.answer_headers.size();
    return bytes;
  }
  std::unordered_map<EventId, DeliveryPtr> held_;
  std::size_t bytes_ = 0;
};

}  // namespace denrei
