// Numbers that many threads count and one reader shows: counters, histograms and the meters of actors.
//
// Shape   registry.counter(name, help, labels) at wiring time -> Counter&; registry.collect() at any time -> families
// Units   base units as Prometheus wants them: seconds, bytes; counters end in _total
// Limits  everything is registered before the threads start; labels never hold a key, an event id or a URL
// Source  house §6; Prometheus naming practices
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace denrei {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// OpenTelemetry's stable buckets for HTTP, with 0.5, 1 and 2.5 ms added: our answers are mostly below 5 ms.
inline constexpr std::array<double, 16> duration_bounds_s{.0005, .001, .0025, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 10};

class Histogram {
 public:
  void observe(std::chrono::nanoseconds duration) noexcept;
  [[nodiscard]] std::array<std::uint64_t, duration_bounds_s.size() + 1> counts() const noexcept;  // last: above every bound
  [[nodiscard]] double sum_s() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, duration_bounds_s.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_ns_{0};
};

// What one actor, or all actors of one kind on one partition, have done. Written by them, read by the registry.
struct ActorMeter {
  std::string kind;                                // "Partition"
  std::string name;                                // "partition-2"; the kind in the plural for shared meters
  std::string parent;                              // name of the meter above it in the tree; empty: the root
  std::atomic<std::int64_t> instances{0};
  std::atomic<std::uint64_t> enqueued{0};
  std::atomic<std::uint64_t> consumed{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<std::int64_t> waiting_since_ns{0};   // steady clock when the mailbox was last empty; 0: empty now
  std::atomic<std::int64_t> depth_max{0};
};

using Labels = std::map<std::string, std::string>;

struct MetricSample {
  Labels labels;
  double value = 0;                                // counters and gauges
  const Histogram* histogram = nullptr;
};
enum class MetricKind : std::uint8_t { counter, gauge, histogram };
struct MetricFamily {
  std::string name;
  std::string help;
  MetricKind kind = MetricKind::counter;
  std::vector<MetricSample> samples;
};

class MetricsRegistry {
 public:
  Counter& counter(const std::string& name, const std::string& help, Labels labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, Labels labels = {});
  void gauge(const std::string& name, const std::string& help, Labels labels, std::function<double()> read);
  ActorMeter& actor(std::string kind, std::string name, std::string parent);
  [[nodiscard]] const std::deque<ActorMeter>& actors() const noexcept { return actors_; }
  [[nodiscard]] std::vector<MetricFamily> collect() const;

 private:
  struct Entry {
    std::string name;
    std::string help;
    MetricKind kind;
    Labels labels;
    std::function<double()> read;
    const Histogram* histogram = nullptr;
  };
  std::deque<Counter> counters_;      // deques: addresses stay
  std::deque<Histogram> histograms_;
  std::deque<ActorMeter> actors_;
  std::vector<Entry> entries_;
};

}  // namespace denrei
