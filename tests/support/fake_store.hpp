// What the journal keeps, in memory and at once: the same rules as dn1.lua, one FakeLog per tag. Knows nothing of callbacks.
//
// Shape   FakeLog log; log.append(records, now, window) -> AppendReply; log.commit(commit) -> Result<void>; copying it is a snapshot
// Limits  the tests' own; trimming is exact here, in Redis it goes by whole nodes
// Errors  fenced, conflict, truncated, invalid as dn1.lua
#pragma once
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/base/packing.hpp"
#include "denrei/ports/journal.hpp"

namespace denrei::test {

struct FakeMeta {
  WallTime received_at{};
  std::uint32_t body_hash = 0;
};

struct FakeEntry {
  std::uint64_t first = 0, last = 0;
  std::string id, blob;
  std::vector<EventId> remembered;  // what its records left in the dedupe generations
};

inline std::pair<std::uint64_t, std::uint64_t> split_id(std::string_view id) {
  std::pair<std::uint64_t, std::uint64_t> parts{};
  const auto dash = std::min(id.find('-'), id.size());
  std::from_chars(id.data(), id.data() + dash, parts.first);
  if (dash < id.size()) std::from_chars(id.data() + dash + 1, id.data() + id.size(), parts.second);
  return parts;
}

// Texts under rising numbers from 1, of which the newest are kept: the history of deliveries, the audit stream.
struct FakeNumbered {
  std::uint64_t last = 0;
  std::map<std::uint64_t, std::string> texts;
  void add(const std::vector<std::string>& news, std::uint64_t keep) {
    for (const auto& text : news) texts[++last] = text;
    while (texts.size() > keep) texts.erase(texts.begin());
  }
};

class FakeLog {
 public:
  std::string token, owner, cursor = "0-0", last = "0-0";
  std::uint64_t seq = 0;
  std::vector<FakeEntry> entries;
  std::map<std::string, std::string> states, timeline, outbox, dead;
  FakeNumbered history, audit;
  std::map<std::string, std::int64_t> repeats, counters;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> notifications;

  AppendReply append(const std::vector<AppendRecord>& records, std::string nonce, WallTime now, Millis window) {
    rotate(now, window);
    AppendReply reply{last, last, {}};
    FakeEntry entry{seq + 1, seq, {}, {}, {}};
    for (const auto& record : records) reply.outcomes.push_back(take(record, entry));
    if (entry.last < entry.first) return reply;
    seq = entry.last;
    entry.id = reply.last = last = std::to_string(entry.first) + "-" + nonce;
    entries.push_back(std::move(entry));
    return reply;
  }

  Result<Acquired> acquire(const AcquireRequest& request, std::string new_token) {
    if (!token.empty() && owner != request.node && !request.take_over) return fail(FaultCode::conflict, "held by " + owner);
    token = std::move(new_token);
    owner = request.node;
    return Acquired{token, cursor, seq};
  }

  Result<void> release(std::string_view with) {
    if (auto owned = check_owner(with); !owned) return owned;
    token.clear();
    owner.clear();
    return {};
  }

  [[nodiscard]] Result<std::vector<LogEntry>> read(std::string_view with, std::string_view after, std::size_t count) const {
    if (auto owned = check_owner(with); !owned) return tl::unexpected(owned.error());
    if (after != cursor && !holds(after)) return fail(FaultCode::truncated, "this position is not part of the log's history");
    std::vector<LogEntry> out;
    for (const auto& entry : entries)
      if (split_id(entry.id) > split_id(after) && out.size() < count) out.push_back({entry.id, entry.blob});
    return out;
  }

  Result<void> commit(const Commit& c) {
    if (split_id(c.upto).first < split_id(c.expected).first) return fail(FaultCode::invalid, "DNARGS commit cursor");
    if (auto owned = check_owner(c.token); !owned) return owned;
    if (c.expected != cursor) return fail(FaultCode::conflict, "the cursor is " + cursor);
    if (c.upto != c.expected && !holds(c.upto)) return fail(FaultCode::truncated, "this position is not part of the log's history");
    if (!are_rising(c.notifications)) return fail(FaultCode::invalid, "DNARGS commit notifications");
    cursor = c.upto;
    for (const auto& [field, blob] : c.states) states[field] = blob;
    for (const auto& [field, blob] : c.chunks) timeline[field] = blob;
    for (const auto& field : c.dropped_chunks) drop_chunk(field);
    for (const auto& [id, blob] : c.outbox) outbox[id] = blob;
    for (const auto& [id, blob] : c.notifications) notifications[newest_notification_ = split_id(id)] = blob;
    for (const auto& [field, increment] : c.counters) counters[field] += increment;
    const auto keep_from = std::min(c.trim_below, split_id(cursor).first);
    std::erase_if(entries, [&](const FakeEntry& entry) { return entry.last < keep_from; });
    return {};
  }

  // As after a failover that lost them: the newest entries and all memory of their events are gone.
  void drop_tail(std::size_t count) {
    for (; count > 0 && !entries.empty(); --count) {
      for (const auto& id : entries.back().remembered) for (auto& generation : dedupe_) generation.erase(id);
      entries.pop_back();
    }
    last = entries.empty() ? "0-0" : entries.back().id;
    seq = entries.empty() ? 0 : entries.back().last;
  }

  [[nodiscard]] const FakeMeta* find(const EventId& id) const {
    for (const auto& generation : dedupe_)
      if (const auto it = generation.find(id); it != generation.end()) return &it->second;
    return nullptr;
  }

  [[nodiscard]] Result<void> check_owner(std::string_view with) const {
    if (with.empty() || with != token) return fail(FaultCode::fenced, "another owner has acquired this partition");
    return {};
  }

 private:
  void rotate(WallTime now, Millis window) {
    if (started_ && now - *started_ > window) {
      current_ = 1 - current_;
      dedupe_[current_].clear();
      started_ = now;
    }
    if (!started_ || now < *started_) started_ = now;
  }

  AppendOutcome take(const AppendRecord& record, FakeEntry& entry) {
    if (const auto* first = find(record.id)) {
      ++repeats[std::string(record.id.raw())];
      return {.what = Appended::repeat, .received_at = first->received_at, .body_hash = first->body_hash};
    }
    if (record.probe) return {.what = Appended::probed_new};
    if (record.once && find(*record.once) != nullptr) return {.what = Appended::limited};
    remember(record.id, record, entry);
    if (record.once) remember(*record.once, record, entry);
    entry.blob += Packer().text(record.record).take();
    return {.what = Appended::fresh, .seq = ++entry.last};
  }

  void remember(const EventId& id, const AppendRecord& record, FakeEntry& entry) {
    dedupe_[current_][id] = {record.received_at, record.body_hash};
    entry.remembered.push_back(id);
  }

  [[nodiscard]] bool holds(std::string_view id) const {
    return std::any_of(entries.begin(), entries.end(), [id](const FakeEntry& entry) { return entry.id == id; });
  }

  [[nodiscard]] bool are_rising(const std::vector<std::pair<std::string, std::string>>& news) const {
    auto newest = newest_notification_;
    for (const auto& [id, blob] : news)
      if (split_id(id) <= std::exchange(newest, split_id(id))) return false;
    return true;
  }

  void drop_chunk(const std::string& field) {
    Unpacker lines(timeline[field]);
    while (!lines.at_end()) {
      Unpacker line(lines.raw(lines.u16()));
      repeats.erase(std::string(line.raw(16)));
    }
    timeline.erase(field);
  }

  std::map<EventId, FakeMeta> dedupe_[2];
  std::size_t current_ = 0;
  std::optional<WallTime> started_;
  std::pair<std::uint64_t, std::uint64_t> newest_notification_{};
};

}  // namespace denrei::test
