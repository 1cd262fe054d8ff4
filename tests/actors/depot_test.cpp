// The Depot: which provider is asked for an object when, what its asker hears, and how the service is reported.
#include "denrei/actors/depot.hpp"

#include "denrei/base/limits.hpp"
#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

class DepotTest : public ActorWorld {
 protected:
  void SetUp() override {
    depot = keep(spawn_depot(stage, depot_meter,
                             {.service = service, .clients = {&osaka, &tokyo}, .state = state, .registry = registry.actor(), .observer = observer.actor(),
                              .log = &log, .stored = &stored, .failed = &failed, .bytes = &bytes, .clock = clock()}));
    run();
  }
  static std::shared_ptr<const LiveService> storage() {
    Service s;
    s.name = "archive";
    s.kind = ServiceKind::storage;
    s.dependency = Dependency::medium;
    s.retries = 5;
    s.timeout = 60s;
    s.return_after = 90s;
    s.providers = {{.name = "osaka", .url = "https://s3.osaka.example", .user = "AKIA1", .region = "ap-northeast-3", .bucket = "backup"},
                   {.name = "tokyo", .url = "https://s3.tokyo.example", .user = "AKIA2", .bucket = "spare", .path_style = false}};
    return std::make_shared<LiveService>(LiveService{s, {Secret{"key-of-osaka"}, Secret{"key-of-tokyo"}}});
  }
  void store(std::uint64_t ticket, const std::string& key = "audit/all.jsonl", const std::string& body = "{}\n") {
    caf::anon_send(depot, StoreObject{ticket, key, "application/x-ndjson", std::make_shared<const std::string>(body), asker.actor()});
    run();
  }
  void answer(FakeHttpClient& client, Exchange exchange) {
    ASSERT_TRUE(client.answer(std::move(exchange)));
    run();
  }
  void open() { answer(osaka, answered(200)); }  // the probe of the start
  const ServiceReport& report() { return registry.all<ServiceReported>().back().report; }
  const std::vector<ObjectStored>& told() { return asker.all<ObjectStored>(); }
  void fail_all(FakeHttpClient& client, int status = 500) {
    client.always([status](const OutboundRequest&) { return answered(status); });
  }
  static void work(FakeHttpClient& client) {
    client.always([](const OutboundRequest&) { return answered(200); });
  }

  std::shared_ptr<const LiveService> service = storage();
  FakeHttpClient osaka, tokyo;
  ServiceMeter state;
  Recorder<ServiceReported> registry{system};
  Recorder<Drained> observer{system};
  Recorder<ObjectStored> asker{system};
  LineKeeper log;
  Counter stored, failed, bytes;
  ActorMeter& depot_meter = meter("Depot");
  Depot depot;
};

TEST_F(DepotTest, PutsASignedObjectAndTellsWhereItIs) {
  open();
  store(7, "audit/a b.jsonl", "{\"n\":1}\n");
  ASSERT_EQ(osaka.sent().size(), 2u);
  const auto& request = osaka.sent().back();
  EXPECT_EQ(request.method + " " + request.url, "PUT https://s3.osaka.example/backup/audit/a%20b.jsonl");
  EXPECT_EQ(request.body, "{\"n\":1}\n");
  EXPECT_EQ(osaka.header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(request.timeout, 60s);
  ASSERT_TRUE(request.aws);
  EXPECT_EQ(request.aws->region + " " + request.aws->service + " " + request.aws->access_key, "ap-northeast-3 s3 AKIA1");
  EXPECT_EQ(request.aws->secret_key.reveal(), "key-of-osaka");
  EXPECT_TRUE(told().empty());
  answer(osaka, answered(200));
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(told()[0].ticket, 7u);
  EXPECT_TRUE(told()[0].ok);
  EXPECT_EQ(told()[0].provider, "osaka");
  EXPECT_EQ(stored.value() * 1'000 + bytes.value(), 1'008u);
  EXPECT_EQ(log.count(R"("log":"object")"), 1u);
}

TEST_F(DepotTest, ReportsUnknownAtTheStartAndWhatTheFirstProbeFindsOut) {
  ASSERT_EQ(registry.count<ServiceReported>(), 1u);
  EXPECT_EQ(report().state, ServiceState::unknown);
  EXPECT_EQ(report().kind, ServiceKind::storage);
  EXPECT_EQ(report().dependency, Dependency::medium);
  EXPECT_EQ(osaka.sent().at(0).url, std::string("https://s3.osaka.example/backup/") + depot_probe_key);
  open();
  EXPECT_EQ(report().state, ServiceState::up);
  EXPECT_EQ(report().provider, "osaka");
  EXPECT_EQ(report().since, now);
  EXPECT_EQ(state.state.load(), ServiceState::up);
  store(1);
  answer(osaka, answered(200));
  EXPECT_EQ(registry.count<ServiceReported>(), 2u) << "nothing has changed";
  advance(1h);
  EXPECT_EQ(osaka.sent().size(), 2u) << "what is up is not probed";
}

TEST_F(DepotTest, TriesFiveTimesMoreAndThenTheNextProvider) {
  open();
  fail_all(osaka);
  store(1);
  std::vector<std::size_t> tries;
  for (const auto wait : {0s, 1s, 2s, 4s, 8s, 16s}) {
    advance(wait);
    tries.push_back(osaka.sent().size() - 1);
  }
  EXPECT_EQ(tries, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(tokyo.sent().size(), 1u);
  EXPECT_EQ(tokyo.sent()[0].url, "https://spare.s3.tokyo.example/audit/all.jsonl");
  EXPECT_EQ(tokyo.sent()[0].aws->secret_key.reveal(), "key-of-tokyo");
  answer(tokyo, answered(200));
  EXPECT_TRUE(told().at(0).ok);
  EXPECT_EQ(told()[0].provider, "tokyo");
  EXPECT_EQ(report().state, ServiceState::on_secondary);
  EXPECT_EQ(report().provider, "tokyo");
  EXPECT_EQ(report().last_error, "osaka: HTTP 500");
}

TEST_F(DepotTest, GoesToTheNextProviderAtOnceWhenRefused) {
  open();
  store(1);
  answer(osaka, answered(403, "<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>"));
  ASSERT_EQ(tokyo.sent().size(), 1u);
  answer(tokyo, answered(200));
  EXPECT_TRUE(told().at(0).ok);
  EXPECT_EQ(report().last_error, "osaka: HTTP 403 SignatureDoesNotMatch: no");
}

TEST_F(DepotTest, WaitsAsLongAsItIsTold) {
  open();
  store(1);
  answer(osaka, answered(503, "<Error><Code>SlowDown</Code></Error>", "40"));
  advance(39s);
  EXPECT_EQ(osaka.sent().size(), 2u);
  advance(1s);
  EXPECT_EQ(osaka.sent().size(), 3u);
}

TEST_F(DepotTest, ReturnsToThePrimaryByItself) {
  open();
  store(1);
  answer(osaka, answered(403));
  answer(tokyo, answered(200));
  EXPECT_EQ(report().state, ServiceState::on_secondary);
  advance(90s);
  EXPECT_EQ(osaka.sent().size(), 3u) << "a probe";
  open();
  EXPECT_EQ(report().state, ServiceState::up);
  store(2);
  EXPECT_EQ(osaka.sent().size(), 4u);
}

TEST_F(DepotTest, SaysThatItIsDownAndComesBackByItself) {
  open();
  fail_all(osaka);
  fail_all(tokyo, 403);
  store(1);
  advance(31s);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_FALSE(told()[0].ok);
  EXPECT_EQ(told()[0].error, "tokyo: HTTP 403");
  EXPECT_EQ(report().state, ServiceState::down);
  EXPECT_EQ(state.state.load(), ServiceState::down);
  EXPECT_EQ(failed.value(), 1u);
  work(osaka);
  advance(89s);
  EXPECT_EQ(report().state, ServiceState::down);
  advance(1s);
  EXPECT_EQ(report().state, ServiceState::up);
}

TEST_F(DepotTest, GivesABadObjectUpWithoutBlamingTheProvider) {
  open();
  store(1);
  answer(osaka, answered(400, "<Error><Code>EntityTooLarge</Code></Error>"));
  EXPECT_FALSE(told().at(0).ok);
  EXPECT_EQ(told()[0].error, "osaka: HTTP 400 EntityTooLarge");
  EXPECT_EQ(report().state, ServiceState::up);
  store(2, "a/../b");
  EXPECT_FALSE(told().at(1).ok);
  EXPECT_NE(told()[1].error.find("no segment"), std::string::npos);
  EXPECT_EQ(osaka.sent().size(), 2u);
}

TEST_F(DepotTest, StoresOneAtATimeInTheOrderOfTheOrders) {
  open();
  for (std::uint64_t ticket = 1; ticket <= 3; ++ticket) store(ticket, "k" + std::to_string(ticket));
  EXPECT_EQ(osaka.sent().size(), 2u);
  work(osaka);
  answer(osaka, answered(200));
  ASSERT_EQ(told().size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(told()[i].ticket, i + 1);
}

TEST_F(DepotTest, RefusesWhatWouldBeTooMuch) {
  open();
  for (std::uint64_t ticket = 0; ticket < limits::depot_objects_max; ++ticket) store(ticket);
  EXPECT_TRUE(told().empty());
  store(99);
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(told()[0].ticket, 99u);
  EXPECT_EQ(told()[0].error, "too many objects wait for the storage");
}

TEST_F(DepotTest, RefusesMoreBytesThanItMayHold) {
  open();
  const std::string half(limits::depot_bytes_max / 2, 'x');
  store(1, "a", half);
  store(2, "b", half);
  store(3, "c", "x");
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(told()[0].ticket, 3u);
  answer(osaka, answered(200));
  store(4, "d", "x");
  EXPECT_EQ(told().size(), 2u) << "there is room again";
  EXPECT_TRUE(told()[1].ok);
}

TEST_F(DepotTest, SurvivesAPutThatCrashes) {
  open();
  osaka.crash_next();
  store(1);
  advance(20ms);
  EXPECT_EQ(osaka.sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(osaka.sent().size(), 2u);
  answer(osaka, answered(200));
  EXPECT_TRUE(told().at(0).ok);
}

TEST_F(DepotTest, UsesNewSecretsFromTheNextTryOn) {
  open();
  auto site = std::make_shared<Site>();
  site->services["archive"] = std::make_shared<LiveService>(LiveService{service->service, {Secret{"new"}, Secret{"new"}}});
  caf::anon_send(depot, SiteChanged{site});
  store(1);
  EXPECT_EQ(osaka.sent().back().aws->secret_key.reveal(), "new");
}

TEST_F(DepotTest, EndsWithTheObjectUnderWayAndRefusesTheOthers) {
  open();
  store(1);
  store(2);
  caf::anon_send(depot, Drain{});
  run();
  ASSERT_EQ(told().size(), 1u);
  EXPECT_EQ(told()[0].ticket, 2u);
  EXPECT_EQ(observer.count<Drained>(), 0u);
  answer(osaka, answered(200));
  EXPECT_TRUE(told().at(1).ok);
  EXPECT_EQ(observer.count<Drained>(), 1u);
  store(3);
  EXPECT_EQ(told().back().error, "the process is about to end");
  advance(10min);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(DepotTest, DoesNotWaitForeverAtTheEnd) {
  open();
  store(1);
  caf::anon_send(depot, Drain{});
  advance(5s);
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_FALSE(told().at(0).ok);
  answer(osaka, answered(200));
  EXPECT_EQ(told().size(), 1u) << "told once";
}

TEST_F(DepotTest, EndsAtOnceBetweenTwoTries) {
  open();
  store(1);
  answer(osaka, answered(500));
  caf::anon_send(depot, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_FALSE(told().at(0).ok);
}

}  // namespace
}  // namespace denrei::test
