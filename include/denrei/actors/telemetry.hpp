// Telemetry: pushes metrics and traces to the monitoring service (OTLP/HTTP, JSON), and keeps them on disk while it is away.
//
// Shape   every interval: collect() -> POST <url>/v1/metrics; take_lines() -> spans -> POST <url>/v1/traces; says ServiceReported
// Rules   never in anybody's way: it reads numbers and takes lines that are kept aside. One push at a time, the oldest first; tries, waits
//         and the change of provider as domain/failover says. A push that nobody took goes to the spool, and so does every later one until
//         the spool is empty again; while it is away the oldest is tried every return_after. A push that is called bad is dropped and counted
//         What the end of the process finds unsent is spooled, and sent after the next start
// Limits  pushes_ready_max pushes in memory, pushes_unwritten_max on their way to the disk, the spool's own bytes
// Errors  none: monitoring is never needed. The report's note says how many pushes wait on disk
// Source  protocol §4; seed external-services (非同期送信、失敗時はローカルバッファに保存; 低依存)
#pragma once
#include <atomic>
#include <functional>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"
#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/actors/stage.hpp"
#include "denrei/ports/clock.hpp"
#include "denrei/ports/log_sink.hpp"
#include "denrei/ports/spool.hpp"

namespace denrei {

inline constexpr std::size_t pushes_ready_max = 16;  // of an interval: metrics, and spans_per_push spans each

struct CollectNow {};                                           // the interval's end, to itself
struct CollectSpans {};                                         // there were more than one push takes
struct PushAnswered { std::uint64_t number = 0; Exchange exchange; };
struct PushDue { std::uint64_t tick = 0; };
struct PushSpooled { Result<SpoolSize> size; };
struct SpoolMeasured { Result<SpoolSize> size; };               // after something was taken out, and at the start
struct SpoolRead { Result<std::optional<SpoolItem>> item; };

using Telemetry = caf::typed_actor<caf::reacts_to<CollectNow>, caf::reacts_to<CollectSpans>, caf::reacts_to<PushAnswered>, caf::reacts_to<PushDue>,
                                   caf::reacts_to<PushSpooled>, caf::reacts_to<SpoolMeasured>, caf::reacts_to<SpoolRead>, caf::reacts_to<SiteChanged>, caf::reacts_to<Drain>>;

struct TelemetryOptions {
  std::shared_ptr<const LiveService> service;    // of kind monitoring
  std::vector<HttpClient*> clients;              // one per provider, in their order
  ServiceMeter& state;
  Spool& spool;
  std::function<std::vector<MetricFamily>()> collect;                     // MetricsRegistry::collect
  std::function<std::vector<std::string>(std::size_t most)> take_lines;   // TracingSink::take; null: no traces
  std::string node;
  std::string version;
  caf::actor registry;                           // hears ServiceReported
  caf::actor observer;                           // hears Drained
  LogSink* log = nullptr;                        // one line a failure and change of state; not a TracingSink's concern
  Counter* sent = nullptr;                       // pushes
  Counter* refused = nullptr;                    // called bad by the service
  Counter* lost = nullptr;                       // the disk was full, or did not take them
  std::atomic<std::uint64_t>* on_disk = nullptr; // pushes that wait there, for a gauge
  Clock clock;
};

Telemetry spawn_telemetry(const Stage& stage, ActorMeter& meter, TelemetryOptions options);

}  // namespace denrei

DENREI_MESSAGE(CollectNow)
DENREI_MESSAGE(CollectSpans)
DENREI_MESSAGE(PushAnswered)
DENREI_MESSAGE(PushDue)
DENREI_MESSAGE(PushSpooled)
DENREI_MESSAGE(SpoolMeasured)
DENREI_MESSAGE(SpoolRead)
