// One measured and guarded HTTP exchange that waits for its answer, by the server's own client. For commands.
//
// Shape   exchange_once(request, policy) -> Exchange
// Limits  as CurlClient; each call opens its own connection, so that all of it is measured
// Errors  in the Exchange
#pragma once
#include "denrei/adapters/curl/curl_client.hpp"

namespace denrei {

[[nodiscard]] Exchange exchange_once(const OutboundRequest& request, const ClientPolicy& policy);

}  // namespace denrei
