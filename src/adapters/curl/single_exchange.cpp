// A client and a loop for one exchange.
#include "denrei/adapters/curl/single_exchange.hpp"

#include <boost/asio/io_context.hpp>
#include <optional>

namespace denrei {

Exchange exchange_once(const OutboundRequest& request, const ClientPolicy& policy) {
  boost::asio::io_context io;
  CurlClient client(io, policy);
  std::optional<Exchange> ended;
  client.send(request, [&ended](Exchange exchange) { ended = std::move(exchange); });
  while (!ended && io.run_one() > 0) {}
  return ended ? std::move(*ended) : Exchange{.error = AttemptError::broken, .error_text = "the client ended without an answer"};
}

}  // namespace denrei
