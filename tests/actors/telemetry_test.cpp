// Telemetry: what is pushed when, what waits on disk while the service is away, and that nothing of it is lost or overtaken.
#include "denrei/actors/telemetry.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <deque>
#include <set>

#include "denrei/base/limits.hpp"
#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/fake_spool.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

namespace json = boost::json;

class TelemetryTest : public ActorWorld {
 protected:
  void SetUp() override {
    counter = &pushed_metrics.counter("denrei_test_total", "A counter.");
    spawn();
  }
  void spawn() {
    telemetry = keep(spawn_telemetry(stage, meter("Telemetry"),
                                     {.service = service(), .clients = {&sink, &spare}, .state = state, .spool = spool,
                                      .collect = [this] { counter->add(); return pushed_metrics.collect(); },
                                      .take_lines = [this](std::size_t most) { return take(most); }, .node = "node-a", .version = "0.1.0",
                                      .registry = registry.actor(), .observer = observer.actor(), .log = &log, .sent = &sent, .refused = &refused,
                                      .lost = &lost, .on_disk = &on_disk, .clock = clock()}));
    run();
  }
  static std::shared_ptr<const LiveService> service() {
    Service s;
    s.name = "collector";
    s.kind = ServiceKind::monitoring;
    s.dependency = Dependency::low;
    s.retries = 1;
    s.return_after = 60s;
    s.interval = 15s;
    s.providers = {{.name = "first", .url = "https://otlp.example/base/"}, {.name = "second", .url = "https://spare.example", .key_header = "DD-API-KEY"}};
    return std::make_shared<LiveService>(LiveService{s, {Secret{"token"}, Secret{"key"}}});
  }
  std::vector<std::string> take(std::size_t most) {
    std::vector<std::string> out;
    while (!lines.empty() && out.size() < most) {
      out.push_back(std::move(lines.front()));
      lines.pop_front();
    }
    return out;
  }
  void trace(int n) {
    lines.push_back(R"({"timestamp":"2025-10-09T08:53:20.500Z","log":"request","requestId":"r","method":"POST","endpoint":"staff","result":"accepted",)"
                    R"("status":200,"processingTime":1.000,"eventId":"evt_)" + make_event_id("staff", std::to_string(n)).hex() + "\"}");
  }
  void work() {
    for (auto* client : {&sink, &spare}) client->always([](const OutboundRequest&) { return answered(200, "{}"); });
  }
  void go_away() {
    for (auto* client : {&sink, &spare}) client->always([](const OutboundRequest&) { return unanswered(AttemptError::connect, "refused"); });
  }
  // The counter's value in a push tells which one it was.
  static int number_of(const std::string& body) {
    const auto push = json::parse(body);
    return push.at("resourceMetrics").at(0).at("scopeMetrics").at(0).at("metrics").at(0).at("sum").at("dataPoints").at(0).at("asDouble").to_number<int>();
  }
  static bool is_metrics(const OutboundRequest& request) { return request.url.ends_with("/v1/metrics"); }
  std::vector<int> numbers_from(std::size_t from) const {
    std::vector<int> out;
    for (auto at = from; at < sink.sent().size(); ++at)
      if (is_metrics(sink.sent()[at])) out.push_back(number_of(sink.sent()[at].body));
    return out;
  }
  std::string note() { return registry.all<ServiceReported>().back().report.note; }
  ServiceState told() { return registry.all<ServiceReported>().back().report.state; }

  MetricsRegistry pushed_metrics;
  Counter* counter = nullptr;
  FakeHttpClient sink, spare;
  FakeSpool spool;
  ServiceMeter state;
  std::deque<std::string> lines;
  Recorder<ServiceReported> registry{system};
  Recorder<Drained> observer{system};
  LineKeeper log;
  Counter sent, refused, lost;
  std::atomic<std::uint64_t> on_disk{0};
  Telemetry telemetry;
};

TEST_F(TelemetryTest, PushesMetricsAndSpansEveryInterval) {
  work();
  trace(1);
  EXPECT_EQ(told(), ServiceState::unknown);
  advance(14s);
  EXPECT_TRUE(sink.sent().empty());
  advance(1s);
  ASSERT_EQ(sink.sent().size(), 2u);
  EXPECT_EQ(sink.sent()[0].url, "https://otlp.example/base/v1/metrics");
  EXPECT_EQ(sink.sent()[1].url, "https://otlp.example/base/v1/traces");
  EXPECT_EQ(sink.header("Content-Type"), "application/json");
  EXPECT_EQ(sink.header("Authorization"), "Bearer token");
  EXPECT_NE(sink.sent()[0].body.find(R"({"key":"service.instance.id","value":{"stringValue":"node-a"}})"), std::string::npos);
  EXPECT_NE(sink.sent()[1].body.find("receive staff"), std::string::npos);
  EXPECT_EQ(told(), ServiceState::up);
  advance(15s);
  EXPECT_EQ(sink.sent().size(), 3u) << "no spans, no push of them";
  EXPECT_EQ(sent.value(), 3u);
  EXPECT_TRUE(spool.items.empty());
}

TEST_F(TelemetryTest, TakesManySpansInSeveralPushes) {
  work();
  for (std::size_t n = 0; n < 2 * limits::spans_per_push + 1; ++n) trace(static_cast<int>(n));
  lines.push_back("no span");
  advance(15s);
  EXPECT_EQ(sink.sent().size(), 4u);
  EXPECT_TRUE(lines.empty());
}

TEST_F(TelemetryTest, SendsTheSecondProvidersKeyInItsOwnHeader) {
  sink.always([](const OutboundRequest&) { return answered(401); });
  spare.always([](const OutboundRequest&) { return answered(200); });
  advance(15s);
  ASSERT_EQ(spare.sent().size(), 1u);
  EXPECT_EQ(spare.header("DD-API-KEY"), "key");
  EXPECT_EQ(spare.header("Authorization"), "");
  EXPECT_EQ(told(), ServiceState::on_secondary);
}

TEST_F(TelemetryTest, KeepsPushesOnDiskWhileItIsAwayAndSendsThemInOrderWhenItReturns) {
  go_away();
  advance(5min);
  EXPECT_EQ(told(), ServiceState::down);
  EXPECT_EQ(state.state.load(), ServiceState::down);
  EXPECT_EQ(spool.items.size(), 20u);
  EXPECT_EQ(note(), "20 pushes wait on disk");
  EXPECT_EQ(on_disk.load(), 20u);
  const auto before = sink.sent().size();
  EXPECT_LT(before, 20u) << "the oldest is tried now and then, not every one";
  work();
  advance(90s);
  const auto numbers = numbers_from(before);
  ASSERT_GE(numbers.size(), 20u);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], static_cast<int>(i) + 1);
  EXPECT_TRUE(spool.items.empty());
  EXPECT_EQ(note(), "");
  EXPECT_EQ(told(), ServiceState::up);
}

TEST_F(TelemetryTest, LosesNothingOverARestart) {
  go_away();
  advance(2min);
  caf::anon_send(telemetry, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  const auto waiting = spool.items.size();
  EXPECT_EQ(waiting, 9u) << "with the last one, made at the end";
  work();
  const auto before = sink.sent().size();
  spawn();
  EXPECT_EQ(numbers_from(before), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9})) << "at once, not after the interval";
  EXPECT_TRUE(spool.items.empty());
}

TEST_F(TelemetryTest, TriesAgainBeforeItGivesAPushToTheDisk) {
  sink.plan(answered(503, "", "5"));
  work();
  advance(19s);
  EXPECT_EQ(sink.sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(sink.sent().size(), 2u);
  EXPECT_EQ(number_of(sink.sent()[1].body), 1);
  EXPECT_TRUE(spool.items.empty());
}

TEST_F(TelemetryTest, DropsAPushThatIsCalledBad) {
  sink.plan(answered(400, "no such field"));
  work();
  advance(30s);
  EXPECT_EQ(refused.value(), 1u);
  EXPECT_EQ(sent.value(), 1u);
  EXPECT_EQ(numbers_from(1), std::vector<int>{2});
  EXPECT_EQ(registry.all<ServiceReported>().back().report.last_error, "first: HTTP 400: no such field");
  EXPECT_EQ(log.count(R"("log":"service")"), 2u) << "the failure, and that it is up";
}

TEST_F(TelemetryTest, DropsABadOneFromTheDiskToo) {
  go_away();
  advance(45s);
  work();
  sink.plan(answered(400));
  advance(2min);
  EXPECT_TRUE(spool.items.empty());
  EXPECT_EQ(refused.value(), 1u);
}

TEST_F(TelemetryTest, CountsWhatTheDiskDoesNotTake) {
  go_away();
  spool.broken(true);
  advance(1min);
  EXPECT_EQ(lost.value(), 4u);
  EXPECT_NE(note().find("the disk does not take them: planned fault"), std::string::npos) << note();
  spool.broken(false);
  work();
  advance(2min);
  EXPECT_GT(sent.value(), 0u);
  EXPECT_EQ(told(), ServiceState::up);
}

TEST_F(TelemetryTest, KeepsTheOrderWhileTheDiskIsSlow) {
  go_away();
  spool.by_hand = true;
  advance(40s);
  work();
  for (int n = 0; n < 20; ++n) {
    advance(15s);
    spool.deliver();
    run();
  }
  const auto numbers = numbers_from(0);
  std::vector<int> taken;
  for (const auto n : numbers)
    if (taken.empty() || n != taken.back()) taken.push_back(n);
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end())) << ::testing::PrintToString(taken);
  EXPECT_EQ(std::set<int>(taken.begin(), taken.end()).size(), static_cast<std::size_t>(taken.back())) << "none is missing";
}

TEST_F(TelemetryTest, WaitsForASlowAnswerWithoutHoldingAnybodyUp) {
  advance(15s * (pushes_ready_max + 5));
  EXPECT_EQ(sink.sent().size(), 1u);
  EXPECT_EQ(spool.items.size(), 4u) << "what memory does not hold is on disk";
  work();
  ASSERT_TRUE(sink.answer(answered(200)));
  run();
  const auto numbers = numbers_from(0);
  EXPECT_EQ(numbers.size(), pushes_ready_max + 5);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_F(TelemetryTest, SurvivesACrashOfTheClient) {
  work();
  sink.crash_next();
  advance(15s);
  advance(1s);
  advance(15s);
  EXPECT_EQ(numbers_from(0), (std::vector<int>{1, 2}));
}

TEST_F(TelemetryTest, PushesOnceMoreAtTheEnd) {
  work();
  advance(15s);
  trace(1);
  caf::anon_send(telemetry, Drain{});
  run();
  EXPECT_EQ(sink.sent().size(), 3u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
  advance(1h);
  EXPECT_EQ(sink.sent().size(), 3u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(TelemetryTest, SpoolsWhatIsUnderWayWhenTheEndDoesNotWait) {
  advance(15s);
  EXPECT_EQ(sink.waiting(), 1u);
  caf::anon_send(telemetry, Drain{});
  advance(2s);
  EXPECT_EQ(observer.count<Drained>(), 0u);
  advance(1s);
  EXPECT_EQ(observer.count<Drained>(), 1u);
  ASSERT_EQ(spool.items.size(), 2u);
  EXPECT_EQ(number_of(spool.items.begin()->second.substr(1)), 1);
  EXPECT_EQ(number_of(spool.items.rbegin()->second.substr(1)), 2);
}

TEST_F(TelemetryTest, DoesNotWaitAtAllInAHurry) {
  advance(15s);
  caf::anon_send(telemetry, Drain{true});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(spool.items.size(), 2u);
}

}  // namespace
}  // namespace denrei::test
