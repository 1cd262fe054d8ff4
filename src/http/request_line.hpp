// The one structured log line of a request. No personal data: a key appears as a hash, bodies and signatures never.
#pragma once
#include <chrono>
#include <string>

#include "denrei/actors/messages.hpp"

namespace denrei {

[[nodiscard]] std::string request_line(const Reply& reply, std::chrono::nanoseconds took, WallTime now);

}  // namespace denrei
