// Hex, base64 and UTF-8 by table.
#include "denrei/base/encoding.hpp"

#include <array>
#include <cstdint>

namespace denrei {
namespace {

constexpr unsigned char bad = 0x80;

constexpr auto hex_values = [] {
  std::array<unsigned char, 256> t{};
  for (auto& v : t) v = bad;
  for (unsigned c = 0; c < 10; ++c) t['0' + c] = static_cast<unsigned char>(c);
  for (unsigned c = 0; c < 6; ++c) t['a' + c] = t['A' + c] = static_cast<unsigned char>(10 + c);
  return t;
}();

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto base64_values = [] {
  std::array<unsigned char, 256> t{};
  for (auto& v : t) v = bad;
  for (unsigned i = 0; i < 64; ++i) t[static_cast<unsigned char>(base64_letters[i])] = static_cast<unsigned char>(i);
  return t;
}();

unsigned char byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

}  // namespace

std::string encode_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = digits[byte_at(bytes, i) >> 4];
    out[2 * i + 1] = digits[byte_at(bytes, i) & 15];
  }
  return out;
}

bool decode_hex(std::string_view text, unsigned char* out, std::size_t count) noexcept {
  if (text.size() != 2 * count) return false;
  unsigned char seen = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto high = hex_values[byte_at(text, 2 * i)];
    const auto low = hex_values[byte_at(text, 2 * i + 1)];
    seen |= static_cast<unsigned char>(high | low);
    out[i] = static_cast<unsigned char>(high << 4 | (low & 15));
  }
  return (seen & bad) == 0;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = bytes.size() - i;
    const std::uint32_t v = static_cast<std::uint32_t>(byte_at(bytes, i)) << 16 |
                            (left > 1 ? static_cast<std::uint32_t>(byte_at(bytes, i + 1)) << 8 : 0) |
                            (left > 2 ? static_cast<std::uint32_t>(byte_at(bytes, i + 2)) : 0);
    out.push_back(base64_letters[v >> 18 & 63]);
    out.push_back(base64_letters[v >> 12 & 63]);
    out.push_back(left > 1 ? base64_letters[v >> 6 & 63] : '=');
    out.push_back(left > 2 ? base64_letters[v & 63] : '=');
  }
  return out;
}

Result<std::string> decode_base64(std::string_view text) {
  const auto wrong = [] { return fail(FaultCode::invalid, "not base64 (RFC 4648, with padding)"); };
  if (text.size() % 4 != 0) return wrong();
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_padding = i >= text.size() - padding;
    const unsigned char value = is_padding ? 0 : base64_values[byte_at(text, i)];
    if ((value & bad) != 0) return wrong();
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 != 3) continue;
    const auto count = i + 1 == text.size() ? 3 - padding : 3;
    for (std::size_t k = 0; k < count; ++k) out.push_back(static_cast<char>(bits >> (16 - 8 * k) & 255));
    bits = 0;
  }
  return out;
}

bool is_utf8(std::string_view s) noexcept {
  for (std::size_t i = 0; i < s.size();) {
    const auto lead = byte_at(s, i);
    if (lead < 0x80) { ++i; continue; }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > s.size()) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((byte_at(s, i + k) & 0xc0) != 0x80) return false;
    const auto second = byte_at(s, i + 1);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f))
      return false;
    i += length;
  }
  return true;
}

std::size_t count_code_points(std::string_view utf8) noexcept {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace denrei
