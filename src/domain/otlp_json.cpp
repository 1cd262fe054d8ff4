// Writing OTLP in JSON.
#include "denrei/domain/otlp_json.hpp"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr int cumulative = 2;      // AggregationTemporality
constexpr int status_error = 2;    // Status.code

// A list that is written element by element.
class List {
 public:
  void add(std::string_view json) { out_.append(out_.size() > 1 ? "," : "").append(json); }
  [[nodiscard]] std::string take() { return std::move(out_.append("]")); }

 private:
  std::string out_ = "[";
};

std::string nanoseconds(WallTime t) { return fmt::format("{}000000", to_unix_ms(t)); }
std::string decimal(double value) { return fmt::format("{}", value); }

std::string attribute(std::string_view key, std::string_view value) {
  return JsonObject{}.text("key", key).raw("value", JsonObject{}.text("stringValue", value).take()).take();
}

std::string attribute(std::string_view key, std::int64_t value) {
  return JsonObject{}.text("key", key).raw("value", JsonObject{}.text("intValue", fmt::format("{}", value)).take()).take();
}

std::string labels_json(const Labels& labels) {
  List out;
  for (const auto& [name, value] : labels) out.add(attribute(name, value));
  return out.take();
}

// {outer: [{"resource":…, inner: [{"scope":…, items: […]}]}]}
struct Frame {
  std::string_view outer, inner, items;
};

std::string framed(const OtlpResource& resource, const Frame& frame, std::string_view list) {
  List attributes;
  attributes.add(attribute("service.name", "denrei"));
  attributes.add(attribute("service.version", resource.version));
  attributes.add(attribute("service.instance.id", resource.node));
  JsonObject scope(list.size() + 128);
  scope.raw("scope", JsonObject{}.text("name", "denrei").text("version", resource.version).take()).raw(frame.items, list);
  JsonObject one(list.size() + 512);
  one.raw("resource", JsonObject{}.raw("attributes", attributes.take()).take()).raw(frame.inner, "[" + scope.take() + "]");
  return JsonObject(list.size() + 640).raw(frame.outer, "[" + one.take() + "]").take();
}

std::string_view unit_of(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_seconds")) return "s";
  return name.ends_with("_bytes") ? "By" : "";
}

JsonObject begin_point(const MetricSample& sample, const MetricTimes& times, bool has_start) {
  JsonObject point(512);
  point.raw("attributes", labels_json(sample.labels));
  if (has_start) point.text("startTimeUnixNano", nanoseconds(times.started));
  point.text("timeUnixNano", nanoseconds(times.now));
  return point;
}

std::string histogram_point(const MetricSample& sample, const MetricTimes& times) {
  const auto counts = sample.histogram->counts();
  List buckets, bounds;
  for (const auto count : counts) buckets.add(fmt::format("\"{}\"", count));
  for (const auto bound : duration_bounds_s) bounds.add(decimal(bound));
  auto point = begin_point(sample, times, true);
  // The count must be the sum of the buckets, whatever was observed meanwhile.
  point.text("count", fmt::format("{}", std::accumulate(counts.begin(), counts.end(), std::uint64_t{0})));
  return point.raw("sum", decimal(sample.histogram->sum_s())).raw("bucketCounts", buckets.take()).raw("explicitBounds", bounds.take()).take();
}

std::string points_of(const MetricFamily& family, const MetricTimes& times) {
  List points;
  for (const auto& sample : family.samples) {
    if (family.kind == MetricKind::histogram) {
      if (sample.histogram != nullptr) points.add(histogram_point(sample, times));
    } else if (std::isfinite(sample.value)) {
      points.add(begin_point(sample, times, family.kind == MetricKind::counter).raw("asDouble", decimal(sample.value)).take());
    }
  }
  return points.take();
}

std::string metric_json(const MetricFamily& family, const MetricTimes& times) {
  const auto points = points_of(family, times);
  JsonObject out(points.size() + 256);
  out.text("name", family.name).text("description", family.help).text_if_any("unit", unit_of(family.name));
  switch (family.kind) {
    case MetricKind::counter:
      out.raw("sum", JsonObject(points.size() + 64).number("aggregationTemporality", cumulative).boolean("isMonotonic", true).raw("dataPoints", points).take());
      break;
    case MetricKind::gauge: out.raw("gauge", JsonObject(points.size() + 32).raw("dataPoints", points).take()); break;
    case MetricKind::histogram:
      out.raw("histogram", JsonObject(points.size() + 64).number("aggregationTemporality", cumulative).raw("dataPoints", points).take());
      break;
  }
  return out.take();
}

std::string span_json(const Span& span) {
  List attributes;
  for (const auto& [key, value] : span.attributes)
    attributes.add(std::visit([&key = key](const auto& v) { return attribute(key, v); }, value));
  JsonObject out(768);
  out.text("traceId", span.trace_id).text("spanId", span.span_id).text_if_any("parentSpanId", span.parent_id).text("name", span.name);
  out.number("kind", static_cast<std::int64_t>(span.kind));
  out.text("startTimeUnixNano", fmt::format("{}000", span.start_us)).text("endTimeUnixNano", fmt::format("{}000", span.end_us));
  out.raw("attributes", attributes.take());
  out.raw("status", span.failed ? JsonObject{}.number("code", status_error).text_if_any("message", span.status_text).take() : "{}");
  return out.take();
}

}  // namespace

std::string make_metrics_push(const OtlpResource& resource, const std::vector<MetricFamily>& families, const MetricTimes& times) {
  List metrics;
  for (const auto& family : families)
    if (!family.samples.empty()) metrics.add(metric_json(family, times));
  return framed(resource, {"resourceMetrics", "scopeMetrics", "metrics"}, metrics.take());
}

std::string make_traces_push(const OtlpResource& resource, const std::vector<Span>& spans) {
  List list;
  for (const auto& span : spans) list.add(span_json(span));
  return framed(resource, {"resourceSpans", "scopeSpans", "spans"}, list.take());
}

}  // namespace denrei
