// bare: the reference server. The leanest answer that Beast's parser allows, without verifying or keeping anything:
// one thread, one io_context, a basic_parser subclass and a prepared answer. What Denrei costs beyond it is its own.
//
// Use     bare [PORT]      listens on 127.0.0.1 (4100), answers every request 200 {"success":true}
// Limits  4,096 connections; a request of at most 16 KiB, header and body together
#include <boost/asio.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <array>
#include <charconv>
#include <cstdio>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>

namespace denrei::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
// A concrete executor: the type-erased default costs about a microsecond an operation.
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<tcp, Executor>;

constexpr std::size_t request_bytes_max = 16 * 1024;
constexpr std::size_t sessions_max = 4'096;
constexpr std::string_view accepted =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 16\r\n\r\n{\"success\":true}";
constexpr std::string_view refused =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

// Finds the end of a request and keeps nothing of it.
class FramingParser : public http::basic_parser<true> {
  using View = boost::beast::string_view;
  void on_request_impl(http::verb, View, View, int, error_code&) override {}
  void on_response_impl(int, View, int, error_code&) override {}
  void on_field_impl(http::field, View, View, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(TcpSocket socket, std::size_t& sessions) : socket_(std::move(socket)), sessions_(sessions) {
    ++sessions_;
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { --sessions_; }

  void read() {
    socket_.async_read_some(asio::buffer(buffer_.data() + used_, buffer_.size() - used_),
                            [self = shared_from_this()](error_code error, std::size_t count) {
                              if (!error) self->on_bytes(count);
                            });
  }

 private:
  void on_bytes(std::size_t count) {
    used_ += count;
    FramingParser request;
    request.eager(true);
    error_code error;
    const auto size = request.put(asio::buffer(buffer_.data(), used_), error);
    if (error == http::error::need_more || (!error && !request.is_done()))
      return used_ == buffer_.size() ? answer(refused, false) : read();
    // Whoever drives this server waits for each answer; bytes behind a request are not for us.
    if (error || size != used_) return answer(refused, false);
    used_ = 0;
    answer(accepted, request.keep_alive());
  }

  // Nearly always the kernel takes the answer at once, and nothing has to be scheduled.
  void answer(std::string_view text, bool stays) {
    error_code error;
    const auto sent = socket_.write_some(asio::buffer(text), error);
    if (error && error != asio::error::would_block) return;
    if (sent == text.size()) return stays ? read() : close();
    asio::async_write(socket_, asio::buffer(text.substr(sent)),
                      [self = shared_from_this(), stays](error_code failed, std::size_t) {
                        if (!failed) stays ? self->read() : self->close();
                      });
  }
  void close() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }

  TcpSocket socket_;
  std::size_t& sessions_;
  std::size_t used_ = 0;
  std::array<char, request_bytes_max> buffer_;
};

class Server {
 public:
  Server(asio::io_context& context, std::uint16_t port) : acceptor_(context, {asio::ip::address_v4::loopback(), port}) {}

  void accept() {
    acceptor_.async_accept([this](error_code error, TcpSocket socket) {
      if (!error && sessions_ < sessions_max) std::make_shared<Session>(std::move(socket), sessions_)->read();
      accept();
    });
  }

 private:
  TcpAcceptor acceptor_;
  std::size_t sessions_ = 0;
};

int serve(std::string_view port_text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size() || port == 0) {
    std::fputs("use: bare [PORT]   (always on 127.0.0.1)\n", stderr);
    return 2;
  }
  asio::io_context context(1);
  asio::signal_set stop(context, SIGINT, SIGTERM);
  stop.async_wait([&context](error_code, int) { context.stop(); });
  Server server(context, port);
  server.accept();
  context.run();
  return 0;
}

}  // namespace
}  // namespace denrei::bench

int main(int count, char** arguments) {
  try {
    return count > 2 ? denrei::bench::serve("") : denrei::bench::serve(count == 2 ? arguments[1] : "4100");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bare: %s\n", e.what());
    return 1;
  }
}
