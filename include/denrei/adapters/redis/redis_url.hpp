// Where a Redis is and who we are to it, read from a URL.
//
// Shape   parse_redis_url("rediss://user:secret@host:6380/2") -> Result<RedisAddress>
// Limits  socket paths up to 107 bytes (sun_path); database numbers up to 9,999
// Errors  invalid, never repeating the URL: it may hold a password
// Source  redis:// and rediss:// as registered with IANA; unix:///path?db=n as redis-py and others read it
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"
#include "denrei/base/secret.hpp"

namespace denrei {

enum class RedisTransport : std::uint8_t { unix_socket, tcp, tls };

struct RedisAddress {
  RedisTransport transport = RedisTransport::tcp;
  std::string host;  // of unix_socket: the path
  std::uint16_t port = 6379;
  std::string user;
  Secret password;
  unsigned database = 0;
};

[[nodiscard]] Result<RedisAddress> parse_redis_url(std::string_view url);
// For logs and messages: the address without user and password.
[[nodiscard]] std::string describe_address(const RedisAddress& address);

}  // namespace denrei
