// Whole records that are being fetched from the outbox, and what for.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"

namespace denrei {

enum class Purpose : std::uint8_t { deliver, revive, raise_alert, alert_sent };
struct Fetching {
  Purpose purpose = Purpose::deliver;
  caf::actor asker;
  std::vector<DeliveryId> ids;
  std::uint64_t order = 0;         // the operator's, for revive
  std::string by;
};

class Fetches {
 public:
  [[nodiscard]] std::uint64_t begin(Fetching fetching) {
    under_way_.emplace(++last_, std::move(fetching));
    return last_;
  }
  [[nodiscard]] std::optional<Fetching> end(std::uint64_t ticket) {
    auto node = under_way_.extract(ticket);
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
  }
  [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }
  void clear() { under_way_.clear(); }   // tickets stay new: answers of a life before find nothing

 private:
  std::map<std::uint64_t, Fetching> under_way_;
  std::uint64_t last_ = 0;
};

// One per id; null: there is none, or nobody can read it.
[[nodiscard]] inline std::vector<DeliveryPtr> decode_all(const Blobs& records, std::size_t ids) {
  std::vector<DeliveryPtr> out;
  for (const auto& record : records) {
    auto delivery = decode_delivery(record.value_or(""));
    out.push_back(delivery ? std::make_shared<const Delivery>(std::move(*delivery)) : nullptr);
  }
  out.resize(ids);
  return out;
}

}  // namespace denrei
