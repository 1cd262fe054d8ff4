// Sessions of the test server, as coroutines.
#include "contract/loopback_http.hpp"

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace denrei::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::use_awaitable;

struct LoopbackHttp::Core {
  Core(asio::io_context& loop, LoopbackHttp& of) : io(loop), owner(of), acceptor(loop, {asio::ip::address_v4::loopback(), 0}) {}
  asio::io_context& io;
  LoopbackHttp& owner;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> tls;
};

namespace {

ServedRequest parse_head(const std::string& head) {
  ServedRequest out;
  std::string_view rest = head;
  out.line = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(out.line.size() + 2);
  while (!rest.starts_with("\r\n")) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    const auto colon = line.find(':');
    std::string name(line.substr(0, colon));
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto value = line.substr(colon + 1);
    out.headers[name] = value.starts_with(' ') ? value.substr(1) : value;
    rest.remove_prefix(line.size() + 2);
  }
  return out;
}

template <class Stream>
asio::awaitable<void> serve(LoopbackHttp& owner, Stream& stream) {
  std::string in;
  while (true) {
    const auto head_size = co_await asio::async_read_until(stream, asio::dynamic_buffer(in), "\r\n\r\n", use_awaitable);
    auto request = parse_head(in.substr(0, head_size));
    in.erase(0, head_size);
    const auto length = request.headers.contains("content-length") ? std::stoul(request.headers.at("content-length")) : 0;
    if (in.size() < length) co_await asio::async_read(stream, asio::dynamic_buffer(in), asio::transfer_exactly(length - in.size()), use_awaitable);
    request.body = in.substr(0, length);
    in.erase(0, length);
    owner.requests.push_back(request);
    const auto answer = owner.answer(request);
    if (answer.hold) continue;
    co_await asio::async_write(stream, asio::buffer(answer.bytes), use_awaitable);
    while (!answer.again.empty()) {
      asio::steady_timer timer(stream.get_executor(), answer.pause);
      if (answer.pause.count() > 0) co_await timer.async_wait(use_awaitable);
      co_await asio::async_write(stream, asio::buffer(answer.again), use_awaitable);
    }
    if (answer.close) co_return;
  }
}

asio::awaitable<void> serve_plain(LoopbackHttp& owner, tcp::socket socket) {
  try {
    co_await serve(owner, socket);
  } catch (const boost::system::system_error&) {  // the other side went
  }
  ++owner.closed;
}

asio::awaitable<void> serve_tls(LoopbackHttp& owner, asio::ssl::context& tls, tcp::socket socket) {
  try {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
    co_await serve(owner, stream);
  } catch (const boost::system::system_error&) {
  }
  ++owner.closed;
}

asio::awaitable<void> accept_all(LoopbackHttp& owner, tcp::acceptor& acceptor, std::optional<asio::ssl::context>& tls, asio::io_context& io) {
  while (true) {
    auto socket = co_await acceptor.async_accept(use_awaitable);
    ++owner.connections;
    if (tls) asio::co_spawn(io, serve_tls(owner, *tls, std::move(socket)), asio::detached);
    else asio::co_spawn(io, serve_plain(owner, std::move(socket)), asio::detached);
  }
}

}  // namespace

LoopbackHttp::LoopbackHttp(asio::io_context& io, const std::optional<TestCertificate>& certificate) : core_(std::make_shared<Core>(io, *this)) {
  if (certificate) {
    core_->tls.emplace(asio::ssl::context::tls_server);
    core_->tls->use_certificate_chain_file(certificate->certificate);
    core_->tls->use_private_key_file(certificate->key, asio::ssl::context::pem);
  }
  asio::co_spawn(io, accept_all(*this, core_->acceptor, core_->tls, io), asio::detached);
}

LoopbackHttp::~LoopbackHttp() = default;

std::uint16_t LoopbackHttp::port() const { return core_->acceptor.local_endpoint().port(); }

std::string LoopbackHttp::url(const std::string& host, const std::string& path) const {
  return (core_->tls ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}

void run_loop_until(asio::io_context& io, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  io.restart();
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited in vain";
    io.run_one_for(std::chrono::milliseconds(100));
    if (io.stopped()) io.restart();
  }
}

}  // namespace denrei::test
