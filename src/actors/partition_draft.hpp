// A commit in the making: the decisions of applied batches, merged until the store takes them in one step.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/messages.hpp"

namespace denrei {

struct PartitionDraft {
  std::string upto;                       // log id; empty: nothing here
  std::uint64_t upto_seq = 0;
  std::uint64_t batch = 0;
  std::vector<std::pair<std::string, std::string>> files;  // in order: of two for one key the later one counts
  ChunkChange chunks;
  std::vector<std::pair<std::string, Notification>> notifications;
  std::vector<DeliveryPtr> deliveries;    // handed over when they are committed
  std::uint64_t applied = 0;
  std::uint64_t stale = 0;
  std::uint64_t failed = 0;
  std::vector<WallTime> received;         // of every event, for the delay histogram
  std::size_t bytes = 0;                  // of files, chunks, notifications and payloads

  [[nodiscard]] bool empty() const noexcept { return upto.empty(); }

  void merge(Decided& d) {
    bytes += d.field.size() + d.file.size();
    for (const auto& [field, lines] : d.chunks.full) bytes += field.size() + lines.size();
    for (const auto& [id, n] : d.notifications) bytes += id.size() + n.json.size();
    for (const auto& delivery : d.deliveries) bytes += delivery->body.size();
    files.emplace_back(std::move(d.field), std::move(d.file));
    merge_effects(d.chunks, d.notifications);
    std::move(d.deliveries.begin(), d.deliveries.end(), std::back_inserter(deliveries));
    applied += d.applied;
    stale += d.stale;
    failed += d.failed;
  }

  // The next draft's decisions come after ours and replace what they write again.
  void absorb(PartitionDraft next) {
    if (empty()) {
      *this = std::move(next);
      return;
    }
    std::move(next.files.begin(), next.files.end(), std::back_inserter(files));
    merge_effects(next.chunks, next.notifications);
    std::move(next.deliveries.begin(), next.deliveries.end(), std::back_inserter(deliveries));
    received.insert(received.end(), next.received.begin(), next.received.end());
    bytes += next.bytes;
    applied += next.applied;
    stale += next.stale;
    failed += next.failed;
    upto = std::move(next.upto);
    upto_seq = next.upto_seq;
    batch = next.batch;
  }

  // Fills the commit; keeps what is needed after it.
  [[nodiscard]] Commit take_commit(std::string token, std::string expected, std::uint64_t keep_events) {
    Commit c;
    c.token = std::move(token);
    c.expected = std::move(expected);
    c.upto = upto;
    c.trim_below = upto_seq > keep_events ? upto_seq - keep_events : 0;
    c.states = std::move(files);
    c.chunks = std::move(chunks.full);
    c.dropped_chunks = std::move(chunks.dropped);
    // Keys decide side by side; the store wants the log's order.
    std::sort(notifications.begin(), notifications.end(), [](const auto& a, const auto& b) { return place_of(a.first) < place_of(b.first); });
    for (const auto& [id, n] : notifications) c.notifications.emplace_back(id, encode_notification(n));
    for (const auto& delivery : deliveries) c.outbox.emplace_back(delivery->head.id.raw(), encode_delivery(*delivery));
    for (const auto& [name, n] : {std::pair{"applied", applied}, {"stale", stale}, {"failed", failed}})
      if (n > 0) c.counters.emplace_back(name, static_cast<std::int64_t>(n));
    return c;
  }

 private:
  // "<seq>-<n>" as numbers.
  static std::pair<std::uint64_t, std::uint64_t> place_of(const std::string& id) {
    const auto dash = std::min(id.find('-'), id.size() - 1);
    return {std::strtoull(id.c_str(), nullptr, 10), std::strtoull(id.c_str() + dash + 1, nullptr, 10)};
  }

  void merge_effects(ChunkChange& more, std::vector<std::pair<std::string, Notification>>& notes) {
    std::move(more.full.begin(), more.full.end(), std::back_inserter(chunks.full));
    std::move(more.dropped.begin(), more.dropped.end(), std::back_inserter(chunks.dropped));
    std::move(notes.begin(), notes.end(), std::back_inserter(notifications));
  }
};

}  // namespace denrei
