// The HTTP server of one event loop: its listeners, its time-outs, and its edge to the actors.
//
// Shape   HttpServer server(edge, loop); server.listen(…) -> Result<port>; server.set_tls(files) at start and on reload
// Limits  see edge.hpp and base/limits.hpp
// Errors  io: the address cannot be bound, or the certificate cannot be read (the old one stays)
// Source  design §4: one listener a loop on the same port (SO_REUSEPORT)
#pragma once
#include <memory>
#include <string>

#include "denrei/http/edge.hpp"

namespace denrei {

struct ListenOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;              // 0: any free one
  Listener listener = Listener::site;
  bool tls = false;
  bool share_port = false;             // with the other loops of this process
  bool first = true;                   // of those that share it: nobody else may be there yet
};

class HttpServer {
 public:
  explicit HttpServer(EdgePtr edge);
  HttpServer(HttpServer&&) noexcept;
  ~HttpServer();
  // Reads certificate chain and key (PEM). New connections use them; those that exist keep theirs.
  [[nodiscard]] Result<void> set_tls(const std::string& certificate_file, const std::string& key_file);
  [[nodiscard]] Result<std::uint16_t> listen(const ListenOptions& options);
  // Accepts nothing more on the site's listeners; the operations listener stays until stop().
  void stop_accepting();
  void stop();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace denrei
