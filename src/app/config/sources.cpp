// All sources together: unique names and paths, their schemas, and the list for commands that need no secrets.
#include "denrei/app/config/sources.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/app/config/source_reader.hpp"

namespace denrei {
namespace {

constexpr std::size_t sources_max = 100;

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
    case Dialect::api: return "api";
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
  ShownValues shown(config, "source." + s.name, table);
  std::vector<std::string> limits;
  for (const auto& limit : s.limits) limits.push_back(show_limit(limit));
  shown.add_flag("enabled", read.enabled);
  shown.add("family", s.family);
  shown.add_list("paths", s.paths);
  shown.add("scheme", s.signature.scheme);
  shown.add("signature_header", s.signature.signature_header);
  shown.add("timestamp_header", s.signature.timestamp_header);
  shown.add("timestamp_format", timestamp_format_text(s.signature.timestamp_format));
  shown.add("id_header", s.signature.id_header);
  const auto tolerance_s = std::to_string(s.signature.tolerance.count());
  if (draft.tolerance) shown.add_from("tolerance_s", tolerance_s, config.shown.at("tolerance-s").second);
  else shown.add("tolerance_s", tolerance_s);
  shown.add("secret", s.secret);
  shown.add("bearer", s.bearer);
  shown.add_flag("optional", s.optional);
  shown.add("schema", s.schema);
  shown.add("key_pointer", s.key_pointer);
  shown.add("type_pointer", s.type_pointer);
  shown.add("event_type", s.event_type);
  shown.add("time_pointer", s.time_pointer);
  shown.add("identity_pointer", s.identity_pointer);
  shown.add("dialect", dialect_text(s.dialect));
  shown.add("effect", std::string(effect_name(s.effect)));
  shown.add_number("body_bytes_max", s.body_bytes_max);
  shown.add_flag("require_tls", s.require_tls);
  shown.add("allow", s.allow.empty() ? "every address" : fmt::format("{}", fmt::join(s.allow, ", ")));
  shown.add_list("photo_hosts", s.photo_hosts);
  shown.add("limits", fmt::format("{}", fmt::join(limits, "; ")));
  shown.add_list("needs", s.needs);
  if (s.requirement) shown.add("require", fmt::format("{} = {}", s.requirement->pointer, s.requirement->equals));
}

}  // namespace

std::vector<SourceDraft> read_sources(const ConfigFile& file, ConfigDraft& draft, Problems& problems) {
  std::vector<SourceDraft> drafts;
  Seen names;
  Seen paths;
  for (auto& table : tables_of(file, "source", sources_max, problems)) {
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
