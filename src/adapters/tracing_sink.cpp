// Which lines are kept aside.
#include "denrei/adapters/tracing_sink.hpp"

#include <algorithm>
#include <iterator>

#include "denrei/base/limits.hpp"
#include "denrei/domain/span.hpp"

namespace denrei {

void TracingSink::write(std::string_view json_line) {
  next_.write(json_line);
  if (share_ <= 0) return;
  const auto event = event_of_line(json_line);
  if (event.empty() || !is_traced(event, share_)) return;
  std::string line(json_line);  // allocated before the lock
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= limits::traced_lines_max) left_out_.fetch_add(1, std::memory_order_relaxed);
  else lines_.push_back(std::move(line));
}

std::vector<std::string> TracingSink::take(std::size_t most) {
  std::vector<std::string> out;
  out.reserve(std::min(most, limits::traced_lines_max));
  const std::lock_guard lock(mutex_);
  const auto end = lines_.begin() + static_cast<std::ptrdiff_t>(std::min(most, lines_.size()));
  std::move(lines_.begin(), end, std::back_inserter(out));
  lines_.erase(lines_.begin(), end);
  return out;
}

}  // namespace denrei
