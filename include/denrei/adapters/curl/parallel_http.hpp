// Several HTTP requests at a time on one thread, over libcurl's multi interface. For commands; the server has its own client.
//
// Shape   http->start(ticket, request); then http->wait(at_most) -> what has ended, each with its ticket
// Limits  as send_http; the caller bounds how many are under way
// Errors  in the replies, as send_http
#pragma once
#include <memory>
#include <vector>

#include "denrei/adapters/curl/simple_http.hpp"

namespace denrei {

struct HttpEnded {
  std::size_t ticket = 0;
  Result<HttpReply> reply;
};

class ParallelHttp {
 public:
  virtual ~ParallelHttp() = default;
  virtual void start(std::size_t ticket, HttpRequest request) = 0;
  // Waits until something has ended, but no longer than that; may return early with nothing.
  [[nodiscard]] virtual std::vector<HttpEnded> wait(std::chrono::milliseconds at_most) = 0;
};

// A wait ends as soon as the descriptor becomes readable (-1: none); it is looked at until then.
[[nodiscard]] std::unique_ptr<ParallelHttp> make_parallel_http(int wake_descriptor);

}  // namespace denrei
