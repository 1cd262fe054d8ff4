// Serving: the process that `denrei serve` is, from a loaded configuration to its orderly end.
//
// Shape   serve(config, reload) -> exit code: 0 drained, 1 could not start, 2 wrong configuration found while starting
// Signals SIGTERM, SIGINT drain (a second one hurries); SIGHUP reads configuration, secrets and certificates again
// Source  design §4, §7
#pragma once
#include <functional>

#include "denrei/app/config.hpp"

namespace denrei {

[[nodiscard]] int serve(const Config& config, const std::function<Result<Config>()>& reload);

}  // namespace denrei
