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

}  // namespace denrei
