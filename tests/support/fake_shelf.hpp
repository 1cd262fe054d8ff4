// The shelves of a FakeLog: what stands in which, and a scan of names as Redis makes it.
//
// Shape   blob_of(log, shelf, field) -> the blob, if there is one; FakeFields fields; fields.page(log, shelf, query) -> FieldsPage
// Limits  a page ends after whole steps, so it may hold more than asked; at most so many names are looked at for one
// Errors  invalid: a cursor that no page gave
#pragma once
#include <iterator>
#include <set>

#include "denrei/ports/shelf.hpp"
#include "support/fake_store.hpp"

namespace denrei::test {

inline std::optional<std::string> blob_of(const FakeLog& log, ShelfName shelf, const std::string& field) {
  if (shelf == ShelfName::repeats) {
    const auto it = log.repeats.find(field);
    return it == log.repeats.end() ? std::nullopt : std::optional(std::to_string(it->second));
  }
  const auto& blobs = shelf == ShelfName::states ? log.states : log.timeline;
  const auto it = blobs.find(field);
  return it == blobs.end() ? std::nullopt : std::optional(it->second);
}

inline Result<std::vector<LogEntry>> newest_of(const FakeLog& log, const NewestQuery& query) {
  if (!query.before.empty() && split_id(query.before).first == 0) return fail(FaultCode::invalid, "DNARGS newest before");
  std::vector<LogEntry> entries;
  std::size_t bytes = 0;
  for (auto at = log.entries.rbegin(); at != log.entries.rend() && entries.size() < query.count; ++at) {
    if (!query.before.empty() && split_id(at->id) >= split_id(query.before)) continue;
    bytes += at->blob.size();
    if (bytes > query.bytes && !entries.empty()) break;
    entries.insert(entries.begin(), {at->id, at->blob});
  }
  return entries;
}

class FakeFields {
 public:
  std::size_t step = 100, looked_at = 1'000;  // as dn1.lua scans

  [[nodiscard]] Result<FieldsPage> page(const FakeLog& log, ShelfName shelf, const FieldsQuery& query) {
    const auto known = cursors_.find(query.cursor);
    if (query.cursor != "0" && known == cursors_.end()) return fail(FaultCode::invalid, "DNARGS fields");
    const auto names = names_of(log, shelf);
    auto at = query.cursor == "0" ? names.begin() : names.upper_bound(known->second);
    FieldsPage page{"0", {}};
    for (std::size_t looked = 0; at != names.end() && looked < looked_at; ++at, ++looked) {
      if (looked > 0 && looked % step == 0 && page.fields.size() >= query.count) break;
      if (at->starts_with(query.prefix)) page.fields.push_back(*at);
    }
    if (at == names.end()) return page;
    page.next = std::to_string(cursors_.size() + 1);
    cursors_[page.next] = *std::prev(at);
    return page;
  }

 private:
  [[nodiscard]] static std::set<std::string> names_of(const FakeLog& log, ShelfName shelf) {
    std::set<std::string> names;
    const auto add = [&names](const auto& values) {
      for (const auto& [name, value] : values) names.insert(name);
    };
    switch (shelf) {
      case ShelfName::states: add(log.states); break;
      case ShelfName::timeline: add(log.timeline); break;
      case ShelfName::repeats: add(log.repeats); break;
    }
    return names;
  }

  std::map<std::string, std::string> cursors_;  // what a page gave -> the last name before it
};

}  // namespace denrei::test
