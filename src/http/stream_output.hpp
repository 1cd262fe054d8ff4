// What a live stream has still to write to its reader: shared pieces in order, and how much may wait.
//
// Shape   append(piece) -> whether it fits; front() is what to write next; wrote(n) after a write
// Limits  stream_buffer_max bytes behind the piece that is being written, which may itself be larger
// Why     the bytes are shared: a thousand readers of one event hold one copy of it
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "denrei/base/limits.hpp"

namespace denrei {

using StreamPiece = std::shared_ptr<const std::string>;

class StreamOutput {
 public:
  // False: the reader is too slow.
  [[nodiscard]] bool append(StreamPiece piece) {
    if (piece == nullptr || piece->empty()) return true;
    if (!pieces_.empty()) behind_ += piece->size();
    pieces_.push_back(std::move(piece));
    return behind_ <= limits::stream_buffer_max;
  }
  [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
  [[nodiscard]] std::string_view front() const { return std::string_view(*pieces_.front()).substr(written_); }
  void wrote(std::size_t bytes) {
    written_ += bytes;
    if (written_ < pieces_.front()->size()) return;
    pieces_.pop_front();
    written_ = 0;
    if (!pieces_.empty()) behind_ -= pieces_.front()->size();
  }

 private:
  std::deque<StreamPiece> pieces_;
  std::size_t written_ = 0;  // of the first
  std::size_t behind_ = 0;   // bytes of all but the first
};

}  // namespace denrei
