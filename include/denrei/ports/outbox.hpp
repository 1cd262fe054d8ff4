// The outbox: deliveries that are pending or dead, kept beside the log of their partition and changed by its owner only.
//
// Shape   scan(tag, part, cursor) page by page; fetch(tag, part, ids); settle(tag, settlement)
// Units   a record is what domain/delivery encodes; scan gives heads only (cut after the head)
// Errors  unavailable; fenced: somebody else owns the partition now; settle is all or nothing
// Source  redis.md §4d; decision 0011. Same threading promise as ports/journal
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "denrei/ports/journal.hpp"
#include "denrei/ports/shelf.hpp"

namespace denrei {

enum class OutboxPart : std::uint8_t { pending, dead };

struct OutboxPage {
  std::string next;                     // cursor of the next page; "0": this was the last
  std::vector<std::string> heads;       // records cut after their head
};

// One delivery's change. The id is its 16 raw bytes.
struct OutboxChange {
  enum class Kind : char {
    update = 'U',    // pending: record replaces it
    finish = 'F',    // pending: gone
    bury = 'B',      // pending -> dead, with record
    revive = 'R',    // dead -> pending, with record
    amend = 'A',     // dead: record replaces it, if it is still there
    discard = 'D',   // dead: gone
  };
  Kind kind = Kind::finish;
  std::string id;
  std::string record;                   // update, bury, revive, amend
};

struct Settlement {
  std::string token;                    // of the partition's owner
  std::vector<OutboxChange> changes;    // in order
  std::vector<std::string> delivered;   // records for the history, oldest first
  std::vector<std::string> audit;       // JSON objects for the audit stream
};

class Outbox {
 public:
  virtual ~Outbox() = default;
  // Every delivery that is there from the first call to the last is on one of the pages, perhaps on several.
  virtual void scan(const LogTag& tag, OutboxPart part, std::string cursor, Done<OutboxPage> done) = 0;
  // Whole records, one per id (16 raw bytes) in that order; nothing where there is none.
  virtual void fetch(const LogTag& tag, OutboxPart part, std::vector<std::string> ids, Done<Blobs> done) = 0;
  virtual void settle(const LogTag& tag, Settlement settlement, Done<void> done) = 0;
};

}  // namespace denrei
