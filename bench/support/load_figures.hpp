// What a load run found out, and its JSON form.
//
// Shape   to_json(options, events, figures) -> one line
// Units   in the names; "window" is the measured time, "run" includes the warm-up and the last answers
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "employee_events.hpp"
#include "latency.hpp"
#include "options.hpp"
#include "usage_meter.hpp"

namespace denrei::bench {

struct LoadFigures {
  double window_s = 0;
  std::array<std::uint64_t, 600> answers{};  // by status, in the window
  LatencyHistogram latency;
  Usage used;                                // in the window
  std::uint64_t sent_in_run = 0;
  std::uint64_t ok_in_run = 0;               // answers 2xx: what the server must have made durable
  std::uint64_t errors_in_run = 0;           // connections broken, or answers unreadable, while an event was on its way
  std::uint64_t reconnects_in_run = 0;       // the server closed an idle connection, or said that it would
  std::uint64_t behind_max = 0;              // open loop: events that were due and waited for a free connection
  std::uint64_t unanswered = 0;              // still on their way when we gave up waiting
  std::uint64_t unsent = 0;                  // open loop: due in the window and never sent
  bool ran_out = false;                      // the signed events did not suffice for the window

  [[nodiscard]] std::uint64_t answered() const {
    std::uint64_t sum = 0;
    for (const auto n : answers) sum += n;
    return sum;
  }
  [[nodiscard]] std::uint64_t ok() const {
    std::uint64_t sum = 0;
    for (std::size_t status = 200; status < 300; ++status) sum += answers[status];
    return sum;
  }
};

namespace detail {

inline std::string other_statuses(const LoadFigures& f) {
  std::string out;
  for (std::size_t status = 0; status < f.answers.size(); ++status)
    if (status / 100 != 2 && f.answers[status] > 0)
      out += fmt::format(R"({}"{}":{})", out.empty() ? "" : ",", status, f.answers[status]);
  return "{" + out + "}";
}

inline std::string process_json(const LoadFigures& f, const WatchedProcess& process, const ProcessUse& use) {
  const auto answered = static_cast<double>(std::max<std::uint64_t>(1, f.answered()));
  return fmt::format(R"({{"name":"{}","pid":{},"cpu_us_per_event":{:.3f},"cores":{:.3f},"rss_kib":{}}})", process.name,
                     process.pid, use.cpu_s * 1e6 / answered, use.cpu_s / f.window_s, use.resident_kib);
}

inline double watched_cores(const LoadFigures& f) {
  auto cpu_s = f.used.self.cpu_s;
  for (const auto& use : f.used.processes) cpu_s += use.cpu_s;
  return cpu_s / f.window_s;
}

}  // namespace detail

[[nodiscard]] inline std::string to_json(const LoadOptions& o, const SignedEvents& events, const LoadFigures& f) {
  const auto seconds = f.window_s;
  std::string processes;
  for (std::size_t i = 0; i < f.used.processes.size(); ++i)
    processes += (i == 0 ? "" : ",") + detail::process_json(f, o.processes[i], f.used.processes[i]);
  const auto& l = f.latency;
  auto out = fmt::format(R"({{"target":"{}","mode":"{}","connections":{},"rate_wanted_per_s":{:.0f},"keys":{},)", o.target,
                         o.rate > 0 ? "open" : "closed", o.connections, o.rate, o.keys);
  out += fmt::format(R"("signed":{},"body_bytes_mean":{:.1f},"request_bytes_mean":{:.1f},)", events.count(),
                     events.body_bytes_mean(), events.request_bytes_mean());
  out += fmt::format(R"("window_s":{:.3f},"rate_per_s":{:.1f},"ok_per_s":{:.1f},"ok":{},"other_statuses":{},)", seconds,
                     static_cast<double>(f.answered()) / seconds, static_cast<double>(f.ok()) / seconds, f.ok(),
                     detail::other_statuses(f));
  out += fmt::format(R"("p50_us":{:.1f},"p99_us":{:.1f},"p999_us":{:.1f},"max_us":{:.1f},"mean_us":{:.1f},"latencies":{},)",
                     l.quantile_us(0.5), l.quantile_us(0.99), l.quantile_us(0.999), l.max_us(), l.mean_us(), l.count());
  out += fmt::format(R"("processes":[{}],"self":{},)", processes, detail::process_json(f, {"load", ::getpid()}, f.used.self));
  out += fmt::format(R"("foreign_cores":{:.3f},"stolen_cores":{:.3f},)",
                     std::max(0.0, f.used.machine.busy_s / seconds - detail::watched_cores(f)), f.used.machine.stolen_s / seconds);
  out += fmt::format(R"("sent_in_run":{},"ok_in_run":{},"errors_in_run":{},"reconnects_in_run":{},)", f.sent_in_run, f.ok_in_run,
                     f.errors_in_run, f.reconnects_in_run);
  out += fmt::format(R"("behind_max":{},"unanswered":{},"unsent":{},"ran_out":{}}})", f.behind_max, f.unanswered, f.unsent,
                     f.ran_out);
  return out;
}

}  // namespace denrei::bench
