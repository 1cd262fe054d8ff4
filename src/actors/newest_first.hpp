// Newest first over all partitions: merges their numbered streams, page by page, and says where the next page begins. Pure.
//
// Shape   read what wanted() names and add() it, until it names nothing; then take() one after the other
// Units   places as in ports/chronicle: before = 0 is from the newest; 1 means that nothing is left below
// Limits  holds one chunk of each partition
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

class NewestFirst {
 public:
  struct Entry {
    std::uint64_t place = 0;
    WallTime at{};
    std::string record;
  };

  explicit NewestFirst(const std::vector<std::uint64_t>& before);  // one per partition

  // Partitions of which more must be read before anything can be taken.
  [[nodiscard]] std::vector<std::uint32_t> wanted() const;
  [[nodiscard]] std::uint64_t before(std::uint32_t partition) const { return streams_[partition].before; }
  // `complete`: there was no more below.
  void add(std::uint32_t partition, std::vector<Entry> entries, bool complete);
  // The newest of all; nothing: none is left.
  [[nodiscard]] std::optional<Entry> take();
  [[nodiscard]] bool at_end() const;
  // Where to go on. What arrives after the first page was read stays out of all later ones.
  [[nodiscard]] std::vector<std::uint64_t> places() const;

 private:
  struct Stream {
    std::uint64_t before = 0;
    bool complete = false;
    std::deque<Entry> entries;         // newest first
  };
  std::vector<Stream> streams_;
};

}  // namespace denrei
