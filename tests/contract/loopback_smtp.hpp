// A small SMTP server at 127.0.0.1 on the test's own event loop: whoever blocks that loop never gets an answer.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "contract/test_certificate.hpp"

namespace denrei::test {

class LoopbackSmtp {
 public:
  enum class Tls { none, starttls, from_the_start };
  LoopbackSmtp(boost::asio::io_context& io, Tls tls, const std::optional<TestCertificate>& certificate = {});
  ~LoopbackSmtp();
  LoopbackSmtp(const LoopbackSmtp&) = delete;
  LoopbackSmtp& operator=(const LoopbackSmtp&) = delete;
  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const;

  // What is said to a command that begins so, in place of consent; "": nothing is said; "close": the connection is closed.
  // "." is the message, "greeting" the beginning.
  std::map<std::string, std::string> replies;
  std::vector<std::string> commands;     // as received, without line ends; those under TLS begin with "tls "
  std::vector<std::string> messages;     // without the final dot
  std::size_t connections = 0, closed = 0;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace denrei::test
