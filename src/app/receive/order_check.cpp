// Numbers of lanes: rising, late, missing.
#include "denrei/app/receive/order_check.hpp"

#include <algorithm>

namespace denrei {

void OrderCheck::add(const LanedDelivery& delivery) {
  std::string name;
  name.reserve(delivery.path.size() + 1 + delivery.key.size());
  name.append(delivery.path).append(1, '\0').append(delivery.key);
  if (lanes_.size() >= lanes_max && !lanes_.contains(name)) {
    complete_ = false;
    return;
  }
  auto& lane = lanes_[std::move(name)];
  if (delivery.sequence > lane.highest) {
    if (delivery.sequence > lane.highest + 1) skip(lane, delivery.sequence);
    lane.highest = delivery.sequence;
    return;
  }
  ++violations_;
  const bool was_missing = fill(lane, delivery.sequence);
  if (first_.size() >= first_max) return;
  first_.push_back({std::string(delivery.path), std::string(delivery.key), std::string(delivery.id), delivery.sequence, lane.highest,
                    !was_missing});
}

void OrderCheck::skip(Lane& lane, std::uint32_t until) {
  missing_ += until - lane.highest - 1;
  if (gaps_ >= gaps_max) {
    complete_ = false;
    return;
  }
  ++gaps_;
  lane.gaps.push_back({lane.highest + 1, until - 1});
}

// Whether this number was missing; then it is no longer.
bool OrderCheck::fill(Lane& lane, std::uint32_t sequence) {
  const auto gap = std::find_if(lane.gaps.begin(), lane.gaps.end(), [&](const Gap& g) { return sequence >= g.from && sequence <= g.to; });
  if (gap == lane.gaps.end()) return false;
  --missing_;
  const Gap rest{sequence + 1, gap->to};
  gap->to = sequence - 1;
  if (gap->to < gap->from) {
    *gap = rest;
    if (rest.to < rest.from) {
      lane.gaps.erase(gap);
      --gaps_;
    }
  } else if (rest.from <= rest.to) {
    lane.gaps.insert(gap + 1, rest);
    ++gaps_;
  }
  return true;
}

}  // namespace denrei
