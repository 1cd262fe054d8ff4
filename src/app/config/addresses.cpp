// Endpoints, CIDR ranges and origins as text.
#include "denrei/app/config/addresses.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace denrei {
namespace {

// 32 for an IPv4 address, 128 for an IPv6 one, 0 for anything else.
unsigned address_bits(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string terminated(text);
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) return 32;
  return inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1 ? 128 : 0;
}

template <class Number>
bool read_whole(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return fail(FaultCode::invalid,
                fmt::format("'{}' is not an address and port such as 127.0.0.1:4000, [::1]:4000 or :4000", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  Endpoint endpoint;
  if (!read_whole(text.substr(colon + 1), endpoint.port)) return wrong();
  auto address = text.substr(0, colon);
  if (address.empty() || address == "localhost") return endpoint;
  const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (bracketed) address = address.substr(1, address.size() - 2);
  if (address_bits(address) != (bracketed ? 128u : 32u)) return wrong();
  endpoint.address = address;
  return endpoint;
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  const auto bits = address_bits(text.substr(0, slash));
  if (slash == std::string_view::npos) return bits != 0;
  unsigned length = 0;
  return bits != 0 && read_whole(text.substr(slash + 1), length) && length <= bits;
}

bool is_loopback(const Endpoint& endpoint) {
  return endpoint.address == "::1" || (endpoint.address.starts_with("127.") && address_bits(endpoint.address) == 32);
}

bool is_origin(std::string_view text) {
  std::string_view host;
  if (text.starts_with("https://")) host = text.substr(8);
  else if (text.starts_with("http://")) host = text.substr(7);
  return !host.empty() && host.find_first_of("/?#@ ,*\t\"") == std::string_view::npos;
}

}  // namespace denrei
