// When an alert goes out by itself and when it is only counted: one at once, then one digest a window. No messages, no clocks.
#pragma once
#include <caf/actor_clock.hpp>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "alert_message.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

using Moment = caf::actor_clock::time_point;  // steady: a corrected wall clock must not silence an alert

class AlertWindows {
 public:
  // True: it goes out by itself, and those like it are counted from now on. False: this one was counted.
  bool is_first(const AlertMessage& message, bool of_dead_letter, Moment now) {
    // News of a disabled destination must not drown in a number of dead letters.
    const auto [at, fresh] = windows_.try_emplace({message.alert.destination, message.alert.severity, of_dead_letter});
    auto& window = at->second;
    window.last = message.alert;
    if (fresh) {
      window.ends = now + limits::alert_window;
    } else {
      ++window.more;
      window.about.insert(window.about.end(), message.about.begin(), message.about.end());
    }
    return fresh;
  }

  // The digests of windows that have ended; each of these begins anew, the quiet ones are over.
  [[nodiscard]] std::vector<AlertMessage> take_ended(Moment now, WallTime wall) {
    std::vector<AlertMessage> digests;
    for (auto at = windows_.begin(); at != windows_.end();) {
      auto& window = at->second;
      const bool ended = window.ends <= now;
      if (ended && window.more == 0) {
        at = windows_.erase(at);
        continue;
      }
      if (ended) {
        window.ends = now + limits::alert_window;
        digests.push_back(take_digest(window, wall));
      }
      ++at;
    }
    return digests;
  }

  [[nodiscard]] std::vector<AlertMessage> take_all(WallTime wall) {
    std::vector<AlertMessage> digests;
    for (auto& [key, window] : windows_)
      if (window.more > 0) digests.push_back(take_digest(window, wall));
    return digests;
  }

  [[nodiscard]] std::optional<Moment> next_end() const {
    std::optional<Moment> next;
    for (const auto& [key, window] : windows_)
      if (!next || window.ends < *next) next = window.ends;
    return next;
  }

 private:
  struct Window {
    Moment ends{};
    Alert last;
    std::uint64_t more = 0;
    DeadReferences about;
  };

  static AlertMessage take_digest(Window& window, WallTime wall) {
    AlertMessage digest{make_digest(window.last, window.more, wall), std::exchange(window.about, {}), window.more, wall, 0, 0};
    window.more = 0;
    return digest;
  }

  std::map<std::tuple<std::string, Severity, bool>, Window> windows_;  // as many as destinations, times severities, times two
};

}  // namespace denrei
