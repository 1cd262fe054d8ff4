// Read marks: which notifications of an inbox a reader has marked as read or confirmed, as stretches of cursors. Pure.
//
// Shape   decide_marks(marks, order, window) -> Result<ReadMarks>; MarkWalk says of rising cursors whether each is marked;
//         encode_marks(marks) -> packed (version 1); decode_marks(packed) -> Result<ReadMarks>
// Units   cursors are the sequence numbers of an inbox's feed, from 1; both ends of a stretch belong to it
// Limits  mark_stretches_max stretches; what lies outside the window of what the inbox shows is forgotten with each order
// Errors  overloaded: the order would leave too many stretches; invalid: bytes of no known version
// Source  protocol §4
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

struct MarkStretch {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const MarkStretch&, const MarkStretch&) = default;
};

// Stretches rise and never touch: two neighbours are one.
class ReadMarks {
 public:
  [[nodiscard]] const std::vector<MarkStretch>& stretches() const noexcept { return stretches_; }
  [[nodiscard]] bool is_empty() const noexcept { return stretches_.empty(); }
  void mark(MarkStretch what);
  void unmark(MarkStretch what);
  // Forgets everything outside; nothing is inside of a stretch that ends before it begins.
  void keep(MarkStretch inside);
  // Equal marks have equal fingerprints, in every process.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept;
  friend bool operator==(const ReadMarks&, const ReadMarks&) = default;

 private:
  std::vector<MarkStretch> stretches_;
};

enum class Marking : std::uint8_t { mark, unmark, mark_up_to };
struct MarkOrder {
  Marking what = Marking::mark;
  std::vector<std::uint64_t> cursors;  // mark_up_to: the last of them, and everything before it
};

[[nodiscard]] Result<ReadMarks> decide_marks(ReadMarks marks, const MarkOrder& order, MarkStretch window);

[[nodiscard]] std::string encode_marks(const ReadMarks& marks);
[[nodiscard]] Result<ReadMarks> decode_marks(std::string_view packed);

// Asked with rising cursors only: one pass over marks and notifications together.
class MarkWalk {
 public:
  explicit MarkWalk(const ReadMarks& marks) : rest_(marks.stretches().begin()), end_(marks.stretches().end()) {}
  [[nodiscard]] bool is_marked(std::uint64_t cursor) {
    while (rest_ != end_ && rest_->last < cursor) ++rest_;
    return rest_ != end_ && rest_->first <= cursor;
  }

 private:
  std::vector<MarkStretch>::const_iterator rest_, end_;
};

}  // namespace denrei
