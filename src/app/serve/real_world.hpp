// What the wirings give to everybody: the real time, our name towards other servers, and the way in which an actor is told to go.
#pragma once
#include <caf/all.hpp>
#include <chrono>

#include "denrei/base/time.hpp"

namespace denrei {

[[nodiscard]] inline WallTime wall_clock() { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

inline constexpr const char* user_agent = "denrei/" DENREI_VERSION;

// Actors hold each other's handles: letting go of ours ends nobody.
template <class Handle>
void kill_actor(const Handle& handle) {
  if (handle) caf::anon_send_exit(handle, caf::exit_reason::kill);
}

}  // namespace denrei
