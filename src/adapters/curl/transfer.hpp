// One exchange as libcurl wants it: an easy handle that is used again and again, and everything that it points to.
#pragma once
#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/adapters/curl/curl_client.hpp"
#include "denrei/adapters/curl/curl_loop.hpp"

namespace denrei {

class Transfer {
 public:
  Transfer(CurlLoop& loop, const ClientPolicy& policy);
  Transfer(const Transfer&) = delete;  // libcurl holds pointers into this
  Transfer& operator=(const Transfer&) = delete;

  // False: this cannot be sent; finish() says why.
  [[nodiscard]] bool prepare(OutboundRequest request, std::function<void(Exchange)> done);
  [[nodiscard]] CURL* handle() const noexcept { return easy_.get(); }
  [[nodiscard]] static Transfer& of(CURL* easy);
  // What came of it, by the code that libcurl ended with. Then the object may be prepared again.
  [[nodiscard]] Exchange finish(CURLcode code);
  [[nodiscard]] std::function<void(Exchange)> take_done() { return std::move(done_); }

  std::size_t index = 0;  // where the client keeps it

 private:
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* transfer);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* transfer);
  static curl_socket_t open_socket(void* transfer, curlsocktype purpose, curl_sockaddr* address);
  void set_constant_options();
  bool set_method(const std::string& method);
  void set_times(const OutboundRequest& request);
  void set_signature();
  bool set_headers();
  bool refuse(std::string_view reason);
  void add_signed_lines(bool has_type);
  void add_line(std::string_view name, std::string_view separator, std::string_view value);
  bool keep_header(std::string_view line);
  curl_socket_t open(const curl_sockaddr& address);
  [[nodiscard]] AttemptError classify(CURLcode code) const noexcept;
  [[nodiscard]] std::string describe(CURLcode code, AttemptError error) const;
  void measure();

  CurlLoop& loop_;
  const ClientPolicy& policy_;
  OutboundRequest request_;
  std::function<void(Exchange)> done_;
  Exchange exchange_;
  std::string url_, method_;              // as the handle has them
  long connect_timeout_ms_ = 0, timeout_ms_ = 0;
  bool signs_ = false;                    // the handle holds a key of AWS
  std::string lines_;                     // the request's headers, each ending with NUL
  std::vector<curl_slist> list_;          // points into lines_: libcurl only reads it, and no line is allocated
  std::size_t header_bytes_ = 0, body_bytes_ = 0;
  bool is_too_large_ = false, is_head_whole_ = false;
  std::string blocked_, tried_;           // addresses: the first that was refused, the last that was allowed
  std::array<char, CURL_ERROR_SIZE> reason_{};
  EasyHandle easy_;                       // last: goes before what it points to
};

}  // namespace denrei
