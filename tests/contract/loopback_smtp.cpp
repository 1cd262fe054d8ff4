// Sessions of the test's mail server, as coroutines.
#include "contract/loopback_smtp.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace denrei::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::use_awaitable;

struct LoopbackSmtp::Core {
  Core(asio::io_context& loop, Tls mode) : io(loop), tls(mode), acceptor(loop, {asio::ip::address_v4::loopback(), 0}) {}
  asio::io_context& io;
  Tls tls;
  tcp::acceptor acceptor;
  asio::ssl::context context{asio::ssl::context::tls_server};
};

namespace {

std::string consent(const std::string& command, bool offers_tls) {
  if (command == "greeting") return "220 mail.test ESMTP\r\n";
  if (command.starts_with("EHLO")) return std::string("250-mail.test\r\n") + (offers_tls ? "250-STARTTLS\r\n" : "") + "250-AUTH PLAIN\r\n250 8BITMIME\r\n";
  if (command.starts_with("STARTTLS")) return "220 go on\r\n";
  if (command == "AUTH PLAIN") return "334 \r\n";
  if (command == "DATA") return "354 send it\r\n";
  if (command == "QUIT") return "221 bye\r\n";
  if (command == "." || command.starts_with("MAIL ") || command.starts_with("RCPT ")) return "250 fine\r\n";
  return "235 welcome\r\n";  // to the credentials
}

std::string reply_to(const LoopbackSmtp& owner, const std::string& command, bool offers_tls) {
  for (const auto& [beginning, reply] : owner.replies)
    if (command.starts_with(beginning)) return reply;
  return consent(command, offers_tls);
}

// True: goes on under TLS.
template <class Stream>
asio::awaitable<bool> serve(LoopbackSmtp& owner, Stream& stream, bool offers_tls, std::string prefix) {
  std::string in;
  while (true) {
    const auto size = co_await asio::async_read_until(stream, asio::dynamic_buffer(in), "\r\n", use_awaitable);
    const auto command = in.substr(0, size - 2);
    in.erase(0, size);
    owner.commands.push_back(prefix + command);
    const auto reply = reply_to(owner, command, offers_tls);
    if (reply == "close") co_return false;
    co_await asio::async_write(stream, asio::buffer(reply), use_awaitable);
    if (command == "STARTTLS" && reply.starts_with("220")) co_return true;
    if (command == "QUIT") co_return false;
    if (command != "DATA" || !reply.starts_with("354")) continue;
    const auto end = co_await asio::async_read_until(stream, asio::dynamic_buffer(in), "\r\n.\r\n", use_awaitable);
    owner.messages.push_back(in.substr(0, end - 3));
    in.erase(0, end);
    const auto verdict = reply_to(owner, ".", offers_tls);
    if (verdict == "close") co_return false;
    co_await asio::async_write(stream, asio::buffer(verdict), use_awaitable);
  }
}

asio::awaitable<void> serve_one(LoopbackSmtp& owner, LoopbackSmtp::Tls tls, asio::ssl::context& context, tcp::socket socket) {
  try {
    asio::ssl::stream<tcp::socket&> secure(socket, context);
    bool goes_on = true;
    if (tls == LoopbackSmtp::Tls::from_the_start) {
      co_await secure.async_handshake(asio::ssl::stream_base::server, use_awaitable);
      const auto greeting = reply_to(owner, "greeting", false);
      co_await asio::async_write(secure, asio::buffer(greeting), use_awaitable);
    } else {
      const auto greeting = reply_to(owner, "greeting", false);
      co_await asio::async_write(socket, asio::buffer(greeting), use_awaitable);
      goes_on = co_await serve(owner, socket, tls == LoopbackSmtp::Tls::starttls, "");
      if (goes_on) co_await secure.async_handshake(asio::ssl::stream_base::server, use_awaitable);
    }
    if (goes_on) co_await serve(owner, secure, false, "tls ");
  } catch (const boost::system::system_error&) {  // the other side went
  }
  ++owner.closed;
}

asio::awaitable<void> accept_all(LoopbackSmtp& owner, LoopbackSmtp::Tls tls, tcp::acceptor& acceptor, asio::ssl::context& context, asio::io_context& io) {
  while (true) {
    auto socket = co_await acceptor.async_accept(use_awaitable);
    ++owner.connections;
    asio::co_spawn(io, serve_one(owner, tls, context, std::move(socket)), asio::detached);
  }
}

}  // namespace

LoopbackSmtp::LoopbackSmtp(asio::io_context& io, Tls tls, const std::optional<TestCertificate>& certificate) : core_(std::make_shared<Core>(io, tls)) {
  if (certificate) {
    core_->context.use_certificate_chain_file(certificate->certificate);
    core_->context.use_private_key_file(certificate->key, asio::ssl::context::pem);
  }
  asio::co_spawn(io, accept_all(*this, tls, core_->acceptor, core_->context, io), asio::detached);
}

LoopbackSmtp::~LoopbackSmtp() = default;

std::string LoopbackSmtp::url(const std::string& host) const {
  return (core_->tls == Tls::from_the_start ? "smtps://" : "smtp://") + host + ":" + std::to_string(core_->acceptor.local_endpoint().port());
}

}  // namespace denrei::test
