// Metrics and spans as OTLP/HTTP wants them in JSON: the bodies of POST /v1/metrics and /v1/traces.
//
// Shape   make_metrics_push(resource, families, started, now); make_traces_push(resource, spans)
// Units   times in nanoseconds as decimal strings, counts likewise; histograms with explicit bounds in seconds
// Rules   counters are cumulative, monotonic sums since `started`; names and labels stay those of /metrics; values that are no finite
//         number are left out. The resource is service.name=denrei, service.version, service.instance.id
// Source  OTLP 1.x specification (JSON encoding: lowerCamelCase, ids in hex, enums as integers, 64-bit integers as strings)
#pragma once
#include <string>
#include <vector>

#include "denrei/base/metrics.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/span.hpp"

namespace denrei {

struct OtlpResource {
  std::string version;
  std::string node;                     // service.instance.id
};

struct MetricTimes {
  WallTime started{};                   // of the process
  WallTime now{};
};

[[nodiscard]] std::string make_metrics_push(const OtlpResource& resource, const std::vector<MetricFamily>& families, const MetricTimes& times);
[[nodiscard]] std::string make_traces_push(const OtlpResource& resource, const std::vector<Span>& spans);

}  // namespace denrei
