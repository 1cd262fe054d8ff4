// Where an actor lives: its system and the event loop that runs it. Tests leave the loop out.
#pragma once
#include <caf/all.hpp>
#include <utility>

namespace denrei {

struct Stage {
  caf::actor_system& system;
  caf::execution_unit* loop = nullptr;
};

// Spawns a class-based actor on that loop; Supervised keeps it there, whoever writes to it.
template <class Actor, class... Arguments>
auto spawn_on(const Stage& stage, Arguments&&... arguments) {
  caf::actor_config config{stage.loop};
  return stage.system.spawn_impl<Actor, caf::no_spawn_options>(config, std::forward<Arguments>(arguments)...);
}

}  // namespace denrei
