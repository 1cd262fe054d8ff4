// The mock receiver on a socket: HTTP/1.1 with keep-alive, in the clear and over TLS on one port, one thread.
//
// Shape   run_receive_server(receiver, options) returns after SIGINT, SIGTERM or stop_after answers
// Rules   a connection that begins with a TLS handshake is TLS. Where there is a certificate, or in the mode wrong-certificate, HTTP in
//         the clear gets 400, except on the admin paths. A mode that changes the certificate ends the connections that are idle
// Limits  as base/limits: connections, header and body sizes and times; a silent connection is held for 10 minutes
// Errors  io: the port is taken, or certificate or key cannot be read
#pragma once
#include <cstdint>
#include <functional>

#include "denrei/app/config.hpp"
#include "denrei/app/receive/mock_receiver.hpp"

namespace denrei {

struct ReceiveServerOptions {
  Endpoint listen{"127.0.0.1", 4100};     // port 0: any free one
  TlsFiles tls;
  std::uint64_t stop_after = 0;           // answers (or silences); 0: none
  std::function<WallTime()> now;
  std::function<void(const std::string& address)> on_listening;
};
[[nodiscard]] Result<void> run_receive_server(MockReceiver& receiver, const ReceiveServerOptions& options);

}  // namespace denrei
