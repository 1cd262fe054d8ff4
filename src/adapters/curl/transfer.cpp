// An exchange through a libcurl easy handle: what is set once, what is set each time, what is kept of the answer.
#include "transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>

#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"

namespace denrei {
namespace {

using boost::asio::ip::tcp;

constexpr std::size_t retry_after_kept = 64;  // a date of HTTP has 29 characters

constexpr std::string_view token_characters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool is_token(std::string_view text) { return !text.empty() && text.find_first_not_of(token_characters) == std::string_view::npos; }

// A control character could end the header and start another one.
bool is_sendable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

bool is_printable(char c) { return c >= ' ' && c < '\x7f'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_named(std::string_view text, std::string_view lower_name) {
  return text.size() == lower_name.size() && std::equal(text.begin(), text.end(), lower_name.begin(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Without port and zone; empty: of no family that we connect to.
std::string address_text(const curl_sockaddr& address) {
  if (address.family != AF_INET && address.family != AF_INET6) return {};
  tcp::endpoint endpoint;
  if (address.addrlen > endpoint.capacity()) return {};
  std::memcpy(endpoint.data(), &address.addr, address.addrlen);
  endpoint.resize(address.addrlen);
  const auto found = endpoint.address();
  return found.is_v4() ? found.to_string() : boost::asio::ip::address_v6(found.to_v6().to_bytes()).to_string();
}

std::uint32_t microseconds(CURL* easy, CURLINFO what) {
  curl_off_t value = 0;
  curl_easy_getinfo(easy, what, &value);
  return static_cast<std::uint32_t>(std::clamp<curl_off_t>(value, 0, std::numeric_limits<std::uint32_t>::max()));
}

bool has_body(std::string_view method) { return method != "GET" && method != "HEAD"; }

long milliseconds(Millis time) {  // zero would be no limit to libcurl
  return static_cast<long>(std::clamp<Millis::rep>(time.count(), 1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

Transfer::Transfer(CurlLoop& loop, const ClientPolicy& policy) : loop_(loop), policy_(policy), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_constant_options();
}

Transfer& Transfer::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *static_cast<Transfer*>(static_cast<void*>(self));
}

void Transfer::set_constant_options() {
  auto* easy = easy_.get();
  set_transport_options(easy, policy_.ca_file, policy_.proxy);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason_.data());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, policy_.plain_http ? "https,http" : "https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(policy_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 200L);  // large signed bodies only: the others say "Expect:"
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's headers are not the answer's
  if (!policy_.user_agent.empty()) curl_easy_setopt(easy, CURLOPT_USERAGENT, policy_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlLoop::close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &loop_);
}

// --- before

bool Transfer::prepare(OutboundRequest request, std::function<void(Exchange)> done) {
  request_ = std::move(request);
  done_ = std::move(done);
  header_bytes_ = body_bytes_ = 0;
  is_too_large_ = is_head_whole_ = false;
  blocked_.clear();
  tried_.clear();
  reason_[0] = '\0';
  if (url_ != request_.url) {
    url_ = request_.url;
    curl_easy_setopt(easy_.get(), CURLOPT_URL, url_.c_str());
  }
  set_times(request_);
  set_signature();
  return set_method(request_.method) && set_headers();
}

void Transfer::set_times(const OutboundRequest& request) {
  const auto connect = milliseconds(request.connect_timeout);
  const auto whole = milliseconds(request.timeout);
  if (connect != connect_timeout_ms_) curl_easy_setopt(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms_ = connect);
  if (whole != timeout_ms_) curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, timeout_ms_ = whole);
}

// libcurl 7.88 signs what it is told to, and leaves the header x-amz-content-sha256 to us: set_headers(). The handle is used again by
// requests that are not signed, and those must not carry the key.
void Transfer::set_signature() {
  auto* easy = easy_.get();
  if (!request_.aws && !signs_) return;
  signs_ = request_.aws.has_value();
  if (!signs_) {
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, nullptr);
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);  // libcurl's default
    curl_easy_setopt(easy, CURLOPT_USERNAME, nullptr);
    curl_easy_setopt(easy, CURLOPT_PASSWORD, nullptr);
    return;
  }
  const auto& aws = *request_.aws;
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, fmt::format("aws:amz:{}:{}", aws.region, aws.service).c_str());
  curl_easy_setopt(easy, CURLOPT_USERNAME, aws.access_key.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, std::string(aws.secret_key.reveal()).c_str());
}

bool Transfer::set_method(const std::string& method) {
  if (!is_token(method)) return refuse("no method of HTTP");
  auto* easy = easy_.get();
  if (method != method_) {
    method_ = method;
    curl_easy_setopt(easy, CURLOPT_NOBODY, method == "HEAD" ? 1L : 0L);
    if (method == "GET") curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (has_body(method)) curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, has_body(method) && method != "POST" ? method.c_str() : nullptr);
  }
  if (!has_body(method)) return true;
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  return true;
}

bool Transfer::refuse(std::string_view reason) {
  reason_[reason.copy(reason_.data(), reason_.size() - 1)] = '\0';
  return false;
}

// libcurl's own way of saying it: "Name: value"; "Name;" for an empty value; "Name:" for a header that is not to be sent.
bool Transfer::set_headers() {
  bool has_type = false;
  std::size_t bytes = 192;
  for (const auto& header : request_.headers) {
    if (!is_token(header.name) || !is_sendable(header.value)) return refuse("a header holds characters that cannot be sent");
    bytes += header.name.size() + header.value.size() + 3;
    has_type = has_type || is_named(header.name, "content-type");
  }
  lines_.clear();
  lines_.reserve(bytes);  // the list points into it
  list_.clear();
  for (const auto& header : request_.headers) add_line(header.name, trim(header.value).empty() ? ";" : ": ", trim(header.value));
  if (signs_) add_signed_lines(has_type);
  if (!signs_) add_line("Expect", ":", {});
  if (!signs_ && !has_type) add_line("Content-Type", ":", {});
  for (std::size_t i = 1; i < list_.size(); ++i) list_[i - 1].next = &list_[i];
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list_.data());
  return true;
}

// libcurl 7.88 signs lines that mean "not to be sent" as if they were sent, so there must be none.
void Transfer::add_signed_lines(bool has_type) {
  const auto body = has_body(method_) ? std::string_view(request_.body) : std::string_view{};
  add_line("x-amz-content-sha256", ": ", encode_hex(as_view(sha256({body}))));
  if (has_body(method_) && !has_type) add_line("Content-Type", ": ", "application/octet-stream");
}

void Transfer::add_line(std::string_view name, std::string_view separator, std::string_view value) {
  list_.push_back({lines_.data() + lines_.size(), nullptr});
  lines_.append(name).append(separator).append(value).push_back('\0');
}

// --- meanwhile

curl_socket_t Transfer::open_socket(void* transfer, curlsocktype, curl_sockaddr* address) {
  return static_cast<Transfer*>(transfer)->open(*address);
}

curl_socket_t Transfer::open(const curl_sockaddr& address) {
  auto text = address_text(address);
  if (!is_public_address(text) && !any_contains(policy_.allow, text)) {
    if (blocked_.empty()) blocked_ = text.empty() ? "no IP address" : std::move(text);
    return CURL_SOCKET_BAD;
  }
  tried_ = std::move(text);
  const auto socket = ::socket(address.family, address.socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address.protocol);
  if (socket >= 0) loop_.keep_watching(socket);
  return socket;
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* transfer) {
  return static_cast<Transfer*>(transfer)->keep_header({data, size * count}) ? size * count : 0;  // 0 ends the transfer
}

bool Transfer::keep_header(std::string_view line) {
  header_bytes_ += line.size();
  is_too_large_ = header_bytes_ > limits::answer_body_max;
  if (is_too_large_) return false;
  if (line.starts_with("HTTP/")) {  // what came before belongs to an interim answer
    exchange_.headers.clear();
    exchange_.retry_after.clear();
    is_head_whole_ = false;
    return true;
  }
  const auto text = trim(line);
  is_head_whole_ = is_head_whole_ || text.empty();
  if (text.empty()) return true;
  exchange_.headers.append(line.substr(0, policy_.headers_kept - exchange_.headers.size()));
  if (const auto colon = text.find(':'); is_named(text.substr(0, colon), "retry-after") && colon != std::string_view::npos)
    exchange_.retry_after = trim(text.substr(colon + 1)).substr(0, retry_after_kept);
  return true;
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  auto& body = self.exchange_.body;
  self.body_bytes_ += size * count;
  self.is_too_large_ = self.body_bytes_ > self.policy_.answer_bytes_max;
  body.append(data, std::min(size * count, limits::answer_body_kept - body.size()));
  return self.is_too_large_ ? 0 : size * count;
}

// --- afterwards

Exchange Transfer::finish(CURLcode code) {
  const bool was_sent = code != CURLE_BAD_FUNCTION_ARGUMENT && code != CURLE_FAILED_INIT;
  if (was_sent) measure();
  exchange_.error = classify(code);
  if (exchange_.error != AttemptError::none) {
    exchange_.error_text = describe(code, exchange_.error);
  } else {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    exchange_.status = static_cast<int>(status);
  }
  request_ = {};
  return std::exchange(exchange_, {});
}

void Transfer::measure() {
  auto* easy = easy_.get();
  const char* address = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
  if (address != nullptr) exchange_.address = address;
  exchange_.body_bytes = body_bytes_;
  exchange_.first_byte_us = microseconds(easy, CURLINFO_STARTTRANSFER_TIME_T);
  exchange_.total_us = microseconds(easy, CURLINFO_TOTAL_TIME_T);
  long connections = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
  if (connections == 0) return;
  exchange_.dns_us = microseconds(easy, CURLINFO_NAMELOOKUP_TIME_T);
  exchange_.connect_us = microseconds(easy, CURLINFO_CONNECT_TIME_T);
  exchange_.tls_us = microseconds(easy, CURLINFO_APPCONNECT_TIME_T);
}

AttemptError Transfer::classify(CURLcode code) const noexcept {
  if (is_too_large_) return AttemptError::too_large;
  switch (code) {
    case CURLE_OK: return is_head_whole_ ? AttemptError::none : AttemptError::broken;  // libcurl lets an answer end within its headers
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return AttemptError::dns;
    case CURLE_COULDNT_CONNECT: return !blocked_.empty() && tried_.empty() ? AttemptError::blocked : AttemptError::connect;
    case CURLE_INTERFACE_FAILED: return AttemptError::connect;
    case CURLE_OPERATION_TIMEDOUT: return AttemptError::timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED: return AttemptError::tls;
    default: return AttemptError::broken;
  }
}

std::string Transfer::describe(CURLcode code, AttemptError error) const {
  if (error == AttemptError::blocked) return fmt::format("{} is not public; `allow` lists the addresses that may be connected to all the same", blocked_);
  if (error == AttemptError::too_large) return fmt::format("an answer of more than {} bytes", policy_.answer_bytes_max);
  if (code == CURLE_UNSUPPORTED_PROTOCOL && tried_.empty()) return policy_.plain_http ? "neither an https nor an http URL" : "not an https URL";
  if (code == CURLE_OK) return "the answer ended within its headers";
  long number = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
  if (error == AttemptError::connect && number != 0 && !tried_.empty())
    return fmt::format("{}: {}", tried_, std::generic_category().message(static_cast<int>(number)));
  std::string text = reason_[0] != '\0' ? reason_.data() : curl_easy_strerror(code);
  text.resize(std::min(text.size(), limits::attempt_text_kept));
  std::replace_if(text.begin(), text.end(), [](char c) { return !is_printable(c); }, '?');  // some texts quote the other side
  return text;
}

}  // namespace denrei
