// One HTTP request that waits for its answer, over libcurl. For commands; the server itself never blocks on this.
//
// Shape   send_http(request) -> Result<HttpReply>
// Limits  answers up to 8 MiB; http and https only; redirects are answers, not followed; TLS 1.2 or newer, certificates checked
// Errors  unavailable: not reachable, timed out, broken off; invalid: a URL or header that cannot be sent
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "denrei/base/result.hpp"
#include "denrei/domain/signature.hpp"

namespace denrei {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<OwnedHeader> headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{30'000};  // as long as the contracts' senders wait
};

struct HttpReply {
  int status = 0;
  std::string body;
  std::vector<OwnedHeader> headers;  // as received, without the status line
};

[[nodiscard]] Result<HttpReply> send_http(const HttpRequest& request);

}  // namespace denrei
