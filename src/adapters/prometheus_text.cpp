// From our families to prometheus-cpp's, and to text.
#include "denrei/adapters/prometheus_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

namespace denrei {
namespace {

prometheus::ClientMetric to_client_metric(const MetricSample& sample, MetricKind kind) {
  prometheus::ClientMetric out;
  for (const auto& [name, value] : sample.labels) out.label.push_back({name, value});
  switch (kind) {
    case MetricKind::counter: out.counter.value = sample.value; break;
    case MetricKind::gauge: out.gauge.value = sample.value; break;
    case MetricKind::histogram: {
      const auto counts = sample.histogram->counts();
      std::uint64_t cumulative = 0;
      for (std::size_t i = 0; i < counts.size(); ++i) {
        cumulative += counts[i];
        const double bound = i < duration_bounds_s.size() ? duration_bounds_s[i] : std::numeric_limits<double>::infinity();
        out.histogram.bucket.push_back({cumulative, bound});
      }
      out.histogram.sample_count = cumulative;
      out.histogram.sample_sum = sample.histogram->sum_s();
    }
  }
  return out;
}

prometheus::MetricType to_type(MetricKind kind) {
  switch (kind) {
    case MetricKind::counter: return prometheus::MetricType::Counter;
    case MetricKind::gauge: return prometheus::MetricType::Gauge;
    case MetricKind::histogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

std::string prometheus_text(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> out;
  for (const auto& family : families) {
    prometheus::MetricFamily f;
    f.name = family.name;
    f.help = family.help;
    f.type = to_type(family.kind);
    for (const auto& sample : family.samples) f.metric.push_back(to_client_metric(sample, family.kind));
    out.push_back(std::move(f));
  }
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, out);
  return text.str();
}

}  // namespace denrei
