// Blocking requests through a libcurl easy handle.
#include "denrei/adapters/curl/simple_http.hpp"

#include "easy_request.hpp"

namespace denrei {

Result<HttpReply> send_http(const HttpRequest& request) {
  EasyRequest easy(request);
  if (auto ready = easy.set_up(); !ready) return tl::unexpected(ready.error());
  return easy.finish(curl_easy_perform(easy.handle()));
}

}  // namespace denrei
