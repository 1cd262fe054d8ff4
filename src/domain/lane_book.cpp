// The lane book: lanes in a map, what waits for a time in a heap, what may go now in a list through the lanes.
#include "denrei/domain/lane_book.hpp"

#include <algorithm>

namespace denrei {
namespace {

// Four children a node: half as deep as two, and the lanes' memory is what a step waits for.
constexpr std::size_t heap_width = 4;

}  // namespace

// --- deliveries of one lane

void LaneBook::add_to_rest(Lane& lane, const Place& place, const Wait& wait) {
  if (!lane.rest) lane.rest = std::make_unique<Line>();
  lane.rest->emplace_hint(lane.rest->end(), place, wait);  // most come in order
  lane.rest_for_batch = lane.rest_for_batch || wait.for_batch;
}

void LaneBook::take_from_rest(Lane& lane) {
  const auto oldest = lane.rest->begin();
  lane.place = oldest->first;
  lane.wait = oldest->second;
  lane.rest->erase(oldest);
  if (!lane.rest->empty()) return;
  lane.rest.reset();
  lane.rest_for_batch = false;
}

// An older one may have come while the head was out.
void LaneBook::oldest_to_head(Lane& lane) {
  if (!lane.rest || lane.place < lane.rest->begin()->first) return;
  add_to_rest(lane, lane.place, lane.wait);
  take_from_rest(lane);
}

bool LaneBook::add(const Pending& pending) {
  const Place place{pending.seq, pending.id};
  const Wait wait{pending.due, pending.partition, pending.waits_for_batch};
  unblock(pending.lane, pending.id);
  const auto [found, is_new] = lanes_.try_emplace(pending.lane);
  auto& slot = *found;
  auto& lane = slot.second;
  if (!is_new && (lane.place.id == pending.id || (lane.rest && lane.rest->contains(place)))) return false;
  if (is_new) {
    lane.place = place;
    lane.wait = wait;
    enter(slot);
  } else {
    add_to_rest(lane, place, wait);
    if (lane.state != State::out && place < lane.place) {
      leave(slot);
      oldest_to_head(lane);
      enter(slot);
    }
  }
  if (pending.waits_for_batch) batch_lanes_.insert(pending.lane);
  if (const auto held = blocked_.find(pending.lane); held != blocked_.end()) held->second.partition = pending.partition;
  ++size_;
  return true;
}

void LaneBook::drop_head(Slot& slot) {
  --size_;
  auto& lane = slot.second;
  if (lane.rest) {
    take_from_rest(lane);
    return enter(slot);
  }
  batch_lanes_.erase(slot.first);
  lanes_.erase(lanes_.find(slot.first));
}

// --- from one state to another

// A lane that is neither waiting nor ready becomes what its head and its blocks say.
void LaneBook::enter(Slot& slot) {
  if (blocked_.contains(slot.first)) {
    slot.second.state = State::held;
    return;
  }
  slot.second.state = State::waiting;
  push_due(slot);
}

void LaneBook::leave(Slot& slot) {
  switch (slot.second.state) {
    case State::waiting: erase_due(slot.second.at); break;
    case State::ready: erase_ready(slot); break;
    case State::out:
    case State::held: break;
  }
}

void LaneBook::collect_due(WallTime now) {
  while (!due_.empty() && due_.front().due <= now) {
    auto& slot = *due_.front().slot;
    erase_due(0);
    slot.second.state = State::ready;
    push_ready_back(slot);
  }
}

std::optional<Pending> LaneBook::take_ready(WallTime now) {
  collect_due(now);
  if (ready_first_ == nullptr) return std::nullopt;
  auto& [key, lane] = *ready_first_;
  erase_ready(*ready_first_);
  lane.state = State::out;
  return Pending{lane.place.id, lane.place.seq, key, lane.wait.due, lane.wait.partition, lane.wait.for_batch};
}

bool LaneBook::take(const Pending& pending) {
  const auto found = lanes_.find(pending.lane);
  if (found == lanes_.end()) return false;
  auto& lane = found->second;
  if (lane.state != State::waiting && lane.state != State::ready) return false;
  const Place place{pending.seq, pending.id};
  if (lane.place != place && (!lane.rest || !lane.rest->contains(place))) return false;
  leave(*found);
  if (lane.place != place) {
    add_to_rest(lane, lane.place, lane.wait);
    const auto at = lane.rest->find(place);
    lane.place = at->first;
    lane.wait = at->second;
    lane.rest->erase(at);
  }
  lane.state = State::out;
  return true;
}

LaneBook::Slot* LaneBook::find_out(std::uint64_t lane) {
  const auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.state == State::out ? &*found : nullptr;
}

void LaneBook::put_back(std::uint64_t lane) {
  auto* const slot = find_out(lane);
  if (slot == nullptr) return;
  const auto taken = slot->second.place;
  oldest_to_head(slot->second);
  if (slot->second.place != taken || blocked_.contains(lane)) return enter(*slot);
  slot->second.state = State::ready;
  push_ready_front(*slot);
}

void LaneBook::finish(std::uint64_t lane) {
  if (auto* const slot = find_out(lane); slot != nullptr) drop_head(*slot);
}

void LaneBook::postpone(std::uint64_t lane, WallTime due, bool waits_for_batch) {
  auto* const slot = find_out(lane);
  if (slot == nullptr) return;
  slot->second.wait.due = due;
  slot->second.wait.for_batch = waits_for_batch;
  if (waits_for_batch) batch_lanes_.insert(lane);
  oldest_to_head(slot->second);
  enter(*slot);
}

void LaneBook::block(std::uint64_t lane, const DeliveryId& id, std::optional<std::uint32_t> partition) {
  const auto found = lanes_.find(lane);
  if (!partition && found != lanes_.end()) partition = found->second.wait.partition;
  auto& blocks = blocked_[lane];
  if (partition) blocks.partition = partition;
  if (std::find(blocks.ids.begin(), blocks.ids.end(), id) == blocks.ids.end()) blocks.ids.push_back(id);
  if (found == lanes_.end()) return;
  if (is_out(lane, id)) return drop_head(*found);
  if (found->second.state == State::out) return;  // held when it comes back
  leave(*found);
  enter(*found);
}

void LaneBook::unblock(std::uint64_t lane, const DeliveryId& id) {
  const auto blocks = blocked_.find(lane);
  if (blocks == blocked_.end()) return;
  std::erase(blocks->second.ids, id);
  if (!blocks->second.ids.empty()) return;
  blocked_.erase(blocks);
  if (const auto found = lanes_.find(lane); found != lanes_.end() && found->second.state == State::held) enter(*found);
}

void LaneBook::begin_batch(Slot& slot, WallTime now) {
  auto& lane = slot.second;
  if (lane.rest_for_batch)
    for (auto& [place, wait] : *lane.rest)
      if (std::exchange(wait.for_batch, false)) wait.due = std::min(wait.due, now);
  lane.rest_for_batch = false;
  if (!std::exchange(lane.wait.for_batch, false)) return;
  lane.wait.due = std::min(lane.wait.due, now);
  if (lane.state == State::waiting) settle_due(lane.at, {lane.wait.due, &slot});
}

void LaneBook::begin_batch(WallTime now) {
  for (const auto lane : batch_lanes_)
    if (const auto found = lanes_.find(lane); found != lanes_.end()) begin_batch(*found, now);
  batch_lanes_.clear();
}

void LaneBook::forget(std::uint32_t partition) {
  const auto goes = [partition](const Slot& slot) { return slot.second.wait.partition == partition; };
  std::erase_if(due_, [&](const Due& entry) { return goes(*entry.slot); });
  for (auto at = due_.size(); at-- > 0;) sink_due(at, due_[at]);  // from the leaves up: linear
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    if (!goes(*it)) {
      ++it;
      continue;
    }
    if (it->second.state == State::ready) erase_ready(*it);
    size_ -= 1 + (it->second.rest ? it->second.rest->size() : 0);
    batch_lanes_.erase(it->first);
    it = lanes_.erase(it);
  }
  std::erase_if(blocked_, [&](const auto& entry) { return entry.second.partition == partition; });
}

// --- what is asked

bool LaneBook::is_out(std::uint64_t lane, const DeliveryId& id) const {
  const auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.state == State::out && found->second.place.id == id;
}

std::optional<WallTime> LaneBook::next_due() const {
  return due_.empty() ? std::nullopt : std::optional{due_.front().due};
}

bool LaneBook::has_ready(WallTime now) {
  collect_due(now);
  return ready_first_ != nullptr;
}

std::vector<Pending> LaneBook::list(std::size_t skip, std::size_t count) const {
  std::vector<Pending> out;
  const auto show = [&](std::uint64_t lane, const Place& place, const Wait& wait) {
    if (skip > 0) --skip;
    else if (out.size() < count) out.push_back({place.id, place.seq, lane, wait.due, wait.partition, wait.for_batch});
  };
  for (const auto& [key, lane] : lanes_) {
    if (out.size() == count) break;
    const auto in_lane = 1 + (lane.rest ? lane.rest->size() : 0);
    if (skip >= in_lane) {
      skip -= in_lane;
      continue;
    }
    show(key, lane.place, lane.wait);
    if (!lane.rest) continue;
    for (auto it = lane.rest->begin(); it != lane.rest->end() && out.size() < count; ++it) show(key, it->first, it->second);
  }
  return out;
}

// --- the heap of what waits for a time

bool LaneBook::is_before(const Due& a, const Due& b) noexcept {
  return a.due != b.due ? a.due < b.due : a.slot->second.place.seq < b.slot->second.place.seq;
}

void LaneBook::put_due(std::size_t at, Due entry) {
  due_[at] = entry;
  entry.slot->second.at = static_cast<std::uint32_t>(at);
}

void LaneBook::push_due(Slot& slot) {
  const Due entry{slot.second.wait.due, &slot};
  due_.push_back(entry);
  settle_due(due_.size() - 1, entry);
}

void LaneBook::erase_due(std::size_t at) {
  const auto last = due_.back();
  due_.pop_back();
  if (at < due_.size()) settle_due(at, last);
}

void LaneBook::settle_due(std::size_t at, Due entry) {
  for (; at > 0 && is_before(entry, due_[(at - 1) / heap_width]); at = (at - 1) / heap_width)
    put_due(at, due_[(at - 1) / heap_width]);
  sink_due(at, entry);
}

void LaneBook::sink_due(std::size_t at, Due entry) {
  for (;;) {
    const auto first = at * heap_width + 1;
    if (first >= due_.size()) break;
    const auto end = due_.begin() + static_cast<std::ptrdiff_t>(std::min(first + heap_width, due_.size()));
    const auto least = std::min_element(due_.begin() + static_cast<std::ptrdiff_t>(first), end, is_before);
    if (!is_before(*least, entry)) break;
    put_due(at, *least);
    at = static_cast<std::size_t>(least - due_.begin());
  }
  put_due(at, entry);
}

// --- the list of what may go now

void LaneBook::push_ready_front(Slot& slot) {
  slot.second.before = nullptr;
  slot.second.after = ready_first_;
  (ready_first_ == nullptr ? ready_last_ : ready_first_->second.before) = &slot;
  ready_first_ = &slot;
}

void LaneBook::push_ready_back(Slot& slot) {
  slot.second.before = ready_last_;
  slot.second.after = nullptr;
  (ready_last_ == nullptr ? ready_first_ : ready_last_->second.after) = &slot;
  ready_last_ = &slot;
}

void LaneBook::erase_ready(Slot& slot) {
  auto* const before = slot.second.before;
  auto* const after = slot.second.after;
  (before == nullptr ? ready_first_ : before->second.after) = after;
  (after == nullptr ? ready_last_ : after->second.before) = before;
}

}  // namespace denrei
