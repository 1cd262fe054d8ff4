// The only file of the mock receiver that includes Beast: connections as coroutines.
#include "denrei/app/receive/receive_server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/detect_ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <csignal>
#include <fmt/format.h>
#include <unordered_set>

#include "denrei/base/limits.hpp"
#include "self_signed.hpp"

namespace denrei {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<PlainStream>;
using Parser = http::request_parser<http::string_body>;

constexpr auto in_tuple = net::as_tuple(net::use_awaitable);
constexpr auto accept_pause = std::chrono::milliseconds{100};  // when the process has no file descriptors left
constexpr auto silence_max = std::chrono::minutes{10};         // longer than any sender waits
constexpr auto linger_max = std::chrono::seconds{2};
constexpr std::size_t read_bytes = 16 * 1024;
constexpr auto other_host = "elsewhere.invalid";               // RFC 6761: nobody has this name

bool is_this_machine(const net::ip::address& address) {
  if (address.is_loopback()) return true;
  return address.is_v6() && address.to_v6().is_v4_mapped() && net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()).is_loopback();
}

Result<void> load_files(net::ssl::context& context, const TlsFiles& files) {
  boost::system::error_code error;
  context.use_certificate_chain_file(files.certificate, error);
  if (error) return fail(FaultCode::io, fmt::format("certificate {}: {}", files.certificate.string(), error.message()));
  context.use_private_key_file(files.key, net::ssl::context::pem, error);
  if (error) return fail(FaultCode::io, fmt::format("key {}: {}", files.key.string(), error.message()));
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) return fail(FaultCode::io, "the key does not belong to the certificate");
  return {};
}

Result<void> load_wrong_one(net::ssl::context& context) {
  const auto pair = make_self_signed(other_host);
  if (!pair) return tl::unexpected(pair.error());
  boost::system::error_code error;
  context.use_certificate(net::buffer(pair->certificate), net::ssl::context::pem, error);
  if (!error) context.use_private_key(net::buffer(pair->key), net::ssl::context::pem, error);
  if (error) return fail(FaultCode::io, "the other certificate: " + error.message());
  return {};
}

struct Framing {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false;
};

constexpr Framing close_after{.keep_alive = false};

std::string make_response(const Answer& answer, const Framing& framing) {
  const bool has_body = answer.status != 204 && answer.status != 304;
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(answer.status)));
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, std::string_view(reason.data(), reason.size()));
  if (has_body) out += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", answer.content_type, answer.body.size());
  out += answer.headers;
  if (!framing.keep_alive) out += "Connection: close\r\n";
  else if (framing.http_1_0) out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (has_body && !framing.head_only) out += answer.body;
  return out;
}

std::vector<Header> headers_of(const http::fields& fields) {
  std::vector<Header> headers;
  for (const auto& field : fields)
    headers.push_back({{field.name_string().data(), field.name_string().size()}, {field.value().data(), field.value().size()}});
  return headers;
}

bool is_broken_request(const beast::error_code& error) {
  static const auto& of_http = http::make_error_code(http::error::bad_value).category();
  return error.category() == of_http && error != http::error::end_of_stream && error != http::error::partial_message;
}

Answer answer_to_broken(const beast::error_code& error) {
  if (error == http::error::header_limit) return {431, R"({"success":false,"error":"the header is too large"})", {}};
  return {400, R"({"success":false,"error":"this is not an HTTP request"})", {}};
}

class Server {
 public:
  Server(MockReceiver& receiver, const ReceiveServerOptions& options) : receiver_(receiver), options_(options) {}

  Result<void> run() {
    if (auto ready = prepare_tls(); !ready) return ready;
    if (auto listening = listen(); !listening) return listening;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) loop_.stop();
    });
    net::co_spawn(loop_, accept(), net::detached);
    loop_.run();
    return {};
  }

 private:
  // One connection; what is idle may be closed by others.
  struct Seat {
    PlainStream* stream = nullptr;
    bool idle = true;
    bool this_machine = false;
    bool tls = false;
  };

  // Where the connection sits for as long as it lives.
  class Seated {
   public:
    Seated(std::unordered_set<Seat*>& seats, Seat& seat) : seats_(seats), seat_(seat) { seats_.insert(&seat_); }
    Seated(const Seated&) = delete;
    Seated& operator=(const Seated&) = delete;
    ~Seated() { seats_.erase(&seat_); }

   private:
    std::unordered_set<Seat*>& seats_;
    Seat& seat_;
  };

  Result<void> prepare_tls() {
    SSL_CTX_set_min_proto_version(certain_.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_min_proto_version(wrong_.native_handle(), TLS1_2_VERSION);
    if (auto loaded = load_wrong_one(wrong_); !loaded) return loaded;
    return has_certificate() ? load_files(certain_, options_.tls) : Result<void>{};
  }

  [[nodiscard]] bool has_certificate() const { return !options_.tls.certificate.empty(); }
  [[nodiscard]] bool wants_tls() const { return has_certificate() || receiver_.mode() == ReceiveMode::wrong_certificate; }

  Result<void> listen() {
    boost::system::error_code error;
    const tcp::endpoint endpoint(net::ip::make_address(options_.listen.address, error), options_.listen.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    const auto local = error ? tcp::endpoint() : acceptor_.local_endpoint(error);
    if (error)
      return fail(FaultCode::io, fmt::format("cannot listen on {}:{}: {}", options_.listen.address, options_.listen.port, error.message()));
    const auto address = local.address().is_v6() ? fmt::format("[{}]", local.address().to_string()) : local.address().to_string();
    if (options_.on_listening) options_.on_listening(fmt::format("{}:{}", address, local.port()));
    return {};
  }

  net::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(in_tuple);
      if (!error) {
        if (seats_.size() < limits::connections_max) net::co_spawn(loop_, welcome(std::move(socket)), net::detached);
        continue;
      }
      net::steady_timer pause(loop_, accept_pause);
      co_await pause.async_wait(in_tuple);
    }
  }

  net::awaitable<void> welcome(tcp::socket socket) {
    boost::system::error_code error;
    socket.set_option(tcp::no_delay(true), error);
    const auto peer = socket.remote_endpoint(error).address();
    if (error) co_return;
    PlainStream stream(std::move(socket));
    Seat seat{.stream = &stream, .this_machine = is_this_machine(peer)};
    const Seated seated(seats_, seat);
    beast::flat_buffer buffer(limits::pipeline_bytes_max);
    stream.expires_after(limits::idle_timeout);
    const auto [detect_error, is_tls] = co_await beast::async_detect_ssl(stream, buffer, in_tuple);
    if (detect_error) co_return;
    seat.tls = is_tls;
    if (is_tls) co_await welcome_tls(stream, seat, buffer);
    else co_await converse(stream, seat, buffer);
  }

  net::awaitable<void> welcome_tls(PlainStream& plain, Seat& seat, beast::flat_buffer& buffer) {
    const bool wrong = receiver_.mode() == ReceiveMode::wrong_certificate;
    if (!wrong && !has_certificate()) {
      receiver_.note_failed_handshake();
      co_return;
    }
    TlsStream stream(std::move(plain), wrong ? wrong_ : certain_);
    seat.stream = &stream.next_layer();
    seat.idle = false;
    stream.next_layer().expires_after(limits::header_timeout);
    const auto [error, used] = co_await stream.async_handshake(net::ssl::stream_base::server, buffer.data(), in_tuple);
    if (error) {
      receiver_.note_failed_handshake();
      co_return;
    }
    buffer.consume(used);
    co_await converse(stream, seat, buffer);
    stream.next_layer().expires_after(linger_max);
    co_await stream.async_shutdown(in_tuple);
  }

  template <class Stream>
  net::awaitable<void> converse(Stream& stream, Seat& seat, beast::flat_buffer& buffer) {
    bool goes_on = true;
    while (goes_on) {
      if (buffer.size() == 0 && !co_await wait_for_bytes(stream, seat, buffer)) co_return;
      seat.idle = false;
      goes_on = co_await exchange(stream, seat, buffer);
    }
    if constexpr (std::is_same_v<Stream, PlainStream>) co_await linger(stream, buffer);
  }

  // Between two requests; here others may close the connection.
  template <class Stream>
  net::awaitable<bool> wait_for_bytes(Stream& stream, Seat& seat, beast::flat_buffer& buffer) {
    seat.idle = true;
    beast::get_lowest_layer(stream).expires_after(limits::idle_timeout);
    const auto [error, count] = co_await stream.async_read_some(buffer.prepare(read_bytes), in_tuple);
    buffer.commit(count);
    co_return !error;
  }

  // One request and its answer; whether the connection goes on.
  template <class Stream>
  net::awaitable<bool> exchange(Stream& stream, const Seat& seat, beast::flat_buffer& buffer) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(limits::header_bytes_max));
    parser.body_limit(limits::body_bytes_max);
    const auto error = co_await read_request(stream, buffer, parser);
    const bool too_large = error == http::error::body_limit;
    if (error && !too_large) {
      if (is_broken_request(error)) co_await write(stream, make_response(answer_to_broken(error), close_after));
      co_return false;
    }
    const auto reception = judge(parser.get(), seat, too_large);
    if (reception.certificate_changed) close_idle();
    if (reception.delay > Millis{0}) co_await wait(reception.delay);
    if (!reception.answer) {
      count_answer(reception);
      if (!reception.hang_up) co_await keep_silent(stream, buffer);
      co_return false;
    }
    const Framing framing{.keep_alive = !reception.hang_up && !too_large && parser.keep_alive(), .http_1_0 = parser.get().version() == 10,
                          .head_only = parser.get().method() == http::verb::head};
    const bool written = co_await write(stream, make_response(*reception.answer, framing));
    count_answer(reception);
    co_return written && framing.keep_alive;
  }

  template <class Stream>
  net::awaitable<beast::error_code> read_request(Stream& stream, beast::flat_buffer& buffer, Parser& parser) {
    beast::get_lowest_layer(stream).expires_after(limits::header_timeout);
    const auto [head_error, head_bytes] = co_await http::async_read_header(stream, buffer, parser, in_tuple);
    if (head_error || parser.is_done()) co_return head_error;
    beast::get_lowest_layer(stream).expires_after(limits::body_timeout);
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) co_await write(stream, "HTTP/1.1 100 Continue\r\n\r\n");
    const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, in_tuple);
    co_return error;
  }

  [[nodiscard]] Reception judge(const http::request<http::string_body>& request, const Seat& seat, bool too_large) {
    const auto view = [](beast::string_view text) { return std::string_view(text.data(), text.size()); };
    const auto headers = headers_of(request.base());
    const ReceivedRequest received{.method = view(request.method_string()), .target = view(request.target()), .headers = headers,
                                   .body = request.body(), .too_large = too_large, .from_this_machine = seat.this_machine};
    if (wants_tls() && !seat.tls && !MockReceiver::is_admin(received.target))
      return {.answer = Answer{400, R"({"success":false,"error":"HTTPS is spoken here"})", {}}, .hang_up = true, .is_admin = true};
    return receiver_.receive(received, options_.now());
  }

  template <class Stream>
  net::awaitable<bool> write(Stream& stream, std::string bytes) {
    beast::get_lowest_layer(stream).expires_after(limits::body_timeout);
    const auto [error, count] = co_await net::async_write(stream, net::buffer(bytes), in_tuple);
    co_return !error;
  }

  net::awaitable<void> wait(Millis delay) {
    net::steady_timer timer(loop_, delay);
    co_await timer.async_wait(in_tuple);
  }

  // What still comes is thrown away, until the sender goes.
  template <class Stream>
  net::awaitable<void> keep_silent(Stream& stream, beast::flat_buffer& buffer) {
    beast::get_lowest_layer(stream).expires_after(silence_max);
    co_await read_to_the_end(stream, buffer);
  }

  // Closing at once could make the kernel throw away an answer that the sender has not read yet.
  net::awaitable<void> linger(PlainStream& stream, beast::flat_buffer& buffer) {
    boost::system::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream.expires_after(linger_max);
    co_await read_to_the_end(stream, buffer);
  }

  template <class Stream>
  net::awaitable<void> read_to_the_end(Stream& stream, beast::flat_buffer& buffer) {
    buffer.clear();
    while (true) {
      const auto [error, count] = co_await stream.async_read_some(buffer.prepare(read_bytes), in_tuple);
      if (error) co_return;
    }
  }

  void close_idle() {
    for (const auto* seat : seats_)
      if (seat->idle) seat->stream->close();
  }

  void count_answer(const Reception& reception) {
    if (!reception.is_admin && ++answers_ == options_.stop_after) loop_.stop();
  }

  MockReceiver& receiver_;
  const ReceiveServerOptions& options_;
  std::unordered_set<Seat*> seats_;
  net::ssl::context certain_{net::ssl::context::tls_server};
  net::ssl::context wrong_{net::ssl::context::tls_server};
  std::uint64_t answers_ = 0;
  net::io_context loop_{1};  // goes before what its coroutines use
  tcp::acceptor acceptor_{loop_};
  net::signal_set signals_{loop_, SIGINT, SIGTERM};
};

}  // namespace

Result<void> run_receive_server(MockReceiver& receiver, const ReceiveServerOptions& options) { return Server(receiver, options).run(); }

}  // namespace denrei
