// Hex and base64: bytes to text and back, by table, without branches on secret data.
//
// Shape   decode_hex(text, out, n) -> true when text is exactly 2n hex digits; encode_base64(bytes) -> text
// Errors  false or invalid; never an exception
// Source  RFC 4648
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"

namespace denrei {

[[nodiscard]] std::string encode_hex(std::string_view bytes);
// Upper and lower case; writes `count` bytes to `out` and answers whether `text` was exactly that.
[[nodiscard]] bool decode_hex(std::string_view text, unsigned char* out, std::size_t count) noexcept;
[[nodiscard]] std::string encode_base64(std::string_view bytes);
// Standard alphabet with padding; the URL alphabet and missing padding are refused.
[[nodiscard]] Result<std::string> decode_base64(std::string_view text);
// True when `text` is valid UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
// The number of Unicode code points in valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view utf8) noexcept;

}  // namespace denrei
