// The HTTP client over libcurl, with an address guard: one for each destination, so that no connection is shared between guards.
//
// Shape   CurlClient{io, policy}; send(request, done) as ports/http_client.hpp, on the io_context's thread
// Guard   asked with the address of each connection that is opened, after the name was looked up: an address that is not public
//         must be in `allow`. With a proxy that is the proxy's address; what the proxy connects to is the proxy's to guard
// Limits  connections_max connections; exchanges beyond that wait for one within their time-out: the caller bounds how many.
//         Headers of more than limits::answer_body_max or a body of more than answer_bytes_max end the exchange as too_large
// Errors  none of its own. Texts name addresses and reasons, never the URL's path, headers or the body
// Source  protocol §3. HTTP/2 where TLS offers it, else HTTP/1.1. When the object goes, exchanges under way go unanswered
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "denrei/base/cidr.hpp"
#include "denrei/ports/http_client.hpp"

namespace boost::asio {
class io_context;
}

namespace denrei {

struct ClientPolicy {
  std::vector<Cidr> allow;            // addresses that may be connected to though they are not public
  std::string ca_file;                // PEM; empty: the system's roots
  std::string proxy;                  // http://host:port; empty: none, whatever the environment says
  std::string user_agent;             // unless the request has its own
  std::size_t connections_max = 64;   // kept alive too
  bool plain_http = false;            // http:// may be sent to, besides https://
  bool http2 = true;                  // over TLS, where the server offers it
  std::size_t answer_bytes_max = limits::answer_body_max;
  std::size_t headers_kept = limits::answer_headers_kept;  // bytes
};

class CurlClient final : public HttpClient {
 public:
  CurlClient(boost::asio::io_context& io, ClientPolicy policy);
  ~CurlClient() override;
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  void send(OutboundRequest request, std::function<void(Exchange)> done) override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace denrei
