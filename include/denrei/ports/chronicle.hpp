// The chronicle: what has happened, for readers who own nothing. Events by id, the delivery history, the audit stream.
//
// Shape   find_event(tag, id); delivered(tag, before, count) and audit(tag, before, count): newest first
// Units   places in the history and in the audit stream are rising numbers from 1; before = 0: from the newest
// Limits  history_keep deliveries and audit_keep entries a partition; a page has `count` items or what is left
// Errors  unavailable
// Source  design §7; decision 0011. Same threading promise as ports/journal
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/ports/journal.hpp"

namespace denrei {

struct FoundEvent {
  bool known = false;                  // accepted within the dedupe window
  WallTime received_at{};
  std::uint64_t seq = 0;               // 0: its payload is no longer in the log
  std::string record;                  // as encode_event; empty with seq 0
};

using Numbered = std::vector<std::pair<std::uint64_t, std::string>>;

class Chronicle {
 public:
  virtual ~Chronicle() = default;
  virtual void find_event(const LogTag& tag, const EventId& id, Done<FoundEvent> done) = 0;
  virtual void delivered(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) = 0;
  virtual void audit(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) = 0;
};

// Small named values of the whole site that outlive the process: which destinations are disabled, which jobs run.
class Registers {
 public:
  virtual ~Registers() = default;
  virtual void all(const std::string& group, Done<std::vector<std::pair<std::string, std::string>>> done) = 0;
  virtual void put(const std::string& group, std::string name, std::string value, Done<void> done) = 0;  // empty value: gone
};

}  // namespace denrei
