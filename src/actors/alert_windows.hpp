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
  // True: it goes out by itself, and those like it are counted from now on. False: this one was counted, its hearers are kept here.
  bool is_first(AlertDraft& draft, bool of_dead_letter, Moment now) {
    const auto& alert = draft.message.alert;
    // News of a disabled destination must not drown in a number of dead letters.
    const auto [at, fresh] = windows_.try_emplace({alert.destination, alert.severity, of_dead_letter});
    auto& window = at->second;
    window.last = alert;
    if (fresh) {
      window.ends = now + limits::alert_window;
    } else {
      ++window.more;
      window.hearers.add(std::exchange(draft.hearers, {}));
    }
    return fresh;
  }

  // The digests of windows that have ended; each of these begins anew, the quiet ones are over.
  [[nodiscard]] std::vector<AlertDraft> take_ended(Moment now, WallTime wall) {
    std::vector<AlertDraft> digests;
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

  [[nodiscard]] std::vector<AlertDraft> take_all(WallTime wall) {
    std::vector<AlertDraft> digests;
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
    AlertHearers hearers;
  };

  static AlertDraft take_digest(Window& window, WallTime wall) {
    const auto more = std::exchange(window.more, 0);
    AlertDraft digest{{0, make_digest(window.last, more, wall), more, wall, std::nullopt}, std::exchange(window.hearers, {})};
    if (digest.hearers.dead.size() == 1) digest.message.about = digest.hearers.dead.front().id;
    return digest;
  }

  std::map<std::tuple<std::string, Severity, bool>, Window> windows_;  // as many as destinations, times severities, times two
};

}  // namespace denrei
