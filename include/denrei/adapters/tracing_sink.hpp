// A log that keeps a share of its lines aside, to be made into spans: those of the events that are traced. Every line goes on as before.
//
// Shape   TracingSink(next, share).write(line) from any thread; take(most) gives the oldest and forgets them
// Limits  traced_lines_max lines are kept; more are left out and counted. A line that is not of a traced event costs a search in its text
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "denrei/ports/log_sink.hpp"

namespace denrei {

class TracingSink final : public LogSink {
 public:
  TracingSink(LogSink& next, double share) : next_(next), share_(share) {}
  void write(std::string_view json_line) override;
  [[nodiscard]] std::vector<std::string> take(std::size_t most);
  [[nodiscard]] std::uint64_t left_out() const noexcept { return left_out_.load(std::memory_order_relaxed); }

 private:
  LogSink& next_;
  const double share_;
  std::atomic<std::uint64_t> left_out_{0};
  std::mutex mutex_;                     // held for a push or for moving some lines out
  std::deque<std::string> lines_;
};

}  // namespace denrei
