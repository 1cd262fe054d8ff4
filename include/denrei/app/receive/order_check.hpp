// Order check: do the numbers of each lane rise, and which of 1, 2, 3 … have not come.
//
// Shape   check.add({path, key, id, sequence}) for each delivery once, in the order in which they came; then violations(), missing()
// Words   lane: path and key together, since each destination counts for itself; without a key, the path
// Rules   a violation is a number that is not above all earlier ones of its lane; a gap is none, it is counted as missing so far
// Limits  lanes_max lanes, gaps_max gaps; beyond, nothing more is checked or told apart, and is_complete() says so
// Source  protocol §3 (fifo_by_key); design §2
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace denrei {

struct LanedDelivery {
  std::string_view path;
  std::string_view key;
  std::string_view id;
  std::uint32_t sequence = 0;  // from 1
};

struct OrderViolation {
  std::string path;
  std::string key;
  std::string id;
  std::uint32_t sequence = 0;
  std::uint32_t after = 0;     // the highest number before it
  bool twice = false;          // another delivery had this number already
};

class OrderCheck {
 public:
  void add(const LanedDelivery& delivery);
  [[nodiscard]] bool held() const noexcept { return violations_ == 0; }
  [[nodiscard]] std::uint64_t violations() const noexcept { return violations_; }
  [[nodiscard]] const std::vector<OrderViolation>& first_violations() const noexcept { return first_; }
  [[nodiscard]] std::uint64_t missing() const noexcept { return missing_; }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] bool is_complete() const noexcept { return complete_; }

 private:
  static constexpr std::size_t lanes_max = 2'000'000;  // about 100 bytes each
  static constexpr std::size_t gaps_max = 100'000;     // of all lanes
  static constexpr std::size_t first_max = 20;         // what a person reads of it

  struct Gap {
    std::uint32_t from;
    std::uint32_t to;   // with it
  };
  struct Lane {
    std::uint32_t highest = 0;
    std::vector<Gap> gaps;  // rising
  };
  void skip(Lane& lane, std::uint32_t until);
  [[nodiscard]] bool fill(Lane& lane, std::uint32_t sequence);

  std::unordered_map<std::string, Lane> lanes_;
  std::vector<OrderViolation> first_;
  std::uint64_t violations_ = 0;
  std::uint64_t missing_ = 0;
  std::size_t gaps_ = 0;
  bool complete_ = true;
};

}  // namespace denrei
