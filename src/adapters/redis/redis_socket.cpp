// Sockets to Redis. Plain ones share one class over Asio's generic protocol; TLS wraps such a socket.
#include "denrei/adapters/redis/redis_socket.hpp"

#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace denrei {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Plain = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Endpoint = asio::generic::stream_protocol::endpoint;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

// Finds the endpoints of an address and connects `socket` to the first that answers.
class Dialler {
 public:
  Dialler(asio::io_context& io, RedisAddress address) : address_(std::move(address)), resolver_(io.get_executor()) {}

  void dial(Plain& socket, RedisSocket::Connected done) {
    if (address_.transport == RedisTransport::unix_socket) {
      endpoints_ = {Endpoint(asio::local::stream_protocol::endpoint(address_.host))};
      return try_endpoints(socket, std::move(done));
    }
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            [this, &socket, done = std::move(done)](error_code error, Resolver::results_type found) mutable {
                              if (error) return done(error);
                              for (const auto& entry : found) endpoints_.emplace_back(entry.endpoint());
                              try_endpoints(socket, std::move(done));
                            });
  }
  void cancel() { resolver_.cancel(); }
  [[nodiscard]] const std::string& host() const noexcept { return address_.host; }

 private:
  void try_endpoints(Plain& socket, RedisSocket::Connected done) {
    asio::async_connect(socket, endpoints_, [this, &socket, done = std::move(done)](error_code error, const Endpoint&) {
      error_code ignored;  // a socket without this option still works
      if (!error && address_.transport != RedisTransport::unix_socket) {
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket.set_option(asio::socket_base::keep_alive(true), ignored);
      }
      done(error);
    });
  }

  RedisAddress address_;
  Resolver resolver_;
  std::vector<Endpoint> endpoints_;
};

class PlainSocket final : public RedisSocket {
 public:
  PlainSocket(asio::io_context& io, const RedisAddress& address) : dialler_(io, address), socket_(io.get_executor()) {}
  void connect(Connected done) override { dialler_.dial(socket_, std::move(done)); }
  void read_some(std::span<char> into, Moved done) override {
    socket_.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
  }
  void write(std::string_view all, Moved done) override { asio::async_write(socket_, asio::buffer(all), std::move(done)); }
  void close() noexcept override {
    error_code ignored;
    dialler_.cancel();
    socket_.close(ignored);
  }

 private:
  Dialler dialler_;
  Plain socket_;
};

class TlsSocket final : public RedisSocket {
 public:
  TlsSocket(asio::io_context& io, asio::ssl::context context, const RedisAddress& address)
      : dialler_(io, address), context_(std::move(context)), stream_(Plain(io.get_executor()), context_) {}

  void connect(Connected done) override {
    stream_.set_verify_callback(asio::ssl::host_name_verification(dialler_.host()));
    auto name = dialler_.host();  // the macro SSL_set_tlsext_host_name, without its C cast
    SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    dialler_.dial(stream_.next_layer(), [this, done = std::move(done)](error_code error) mutable {
      if (error) return done(error);
      stream_.async_handshake(asio::ssl::stream_base::client, std::move(done));
    });
  }
  void read_some(std::span<char> into, Moved done) override {
    stream_.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
  }
  void write(std::string_view all, Moved done) override { asio::async_write(stream_, asio::buffer(all), std::move(done)); }
  void close() noexcept override {
    error_code ignored;
    dialler_.cancel();
    stream_.next_layer().close(ignored);  // no close_notify: every reply has its own end
  }

 private:
  Dialler dialler_;
  asio::ssl::context context_;
  asio::ssl::stream<Plain> stream_;
};

Result<std::unique_ptr<RedisSocket>> make_tls_socket(asio::io_context& io, const RedisAddress& address) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  context.set_default_verify_paths(error);
  if (error) return fail(FaultCode::invalid, "cannot read the system's certificates: " + error.message());
  context.set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  return std::make_unique<TlsSocket>(io, std::move(context), address);
}

}  // namespace

Result<std::unique_ptr<RedisSocket>> make_redis_socket(asio::io_context& io, const RedisAddress& address) {
  if (address.transport == RedisTransport::tls) return make_tls_socket(io, address);
  return std::make_unique<PlainSocket>(io, address);
}

}  // namespace denrei
