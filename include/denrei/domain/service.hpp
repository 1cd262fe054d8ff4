// An outside service as configuration: e-mail, object storage, monitoring, CDN. Each with its providers, primary first.
//
// Shape   state and dependency decide the effect: high and down: whatever needs it is in maintenance; medium: its function is off;
//         low: a note
// Limits  providers_max a service; retries and time-outs as the seed says: e-mail 3 and 10 s, object storage 5 and 60 s
// Source  protocol §4; seed external-services
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

inline constexpr std::size_t providers_max = 4;

enum class ServiceKind : std::uint8_t { email, storage, monitoring, cdn };
[[nodiscard]] Result<ServiceKind> parse_service_kind(std::string_view name);
[[nodiscard]] std::string_view service_kind_name(ServiceKind kind) noexcept;

enum class Dependency : std::uint8_t { high, medium, low };
[[nodiscard]] Result<Dependency> parse_dependency(std::string_view name);
[[nodiscard]] std::string_view dependency_name(Dependency dependency) noexcept;

enum class ServiceState : std::uint8_t { unknown, up, on_secondary, down };
[[nodiscard]] std::string_view service_state_name(ServiceState state) noexcept;
// "none", "maintenance", "function_off", "note".
[[nodiscard]] std::string_view service_effect(Dependency dependency, ServiceState state) noexcept;

struct Provider {
  std::string name;                     // unique in its service: "primary", "osaka"
  std::string url;                      // email: smtp://host:587; storage: https://endpoint; monitoring: OTLP base; cdn: a photo
  std::string user;                     // email: user; storage: access key id
  std::string secret;                   // name of the secret: password, secret access key, API key; empty: none is needed
  bool starttls = true;                 // email, smtp://
  std::string from;                     // email: the sender's address
  std::string region = "us-east-1";     // storage
  std::string bucket;                   // storage
  bool path_style = true;               // storage: https://endpoint/bucket/key; else https://bucket.endpoint/key
  std::string key_header;               // monitoring: the header that carries the secret; empty: "Authorization: Bearer …"
  std::string origin;                   // cdn: the Origin that its CORS answer must allow; empty: CORS is not looked at
  std::string ca_file;                  // PEM; empty: the system's
  bool plain_http = false;              // http:// is allowed
  std::vector<std::string> allow;       // CIDR of private addresses that may be connected to
};

struct Service {
  std::string name;                     // unique
  ServiceKind kind = ServiceKind::email;
  Dependency dependency = Dependency::low;
  bool optional = false;                // without a provider's secret: off (true), or start-up stops (false)
  std::vector<Provider> providers;      // primary first
  std::uint32_t retries = 3;            // of one provider, after the first try; waits of 1, 2, 4 s …
  Millis timeout{10'000};
  Millis return_after{60'000};          // how long a secondary is used before the primary is tried again
  Millis interval{15'000};              // monitoring: between two pushes; cdn: between two checks
  double trace_share = 0.01;            // monitoring: of the events that are traced, 0–1
  std::size_t buffer_bytes_max = 64u * 1024 * 1024;  // monitoring: on disk while it is away; the oldest goes first
};

}  // namespace denrei
