// The shelf: what stands beside the log. Key files, timeline chunks, repeat counts, notifications on their way, inbox feeds.
//
// Shape   look(tag, shelf, fields) -> one optional blob per field, in that order
// Errors  unavailable
// Source  redis.md §3, §4e; same threading promise as ports/journal
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/ports/journal.hpp"

namespace denrei {

enum class ShelfName : std::uint8_t { states, timeline, repeats };

using Blobs = std::vector<std::optional<std::string>>;

class Shelf {
 public:
  virtual ~Shelf() = default;
  virtual void look(const LogTag& tag, ShelfName shelf, std::vector<std::string> fields, Done<Blobs> done) = 0;
  // Notifications that a commit wrote and nobody has relayed yet: (id, record), oldest first, at most 1,000.
  virtual void pending_notifications(const LogTag& tag, Done<std::vector<std::pair<std::string, std::string>>> done) = 0;
  virtual void forget_notifications(const LogTag& tag, std::vector<std::string> ids, Done<void> done) = 0;
  // The newest `count` entries of a log without owning it, oldest first: how an inbox fills its memory at start.
  virtual void newest(const LogTag& tag, std::size_t count, Done<std::vector<LogEntry>> done) = 0;
};

}  // namespace denrei
