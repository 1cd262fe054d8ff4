// Keys of objects, and how they stand in a URL.
#include "denrei/domain/object_key.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

using namespace std::chrono;

bool is_plain(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

std::string encode(std::string_view text, bool keeps_slashes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c) || (keeps_slashes && c == '/')) out.push_back(c);
    else out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

bool has_dots(std::string_view key) {
  while (true) {
    const auto slash = key.find('/');
    const auto segment = key.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    key.remove_prefix(slash + 1);
  }
}

std::string date_path(std::int64_t tokyo_day) {
  const year_month_day date{sys_days{days{tokyo_day}}};
  return fmt::format("{:04}/{:02}/{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

Result<void> check_object_key(std::string_view key) {
  if (key.empty() || key.size() > object_key_bytes_max)
    return fail(FaultCode::invalid, fmt::format("an object's key has 1 to {} bytes, this one has {}", object_key_bytes_max, key.size()));
  if (!is_utf8(key)) return fail(FaultCode::invalid, "an object's key is UTF-8");
  if (has_dots(key)) return fail(FaultCode::invalid, "an object's key has no segment . or ..");
  return {};
}

std::string encode_object_key(std::string_view key) { return encode(key, true); }

std::string make_object_url(const Provider& provider, std::string_view key) {
  std::string_view base = provider.url;
  while (base.ends_with('/')) base.remove_suffix(1);
  const auto path = encode_object_key(key);
  const auto scheme = base.find("://");
  if (provider.path_style || scheme == std::string_view::npos) return fmt::format("{}/{}/{}", base, encode(provider.bucket, false), path);
  return fmt::format("{}{}.{}/{}", base.substr(0, scheme + 3), provider.bucket, base.substr(scheme + 3), path);
}

std::string make_sorted_query(std::vector<std::pair<std::string, std::string>> parts) {
  for (auto& [name, value] : parts) {
    name = encode(name, false);
    value = encode(value, false);
  }
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& [name, value] : parts) out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  return out;
}

std::string make_export_key(const ExportPlace& place, std::size_t number) {
  return fmt::format("exports/{}/{}/{}-{}.jsonl", place.what, date_path(tokyo_day(place.at)), place.id, number);
}

std::string make_audit_key(std::int64_t tokyo_day, std::size_t number) {
  return number <= 1 ? fmt::format("audit/{}/all.jsonl", date_path(tokyo_day)) : fmt::format("audit/{}/all-{}.jsonl", date_path(tokyo_day), number);
}

std::string tokyo_day_text(std::int64_t tokyo_day) {
  auto text = date_path(tokyo_day);
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

Result<std::int64_t> parse_tokyo_day(std::string_view text) {
  const auto midnight = parse_iso8601(std::string(text) + "T00:00:00+09:00");
  if (!midnight || text.size() != 10) return fail(FaultCode::invalid, fmt::format("{} is no day as 2025-11-20", text));
  return tokyo_day(*midnight);
}

WallTime tokyo_day_begin(std::int64_t tokyo_day) noexcept { return WallTime{days{tokyo_day} - hours{9}}; }

}  // namespace denrei
