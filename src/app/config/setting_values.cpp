// Values of settings from text.
#include "denrei/app/config/setting_values.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/addresses.hpp"

namespace denrei {
namespace {

constexpr std::size_t list_items_max = 100;

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return items;
}

template <class Good>
std::string put_list(const std::string& text, const char* wanted, Good is_good, std::vector<std::string>& out) {
  auto items = split_list(text);
  if (items.size() > list_items_max) return fmt::format("has {} items, at most {} are allowed", items.size(), list_items_max);
  for (const auto& item : items)
    if (!is_good(item)) return fmt::format("'{}' is not {}", item, wanted);
  out = std::move(items);
  return {};
}

}  // namespace

std::string put_endpoint(const std::string& text, Endpoint& out) {
  auto endpoint = parse_endpoint(text);
  if (!endpoint) return endpoint.error().detail;
  out = std::move(*endpoint);
  return {};
}

std::string put_path(const std::string& text, std::filesystem::path& out) {
  if (text.find('\0') != std::string::npos) return "a path cannot contain a zero byte";
  out = text;
  return {};
}

std::string put_flag(const std::string& text, bool& out) {
  const bool yes = text == "true" || text == "1" || text == "yes" || text == "on";
  if (!yes && text != "false" && text != "0" && text != "no" && text != "off")
    return fmt::format("'{}' is neither true nor false", text);
  out = yes;
  return {};
}

std::string put_word(const std::string& text, std::size_t length_max, std::string& out) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (text.empty() || text.size() > length_max || !std::all_of(text.begin(), text.end(), is_plain))
    return fmt::format("'{}' is not 1 to {} letters, digits, '.', '_' or '-'", text, length_max);
  out = text;
  return {};
}

std::string put_redis(const std::string& text, std::string& out) {
  const bool known = text == "embedded" || text.starts_with("redis://") || text.starts_with("rediss://") || text.starts_with("unix://");
  if (!known) return "must be \"embedded\" or start with redis://, rediss:// or unix://";  // the value may hold a password
  out = text;
  return {};
}

std::string put_origins(const std::string& text, std::vector<std::string>& out) {
  return put_list(text, "an origin such as https://voicedrive.example.com (no path)", is_origin, out);
}

std::string put_ranges(const std::string& text, std::vector<std::string>& out) {
  return put_list(text, "an address range such as 10.0.0.0/8 or 2001:db8::/32", is_cidr, out);
}

std::string show_endpoint(const Endpoint& endpoint) {
  const bool six = endpoint.address.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", endpoint.address, endpoint.port) : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

std::string mask_password(const std::string& url) {
  const auto scheme = url.find("://");
  const auto at = url.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos || at < scheme) return url;
  const auto colon = url.find(':', scheme + 3);
  if (colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "********" + url.substr(at);
}

}  // namespace denrei
