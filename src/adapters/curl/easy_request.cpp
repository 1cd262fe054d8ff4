// A libcurl easy handle set up for one request.
#include "easy_request.hpp"

#include <algorithm>

namespace denrei {
namespace {

constexpr std::size_t reply_bytes_max = 8 * 1024 * 1024;

// A control character could end the header and start another one.
bool is_sendable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > reply_bytes_max) return 0;  // ends the transfer with an error
  body.append(data, size * count);
  return size * count;
}

}  // namespace

Result<void> EasyRequest::set_up() {
  if (auto added = add_headers(); !added) return added;
  easy_.reset(curl_easy_init());
  if (!easy_) return fail(FaultCode::io, "libcurl cannot be set up");
  set_options();
  return {};
}

bool EasyRequest::add_line(const std::string& line) {
  auto* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)headers_.release();  // the list has a new head or the same one
  headers_.reset(longer);
  return true;
}

Result<void> EasyRequest::add_headers() {
  for (const auto& header : request_.headers) {
    if (header.name.empty() || !is_sendable(header.name) || !is_sendable(header.value))
      return fail(FaultCode::invalid, "header '" + header.name + "' holds characters that cannot be sent");
    if (!add_line(header.name + ": " + header.value)) return fail(FaultCode::io, "out of memory");
  }
  if (!add_line("Expect:")) return fail(FaultCode::io, "out of memory");  // no pause before the body
  return {};
}

void EasyRequest::set_options() {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "denrei/" DENREI_VERSION);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply_.body);
  if (request_.method == "GET") return;
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
}

Result<HttpReply> EasyRequest::finish(CURLcode code) {
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return fail(FaultCode::invalid, request_.url + ": not an http or https URL");
  if (code != CURLE_OK)
    return fail(FaultCode::unavailable, request_.url + ": " + (reason_[0] != '\0' ? std::string(reason_) : curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  reply_.status = static_cast<int>(status);
  curl_header* header = nullptr;
  while ((header = curl_easy_nextheader(easy_.get(), CURLH_HEADER, -1, header)) != nullptr)
    reply_.headers.push_back({header->name, header->value});
  return std::move(reply_);
}

}  // namespace denrei
