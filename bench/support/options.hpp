// Command line of `load`: which server to drive, how hard, for how long, and whose CPU time to read meanwhile.
//
// Shape   parse_options(arguments, environment secret) -> Result<LoadOptions>
// Units   seconds; events a second; rate 0 = closed loop
// Limits  loopback targets only; see the constants below
// Errors  invalid, with the option's name
#pragma once
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"
#include "denrei/base/secret.hpp"

namespace denrei::bench {

inline constexpr std::size_t load_connections_max = 10'000;  // one process may open about 20,000 files
inline constexpr std::size_t events_max = 4'000'000;         // about 3.2 GB of signed requests in memory
inline constexpr double run_seconds_max = 240;               // the signatures are good for 300 s
inline constexpr double rate_max = 1e6;
inline constexpr std::size_t processes_max = 16;
inline constexpr std::size_t path_bytes_max = 1'024;         // leaves room in the smallest header limit of the servers
inline constexpr std::size_t secret_bytes_min = 32;          // protocol §1.3

struct WatchedProcess {
  std::string name;
  int pid = 0;
};

struct LoadOptions {
  std::string target = "127.0.0.1:4000";
  sockaddr_in address{};
  std::string path = "/api/webhooks/medical-system/employee";
  std::size_t connections = 64;
  double rate = 0;
  double seconds = 5;
  double warmup = 1;
  std::size_t events = 0;  // 0: as many as the run is likely to need
  std::size_t keys = 10'000;
  std::uint64_t seed = 1;
  std::vector<WatchedProcess> processes;
  Secret secret;
};

inline constexpr std::string_view load_usage =
    "load: drives a webhook endpoint on this machine with signed employee events; prints one JSON object\n"
    "  --target HOST:PORT   127.x.x.x or localhost (127.0.0.1:4000)\n"
    "  --path PATH          (/api/webhooks/medical-system/employee)\n"
    "  --connections N      keep-alive connections, one request at a time on each (64)\n"
    "  --rate R             events a second; 0: closed loop (0)\n"
    "  --seconds S          measured time (5)\n"
    "  --warmup S           time before it that is not measured (1)\n"
    "  --events N           events to sign beforehand (enough for the run at a fast server's rate)\n"
    "  --keys N             different staffIds (10000)\n"
    "  --seed N             which staff and which kind of event follow each other (1)\n"
    "  --pid [NAME=]PID,…   processes whose CPU time and memory to read in the same window\n"
    "The secret is read from MEDICAL_WEBHOOK_SECRET (32 characters or more).\n";

template <class Number>
[[nodiscard]] Result<Number> parse_number(std::string_view name, std::string_view text, Number min, Number max) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= min && value <= max))
    return fail(FaultCode::invalid, std::string(name) + ": '" + std::string(text) + "' is not a number in its range");
  return value;
}

// Only this machine: a load generator must not be a weapon.
[[nodiscard]] inline Result<sockaddr_in> parse_loopback(std::string_view target) {
  const auto colon = target.rfind(':');
  if (colon == std::string_view::npos) return fail(FaultCode::invalid, "address must be HOST:PORT");
  auto host = std::string(target.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  auto port = parse_number<std::uint16_t>("port", target.substr(colon + 1), 1, 65'535);
  if (!port) return tl::unexpected(port.error());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(*port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 || ntohl(address.sin_addr.s_addr) >> 24 != 127)
    return fail(FaultCode::invalid, "'" + host + "' is not a loopback address (127.x.x.x or localhost)");
  return address;
}

[[nodiscard]] inline Result<std::vector<WatchedProcess>> parse_processes(std::string_view list) {
  std::vector<WatchedProcess> out;
  while (!list.empty()) {
    const auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const auto equals = item.find('=');
    const auto name = equals == std::string_view::npos ? std::string_view{"process"} : item.substr(0, equals);
    auto pid = parse_number<int>("--pid", item.substr(equals == std::string_view::npos ? 0 : equals + 1), 1, 1 << 22);
    if (!pid) return tl::unexpected(pid.error());
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string_view::npos || out.size() == processes_max)
      return fail(FaultCode::invalid, "--pid: names are lower-case words, and there are at most 16");
    out.push_back({std::string(name), *pid});
  }
  return out;
}

// A path goes into the request line as it is, so nothing in it may end that line.
[[nodiscard]] inline bool is_plain_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > path_bytes_max) return false;
  for (const char c : path)
    if (c <= ' ' || c > '~') return false;
  return true;
}

[[nodiscard]] inline Result<void> set_option(LoadOptions& o, const std::string& name, std::string_view text) {
  const auto store = [](auto& member, auto parsed) -> Result<void> {
    if (!parsed) return tl::unexpected(parsed.error());
    member = std::move(*parsed);
    return {};
  };
  if (name == "--target") return o.target = text, store(o.address, parse_loopback(text));
  if (name == "--path" && is_plain_path(text)) return o.path = text, Result<void>{};
  if (name == "--connections") return store(o.connections, parse_number<std::size_t>(name, text, 1, load_connections_max));
  if (name == "--rate") return store(o.rate, parse_number<double>(name, text, 0, rate_max));
  if (name == "--seconds") return store(o.seconds, parse_number<double>(name, text, 0.1, run_seconds_max));
  if (name == "--warmup") return store(o.warmup, parse_number<double>(name, text, 0, run_seconds_max));
  if (name == "--events") return store(o.events, parse_number<std::size_t>(name, text, 1, events_max));
  if (name == "--keys") return store(o.keys, parse_number<std::size_t>(name, text, 1, events_max));
  if (name == "--seed") return store(o.seed, parse_number<std::uint64_t>(name, text, 0, UINT64_MAX));
  if (name == "--pid") return store(o.processes, parse_processes(text));
  return fail(FaultCode::invalid, name + ": no such option or not a value for it");
}

[[nodiscard]] inline std::size_t likely_events(const LoadOptions& o) {
  constexpr double fast_server_per_s = 320'000;  // about what the kernel's TCP allows on two cores
  const auto rate = o.rate > 0 ? o.rate * 1.01 : fast_server_per_s;
  const auto needed = rate * (o.warmup + o.seconds) + static_cast<double>(o.connections);
  return std::min(events_max, static_cast<std::size_t>(needed));
}

[[nodiscard]] inline Result<LoadOptions> parse_options(std::span<char*> arguments, const char* secret) {
  LoadOptions o;
  o.address = *parse_loopback(o.target);
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return fail(FaultCode::invalid, std::string(arguments[i]) + " needs a value");
    if (auto set = set_option(o, arguments[i], arguments[i + 1]); !set) return tl::unexpected(set.error());
  }
  if (o.warmup + o.seconds > run_seconds_max)
    return fail(FaultCode::invalid, "--warmup and --seconds: together at most 240, the signatures expire after 300");
  if (secret == nullptr || std::string_view(secret).size() < secret_bytes_min)
    return fail(FaultCode::invalid, "MEDICAL_WEBHOOK_SECRET must be set and have at least 32 characters");
  o.secret = Secret(secret);
  if (o.events == 0) o.events = likely_events(o);
  return o;
}

}  // namespace denrei::bench
