// The bytes below a Redis connection: a unix, TCP or TLS socket in the event loop. Nothing about the protocol.
//
// Shape   make_redis_socket(io, address) -> Result<socket>; connect, read_some, write, close; callbacks on the loop's thread
// Limits  one read and one write at a time; the caller keeps the socket and its buffers alive until their callbacks
// Errors  invalid: the system's certificates cannot be read; callbacks carry the error code
// Source  TLS 1.2+, certificate and host name checked (SSL_CERT_FILE and SSL_CERT_DIR are OpenSSL's way to name other roots)
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include "denrei/adapters/redis/redis_url.hpp"

namespace denrei {

class RedisSocket {
 public:
  using Connected = std::function<void(boost::system::error_code)>;
  using Moved = std::function<void(boost::system::error_code, std::size_t)>;
  virtual ~RedisSocket() = default;
  virtual void connect(Connected done) = 0;
  virtual void read_some(std::span<char> into, Moved done) = 0;
  virtual void write(std::string_view all, Moved done) = 0;
  virtual void close() noexcept = 0;
};

[[nodiscard]] Result<std::unique_ptr<RedisSocket>> make_redis_socket(boost::asio::io_context& io, const RedisAddress& address);

}  // namespace denrei
