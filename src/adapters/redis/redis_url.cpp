// Redis URLs: scheme, credentials with percent-encoding, host in brackets or not, database.
#include "denrei/adapters/redis/redis_url.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::size_t socket_path_bytes_max = 107;  // sun_path has 108 with the final zero
constexpr unsigned database_max = 9'999;

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number max) {
  Number n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n > max) return std::nullopt;
  return n;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    unsigned char byte = 0;
    if (i + 2 >= text.size() || !decode_hex(text.substr(i + 1, 2), &byte, 1)) return std::nullopt;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return out;
}

Result<RedisAddress> parse_unix(std::string_view rest) {
  RedisAddress address;
  address.transport = RedisTransport::unix_socket;
  const auto query = rest.find('?');
  const auto path = decode_percent(rest.substr(0, query));
  if (!path || !path->starts_with('/') || path->find('\0') != std::string::npos)
    return fail(FaultCode::invalid, "a unix Redis URL is unix:///path/of/the.sock");
  if (path->size() > socket_path_bytes_max)
    return fail(FaultCode::invalid, fmt::format("the path of a unix Redis URL has at most {} bytes", socket_path_bytes_max));
  address.host = *path;
  if (query == std::string_view::npos) return address;
  const auto option = rest.substr(query + 1);
  const auto database = option.starts_with("db=") ? parse_number<unsigned>(option.substr(3), database_max) : std::nullopt;
  if (!database) return fail(FaultCode::invalid, "the only option of a unix Redis URL is ?db=<number>");
  address.database = *database;
  return address;
}

bool read_credentials(std::string_view text, RedisAddress& address) {
  const auto colon = text.find(':');
  const auto user = decode_percent(text.substr(0, colon));
  if (!user) return false;
  address.user = *user;
  if (colon == std::string_view::npos) return true;
  auto password = decode_percent(text.substr(colon + 1));
  if (!password) return false;
  address.password = Secret(std::move(*password));
  return true;
}

bool read_host(std::string_view text, RedisAddress& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    address.host = std::string(text.substr(1, end - 1));
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    address.host = std::string(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (address.host.empty()) return false;
  if (port.empty()) return true;
  const auto number = port.starts_with(':') ? parse_number<std::uint16_t>(port.substr(1), UINT16_MAX) : std::nullopt;
  if (!number || *number == 0) return false;
  address.port = *number;
  return true;
}

Result<RedisAddress> parse_inet(std::string_view rest, RedisTransport transport) {
  RedisAddress address;
  address.transport = transport;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(rest.substr(0, at), address))
      return fail(FaultCode::invalid, "the user or password of the Redis URL is not percent-encoded correctly");
    rest.remove_prefix(at + 1);
  }
  const auto slash = rest.find('/');
  if (!read_host(rest.substr(0, slash), address)) return fail(FaultCode::invalid, "the Redis URL has no valid host[:port]");
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return address;
  const auto database = parse_number<unsigned>(rest.substr(slash + 1), database_max);
  if (!database) return fail(FaultCode::invalid, "after the host a Redis URL has only /<database number>");
  address.database = *database;
  return address;
}

}  // namespace

Result<RedisAddress> parse_redis_url(std::string_view url) {
  const auto scheme_end = url.find("://");
  const auto scheme = url.substr(0, scheme_end);
  const auto rest = scheme_end == std::string_view::npos ? std::string_view{} : url.substr(scheme_end + 3);
  if (scheme == "unix") return parse_unix(rest);
  if (scheme == "redis") return parse_inet(rest, RedisTransport::tcp);
  if (scheme == "rediss") return parse_inet(rest, RedisTransport::tls);
  return fail(FaultCode::invalid, "a Redis URL begins with redis://, rediss:// or unix://");
}

std::string describe_address(const RedisAddress& address) {
  switch (address.transport) {
    case RedisTransport::unix_socket: return "unix://" + address.host;
    case RedisTransport::tcp: return fmt::format("redis://{}:{}", address.host, address.port);
    case RedisTransport::tls: return fmt::format("rediss://{}:{}", address.host, address.port);
  }
  return {};
}

}  // namespace denrei
