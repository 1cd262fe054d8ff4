// Counting and collecting.
#include "denrei/base/metrics.hpp"

#include <algorithm>

namespace denrei {

void Histogram::observe(std::chrono::nanoseconds duration) noexcept {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bound = std::lower_bound(duration_bounds_s.begin(), duration_bounds_s.end(), seconds);
  buckets_[static_cast<std::size_t>(bound - duration_bounds_s.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
}

std::array<std::uint64_t, duration_bounds_s.size() + 1> Histogram::counts() const noexcept {
  std::array<std::uint64_t, duration_bounds_s.size() + 1> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = buckets_[i].load(std::memory_order_relaxed);
  return out;
}

double Histogram::sum_s() const noexcept { return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9; }

Counter& MetricsRegistry::counter(const std::string& name, const std::string& help, Labels labels) {
  auto& counter = counters_.emplace_back();
  entries_.push_back({name, help, MetricKind::counter, std::move(labels),
                      [&counter] { return static_cast<double>(counter.value()); }});
  return counter;
}

Histogram& MetricsRegistry::histogram(const std::string& name, const std::string& help, Labels labels) {
  auto& histogram = histograms_.emplace_back();
  entries_.push_back({name, help, MetricKind::histogram, std::move(labels), {}, &histogram});
  return histogram;
}

void MetricsRegistry::gauge(const std::string& name, const std::string& help, Labels labels,
                            std::function<double()> read) {
  entries_.push_back({name, help, MetricKind::gauge, std::move(labels), std::move(read)});
}

ActorMeter& MetricsRegistry::actor(std::string kind, std::string name, std::string parent) {
  auto& meter = actors_.emplace_back();
  meter.kind = std::move(kind);
  meter.name = std::move(name);
  meter.parent = std::move(parent);
  return meter;
}

std::vector<MetricFamily> MetricsRegistry::collect() const {
  std::vector<MetricFamily> families;
  const auto add = [&](const std::string& name, const std::string& help, MetricKind kind, MetricSample sample) {
    auto at = std::find_if(families.begin(), families.end(), [&](const MetricFamily& f) { return f.name == name; });
    if (at == families.end()) at = families.insert(families.end(), MetricFamily{name, help, kind, {}});
    at->samples.push_back(std::move(sample));
  };
  for (const auto& e : entries_) add(e.name, e.help, e.kind, {e.labels, e.read ? e.read() : 0.0, e.histogram});
  for (const auto& a : actors_) {
    const Labels labels{{"actor", a.name}, {"kind", a.kind}};
    const auto enqueued = a.enqueued.load(std::memory_order_relaxed);
    const auto consumed = a.consumed.load(std::memory_order_relaxed);
    add("denrei_actors", "Live actors.", MetricKind::gauge, {labels, static_cast<double>(a.instances.load())});
    add("denrei_actor_mailbox_messages", "Messages waiting in mailboxes.", MetricKind::gauge,
        {labels, static_cast<double>(enqueued > consumed ? enqueued - consumed : 0)});
    add("denrei_actor_messages_processed_total", "Messages handled.", MetricKind::counter,
        {labels, static_cast<double>(consumed)});
    add("denrei_actor_processing_seconds_total", "Time spent handling messages.", MetricKind::counter,
        {labels, static_cast<double>(a.busy_ns.load(std::memory_order_relaxed)) / 1e9});
    add("denrei_actor_restarts_total", "Restarts after a crash.", MetricKind::counter,
        {labels, static_cast<double>(a.restarts.load(std::memory_order_relaxed))});
  }
  return families;
}

}  // namespace denrei
