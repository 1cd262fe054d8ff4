// Progress of a bulk load: a bar that is redrawn on a terminal, a plain line now and then elsewhere.
//
// Shape   progress.update(tally, now) as often as one likes; progress.end() before anything else is printed
// Limits  a terminal is redrawn at most 5 times a second; elsewhere a line after every tenth of the rows or 10 s
#pragma once
#include <ostream>
#include <string>

#include "denrei/base/time.hpp"

namespace denrei {

struct BulkTally {
  std::size_t rows = 0;
  std::size_t open = 0;      // not yet sent, or sent and not yet known
  std::size_t waiting = 0;   // to be tried again
  std::size_t sent = 0;
  std::size_t repeats = 0;   // of the sent ones, those that the receiver knew already
  std::size_t failed = 0;
  std::size_t requests = 0;  // of this run
  WallTime last_due{};       // of the waiting ones
};

// "0:59", "1:02:03"; seconds are rounded.
[[nodiscard]] std::string format_length(Millis length);

class BulkProgress {
 public:
  // `rate` in requests a second: what remains is foretold by it; 0: by what is measured.
  BulkProgress(std::ostream& err, bool on_terminal, double rate, WallTime start)
      : err_(err), on_terminal_(on_terminal), rate_(rate), start_(start), last_(start) {}
  void update(const BulkTally& tally, WallTime now);
  void end();

 private:
  [[nodiscard]] std::string describe(const BulkTally& tally, WallTime now) const;
  void redraw(const BulkTally& tally, WallTime now);
  std::ostream& err_;
  bool on_terminal_;
  double rate_;
  WallTime start_;
  WallTime last_;            // when something was shown
  std::size_t last_tenth_ = 0;
  std::size_t drawn_ = 0;    // characters on the terminal's line
  bool shown_ = false;
};

}  // namespace denrei
