// Signing and checking the console's cookie.
#include "denrei/domain/console_session.hpp"

#include <charconv>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

std::string sign_text(const HmacSha256& key, std::string_view text) {
  const auto digest = key.sign({"console session ", text});
  return encode_hex(as_view(digest));
}

}  // namespace

std::string make_session(const HmacSha256& key, WallTime until) {
  auto text = std::to_string(to_unix_ms(until) / 1000);
  return text + "." + sign_text(key, text);
}

std::string_view find_session(std::string_view header) noexcept {
  while (!header.empty()) {
    auto pair = header.substr(0, header.find(';'));
    header.remove_prefix(std::min(header.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(session_cookie) && pair.substr(session_cookie.size()).starts_with('=')) return pair.substr(session_cookie.size() + 1);
  }
  return {};
}

bool is_session(const HmacSha256& key, std::string_view value, WallTime now) {
  const auto dot = value.find('.');
  if (dot == std::string_view::npos) return false;
  std::int64_t until = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + dot, until);
  if (error != std::errc{} || end != value.data() + dot || until <= to_unix_ms(now) / 1000) return false;
  return equal_in_constant_time(value.substr(dot + 1), sign_text(key, value.substr(0, dot)));
}

}  // namespace denrei
