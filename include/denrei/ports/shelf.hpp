// The shelf: what stands beside the log. Key files, timeline chunks, repeat counts, notifications on their way, inbox feeds.
//
// Shape   look(tag, shelf, fields) -> one optional blob per field, in that order; fields(tag, shelf, query) -> names, page by page;
//         newest(tag, query) -> log entries, page by page backwards
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

struct FieldsQuery {
  std::string prefix;                   // of the fields wanted; empty: all
  std::string cursor = "0";             // "0": from the start; else what the page before gave
  std::size_t count = 100;              // a page holds about as many: a few more, or fewer, or none where few fields have the prefix
};
struct FieldsPage {
  std::string next;                     // cursor of the next page; "0": this was the last
  std::vector<std::string> fields;      // in no order
};

struct NewestQuery {
  std::string before;                   // a log id: only entries older than it; empty: from the newest
  std::size_t count = 100;              // entries at most
  std::size_t bytes = 1024 * 1024;      // of blobs at most; a first entry that is larger comes alone
};

class Shelf {
 public:
  virtual ~Shelf() = default;
  virtual void look(const LogTag& tag, ShelfName shelf, std::vector<std::string> fields, Done<Blobs> done) = 0;
  // The names of a shelf's fields. Every one that is there from the first page to the last is on one of them, perhaps on several,
  // unless the store restarts meanwhile. Errors also: invalid for a cursor that is none.
  virtual void fields(const LogTag& tag, ShelfName shelf, FieldsQuery query, Done<FieldsPage> done) = 0;
  // Notifications that a commit wrote and nobody has relayed yet: (id, record), oldest first, at most 1,000.
  virtual void pending_notifications(const LogTag& tag, Done<std::vector<std::pair<std::string, std::string>>> done) = 0;
  virtual void forget_notifications(const LogTag& tag, std::vector<std::string> ids, Done<void> done) = 0;
  // The newest entries of a log without owning it, oldest first: how an inbox fills its memory at start, page by page backwards.
  // None: the log begins here. Errors also: invalid for a `before` that is no log id.
  virtual void newest(const LogTag& tag, NewestQuery query, Done<std::vector<LogEntry>> done) = 0;
};

}  // namespace denrei
