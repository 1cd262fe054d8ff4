// Oldest first over all partitions: finds where a time begins in each numbered stream, reads on upward from there and merges. Pure.
//
// Shape   ask what wanted() names and add() each answer; when it names nothing and nothing is asked for, take() one after the other
// Units   places as in ports/chronicle: rising and dense, from 1; what arrives after the first question stays out
// Limits  holds one chunk of each partition; finding the beginning takes about log2(places) questions for one entry each
// Rules   times rise with the places but for small disorder: reading begins a chunk early and ends when a whole chunk lies `slack` beyond
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

class OldestFirst {
 public:
  static constexpr std::size_t chunk = 100;
  static constexpr Millis slack = std::chrono::minutes{10};

  struct Entry {
    std::uint64_t place = 0;
    std::optional<WallTime> at;        // nothing: unreadable; it counts as old as the one before it
    std::string record;
  };
  struct Question {
    std::uint32_t partition = 0;
    std::uint64_t before = 0;
    std::size_t count = 0;
  };

  // since and until are inclusive.
  OldestFirst(std::uint32_t partitions, std::optional<WallTime> since, std::optional<WallTime> until);

  [[nodiscard]] std::vector<Question> wanted() const;
  void add(std::uint32_t partition, std::vector<Entry> newest_first);
  [[nodiscard]] std::optional<std::string> take();  // nothing while something is wanted, and at the end

 private:
  enum class Phase : std::uint8_t { newest, search, read, complete };
  struct Stream {
    Phase phase = Phase::newest;
    std::uint64_t low = 0, high = 0;   // search: the beginning is above low and not above high
    std::uint64_t next = 0, last = 0;  // read: where the next chunk begins; the last place of all
    WallTime at{};                     // of the entry read last
    std::deque<std::pair<WallTime, std::string>> entries;
  };
  void found_newest(Stream& stream, const std::vector<Entry>& entries) const;
  void narrow(Stream& stream, const std::vector<Entry>& entries) const;
  void take_chunk(Stream& stream, std::vector<Entry> entries) const;
  static void begin_reading(Stream& stream);

  std::optional<WallTime> since_, until_;
  std::vector<Stream> streams_;
};

}  // namespace denrei
