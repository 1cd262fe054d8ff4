// What we refuse, and what we only warn of.
#include "denrei/adapters/redis/store_check.hpp"

#include <charconv>

#include <fmt/format.h>

namespace denrei {
namespace {

constexpr int major_version_min = 7;  // functions

int major_version(std::string_view version) noexcept {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

std::optional<std::string> find_obstacle(const std::string& info) {
  const auto version = info_value(info, "redis_version").value_or("unknown");
  if (major_version(version) < major_version_min)
    return fmt::format("Redis {} is too old: Denrei needs {}.0 or newer", version, major_version_min);
  if (info_value(info, "loading") == "1") return "Redis is still loading its data";
  if (info_value(info, "role") == "slave") return "this Redis is a replica: connect to its primary";
  const auto policy = info_value(info, "maxmemory_policy");
  if (policy && *policy != "noeviction")
    return fmt::format("Redis would throw data away when memory is full (maxmemory-policy {}): set it to noeviction", *policy);
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> info_value(std::string_view info, std::string_view name) noexcept {
  for (std::size_t at = 0; at < info.size();) {
    auto end = info.find('\n', at);
    if (end == std::string_view::npos) end = info.size();
    auto line = info.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':') return line.substr(name.size() + 1);
    at = end + 1;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> judge_store(const StoreFacts& facts) {
  if (auto obstacle = find_obstacle(facts.info)) return fail(FaultCode::unavailable, std::move(*obstacle));
  std::vector<std::string> warnings;
  if (!info_value(facts.info, "maxmemory_policy"))
    warnings.emplace_back("Redis does not say its maxmemory-policy; it must be noeviction");
  if (info_value(facts.info, "aof_enabled") != "1")
    warnings.emplace_back("Redis keeps no append-only file (appendonly no): accepted events are lost when it stops");
  else if (facts.append_fsync && *facts.append_fsync != "always")
    warnings.emplace_back(fmt::format("appendfsync is {}: a crash of Redis or of the machine may lose the newest accepted events", *facts.append_fsync));
  return warnings;
}

}  // namespace denrei
