// The merge of the partitions' streams.
#include "newest_first.hpp"

#include <algorithm>
#include <utility>

namespace denrei {

NewestFirst::NewestFirst(const std::vector<std::uint64_t>& before) {
  for (const auto place : before) streams_.push_back({place, place == 1, {}});
}

std::vector<std::uint32_t> NewestFirst::wanted() const {
  std::vector<std::uint32_t> out;
  for (std::size_t p = 0; p < streams_.size(); ++p)
    if (streams_[p].entries.empty() && !streams_[p].complete) out.push_back(static_cast<std::uint32_t>(p));
  return out;
}

void NewestFirst::add(std::uint32_t partition, std::vector<Entry> entries, bool complete) {
  auto& stream = streams_[partition];
  stream.complete = complete;
  for (auto& entry : entries) stream.entries.push_back(std::move(entry));
  if (!stream.entries.empty()) stream.before = stream.entries.front().place + 1;
}

std::optional<NewestFirst::Entry> NewestFirst::take() {
  Stream* newest = nullptr;
  for (auto& stream : streams_)
    if (!stream.entries.empty() && (newest == nullptr || stream.entries.front().at > newest->entries.front().at)) newest = &stream;
  if (newest == nullptr) return std::nullopt;
  auto entry = std::move(newest->entries.front());
  newest->entries.pop_front();
  newest->before = entry.place;
  return entry;
}

bool NewestFirst::at_end() const {
  return std::all_of(streams_.begin(), streams_.end(), [](const Stream& s) { return s.complete && s.entries.empty(); });
}

std::vector<std::uint64_t> NewestFirst::places() const {
  std::vector<std::uint64_t> out;
  for (const auto& s : streams_) out.push_back(s.complete && s.entries.empty() ? 1 : s.before);
  return out;
}

}  // namespace denrei
