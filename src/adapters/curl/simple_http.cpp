// Blocking requests through a libcurl easy handle.
#include "denrei/adapters/curl/simple_http.hpp"

#include <algorithm>
#include <curl/curl.h>
#include <memory>

namespace denrei {
namespace {

constexpr std::size_t reply_bytes_max = 8 * 1024 * 1024;

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CloseEasy>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// A control character could end the header and start another one.
bool is_sendable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

Result<HeaderList> make_headers(const HttpRequest& request) {
  HeaderList list;
  const auto add = [&](const std::string& line) {
    auto* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)list.release();  // the list has a new head or the same one
    list.reset(longer);
    return true;
  };
  for (const auto& header : request.headers) {
    if (header.name.empty() || !is_sendable(header.name) || !is_sendable(header.value))
      return fail(FaultCode::invalid, "header '" + header.name + "' holds characters that cannot be sent");
    if (!add(header.name + ": " + header.value)) return fail(FaultCode::io, "out of memory");
  }
  if (!add("Expect:")) return fail(FaultCode::io, "out of memory");  // no pause before the body
  return list;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > reply_bytes_max) return 0;  // ends the transfer with an error
  body.append(data, size * count);
  return size * count;
}

void set_options(CURL* easy, const HttpRequest& request, curl_slist* headers, HttpReply& reply) {
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "denrei/" DENREI_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply.body);
  if (request.method == "GET") return;
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
}

}  // namespace

Result<HttpReply> send_http(const HttpRequest& request) {
  auto headers = make_headers(request);
  if (!headers) return tl::unexpected(headers.error());
  const Easy easy(curl_easy_init());
  if (!easy) return fail(FaultCode::io, "libcurl cannot be set up");
  HttpReply reply;
  std::string reason(CURL_ERROR_SIZE, '\0');
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, reason.data());
  set_options(easy.get(), request, headers->get(), reply);
  const auto code = curl_easy_perform(easy.get());
  reason.resize(std::min(reason.find('\0'), reason.size()));
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return fail(FaultCode::invalid, request.url + ": not an http or https URL");
  if (code != CURLE_OK) return fail(FaultCode::unavailable, request.url + ": " + (reason.empty() ? curl_easy_strerror(code) : reason));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace denrei
