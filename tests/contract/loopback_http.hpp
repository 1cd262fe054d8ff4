// A small HTTP/1.1 server at 127.0.0.1 on the test's own event loop: whoever blocks that loop never gets an answer.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "contract/test_certificate.hpp"

namespace denrei::test {

struct ServedRequest {
  std::string line;                            // "POST /x HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct ServedAnswer {
  std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  std::string again;                      // written over and over after that
  std::chrono::milliseconds pause{0};     // before each of them
  bool close = false;                     // afterwards
  bool hold = false;                      // no answer, the connection stays
};

class LoopbackHttp {
 public:
  explicit LoopbackHttp(boost::asio::io_context& io, const std::optional<TestCertificate>& certificate = {});
  ~LoopbackHttp();
  LoopbackHttp(const LoopbackHttp&) = delete;
  LoopbackHttp& operator=(const LoopbackHttp&) = delete;
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1", const std::string& path = "/") const;
  [[nodiscard]] std::uint16_t port() const;

  std::function<ServedAnswer(const ServedRequest&)> answer = [](const ServedRequest&) { return ServedAnswer{}; };
  std::vector<ServedRequest> requests;
  std::size_t connections = 0, closed = 0;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

// Runs the loop until the condition holds; a test fails after ten seconds of it.
void run_loop_until(boost::asio::io_context& io, const std::function<bool()>& condition);

}  // namespace denrei::test
