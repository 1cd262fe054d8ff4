// Drawing progress.
#include "denrei/app/cli/bulk_progress.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace denrei {
namespace {

constexpr Millis redraw_every{200};
constexpr Millis line_every{10'000};
constexpr std::size_t bar_cells = 20;

std::size_t ended(const BulkTally& tally) { return tally.sent + tally.failed; }

std::size_t share_of(const BulkTally& tally, std::size_t whole) { return tally.rows == 0 ? whole : ended(tally) * whole / tally.rows; }

}  // namespace

std::string format_length(Millis length) {
  const auto seconds = std::max<std::int64_t>(0, (length.count() + 500) / 1000);
  const auto hours = seconds / 3600;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, seconds / 60 % 60, seconds % 60) : fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string BulkProgress::describe(const BulkTally& tally, WallTime now) const {
  auto text = fmt::format("{}/{}", ended(tally), tally.rows);
  if (tally.failed > 0) text += fmt::format("  {} failed", tally.failed);
  if (tally.waiting > 0) text += fmt::format("  {} retrying", tally.waiting);
  const auto elapsed_s = static_cast<double>((now - start_).count()) / 1000;
  const auto measured = elapsed_s >= 1 ? static_cast<double>(tally.requests) / elapsed_s : 0;
  if (measured > 0) text += fmt::format("  {:.1f}/s", measured);
  const auto rate = rate_ > 0 ? rate_ : measured;
  if (rate <= 0) return text;
  auto left = Millis(std::llround(static_cast<double>(tally.open + tally.waiting) * 1000 / rate));
  if (tally.waiting > 0) left = std::max(left, tally.last_due - now);
  return text + fmt::format("  {} left", format_length(left));
}

void BulkProgress::redraw(const BulkTally& tally, WallTime now) {
  const auto full = share_of(tally, bar_cells);
  const auto text = fmt::format("[{}{}] {}", std::string(full, '#'), std::string(bar_cells - full, '-'), describe(tally, now));
  err_ << '\r' << text << std::string(drawn_ > text.size() ? drawn_ - text.size() : 0, ' ') << std::flush;
  drawn_ = text.size();
}

void BulkProgress::update(const BulkTally& tally, WallTime now) {
  const auto since = now < last_ ? Millis::max() : now - last_;  // the clock was set back: begin anew
  if (on_terminal_) {
    if (shown_ && since < redraw_every) return;
    redraw(tally, now);
  } else {
    const auto tenth = share_of(tally, 10);
    if (tenth == last_tenth_ && since < line_every) return;
    last_tenth_ = tenth;
    err_ << describe(tally, now) << std::endl;
  }
  last_ = now;
  shown_ = true;
}

void BulkProgress::end() {
  if (drawn_ > 0) err_ << '\r' << std::string(drawn_, ' ') << '\r' << std::flush;
  drawn_ = 0;
}

}  // namespace denrei
