// Reading the head of a request.
#include "denrei/domain/request_head.hpp"

#include <algorithm>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::string_view key_segment = "{key}";

std::string_view trim(std::string_view s) noexcept {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The raw, still coded value of a parameter; nothing when it is not there.
std::optional<std::string_view> raw_query_value(std::string_view target, std::string_view name) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name)
      return equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
  }
  return std::nullopt;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view path_of(std::string_view target) noexcept {
  return target.substr(0, std::min(target.find('?'), target.find('#')));
}

bool has_query(std::string_view target, std::string_view name) { return raw_query_value(target, name).has_value(); }

std::optional<std::string> query_value(std::string_view target, std::string_view name) {
  const auto raw = raw_query_value(target, name);
  return raw ? decode_percent(*raw) : std::string{};
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  out.reserve(text.size());
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

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
  std::vector<std::string> out;
  if (path.empty() || path.front() != '/') return std::nullopt;
  for (path.remove_prefix(1);; ) {
    const auto slash = path.find('/');
    auto segment = decode_percent(path.substr(0, slash));
    if (!segment) return std::nullopt;
    out.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

bool has_key_segment(std::string_view pattern) noexcept { return pattern.find(key_segment) != std::string_view::npos; }

std::optional<std::string> key_in_path(std::string_view pattern, std::string_view path) {
  const auto at = pattern.find(key_segment);
  if (at == std::string_view::npos) return std::nullopt;
  const auto before = pattern.substr(0, at);
  const auto after = pattern.substr(at + key_segment.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return std::nullopt;
  const auto segment = path.substr(before.size(), path.size() - before.size() - after.size());
  if (segment.find('/') != std::string_view::npos) return std::nullopt;
  auto key = decode_percent(segment);
  return key && is_utf8(*key) && key->find('\0') == std::string::npos ? std::move(key) : std::nullopt;
}

bool is_json_media_type(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  if (!equal_ignoring_case(trim(content_type.substr(0, semicolon)), "application/json")) return false;
  auto rest = semicolon == std::string_view::npos ? std::string_view{} : content_type.substr(semicolon + 1);
  while (!rest.empty()) {
    const auto parameter = trim(rest.substr(0, rest.find(';')));
    rest.remove_prefix(std::min(rest.size(), rest.find(';') == std::string_view::npos ? rest.size() : rest.find(';') + 1));
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos || !equal_ignoring_case(trim(parameter.substr(0, equals)), "charset")) continue;
    auto charset = trim(parameter.substr(equals + 1));
    if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"') charset = charset.substr(1, charset.size() - 2);
    if (!equal_ignoring_case(charset, "utf-8") && !equal_ignoring_case(charset, "utf8")) return false;
  }
  return true;
}

std::string_view bearer_token(std::string_view authorization) noexcept {
  if (authorization.size() < 7 || !equal_ignoring_case(authorization.substr(0, 7), "bearer ")) return {};
  return trim(authorization.substr(7));
}

bool is_sane_request_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace denrei
