// Loading the configuration: settings, tables, secrets, and what must hold between them.
#include "denrei/app/config.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "denrei/app/config/addresses.hpp"
#include "denrei/app/config/alert_rules.hpp"
#include "denrei/app/config/routes.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/services.hpp"
#include "denrei/app/config/sources.hpp"

namespace denrei {
namespace {

// The processors that this process may use, which in a container can be fewer than the machine has.
unsigned usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&cores)));
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "denrei";
  return name.data();
}

// One core is left for Redis and the kernel; a thread without a partition would have nothing to do.
// One thread a core but one, which the store and the kernel need. A partition lives on one thread and divides the append
// batches, so a new store gets as many as there are threads and not more (docs/decisions/0009).
void resolve_threads(ConfigDraft& draft, Problems& problems) {
  auto& config = draft.config;
  constexpr unsigned threads_of_themselves_max = 8;  // beyond it the one Redis is busier than they are
  const unsigned fitting = std::clamp(usable_cores() - 1, 1u, threads_of_themselves_max);
  config.partitions = draft.partitions.value_or(draft.threads.value_or(fitting));
  config.threads = draft.threads.value_or(std::min(fitting, config.partitions));
  config.shown["redis.partitions"].first = std::to_string(config.partitions);
  auto& shown = config.shown["server.threads"];
  shown.first = std::to_string(config.threads);
  if (config.threads > config.partitions)
    problems.add(shown.second, fmt::format("server.threads: {} threads need at least as many partitions, but redis.partitions is {}",
                                           config.threads, config.partitions));
}

void check_listeners(const Config& config, Problems& problems) {
  const bool same = config.listen.address == config.ops_listen.address && config.listen.port == config.ops_listen.port;
  if (same && config.listen.port != 0)
    problems.add(config.shown.at("server.ops_listen").second, "server.ops_listen: must differ from server.listen");
}

void check_tls_file(const std::filesystem::path& path, const std::string& name, const Config& config, Problems& problems) {
  if (path.empty()) return;
  if (const auto text = read_small_file(path); !text)
    problems.add(config.shown.at(name).second, fmt::format("{}: {}", name, text.error().detail));
}

void check_tls(Config& config, Problems& problems) {
  const auto& tls = config.tls;
  if (tls.certificate.empty() != tls.key.empty())
    problems.add("", tls.key.empty() ? "tls.certificate is set without tls.key" : "tls.key is set without tls.certificate");
  check_tls_file(tls.certificate, "tls.certificate", config, problems);
  check_tls_file(tls.key, "tls.key", config, problems);
  if (!tls.certificate.empty() || !config.trusted_proxies.empty()) return;
  for (const auto& source : config.sources)
    if (source.require_tls)
      config.notices.push_back(fmt::format("source {} requires TLS, but this listener speaks plain HTTP and no proxy is trusted: "
                                           "every request of it will be refused",
                                           source.name));
}

void take_sources(std::vector<SourceDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems) {
  for (auto& read : drafts) {
    if (!read.enabled) config.notices.push_back(fmt::format("source {} is off: enabled = false", read.source.name));
    else if (collect_secrets(read, inputs.env, config, problems)) config.sources.push_back(std::move(read.source));
  }
  if (config.sources.empty()) config.notices.emplace_back("no source is on: nothing can be received");
}

RouteEnds name_ends(const std::vector<SourceDraft>& sources, const std::vector<DestinationDraft>& destinations) {
  RouteEnds ends{{built_in_sources.begin(), built_in_sources.end()}, {}};
  for (const auto& source : sources) ends.sources.push_back(source.source.name);
  for (const auto& destination : destinations) ends.destinations.push_back(destination.destination.name);
  return ends;
}

AlertRuleNames name_watched(const std::vector<SourceDraft>& sources, const std::vector<DestinationDraft>& destinations,
                            const std::vector<ChannelDraft>& channels) {
  AlertRuleNames names;
  for (const auto& source : sources) names.sources.push_back(source.source.name);
  for (const auto& destination : destinations) names.destinations.push_back(destination.destination.name);
  for (const auto& channel : channels) names.channels.push_back(channel.channel.name);
  return names;
}

// All tables are read before any is left out, so that every name in them can be checked.
void read_tables(const ConfigFile& file, const ConfigInputs& inputs, ConfigDraft& draft, Problems& problems) {
  auto sources = read_sources(file, draft, problems);
  auto services = read_services(file, draft, problems);
  auto channels = read_channels(file, services, draft, problems);
  for (const auto& source : sources) check_needs(source.source, source.needs_place, services, problems);
  auto destinations = read_destinations(file, inputs, channels, draft, problems);
  auto routes = read_routes(file, name_ends(sources, destinations), draft, problems);
  auto alert_rules = read_alert_rules(file, name_watched(sources, destinations, channels), draft, problems);
  take_sources(std::move(sources), inputs, draft.config, problems);
  take_services(std::move(services), inputs, draft.config, problems);
  keep_live_needs(draft.config);
  take_channels(std::move(channels), inputs, draft.config, problems);
  take_destinations(std::move(destinations), inputs, draft.config, problems);
  take_routes(std::move(routes), draft.config);
  take_alert_rules(std::move(alert_rules), draft.config);
}

}  // namespace

Result<Config> load_config(const ConfigInputs& given) {
  auto inputs = given;
  auto file = open_config_file(inputs);
  if (!file) return tl::unexpected(file.error());
  Problems problems;
  ConfigDraft draft;
  draft.config.node = host_name();
  draft.config.shown["config"] = {file->name, file->built_in ? "default" : "file"};
  apply_settings(*file, inputs, draft, problems);
  inputs.env = with_secrets_dir(given.env, draft.config.data_dir);
  resolve_threads(draft, problems);
  read_tables(*file, inputs, draft, problems);
  read_role_tokens(inputs.env, draft.config, problems);
  check_listeners(draft.config, problems);
  check_tls(draft.config, problems);
  if (draft.config.dedupe_window < std::chrono::hours(72))
    draft.config.notices.emplace_back("redis.dedupe_window_h is below the 72 hours of the contract: late repeats will count twice");
  if (!problems.empty()) return tl::unexpected(problems.fault());
  return std::move(draft.config);
}

std::string describe_config(const Config& config) {
  std::string text;
  for (const auto& [name, value] : config.shown) text += fmt::format("{} = {}  # {}\n", name, value.first, value.second);
  return text;
}

}  // namespace denrei
