// A spool: what waits on disk, in order, until its receiver is back; bounded by bytes, the oldest goes first.
//
// Shape   push(bytes) at the end; front() the oldest that can be read; pop(number) when it is done with; size()
// Limits  the number of bytes that it was made with; what does not fit drops the oldest, and `dropped` counts them
// Errors  io: the disk does not take it. What was torn by a crash is skipped and counted as dropped
// Threads done is called once, later, on any thread, in the order of the calls: it may do no more than send a message. When the
//         spool goes, what was pushed before is written first
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "denrei/ports/journal.hpp"

namespace denrei {

struct SpoolSize {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;              // of what was pushed
  std::uint64_t dropped = 0;            // since it was opened
};

struct SpoolItem {
  std::uint64_t number = 0;             // rising, also over restarts
  std::string bytes;
};

class Spool {
 public:
  virtual ~Spool() = default;
  virtual void push(std::string bytes, Done<SpoolSize> done) = 0;
  virtual void front(Done<std::optional<SpoolItem>> done) = 0;
  virtual void pop(std::uint64_t number, Done<SpoolSize> done) = 0;  // one that is not there any more: nothing happens
  virtual void size(Done<SpoolSize> done) = 0;
};

}  // namespace denrei
