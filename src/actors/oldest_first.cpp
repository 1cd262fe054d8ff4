// Where a time begins, and the merge of what follows.
#include "oldest_first.hpp"

#include <algorithm>

namespace denrei {

OldestFirst::OldestFirst(std::uint32_t partitions, std::optional<WallTime> since, std::optional<WallTime> until)
    : since_(since), until_(until), streams_(partitions) {}

std::vector<OldestFirst::Question> OldestFirst::wanted() const {
  std::vector<Question> out;
  for (std::uint32_t p = 0; p < streams_.size(); ++p) {
    const auto& s = streams_[p];
    switch (s.phase) {
      case Phase::newest: out.push_back({p, 0, 1}); break;
      case Phase::search: out.push_back({p, s.low + (s.high - s.low) / 2 + 1, 1}); break;
      case Phase::read:
        if (s.entries.empty()) out.push_back({p, s.next + chunk, chunk});
        break;
      case Phase::complete: break;
    }
  }
  return out;
}

void OldestFirst::add(std::uint32_t partition, std::vector<Entry> newest_first) {
  auto& stream = streams_.at(partition);
  switch (stream.phase) {
    case Phase::newest: return found_newest(stream, newest_first);
    case Phase::search: return narrow(stream, newest_first);
    case Phase::read: return take_chunk(stream, std::move(newest_first));
    case Phase::complete: return;
  }
}

void OldestFirst::found_newest(Stream& stream, const std::vector<Entry>& entries) const {
  if (entries.empty()) {
    stream.phase = Phase::complete;
    return;
  }
  stream.last = stream.high = entries.front().place;
  stream.low = 0;
  stream.phase = Phase::search;
  if (stream.high == 1) begin_reading(stream);
}

// The question was for the newest entry that is not above the middle.
void OldestFirst::narrow(Stream& stream, const std::vector<Entry>& entries) const {
  const auto middle = stream.low + (stream.high - stream.low) / 2;
  const bool is_late = !entries.empty() && (!since_ || (entries.front().at && *entries.front().at >= *since_));
  (is_late ? stream.high : stream.low) = middle;
  if (stream.high - stream.low <= 1) begin_reading(stream);
}

void OldestFirst::begin_reading(Stream& stream) {
  stream.phase = Phase::read;
  stream.next = stream.high > chunk ? stream.high - chunk : 1;
}

void OldestFirst::take_chunk(Stream& stream, std::vector<Entry> entries) const {
  bool any = false;
  bool is_beyond = until_.has_value();
  for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
    if (at->place < stream.next || at->place > stream.last) continue;
    any = true;
    stream.at = at->at.value_or(stream.at);
    is_beyond = is_beyond && stream.at > *until_ + slack;
    if ((!since_ || stream.at >= *since_) && (!until_ || stream.at <= *until_)) stream.entries.emplace_back(stream.at, std::move(at->record));
  }
  stream.next += chunk;
  if (stream.next > stream.last || (any && is_beyond)) stream.phase = Phase::complete;
}

std::optional<std::string> OldestFirst::take() {
  Stream* oldest = nullptr;
  for (auto& stream : streams_) {
    if (stream.entries.empty() && stream.phase != Phase::complete) return std::nullopt;
    if (!stream.entries.empty() && (oldest == nullptr || stream.entries.front().first < oldest->entries.front().first)) oldest = &stream;
  }
  if (oldest == nullptr) return std::nullopt;
  auto record = std::move(oldest->entries.front().second);
  oldest->entries.pop_front();
  return record;
}

}  // namespace denrei
