// All services together: their own members, what is shown of them, which of them can run, and what sources need of them.
#include "denrei/app/config/services.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/app/config/urls.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t services_max = 20;
constexpr DurationRange return_waits{Millis{100}, std::chrono::hours{24}};
constexpr DurationRange intervals{1s, std::chrono::hours{24}};
constexpr IntegerRange buffer_bytes{1024 * 1024, std::int64_t{16} * 1024 * 1024 * 1024};

// What a kind is unless the file says something else. Retries and time-outs: seed external-services.
Service make_default(ServiceKind kind) {
  Service out{.name = {}, .kind = kind};
  switch (kind) {
    case ServiceKind::email: out.dependency = Dependency::high; break;
    case ServiceKind::storage:
      out.dependency = Dependency::medium;
      out.retries = 5;
      out.timeout = 60s;
      break;
    case ServiceKind::monitoring: break;
    case ServiceKind::cdn: out.interval = 5min; break;
  }
  return out;
}

void read_provider_of(ServiceKind kind, TableReader& table, Provider& out) {
  switch (kind) {
    case ServiceKind::email: return read_email_provider(table, out);
    case ServiceKind::storage: return read_storage_provider(table, out);
    case ServiceKind::monitoring: return read_monitoring_provider(table, out);
    case ServiceKind::cdn: return read_cdn_provider(table, out);
  }
}

void show_provider(const Service& service, const Provider& p, const TableReader& table, Config& config) {
  ShownValues shown(config, fmt::format("service.{}.{}", service.name, p.name), table);
  const bool is_mail = service.kind == ServiceKind::email;
  shown.add(is_mail ? "server" : "url", mask_query(p.url));
  shown.add(is_mail ? "user" : "access_key", p.user);
  shown.add("secret", p.secret);
  shown.add("from", p.from);
  shown.add("bucket", p.bucket);
  if (is_mail) shown.add_flag("starttls", p.starttls);
  else shown.add_flag("plain_http", p.plain_http);
  if (service.kind == ServiceKind::storage) {
    shown.add("region", p.region);
    shown.add_flag("path_style", p.path_style);
  }
  shown.add("key_header", p.key_header);
  shown.add("origin", p.origin);
  shown.add("ca_file", p.ca_file.empty() ? "the system's" : p.ca_file);
  if (!is_mail) shown.add_list("allow", p.allow.empty() ? std::vector<std::string>{"public addresses only"} : p.allow);
}

void read_providers(TableReader& table, Problems& problems, Config& config, Service& out) {
  const auto* node = table.node("provider");
  const auto* list = node == nullptr ? nullptr : node->as_array();
  const bool good = list != nullptr && !list->empty() && list->size() <= providers_max && list->is_homogeneous(toml::node_type::table);
  if (!good)
    return table.complain("provider", fmt::format("{} needs 1 to {} providers, written as [[service.provider]], primary first", table.title(), providers_max));
  Seen names;
  for (const auto& item : *list) {
    TableReader reader(*item.as_table(), "[[service.provider]]", table.file(), problems);
    Provider provider;
    reader.require("name");
    read_name(reader, "name", provider.name);
    refuse_repeat("name", provider.name, reader, "name", names);
    read_provider_of(out.kind, reader, provider);
    reader.refuse_unknown_keys();
    show_provider(out, provider, reader, config);
    out.providers.push_back(std::move(provider));
  }
}

// What only some kinds have.
void read_rhythm(TableReader& table, Service& out) {
  const auto refuse = [&](std::initializer_list<const char*> keys, std::string_view whose) {
    for (const auto* key : keys)
      if (table.node(key) != nullptr) table.complain(key, fmt::format("'{}' belongs to {}", key, whose));
  };
  const bool is_monitoring = out.kind == ServiceKind::monitoring;
  if (is_monitoring || out.kind == ServiceKind::cdn) read_duration(table, "interval", intervals, out.interval);
  else refuse({"interval"}, "kinds \"monitoring\" and \"cdn\"");
  if (!is_monitoring) return refuse({"trace_share", "buffer_bytes_max"}, "kind \"monitoring\"");
  table.read_number("trace_share", {0, 1}, out.trace_share);
  read_count(table, "buffer_bytes_max", buffer_bytes, out.buffer_bytes_max);
}

void show_service(const Service& service, const TableReader& table, Config& config) {
  ShownValues shown(config, "service." + service.name, table);
  std::vector<std::string> providers;
  for (const auto& provider : service.providers) providers.push_back(provider.name);
  shown.add("kind", std::string(service_kind_name(service.kind)));
  shown.add("dependency", std::string(dependency_name(service.dependency)));
  shown.add_flag("optional", service.optional);
  shown.add_list("provider", providers);
  shown.add_number("retries", service.retries);
  shown.add("timeout", show_duration(service.timeout));
  shown.add("return_after", show_duration(service.return_after));
  const bool is_monitoring = service.kind == ServiceKind::monitoring;
  if (is_monitoring || service.kind == ServiceKind::cdn) shown.add("interval", show_duration(service.interval));
  if (!is_monitoring) return;
  shown.add("trace_share", fmt::format("{}", service.trace_share));
  shown.add_number("buffer_bytes_max", service.buffer_bytes_max);
}

ServiceDraft read_service(TableReader& table, Problems& problems, Config& config) {
  auto kind = ServiceKind::email;
  for (const auto* key : {"name", "kind"}) table.require(key);
  read_named(table, "kind", &parse_service_kind, kind);
  ServiceDraft out{make_default(kind), table.place("")};
  auto& service = out.service;
  read_name(table, "name", service.name);
  read_named(table, "dependency", &parse_dependency, service.dependency);
  table.read("optional", service.optional);
  read_count(table, "retries", service_retries, service.retries);
  read_duration(table, "timeout", service_timeouts, service.timeout);
  read_duration(table, "return_after", return_waits, service.return_after);
  read_rhythm(table, service);
  read_providers(table, problems, config, service);
  table.refuse_unknown_keys();
  return out;
}

}  // namespace

std::vector<ServiceDraft> read_services(const ConfigFile& file, ConfigDraft& draft, Problems& problems) {
  std::vector<ServiceDraft> drafts;
  Seen names;
  for (auto& table : tables_of(file, "service", services_max, problems)) {
    auto read = read_service(table, problems, draft.config);
    refuse_repeat("name", read.service.name, table, "name", names);
    show_service(read.service, table, draft.config);
    drafts.push_back(std::move(read));
  }
  return drafts;
}

void take_services(std::vector<ServiceDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems) {
  for (auto& read : drafts)
    if (collect_secrets(read, inputs.env, config, problems)) config.services.push_back(std::move(read.service));
}

void check_needs(const Source& source, const std::string& place, const std::vector<ServiceDraft>& services, Problems& problems) {
  std::vector<std::string> names;
  for (const auto& service : services) names.push_back(service.service.name);
  for (const auto& name : source.needs)
    if (std::find(names.begin(), names.end(), name) == names.end())
      problems.add(place, fmt::format("there is no service '{}'{}", name, suggest_word(name, names)));
}

void keep_live_needs(Config& config) {
  const auto holds_up = [&](const Source& source, const std::string& name) {
    const auto at = std::find_if(config.services.begin(), config.services.end(), [&](const Service& s) { return s.name == name; });
    const bool is_off = at == config.services.end();
    if (!is_off && at->dependency == Dependency::high) return true;
    config.notices.push_back(fmt::format("source {} does not wait for service {}: {}", source.name, name,
                                         is_off ? std::string("it is off") : fmt::format("its dependency is {}", dependency_name(at->dependency))));
    return false;
  };
  for (auto& source : config.sources) std::erase_if(source.needs, [&](const std::string& name) { return !holds_up(source, name); });
}

}  // namespace denrei
