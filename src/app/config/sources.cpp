// All sources together: unique names and paths, their schemas, and the list for commands that need no secrets.
#include "denrei/app/config/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/config/source_reader.hpp"

namespace denrei {
namespace {

constexpr std::size_t sources_max = 100;

using Seen = std::map<std::string, std::string>;  // a name or path -> where it was used first

void refuse_repeat(std::string_view what, const std::string& value, TableReader& table, std::string_view key, Seen& seen) {
  if (value.empty()) return;
  const auto [first, is_new] = seen.emplace(value, table.place(key));
  if (!is_new) table.complain(key, fmt::format("{} '{}' is already used at {}", what, value, first->second));
}

void read_schema(const Source& source, TableReader& table, const ConfigFile& file, ConfigDraft& draft) {
  if (source.schema.empty()) return;
  auto& config = draft.config;
  if (!config.schemas.contains(source.schema)) {
    auto found = find_schema(source.schema, file, draft.schema_dir);
    if (!found) {
      table.complain("schema", found.error().detail);
      return;
    }
    config.shown["schema." + source.schema] = {fmt::format("{} bytes", found->text.size()), found->origin};
    config.schemas[source.schema] = std::move(found->text);
  }
  const auto compiled = compile_schema(config.schemas[source.schema], {{"photo_hosts", source.photo_hosts}});
  if (!compiled) table.complain("schema", fmt::format("schema '{}': {}", source.schema, compiled.error().detail));
}

std::string dialect_text(Dialect dialect) {
  switch (dialect) {
    case Dialect::employee: return "employee";
    case Dialect::acknowledgement: return "acknowledgement";
    case Dialect::analytics: return "analytics";
    case Dialect::stats: return "stats";
    case Dialect::problem: return "problem";
  }
  return {};
}

std::string format_text(TimestampFormat format) {
  switch (format) {
    case TimestampFormat::none: return "none";
    case TimestampFormat::unix_s: return "unix_s";
    case TimestampFormat::unix_ms: return "unix_ms";
    case TimestampFormat::iso8601: return "iso8601";
  }
  return {};
}

std::string show_limit(const RateLimit& limit) {
  const auto type = limit.event_type.empty() ? "any" : limit.event_type;
  return limit.once_per_tokyo_day ? fmt::format("{}: one a day and key (Asia/Tokyo)", type)
                                  : fmt::format("{}: {} in {} s", type, limit.count, limit.window.count());
}

void show_source(const SourceDraft& read, const TableReader& table, const ConfigDraft& draft, Config& config) {
  const auto& s = read.source;
  const auto show = [&](const char* key, std::string value) {
    if (value.empty()) return;
    config.shown[fmt::format("source.{}.{}", s.name, key)] = {std::move(value), table.has(key) ? table.place(key) : "default"};
  };
  std::vector<std::string> limits;
  for (const auto& limit : s.limits) limits.push_back(show_limit(limit));
  show("enabled", read.enabled ? "true" : "false");
  show("family", s.family);
  show("paths", fmt::format("{}", fmt::join(s.paths, ", ")));
  show("scheme", s.signature.scheme);
  show("signature_header", s.signature.signature_header);
  show("timestamp_header", s.signature.timestamp_header);
  show("timestamp_format", format_text(s.signature.timestamp_format));
  show("id_header", s.signature.id_header);
  show("tolerance_s", std::to_string(s.signature.tolerance.count()));
  if (draft.tolerance) config.shown[fmt::format("source.{}.tolerance_s", s.name)].second = config.shown.at("tolerance-s").second;
  show("secret", s.secret);
  show("bearer", s.bearer);
  show("optional", s.optional ? "true" : "false");
  show("schema", s.schema);
  show("key_pointer", s.key_pointer);
  show("type_pointer", s.type_pointer);
  show("event_type", s.event_type);
  show("time_pointer", s.time_pointer);
  show("identity_pointer", s.identity_pointer);
  show("dialect", dialect_text(s.dialect));
  show("effect", std::string(effect_name(s.effect)));
  show("body_bytes_max", std::to_string(s.body_bytes_max));
  show("require_tls", s.require_tls ? "true" : "false");
  show("allow", s.allow.empty() ? "every address" : fmt::format("{}", fmt::join(s.allow, ", ")));
  show("photo_hosts", fmt::format("{}", fmt::join(s.photo_hosts, ", ")));
  show("limits", fmt::format("{}", fmt::join(limits, "; ")));
  if (s.requirement) show("require", fmt::format("{} = {}", s.requirement->pointer, s.requirement->equals));
}

}  // namespace

std::vector<SourceDraft> read_sources(const ConfigFile& file, ConfigDraft& draft, Problems& problems) {
  std::vector<SourceDraft> drafts;
  const auto* node = file.root.get("source");
  if (node == nullptr) return drafts;
  TableReader top(file.root, "the file", file.name, problems);
  const auto* list = node->as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table) || list->size() > sources_max) {
    top.complain("source", fmt::format("sources are written as [[source]], at most {}", sources_max));
    return drafts;
  }
  Seen names;
  Seen paths;
  for (const auto& item : *list) {
    TableReader table(*item.as_table(), "[[source]]", file.name, problems);
    auto read = read_source(table, draft, problems);
    refuse_repeat("name", read.source.name, table, "name", names);
    for (const auto& path : read.source.paths) refuse_repeat("path", path, table, "paths", paths);
    read_schema(read.source, table, file, draft);
    show_source(read, table, draft, draft.config);
    drafts.push_back(std::move(read));
  }
  return drafts;
}

Result<std::vector<Source>> load_sources(const ConfigInputs& inputs) {
  const auto file = open_config_file(inputs);
  if (!file) return tl::unexpected(file.error());
  Problems problems;
  ConfigDraft draft;
  apply_settings(*file, inputs, draft, problems);
  auto drafts = read_sources(*file, draft, problems);
  if (!problems.empty()) return tl::unexpected(problems.fault());
  std::vector<Source> sources;
  for (auto& read : drafts) sources.push_back(std::move(read.source));
  return sources;
}

}  // namespace denrei
