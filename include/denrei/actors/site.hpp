// The site: an immutable snapshot of what the actors need from the configuration, shared by all threads.
//
// A reload makes a new site; requests under way keep the one they started with.
#pragma once
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/cidr.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/base/secret.hpp"
#include "denrei/domain/channel.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/domain/route.hpp"
#include "denrei/domain/schema.hpp"
#include "denrei/domain/service.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

// What became of a webhook: the label `result` of metrics and log lines.
enum class Verdict : std::uint8_t { accepted, repeat, conflict, refused, served };

inline constexpr std::size_t refusals = static_cast<std::size_t>(Refusal::address_denied) + 1;

// The state of one outside service, written by whoever uses it, read by everybody.
struct ServiceMeter {
  std::atomic<ServiceState> state{ServiceState::unknown};
};

struct SourceCounters {
  std::array<Counter*, 3> accepted{};        // accepted, repeat, conflict
  std::array<Counter*, refusals> refused{};  // by Refusal
  Histogram* duration = nullptr;             // from the whole request to its answer; null: nobody asks
  std::map<std::string, Counter*, std::less<>> by_type;  // accepted events of the types that alert rules name
};

struct LiveSource {
  Source source;
  Schema schema;
  std::vector<Secret> secrets;               // current first
  std::vector<Secret> bearers;               // empty: no bearer needed
  std::vector<Cidr> allow;
  SourceCounters counters;
  std::vector<const ServiceMeter*> needs;    // of high dependency
};

struct LiveDestination {
  Destination destination;
  std::vector<Secret> secrets;               // current first; the current one signs
  std::optional<Secret> bearer;
};

struct LiveChannel {
  Channel channel;
  Secret secret;                             // Slack's URL, or what signs a webhook
};

struct LiveService {
  Service service;
  std::vector<Secret> secrets;               // by provider; empty where it needs none
};

// A sender may only hand events in (POST /api/events); the others form a ladder.
enum class Role : std::uint8_t { sender, reader, op, admin };

struct Site {
  std::vector<LiveSource> sources;
  std::map<std::string, std::size_t, std::less<>> paths;  // path -> index in sources
  std::vector<std::pair<std::string, std::size_t>> patterns;  // the paths that have a segment {key}
  std::map<std::string, std::shared_ptr<const LiveDestination>, std::less<>> destinations;
  std::shared_ptr<const Routes> routes = std::make_shared<Routes>();
  std::map<std::string, std::shared_ptr<const LiveChannel>, std::less<>> channels;
  std::map<std::string, std::shared_ptr<const LiveService>, std::less<>> services;
  std::map<Role, Secret> tokens;
  std::shared_ptr<const HmacSha256> console_key;  // signs the console's sessions; used on loop 0 only; null: there is no console
  std::vector<std::string> cors_origins;
  std::vector<Cidr> trusted_proxies;
};
using SitePtr = std::shared_ptr<const Site>;

// Adds a source and its paths. A path that another source has already stays with that one.
void add_source(Site& site, LiveSource live);

// Whether `authorization` ("Bearer …") carries the token of `needed` or of a role above it; above sender stand op and admin.
[[nodiscard]] bool is_authorized(const Site& site, Role needed, std::string_view authorization) noexcept;

}  // namespace denrei
