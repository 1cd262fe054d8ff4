// The Registry: when Denrei is ready and why it is not, and who may look at its actors.
#include "denrei/actors/registry.hpp"

#include <boost/json/parse.hpp>

#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class RegistryTest : public ActorWorld {
 protected:
  void SetUp() override {
    metrics.counter("seen_total", "Seen.").add(3);
    registry = keep(spawn_registry(stage, meter("Registry"), {.metrics = metrics, .render_metrics = [](const std::vector<MetricFamily>& families) {
                                     return families.front().name + " " + std::to_string(families.front().samples.front().value);
                                   }}));
  }
  const Answer& get(const std::string& target, const std::string& method = "GET", const std::string& token = {}) {
    RequestParts parts{.edge = edge.actor(), .method = method, .target = target, .headers = {}, .listener = Listener::operations};
    if (!token.empty()) parts.headers.emplace_back("Authorization", "Bearer " + token);
    caf::anon_send(registry, Serve{make_request(parts), site});
    run();
    return edge.all<RepliesReady>().back().replies.front().answer;
  }
  // Empty when ready.
  std::string why_not() {
    const auto& answer = get("/readyz");
    const auto body = json::parse(answer.body);
    std::string out;
    for (const auto& reason : body.at("reasons").as_array()) out += std::string(reason.as_string()) + ";";
    EXPECT_EQ(answer.status, out.empty() ? 200 : 503);
    EXPECT_EQ(body.at("status").as_string(), out.empty() ? "ready" : "not ready");
    return out;
  }
  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(registry, std::move(fact));
    run();
  }
  void make_ready() {
    say(StoreChanged{true, {}});
    say(PartitionsOpened{{edge.actor(), edge.actor()}});
    say(PartitionChanged{0, true, {}});
    say(PartitionChanged{1, true, {}});
  }

  SitePtr site = ledger_site();
  Recorder<RepliesReady> edge{system};
  Registry registry;
};

TEST_F(RegistryTest, IsReadyOnlyWhenTheStoreAndEveryPartitionAre) {
  EXPECT_EQ(why_not(), "store: not yet connected;");
  say(StoreChanged{true, {}});
  EXPECT_EQ(why_not(), "store: not yet open;");
  say(PartitionsOpened{{edge.actor(), edge.actor()}});
  EXPECT_EQ(why_not(), "partition-0: not yet acquired;partition-1: not yet acquired;");
  say(PartitionChanged{0, true, {}});
  say(PartitionChanged{1, false, "held by node-2"});
  EXPECT_EQ(why_not(), "partition-1: held by node-2;");
  say(PartitionChanged{1, true, {}});
  EXPECT_EQ(why_not(), "");
}

TEST_F(RegistryTest, NamesEveryReasonForNotBeingReady) {
  make_ready();
  say(StoreChanged{false, "connection refused"});
  say(WritesRefused{"scribe-0", "OOM"});
  EXPECT_EQ(why_not(), "store: connection refused;store refuses writes (scribe-0): OOM;");
  say(StoreChanged{true, {}});
  EXPECT_EQ(why_not(), "store refuses writes (scribe-0): OOM;");
  say(WritesRefused{"scribe-0", {}});
  EXPECT_EQ(why_not(), "");
  say(PartitionChanged{99, false, "no such partition"});
  EXPECT_EQ(why_not(), "");
  say(Drain{});
  EXPECT_EQ(why_not(), "draining: the process is about to end;");
}

TEST_F(RegistryTest, IsAliveAlwaysAndStartedOnce) {
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/startupz").status, 503);
  make_ready();
  EXPECT_EQ(get("/startupz").status, 200);
  say(StoreChanged{false, "cut"});
  EXPECT_EQ(get("/startupz").status, 200) << "what has started stays started";
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(RegistryTest, ShowsMetricsWithoutAToken) {
  const auto& answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with("seen_total 3")) << answer.body;
  EXPECT_TRUE(answer.content_type.starts_with("text/plain; version=0.0.4"));
}

TEST_F(RegistryTest, ShowsItsActorsToOperatorsOnly) {
  EXPECT_EQ(get("/ops/actors").status, 401);
  EXPECT_EQ(get("/ops/actors", "GET", reader_token).status, 401);
  const auto& answer = get("/ops/actors", "GET", operator_token);
  ASSERT_EQ(answer.status, 200);
  const auto body = json::parse(answer.body);
  ASSERT_EQ(body.at("actors").as_array().size(), 1u);
  EXPECT_EQ(body.at("actors").at(0).at("kind").as_string(), "Registry");
  EXPECT_EQ(body.at("actors").at(0).at("instances"), 1);
  EXPECT_EQ(body.at("kinds").at(0).at("kind").as_string(), "Registry");
}

TEST_F(RegistryTest, KnowsOnlyItsPathsAndOnlyReads) {
  EXPECT_EQ(get("/").status, 404);
  EXPECT_EQ(get("/readyz/").status, 404);
  EXPECT_EQ(get("/readyz", "POST").status, 405);
  EXPECT_EQ(header_of(get("/readyz", "DELETE"), "Allow"), "GET, HEAD");
  EXPECT_EQ(get("/livez?verbose=1", "HEAD").status, 200);
}

TEST_F(RegistryTest, HandsEveryRoomItsPathsAndWhatIsBelowThem) {
  const auto targets = {"/ops/destinations", "/ops/destinations/d/disable", "/ops/alerts?x=1", "/console/console.js"};
  for (const auto* target : targets) EXPECT_EQ(get(target).status, 404) << target << ": nobody is there";
  Recorder<Serve> desk{system}, others{system};
  say(RoomsOpened{{{"/ops/destinations", desk.actor()}, {"/ops/alerts", others.actor()}, {"/console", others.actor()}}, nullptr});
  const auto answers = edge.count<RepliesReady>();
  for (const auto* target : targets) {
    caf::anon_send(registry, Serve{make_request({.edge = edge.actor(), .method = "POST", .target = target}), site});
    run();
  }
  ASSERT_EQ(desk.count<Serve>(), 2u);
  EXPECT_EQ(desk.all<Serve>().back().request->target, "/ops/destinations/d/disable");
  EXPECT_EQ(others.count<Serve>(), 2u);
  EXPECT_EQ(edge.count<RepliesReady>(), answers);
  EXPECT_EQ(get("/ops/destinationsandmore").status, 404);
  EXPECT_EQ(desk.count<Serve>(), 2u);
}

TEST_F(RegistryTest, SaysMoreAboutReadinessWhenAsked) {
  make_ready();
  EXPECT_FALSE(json::parse(get("/readyz").body).as_object().contains("services"));
  auto body = json::parse(get("/readyz?verbose").body);
  EXPECT_TRUE(body.at("services").as_array().empty());
  say(ServiceReported{{.name = "mail", .kind = ServiceKind::email, .dependency = Dependency::high, .state = ServiceState::down, .provider = "primary",
                       .since = now, .last_error = "connect: refused"}});
  say(ServiceReported{{.name = "depot", .kind = ServiceKind::storage, .dependency = Dependency::medium, .state = ServiceState::down}});
  const auto& answer = get("/readyz?verbose");
  EXPECT_EQ(answer.status, 200) << "others can do without";
  body = json::parse(answer.body);
  EXPECT_EQ(body.at("maintenance"), json::array({"mail"}));
  EXPECT_EQ(body.at("services").at(0).at("effect"), "function_off");
  EXPECT_EQ(body.at("services").at(1).at("effect"), "maintenance");
  EXPECT_EQ(body.at("services").at(1).at("lastError"), "connect: refused");
  EXPECT_TRUE(body.at("services").at(0).at("since").is_null());
  say(ServiceReported{{.name = "mail", .kind = ServiceKind::email, .dependency = Dependency::high, .state = ServiceState::up}});
  EXPECT_TRUE(json::parse(get("/readyz?verbose").body).at("maintenance").as_array().empty());
}

TEST_F(RegistryTest, LetsOperatorsIntoTheLiveStream) {
  Recorder<Serve> streams{system};
  say(RoomsOpened{{}, streams.actor()});
  EXPECT_EQ(get("/ops/stream").status, 401);
  EXPECT_EQ(streams.count<Serve>(), 0u);
  auto request = make_request({.edge = edge.actor(), .method = "GET", .target = "/ops/stream", .listener = Listener::operations});
  request->has_console_session = true;
  caf::anon_send(registry, Serve{request, site});
  run();
  EXPECT_EQ(streams.count<Serve>(), 1u) << "a session of the console stands for an operator";
}

}  // namespace
}  // namespace denrei::test
