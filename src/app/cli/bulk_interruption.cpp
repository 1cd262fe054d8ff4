// Signals through a pipe, so that a wait sees one that came just before it began.
#include "denrei/app/cli/bulk_interruption.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace denrei {
namespace {

std::atomic<int> write_end = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler must not lock");

void on_signal(int) {
  const auto error = errno;
  (void)!write(write_end.load(), "!", 1);
  errno = error;
}

}  // namespace

Interruption::Interruption() {
  if (pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0) return;  // then a signal ends the program, which loses nothing either
  write_end = pipe_[1];
  struct sigaction action {};
  action.sa_handler = &on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, nullptr);  // nohup ignores SIGHUP: so do we
  }
}

Interruption::~Interruption() {
  if (pipe_[0] < 0) return;
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before_[i], nullptr);
  write_end = -1;
  for (const int end : pipe_) close(end);
}

bool Interruption::poll_for(Millis at_most) const {
  pollfd entry{pipe_[0], POLLIN, 0};  // a negative descriptor is only waited for in vain
  const auto timeout = static_cast<int>(std::clamp<std::int64_t>(at_most.count(), 0, 60'000));
  return ::poll(&entry, 1, timeout) > 0;
}

}  // namespace denrei
