// The predicates of schemas. Every one reads its text once and believes nothing.
#include "denrei/domain/schema_predicates.hpp"

#include <algorithm>
#include <array>

#include "denrei/base/time.hpp"

namespace denrei {
namespace {

constexpr std::size_t url_bytes_max = 2048;      // what browsers, proxies and logs carry unharmed
constexpr std::size_t host_bytes_max = 253;      // RFC 1123
constexpr std::size_t label_bytes_max = 63;      // RFC 1123
constexpr std::size_t address_bytes_max = 254;   // RFC 5321 with its erratum 1690
constexpr std::size_t local_bytes_max = 64;      // RFC 5321
constexpr std::size_t media_name_bytes_max = 127;  // RFC 6838

// What a byte may be, so that a URL is read with one table look-up a byte.
enum ByteClass : unsigned char { in_host = 1, in_url = 2, ends_authority = 4 };

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_high(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }

// In a URL after its host non-ASCII letters are common (file names) and harmless; a backslash, quotes and angle brackets
// are read differently by different readers.
constexpr auto byte_classes = [] {
  std::array<unsigned char, 256> classes{};
  for (std::size_t i = 0x21; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if (is_alphanumeric(c) || c == '-') classes[i] |= in_host;
    if (i != 0x7f && c != '\\' && c != '"' && c != '<' && c != '>') classes[i] |= in_url;
    if (c == '/' || c == '?' || c == '#') classes[i] |= ends_authority;
  }
  return classes;
}();

constexpr bool is_of(char c, ByteClass wanted) { return (byte_classes[static_cast<unsigned char>(c)] & wanted) != 0; }

template <class Test>
bool all_of(std::string_view text, Test test) {
  return std::all_of(text.begin(), text.end(), test);
}

bool starts_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_without_case(text.substr(0, prefix.size()), prefix);
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_bytes_max && label.front() != '-' && label.back() != '-';
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > host_bytes_max) return false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (host[i] == '.') {
      if (!is_label(host.substr(start, i - start))) return false;
      start = i + 1;
    } else if (!is_of(host[i], in_host)) {
      return false;
    }
  }
  return is_label(host.substr(start));
}

bool is_bracketed_address(std::string_view host) {
  constexpr std::size_t longest = 47;  // eight groups, the last two written as IPv4, and the brackets
  if (host.size() < 4 || host.size() > longest || host.front() != '[' || host.back() != ']') return false;
  return all_of(host.substr(1, host.size() - 2), [](char c) {
    return is_digit(c) || c == ':' || c == '.' || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
  });
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || !all_of(port, is_digit)) return false;
  unsigned value = 0;
  for (const char c : port) value = value * 10 + static_cast<unsigned>(c - '0');
  return value >= 1 && value <= 65'535;
}

bool is_https_url(std::string_view text, std::string_view) { return url_host(text).has_value(); }

bool is_iso8601(std::string_view text, std::string_view) { return parse_iso8601(text).has_value(); }

bool is_date(std::string_view text, std::string_view) {
  constexpr std::string_view midnight = "T00:00:00Z";
  if (text.size() != 10) return false;
  std::array<char, 20> moment{};
  std::copy(midnight.begin(), midnight.end(), std::copy(text.begin(), text.end(), moment.begin()));
  return parse_iso8601({moment.data(), moment.size()}).has_value();
}

bool is_date_or_iso8601(std::string_view text, std::string_view) { return is_date(text, {}) || is_iso8601(text, {}); }

bool is_image_type(std::string_view text, std::string_view) {
  constexpr std::string_view family = "image/";
  if (!starts_without_case(text, family)) return false;
  const auto name = text.substr(family.size());
  constexpr std::string_view marks = "!#$&-^_.+";
  return !name.empty() && name.size() <= media_name_bytes_max && is_alphanumeric(name.front()) &&
         all_of(name, [&](char c) { return is_alphanumeric(c) || marks.find(c) != std::string_view::npos; });
}

bool is_email(std::string_view text, std::string_view) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > local_bytes_max || text.size() > address_bytes_max) return false;
  const auto local = text.substr(0, at);
  constexpr std::string_view marks = "!#$%&'*+/=?^_`{|}~.-";
  return is_host_name(text.substr(at + 1)) && local.front() != '.' && local.back() != '.' &&
         local.find("..") == std::string_view::npos &&
         all_of(local, [&](char c) { return is_alphanumeric(c) || is_high(c) || marks.find(c) != std::string_view::npos; });
}

bool begins_with(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }

constexpr std::array predicates{
    Predicate{"https_url", false, is_https_url, "https の URL を指定してください", "must be an https URL"},
    Predicate{"iso8601", false, is_iso8601, "ISO 8601 形式の日時で指定してください", "must be an ISO 8601 date and time"},
    Predicate{"image_type", false, is_image_type, "画像の MIME タイプ（image/jpeg など）を指定してください",
              "must be an image media type such as image/jpeg"},
    Predicate{"email", false, is_email, "メールアドレスの形式で指定してください", "must be an e-mail address"},
    Predicate{"date", false, is_date, "YYYY-MM-DD 形式の日付で指定してください", "must be a date such as 2025-10-07"},
    Predicate{"date_or_iso8601", false, is_date_or_iso8601, "日付または ISO 8601 形式の日時で指定してください",
              "must be a date or an ISO 8601 date and time"},
    Predicate{"starts_with", true, begins_with, "「{}」で始まる値を指定してください", "must start with {}"},
};

}  // namespace

const Predicate* find_predicate(std::string_view name) noexcept {
  const auto* row = std::find_if(predicates.begin(), predicates.end(), [&](const Predicate& p) { return p.name == name; });
  return row == predicates.end() ? nullptr : row;
}

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::optional<std::string_view> url_host(std::string_view url) noexcept {
  constexpr std::string_view scheme = "https://";
  if (url.size() > url_bytes_max || !starts_without_case(url, scheme)) return std::nullopt;
  const auto rest = url.substr(scheme.size());
  const auto* end = std::find_if(rest.begin(), rest.end(), [](char c) { return is_of(c, ends_authority); });
  const auto authority = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  // A colon inside brackets belongs to an IPv6 address; user information is refused with every other stray character.
  const auto colon = authority.find(':', authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0);
  const auto host = authority.substr(0, colon);
  if (!is_host_name(host) && !is_bracketed_address(host)) return std::nullopt;
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) return std::nullopt;
  if (!all_of(rest.substr(authority.size()), [](char c) { return is_of(c, in_url); })) return std::nullopt;
  return host;
}

}  // namespace denrei
