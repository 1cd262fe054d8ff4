// CdnWatch: what is asked of a CDN when, and what its answers make of the service.
#include "denrei/actors/cdn_watch.hpp"

#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"

namespace denrei::test {
namespace {

const std::string photo_headers = "Content-Type: image/jpeg\r\nContent-Length: 20480\r\nCache-Control: public, max-age=86400\r\nAccess-Control-Allow-Origin: https://voicedrive.example.com\r\n";
const std::string preflight_headers =
    "Access-Control-Allow-Origin: https://voicedrive.example.com\r\nAccess-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Max-Age: 3600\r\n"
    "Access-Control-Allow-Headers: *\r\n";

class CdnWatchTest : public ActorWorld {
 protected:
  void spawn(const std::string& origin = "https://voicedrive.example.com") {
    Service s;
    s.name = "photos";
    s.kind = ServiceKind::cdn;
    s.retries = 1;
    s.interval = 5min;
    s.providers = {{.name = "cloudfront", .url = "https://cdn.example/p.jpg", .origin = origin}, {.name = "origin", .url = "https://origin.example/p.jpg", .origin = origin}};
    watch = keep(spawn_cdn_watch(stage, meter("CdnWatch"),
                                 {.service = std::make_shared<LiveService>(LiveService{s, {Secret{}, Secret{}}}), .clients = {&cdn, &origin_server}, .state = state,
                                  .registry = registry.actor(), .observer = observer.actor(), .passed = &passed, .failed = &failed, .clock = clock()}));
    run();
  }
  static Exchange good(const OutboundRequest& request) {
    auto exchange = answered(request.method == "OPTIONS" ? 204 : 200);
    exchange.body_bytes = request.method == "OPTIONS" ? 0 : 20'480;
    exchange.headers = request.method == "OPTIONS" ? preflight_headers : photo_headers;
    return exchange;
  }
  void work(FakeHttpClient& client) { client.always(good); }
  const ServiceReport& report() { return registry.all<ServiceReported>().back().report; }

  FakeHttpClient cdn, origin_server;
  ServiceMeter state;
  Recorder<ServiceReported> registry{system};
  Recorder<Drained> observer{system};
  Counter passed, failed;
  CdnWatch watch;
};

TEST_F(CdnWatchTest, AsksForThePhotoAndThenForItsCorsAnswerEveryInterval) {
  work(cdn);
  spawn();
  ASSERT_EQ(cdn.sent().size(), 2u);
  EXPECT_EQ(cdn.sent()[0].method + " " + cdn.sent()[0].url, "GET https://cdn.example/p.jpg");
  EXPECT_EQ(cdn.sent()[1].method, "OPTIONS");
  EXPECT_EQ(cdn.header("Origin"), "https://voicedrive.example.com");
  EXPECT_EQ(report().state, ServiceState::up) << report().last_error;
  advance(4min + 59s);
  EXPECT_EQ(cdn.sent().size(), 2u);
  advance(1s);
  EXPECT_EQ(cdn.sent().size(), 4u);
  EXPECT_EQ(passed.value(), 2u);
}

TEST_F(CdnWatchTest, LooksAtNoCorsWithoutAnOrigin) {
  work(cdn);
  spawn("");
  EXPECT_EQ(cdn.sent().size(), 1u);
  EXPECT_EQ(report().state, ServiceState::up) << report().last_error;
}

TEST_F(CdnWatchTest, TriesAPhotoAgainThatCannotBeHadAndThenTheOtherProvider) {
  cdn.always([](const OutboundRequest&) { return answered(503); });
  work(origin_server);
  spawn();
  EXPECT_EQ(cdn.sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(cdn.sent().size(), 2u);
  EXPECT_EQ(origin_server.sent().size(), 2u);
  EXPECT_EQ(report().state, ServiceState::on_secondary);
  EXPECT_EQ(report().provider, "origin");
}

TEST_F(CdnWatchTest, TakesAWrongCorsAnswerForTheProvidersFault) {
  cdn.always([](const OutboundRequest& request) {
    auto exchange = good(request);
    if (request.method == "OPTIONS") exchange.headers = "Access-Control-Allow-Methods: GET\r\n";
    return exchange;
  });
  origin_server.always([](const OutboundRequest&) { return answered(404); });
  spawn();
  EXPECT_EQ(cdn.sent().size(), 2u) << "once: it would say the same again";
  EXPECT_EQ(report().state, ServiceState::down);
  EXPECT_EQ(state.state.load(), ServiceState::down);
  EXPECT_EQ(failed.value(), 1u);
  EXPECT_NE(report().last_error.find("origin: "), std::string::npos) << report().last_error;
  work(cdn);
  advance(5min);
  EXPECT_EQ(report().state, ServiceState::up);
}

TEST_F(CdnWatchTest, PutsAWarningIntoTheNote) {
  cdn.always([](const OutboundRequest& request) {
    auto exchange = good(request);
    exchange.total_us = 3'000'000;
    return exchange;
  });
  spawn();
  EXPECT_EQ(report().state, ServiceState::up);
  EXPECT_NE(report().note.find("load_time"), std::string::npos) << report().note;
  work(cdn);
  advance(5min);
  EXPECT_EQ(report().note, "");
}

TEST_F(CdnWatchTest, SurvivesACrashOfTheClientAndEndsAtOnce) {
  cdn.crash_next();
  work(cdn);
  spawn();
  advance(20ms);
  advance(1s);
  EXPECT_EQ(report().state, ServiceState::up);
  caf::anon_send(watch, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  const auto sent = cdn.sent().size();
  advance(1h);
  EXPECT_EQ(cdn.sent().size(), sent);
}

}  // namespace
}  // namespace denrei::test
