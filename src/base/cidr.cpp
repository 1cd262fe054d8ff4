// Address ranges by inet_pton, everything in 128 bits.
#include "denrei/base/cidr.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace denrei {
namespace {

using Bytes = std::array<unsigned char, 16>;

std::optional<Bytes> parse_address(std::string_view text, bool& is_v4) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton would not see what follows
  const std::string terminated(text);
  Bytes out{};
  is_v4 = inet_pton(AF_INET, terminated.c_str(), out.data() + 12) == 1;
  if (is_v4) {
    out[10] = out[11] = 0xff;
    return out;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), out.data()) == 1) return out;
  return std::nullopt;
}

struct Block {
  std::uint32_t first;  // four bytes of the address, the first one highest
  unsigned prefix_bits;
};

// Every IPv4 block that is not the public Internet.
constexpr std::array special_v4{
    Block{0x00'00'00'00, 8},   // this network
    Block{0x0a'00'00'00, 8},   // private
    Block{0x64'40'00'00, 10},  // shared behind carrier NAT; 100.100.100.200 is Alibaba's metadata
    Block{0x7f'00'00'00, 8},   // loopback
    Block{0xa8'3f'81'10, 32},  // 168.63.129.16, Azure's host
    Block{0xa9'fe'00'00, 16},  // link-local, metadata at 169.254.169.254
    Block{0xac'10'00'00, 12},  // private
    Block{0xc0'00'00'00, 24},  // protocol assignments; 192.0.0.192 is Oracle's metadata
    Block{0xc0'00'02'00, 24},  // documentation
    Block{0xc0'58'63'00, 24},  // 6to4 relays, given up
    Block{0xc0'a8'00'00, 16},  // private
    Block{0xc6'12'00'00, 15},  // benchmarks
    Block{0xc6'33'64'00, 24},  // documentation
    Block{0xcb'00'71'00, 24},  // documentation
    Block{0xe0'00'00'00, 4},   // multicast
    Block{0xf0'00'00'00, 4},   // reserved, broadcast
};

// Within 2000::/3, the only IPv6 that is routed everywhere.
constexpr std::array special_v6{
    Block{0x20'01'00'00, 23},  // protocol assignments: Teredo, benchmarks, ORCHID
    Block{0x20'01'0d'b8, 32},  // documentation
    Block{0x3f'ff'00'00, 20},  // documentation
};

bool is_in(const Block& block, std::uint32_t address) noexcept { return (address ^ block.first) >> (32 - block.prefix_bits) == 0; }

template <std::size_t Count>
bool is_in_any(const std::array<Block, Count>& blocks, std::uint32_t address) noexcept {
  return std::any_of(blocks.begin(), blocks.end(), [&](const Block& b) { return is_in(b, address); });
}

std::uint32_t four_bytes_at(const Bytes& address, std::size_t at) noexcept {
  return std::uint32_t{address[at]} << 24 | std::uint32_t{address[at + 1]} << 16 | std::uint32_t{address[at + 2]} << 8 | address[at + 3];
}

bool begins_with(const Bytes& address, const Bytes& prefix, std::ptrdiff_t bytes) noexcept {
  return std::equal(prefix.begin(), prefix.begin() + bytes, address.begin());
}

}  // namespace

Result<Cidr> parse_cidr(std::string_view text) {
  const auto wrong = [&] { return fail(FaultCode::invalid, "not an address range: " + std::string(text)); };
  const auto slash = text.find('/');
  bool is_v4 = false;
  const auto address = parse_address(text.substr(0, slash), is_v4);
  if (!address) return wrong();
  const unsigned width = is_v4 ? 32 : 128;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > width) return wrong();
  }
  return Cidr{*address, bits + (128 - width)};
}

bool contains(const Cidr& range, std::string_view address) noexcept {
  bool is_v4 = false;
  const auto bytes = parse_address(address, is_v4);
  if (!bytes) return false;
  const auto whole = range.prefix_bits / 8;
  if (!std::equal(bytes->begin(), bytes->begin() + whole, range.network.begin())) return false;
  const auto rest = range.prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return ((*bytes)[whole] & mask) == (range.network[whole] & mask);
}

bool any_contains(const std::vector<Cidr>& ranges, std::string_view address) noexcept {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Cidr& r) { return contains(r, address); });
}

bool is_public_address(std::string_view address) noexcept {
  constexpr Bytes mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr Bytes nat64{0, 0x64, 0xff, 0x9b};
  bool is_v4 = false;
  const auto bytes = parse_address(address, is_v4);
  if (!bytes) return false;
  if (begins_with(*bytes, mapped, 12) || begins_with(*bytes, nat64, 12)) return !is_in_any(special_v4, four_bytes_at(*bytes, 12));
  const auto head = four_bytes_at(*bytes, 0);
  if (head >> 16 == 0x2002) return !is_in_any(special_v4, four_bytes_at(*bytes, 2));  // 6to4 carries it behind the prefix
  return head >> 29 == 1 && !is_in_any(special_v6, head);
}

}  // namespace denrei
