// How long a connection may take for what: configuration of the HTTP server.
#pragma once
#include <chrono>

#include "denrei/base/limits.hpp"

namespace denrei {

struct HttpTimeouts {
  std::chrono::milliseconds header = limits::header_timeout;
  std::chrono::milliseconds body = limits::body_timeout;
  std::chrono::milliseconds idle = limits::idle_timeout;
  std::chrono::milliseconds answer = limits::answer_timeout;
};

}  // namespace denrei
