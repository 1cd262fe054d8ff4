// Address ranges: which peers a source lets in, which proxies are believed, and which addresses are the public Internet.
//
// Shape   parse_cidr("203.0.113.0/24") -> Result<Cidr>; contains(range, "203.0.113.10") -> yes or no
// Limits  IPv4 and IPv6; an address without "/n" is a range of one; ::ffff:a.b.c.d counts as a.b.c.d
// Errors  invalid, naming the text
// Source  RFC 4632, RFC 4291; IANA special-purpose address registries (RFC 6890), RFC 6052 (NAT64), RFC 3056 (6to4)
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

struct Cidr {
  std::array<unsigned char, 16> network{};  // IPv4 as ::ffff:a.b.c.d
  unsigned prefix_bits = 0;                 // of 128
};

[[nodiscard]] Result<Cidr> parse_cidr(std::string_view text);
[[nodiscard]] bool contains(const Cidr& range, std::string_view address) noexcept;
[[nodiscard]] bool any_contains(const std::vector<Cidr>& ranges, std::string_view address) noexcept;

// False for what only a neighbour or this host answers at: private, shared, loopback, link-local, unique-local, multicast,
// documentation, benchmark, reserved, and the metadata services of clouds; for IPv6 that carries such an IPv4 address; and for
// what is no address.
[[nodiscard]] bool is_public_address(std::string_view address) noexcept;

}  // namespace denrei
