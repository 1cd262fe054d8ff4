// Interruption: Ctrl-C as a question instead of an end. While one of these lives, SIGINT, SIGTERM and SIGHUP only raise it.
//
// Shape   is_raised(); wait(at_most) ends early when raised; descriptor() is readable from then on
// Limits  one at a time in a process; a second signal of the same kind ends the program as if this were not there
#pragma once
#include <array>
#include <csignal>

#include "denrei/base/time.hpp"

namespace denrei {

class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();
  [[nodiscard]] bool is_raised() const { return poll_for(Millis{0}); }
  void wait(Millis at_most) const { (void)poll_for(at_most); }
  [[nodiscard]] int descriptor() const noexcept { return pipe_[0]; }

 private:
  static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
  [[nodiscard]] bool poll_for(Millis at_most) const;
  std::array<int, 2> pipe_{-1, -1};
  std::array<struct sigaction, signals.size()> before_{};
};

}  // namespace denrei
