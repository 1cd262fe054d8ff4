// The configuration: every value with its origin. Flag over environment over file over default.
//
// Shape   load_config(inputs) -> Result<Config>; describe_config(config) -> lines "name = value  # origin", secrets masked
// Limits  a secret has at least 32 characters; unknown keys are errors with a suggestion
// Errors  invalid, with file, line and column where there is one
// Source  design §8; protocol §1.3 (secrets)
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "denrei/app/config/secret_age.hpp"
#include "denrei/base/result.hpp"
#include "denrei/base/secret.hpp"
#include "denrei/domain/alert_rule.hpp"
#include "denrei/domain/channel.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/domain/route.hpp"
#include "denrei/domain/service.hpp"
#include "denrei/domain/source.hpp"
#include "denrei/http/timeouts.hpp"

namespace denrei {

struct Endpoint {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);  // "127.0.0.1:4000", "[::1]:4000", ":4000" = loopback

struct TlsFiles {
  std::filesystem::path certificate;  // PEM chain; empty: plain HTTP
  std::filesystem::path key;
};

// The secrets of one name: the current one and, while rotating, the previous one (<NAME>_PREVIOUS).
struct SecretSet {
  std::vector<Secret> values;         // one or two; current first
};

struct Config {
  Endpoint listen{"127.0.0.1", 4000};
  Endpoint ops_listen{"127.0.0.1", 4001};
  std::filesystem::path data_dir = "./data";
  std::string redis = "embedded";     // or redis://, rediss://, unix:// URL
  std::string redis_prefix = "dn";
  std::string node;                   // default: the host's name
  bool take_over = false;
  unsigned threads = 0;               // resolved: at least 1
  bool delivery_thread = false;       // deliveries on a loop of their own, beside those that take requests
  unsigned partitions = 1;            // resolved; used when the store is created; an existing store keeps its own
  std::chrono::hours dedupe_window{72};
  std::uint64_t log_keep_events = 200'000;  // applied events whose payload each partition keeps in its log
  std::size_t redis_maxmemory_mb = 1024;    // embedded only
  std::chrono::seconds drain_timeout{20};
  HttpTimeouts http_timeouts;
  TlsFiles tls;
  std::vector<std::string> trusted_proxies;  // CIDR: their X-Forwarded-Proto and X-Forwarded-For are believed
  std::vector<std::string> cors_origins{"https://voicedrive.example.com", "http://localhost:3001"};
  bool log_requests = true;
  Secret console_token;               // DENREI_CONSOLE_TOKEN: opens one session of the console; empty: there is none
  bool hourly_statistics = true;      // of the announcements that are counted here: stats.hourly on the hour
  bool daily_statistics = true;       // and stats.daily at 00:00 Asia/Tokyo
  std::vector<Source> sources;        // enabled ones only, with completed signature specs
  std::vector<Destination> destinations;  // enabled ones only, with completed signature specs
  std::vector<Route> routes;          // whose destination is enabled
  std::vector<Channel> channels;      // enabled ones only
  std::vector<Service> services;      // enabled ones only
  std::vector<AlertRuleSpec> alert_rules;  // over what is on
  std::vector<std::string> notices;   // said at start-up: which optional sources are off, and why
  std::map<std::string, SecretSet> secrets;   // by secret name, only those that enabled sources and roles use
  std::vector<SecretAge> secret_ages;         // of all secrets in use, tokens of roles included
  std::optional<WallTime> secrets_change_at;  // when the next previous secret stops being accepted, which a reload then applies
  std::map<std::string, Secret> role_tokens;  // "sender", "reader", "operator", "admin" -> token; absent: the role does not exist
  std::map<std::string, std::string> schemas; // file name -> text
  std::map<std::string, std::pair<std::string, std::string>> shown;  // name -> (value as shown, origin); in name order
};

// What load_config reads from; tests pass their own.
struct ConfigInputs {
  std::optional<std::filesystem::path> file;                            // --config; else DENREI_CONFIG; else ./config/denrei.toml if it exists; else the embedded default
  std::map<std::string, std::string> flags;                             // option name without dashes ("data-dir") -> value
  std::function<std::optional<std::string>(const std::string&)> env;    // environment look-up
};

[[nodiscard]] Result<Config> load_config(const ConfigInputs& inputs);
[[nodiscard]] std::string describe_config(const Config& config);

}  // namespace denrei
