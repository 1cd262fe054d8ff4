// The site: an immutable snapshot of what the actors need from the configuration, shared by all threads.
//
// A reload makes a new site; requests under way keep the one they started with.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/cidr.hpp"
#include "denrei/base/metrics.hpp"
#include "denrei/base/secret.hpp"
#include "denrei/domain/channel.hpp"
#include "denrei/domain/destination.hpp"
#include "denrei/domain/route.hpp"
#include "denrei/domain/schema.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

// What became of a webhook: the label `result` of metrics and log lines.
enum class Verdict : std::uint8_t { accepted, repeat, conflict, refused, served };

inline constexpr std::size_t refusals = static_cast<std::size_t>(Refusal::address_denied) + 1;

struct SourceCounters {
  std::array<Counter*, 3> accepted{};        // accepted, repeat, conflict
  std::array<Counter*, refusals> refused{};  // by Refusal
};

struct LiveSource {
  Source source;
  Schema schema;
  std::vector<Secret> secrets;               // current first
  std::vector<Secret> bearers;               // empty: no bearer needed
  std::vector<Cidr> allow;
  SourceCounters counters;
};

struct LiveDestination {
  Destination destination;
  std::vector<Secret> secrets;               // current first; the current one signs
  std::optional<Secret> bearer;
};

struct LiveChannel {
  Channel channel;
  Secret secret;                             // Slack's URL or the mail password
};

// A sender may only hand events in (POST /api/events); the others form a ladder.
enum class Role : std::uint8_t { sender, reader, op, admin };

struct Site {
  std::vector<LiveSource> sources;
  std::map<std::string, std::size_t, std::less<>> paths;  // path -> index in sources
  std::map<std::string, std::shared_ptr<const LiveDestination>, std::less<>> destinations;
  std::shared_ptr<const Routes> routes = std::make_shared<Routes>();
  std::map<std::string, std::shared_ptr<const LiveChannel>, std::less<>> channels;
  std::map<Role, Secret> tokens;
  std::vector<std::string> cors_origins;
  std::vector<Cidr> trusted_proxies;
};
using SitePtr = std::shared_ptr<const Site>;

// Whether `authorization` ("Bearer …") carries the token of `needed` or of a role above it; above sender stand op and admin.
[[nodiscard]] bool is_authorized(const Site& site, Role needed, std::string_view authorization) noexcept;

}  // namespace denrei
