// Values of a table as `denrei check-config` prints them.
#include "denrei/app/config/shown_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace denrei {

ShownValues::ShownValues(Config& config, std::string prefix, const TableReader& table)
    : config_(config), prefix_(std::move(prefix)), table_(table) {}

void ShownValues::add(std::string_view key, std::string value) {
  add_from(key, std::move(value), table_.has(key) ? table_.place(key) : "default");
}

void ShownValues::add_list(std::string_view key, const std::vector<std::string>& values) {
  add(key, fmt::format("{}", fmt::join(values, ", ")));
}

void ShownValues::add_from(std::string_view key, std::string value, std::string origin) {
  if (!value.empty()) config_.shown[fmt::format("{}.{}", prefix_, key)] = {std::move(value), std::move(origin)};
}

std::string timestamp_format_text(TimestampFormat format) {
  switch (format) {
    case TimestampFormat::none: return "none";
    case TimestampFormat::unix_s: return "unix_s";
    case TimestampFormat::unix_ms: return "unix_ms";
    case TimestampFormat::iso8601: return "iso8601";
  }
  return {};
}

}  // namespace denrei
