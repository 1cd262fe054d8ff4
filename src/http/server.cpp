// Listening and accepting.
#include "denrei/http/server.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <list>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "session.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;
constexpr auto sweep_every = 250ms;         // time-outs are this coarse
constexpr auto accept_pause = 100ms;        // when the process has no file descriptors left
constexpr int listen_backlog = 4096;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, net::io_context::executor_type>;

std::string openssl_error() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return text;
}

}  // namespace

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  explicit Core(EdgePtr edge) : edge_(std::move(edge)), sweeper_(edge_->loop()) {}

  Result<void> set_tls(const std::string& certificate_file, const std::string& key_file) {
    auto context = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
    boost::system::error_code error;
    context->set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 | net::ssl::context::no_sslv3 |
                         net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    context->use_certificate_chain_file(certificate_file, error);
    if (error) return fail(FaultCode::io, "certificate " + certificate_file + ": " + error.message());
    context->use_private_key_file(key_file, net::ssl::context::pem, error);
    if (error) return fail(FaultCode::io, "key " + key_file + ": " + error.message());
    if (SSL_CTX_check_private_key(context->native_handle()) != 1)
      return fail(FaultCode::io, "the key does not belong to the certificate: " + openssl_error());
    // On the loop: it is about to use the old one for whoever connects right now.
    net::post(edge_->loop(), [me = shared_from_this(), context = std::move(context)] { me->tls_ = context; });
    return {};
  }

  Result<std::uint16_t> listen(const ListenOptions& options) {
    boost::system::error_code error;
    const auto address = net::ip::make_address(options.address, error);
    if (error) return fail(FaultCode::invalid, "not an address to listen on: " + options.address);
    const net::ip::tcp::endpoint endpoint(address, options.port);
    Acceptor acceptor(edge_->loop());
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error && options.share_port && options.first) error = someone_listens(endpoint);
    const int one = 1;
    if (!error && options.share_port) ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(listen_backlog, error);
    if (error) return fail(FaultCode::io, fmt::format("cannot listen on {}:{}: {}", options.address, options.port, error.message()));
    const auto port = acceptor.local_endpoint(error).port();
    auto& listening = listening_.emplace_back(Listening{std::move(acceptor), options.listener, options.tls});
    accept(listening);
    if (listening_.size() == 1) sweep_later();
    return port;
  }

  void stop_accepting() {
    net::post(edge_->loop(), [me = shared_from_this()] {
      for (auto& l : me->listening_)
        if (l.listener == Listener::site) close(l);
    });
  }

  void stop() {
    for (auto& l : listening_) close(l);
    sweeper_.cancel();
    stopped_ = true;
  }

 private:
  struct Listening {
    Acceptor acceptor;
    Listener listener;
    bool tls;
  };

  // Sharing a port also lets another Denrei of the same user in; so the first to come asks for it alone.
  boost::system::error_code someone_listens(const net::ip::tcp::endpoint& endpoint) {
    boost::system::error_code error;
    Acceptor probe(edge_->loop());
    probe.open(endpoint.protocol(), error);
    if (!error) probe.set_option(net::socket_base::reuse_address(true), error);
    if (!error) probe.bind(endpoint, error);
    if (!error) probe.listen(1, error);
    return error;
  }

  static void close(Listening& l) {
    boost::system::error_code ignored;
    l.acceptor.close(ignored);
  }

  void accept(Listening& listening) {
    listening.acceptor.async_accept([me = shared_from_this(), &listening](const boost::system::error_code& error, PlainSocket socket) {
      if (error == net::error::operation_aborted || !listening.acceptor.is_open()) return;
      if (error) return me->accept_after_pause(listening);
      me->welcome(std::move(socket), listening);
      me->accept(listening);
    });
  }

  void accept_after_pause(Listening& listening) {
    auto timer = std::make_shared<net::steady_timer>(edge_->loop(), accept_pause);
    timer->async_wait([me = shared_from_this(), timer, &listening](const boost::system::error_code&) {
      if (listening.acceptor.is_open()) me->accept(listening);
    });
  }

  void welcome(PlainSocket socket, const Listening& listening) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error).address().to_string();
    if (error || !edge_->admit(peer)) return;  // closed by the destructor
    socket.non_blocking(true, error);
    socket.set_option(net::ip::tcp::no_delay(true), error);
    if (listening.tls && tls_)
      std::make_shared<Session<TlsStream>>(TlsStream(std::move(socket), *tls_), edge_, listening.listener, peer)->start();
    else if (!listening.tls)
      std::make_shared<Session<PlainSocket>>(std::move(socket), edge_, listening.listener, peer)->start();
  }

  void sweep_later() {
    if (stopped_) return;
    sweeper_.expires_after(sweep_every);
    sweeper_.async_wait([me = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      me->edge_->sweep();
      me->sweep_later();
    });
  }

  EdgePtr edge_;
  net::steady_timer sweeper_;
  std::shared_ptr<net::ssl::context> tls_;
  std::list<Listening> listening_;  // addresses stay: the accept handlers point at them
  bool stopped_ = false;
};

HttpServer::HttpServer(EdgePtr edge) : core_(std::make_shared<Core>(std::move(edge))) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;
Result<void> HttpServer::set_tls(const std::string& certificate, const std::string& key) { return core_->set_tls(certificate, key); }
Result<std::uint16_t> HttpServer::listen(const ListenOptions& options) { return core_->listen(options); }
void HttpServer::stop_accepting() { core_->stop_accepting(); }
void HttpServer::stop() { core_->stop(); }

}  // namespace denrei
