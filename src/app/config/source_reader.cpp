// The members of one source: names, paths, proof, places in the body, limits.
#include "denrei/app/config/source_reader.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/addresses.hpp"
#include "denrei/app/config/members.hpp"

namespace denrei {
namespace {

constexpr std::size_t paths_max = 16;
constexpr std::size_t path_bytes_max = 200;
constexpr std::size_t limits_max = 20;
constexpr std::int64_t body_bytes_ceiling = 16 * 1024 * 1024;  // the whole body is held in memory and in one log entry

bool is_source_path(std::string_view path) {
  return path.size() > 1 && path.size() <= path_bytes_max && path[0] == '/' && !path.ends_with('/') &&
         path.find("//") == std::string_view::npos && consists_of(path, "/-._~");
}

void read_paths(TableReader& table, Source& source) {
  table.read("paths", source.paths);
  if (source.paths.size() > paths_max) table.complain("paths", fmt::format("at most {} paths are allowed", paths_max));
  for (const auto& path : source.paths) {
    if (!is_source_path(path)) table.complain("paths", fmt::format("'{}' is not a path such as /api/webhook/name", path));
    for (const auto* own : {"/api/notifications", "/api/employees", "/api/announcements", "/api/events"})
      if (path == own || path.starts_with(std::string(own) + '/'))
        table.complain("paths", fmt::format("'{}' belongs to the reading interface", path));
  }
}

void read_signature(TableReader& table, const ConfigDraft& draft, SourceDraft& out) {
  auto& spec = out.source.signature;
  table.read("scheme", spec.scheme);
  table.read("signature_header", spec.signature_header);
  table.read("timestamp_header", spec.timestamp_header);
  table.read("id_header", spec.id_header);
  read_named(table, "timestamp_format", &parse_timestamp_format, spec.timestamp_format);
  std::int64_t tolerance_s = spec.tolerance.count();
  table.read_integer("tolerance_s", {1, 3'600}, tolerance_s);
  spec.tolerance = draft.tolerance.value_or(std::chrono::seconds(tolerance_s));
  out.scheme_place = table.place("scheme");
  if (spec.scheme.empty()) return;
  if (auto completed = complete_signature_spec(spec)) spec = std::move(*completed);
  else table.complain("scheme", completed.error().detail);
}

// true, false or "unless_loopback": plain HTTP is good enough on a machine's own loopback only.
void read_require_tls(TableReader& table, const ConfigDraft& draft, bool& out) {
  const auto* node = table.node("require_tls");
  if (node == nullptr) return;
  if (const auto flag = node->value_exact<bool>()) out = *flag;
  else if (node->value_exact<std::string>() == "unless_loopback") out = !is_loopback(draft.config.listen);
  else table.complain("require_tls", "'require_tls' must be true, false or \"unless_loopback\"");
}

void read_access(TableReader& table, const ConfigDraft& draft, Source& source) {
  read_secret_name(table, "secret", source.secret);
  read_secret_name(table, "bearer", source.bearer);
  table.read("optional", source.optional);
  read_require_tls(table, draft, source.require_tls);
  read_ranges(table, "allow", source.allow);
  read_count(table, "body_bytes_max", {1, body_bytes_ceiling}, source.body_bytes_max);
}

void read_meaning(TableReader& table, Source& source) {
  table.read("schema", source.schema);
  read_pointer(table, "key_pointer", source.key_pointer);
  read_pointer(table, "type_pointer", source.type_pointer);
  read_pointer(table, "time_pointer", source.time_pointer);
  read_pointer(table, "identity_pointer", source.identity_pointer);
  table.read("event_type", source.event_type);
  if (source.event_type.size() > limits::event_type_bytes_max)
    table.complain("event_type", fmt::format("'event_type' has more than {} bytes", limits::event_type_bytes_max));
  if (source.type_pointer.empty() == source.event_type.empty())
    table.complain("type_pointer", fmt::format("{} needs either 'type_pointer' or 'event_type'", table.title()));
  read_named(table, "dialect", &parse_dialect, source.dialect);
  read_named(table, "effect", &parse_effect, source.effect);
  table.read("photo_hosts", source.photo_hosts);
  for (const auto& host : source.photo_hosts)
    if (host.empty() || !consists_of(host, "-.")) table.complain("photo_hosts", fmt::format("'{}' is not a host name", host));
}

// Limits and the requirement are tables of their own.
RateLimit read_limit(TableReader& table) {
  RateLimit limit;
  table.read("event_type", limit.event_type);
  table.read("once_per_tokyo_day", limit.once_per_tokyo_day);
  std::int64_t count = 0;
  std::int64_t window_s = limit.window.count();
  table.read_integer("count", {1, 1'000'000}, count);
  table.read_integer("window_s", {1, 86'400}, window_s);
  limit.count = static_cast<std::uint32_t>(count);
  limit.window = std::chrono::seconds(window_s);
  const bool counted = table.has("count") || table.has("window_s");
  if (limit.once_per_tokyo_day && counted) table.complain("count", "'once_per_tokyo_day' stands alone, without 'count' and 'window_s'");
  if (!limit.once_per_tokyo_day && !table.has("count")) table.complain("count", "a limit needs 'count' or 'once_per_tokyo_day = true'");
  table.refuse_unknown_keys();
  return limit;
}

void read_limits(TableReader& table, Problems& problems, Source& source) {
  const auto* node = table.node("limits");
  if (node == nullptr) return;
  const auto* list = node->as_array();
  if (list == nullptr || list->size() > limits_max) {
    table.complain("limits", fmt::format("'limits' must be a list of at most {} tables {{event_type, count, window_s}}", limits_max));
    return;
  }
  for (const auto& item : *list) {
    const auto* entry = item.as_table();
    if (entry == nullptr) {
      table.complain("limits", "every limit must be a table {event_type, count, window_s}");
      continue;
    }
    TableReader reader(*entry, "'limits'", table.file(), problems);
    source.limits.push_back(read_limit(reader));
  }
}

void read_requirement(TableReader& table, Problems& problems, Source& source) {
  const auto* node = table.node("require");
  if (node == nullptr) return;
  const auto* entry = node->as_table();
  if (entry == nullptr) {
    table.complain("require", "'require' must be a table {pointer, equals}");
    return;
  }
  TableReader reader(*entry, "'require'", table.file(), problems);
  Requirement requirement;
  read_pointer(reader, "pointer", requirement.pointer);
  reader.require("pointer");
  reader.require("equals");
  reader.read_integer("equals", {INT64_MIN, INT64_MAX}, requirement.equals);
  reader.refuse_unknown_keys();
  source.requirement = requirement;
}

}  // namespace

SourceDraft read_source(TableReader& table, const ConfigDraft& draft, Problems& problems) {
  SourceDraft out;
  out.place = table.place("");
  for (const auto* key : {"name", "paths", "scheme", "secret", "schema", "key_pointer"}) table.require(key);
  table.read("enabled", out.enabled);
  read_name(table, "name", out.source.name);
  if (std::find(built_in_sources.begin(), built_in_sources.end(), out.source.name) != built_in_sources.end())
    table.complain("name", fmt::format("'{}' is a name that routes use for what Denrei takes or makes itself", out.source.name));
  read_name(table, "family", out.source.family);
  if (out.source.family.empty()) out.source.family = out.source.name;
  read_paths(table, out.source);
  read_signature(table, draft, out);
  read_access(table, draft, out.source);
  read_meaning(table, out.source);
  read_limits(table, problems, out.source);
  read_requirement(table, problems, out.source);
  table.read("needs", out.source.needs);
  out.needs_place = table.place("needs");
  table.refuse_unknown_keys();
  return out;
}

}  // namespace denrei
