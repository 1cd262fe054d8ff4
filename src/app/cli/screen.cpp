// Tables and harmless text for terminals.
#include "denrei/app/cli/screen.hpp"

#include <algorithm>
#include <cstdint>

namespace denrei {
namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

// The code point at the start; a byte that starts none counts as one of value 0xfffd.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const auto lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (length == 0 || length > text.size()) return {0xfffd, 1};
  if (length == 1) return {lead, 1};
  std::uint32_t value = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3f);
  return {value, length};
}

bool is_control(std::uint32_t c) {
  const bool steers_direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || steers_direction;
}

// The blocks of East Asian wide and full-width characters, coarsely (Unicode UAX #11).
bool is_wide(std::uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
         (c >= 0x20000 && c <= 0x3fffd);
}

}  // namespace

std::string make_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_code_point(text);
    if (is_control(c.value) || c.value == 0xfffd) out += '?';
    else out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t count_columns(std::string_view utf8) {
  std::size_t columns = 0;
  while (!utf8.empty()) {
    const auto c = first_code_point(utf8);
    columns += is_wide(c.value) ? 2u : 1u;
    utf8.remove_prefix(c.bytes);
  }
  return columns;
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  auto cells = rows;
  for (auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = make_printable(row[i]);
      std::replace_if(row[i].begin(), row[i].end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
      widths[i] = std::max(widths[i], count_columns(row[i]));
    }
  }
  std::string text;
  for (const auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - count_columns(row[i]) + 2, ' ');
    }
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  }
  return text;
}

}  // namespace denrei
