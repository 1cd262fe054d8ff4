// The bytes of one request, parsed by Beast into our InboundRequest without Beast's containers (3 µs cheaper; perf.md §2a).
#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/actors/messages.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {

namespace beast = boost::beast;

class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser() : request_(std::make_shared<InboundRequest>()) {
    eager(true);
    header_limit(limits::header_bytes_max);
    body_limit(limits::body_bytes_max);
  }

  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  [[nodiscard]] int http_minor() const noexcept { return minor_; }

  [[nodiscard]] std::size_t body_size() const noexcept { return request_->body.size(); }

  // The request with its headers, once they are all there; the body may still be missing.
  [[nodiscard]] InboundRequest& head() {
    if (request_->headers.empty()) {
      const std::string_view text = request_->header_text;
      request_->headers.reserve(spans_.size());
      for (const auto& s : spans_)
        request_->headers.push_back({text.substr(s.at, s.name), text.substr(s.at + s.name, s.value)});
    }
    return *request_;
  }

  // Call once.
  [[nodiscard]] std::shared_ptr<InboundRequest> take() {
    (void)head();
    return std::move(request_);
  }

 private:
  static constexpr std::size_t reserve_max = 16 * 1024;
  using View = beast::string_view;
  using Error = beast::error_code;
  struct Span {
    std::size_t at;
    std::size_t name;
    std::size_t value;
  };

  void on_request_impl(beast::http::verb, View method, View target, int version, Error& error) override {
    request_->method.assign(method.data(), method.size());
    request_->target.assign(target.data(), target.size());
    minor_ = version % 10;
    if (version < 10 || version > 11) error = beast::http::error::bad_version;
  }
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(beast::http::field field, View name, View value, Error& error) override {
    if (spans_.size() >= limits::header_fields_max) {
      error = beast::http::error::header_limit;
      return;
    }
    spans_.push_back({request_->header_text.size(), name.size(), value.size()});
    request_->header_text.append(name.data(), name.size()).append(value.data(), value.size());
    // Only "chunked", and only once: whatever else is said about framing is how requests are smuggled past proxies.
    if (field == beast::http::field::transfer_encoding && (std::exchange(has_transfer_encoding_, true) || !beast::iequals(value, "chunked")))
      error = beast::http::error::bad_transfer_encoding;
    if (field == beast::http::field::expect && beast::iequals(value, "100-continue")) expects_continue_ = true;
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) override {
    // What is announced is not yet here: memory grows with the bytes that came, not with what a stranger promises.
    if (length) request_->body.reserve(std::min<std::size_t>(static_cast<std::size_t>(*length), reserve_max));
  }
  std::size_t on_body_impl(View bytes, Error&) override {
    request_->body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Error& error) override { return on_body_impl(bytes, error); }
  void on_finish_impl(Error&) override {}

  std::shared_ptr<InboundRequest> request_;
  std::vector<Span> spans_;
  bool expects_continue_ = false;
  bool has_transfer_encoding_ = false;
  int minor_ = 1;
};

}  // namespace denrei
