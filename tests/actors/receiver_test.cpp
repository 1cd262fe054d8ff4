// The Receiver: where a request goes by its head alone, and what is refused before anybody hashes anything.
#include "denrei/actors/receiver.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ReceiverTest : public ActorWorld {
 protected:
  void SetUp() override {
    auto limited = ledger_source();
    limited.name = limited.family = "limited";
    limited.paths = {"/limited"};
    limited.limits = {{.count = 1}};
    limited.body_bytes_max = 100;
    limited.dialect = Dialect::employee;
    auto put = ledger_source();
    put.name = "things";
    put.paths = {"/api/things/{key}"};
    put.method = "PUT";
    put.dialect = Dialect::api;
    auto post = put;
    post.name = "actions";
    post.paths = {"/api/things/{key}/actions"};
    post.method = "POST";
    site = make_site({live_source(ledger_source()), live_source(limited), live_source(put), live_source(post)});
    receiver = keep(spawn_receiver(stage, meter("Receiver"),
                                   {.site = site, .verifier = caf::actor_cast<Verifier>(verifier.actor()),
                                    .limiting_verifier = caf::actor_cast<Verifier>(limiting.actor()),
                                    .archive = archive.actor(), .registry = registry.actor()}));
  }
  void receive(const std::shared_ptr<InboundRequest>& request) {
    caf::anon_send(receiver, Receive{request});
    run();
  }
  void receive(RequestParts parts) {
    parts.edge = edge.actor();
    receive(make_request(parts));
  }
  const Reply& last_reply() { return edge.all<RepliesReady>().back().replies.front(); }

  SitePtr site;
  Recorder<RepliesReady> edge{system};
  Recorder<Verify> verifier{system}, limiting{system};
  Recorder<Serve> archive{system}, registry{system};
  Receiver receiver;
};

TEST_F(ReceiverTest, SendsEachRequestWhereItsPathAndListenerSay) {
  receive({.target = "/hook?x=1"});
  EXPECT_EQ(verifier.count<Verify>(), 1u);
  receive({.target = "/limited"});
  ASSERT_EQ(limiting.count<Verify>(), 1u) << "one Verifier owns the budgets";
  EXPECT_EQ(limiting.all<Verify>()[0].source, 1u);
  receive({.method = "GET", .target = "/api/employees/E1"});
  EXPECT_EQ(archive.count<Serve>(), 1u);
  receive({.target = "/hook", .listener = Listener::operations});
  EXPECT_EQ(registry.count<Serve>(), 1u);
  EXPECT_EQ(edge.count<RepliesReady>(), 0u);
}

TEST_F(ReceiverTest, RefusesByTheHeadInTheSourcesDialect) {
  struct Case {
    RequestParts parts;
    int status;
    std::string body_has;
  };
  const std::vector<Case> cases{
      {{.target = "/nowhere"}, 404, R"("code":"NOT_FOUND")"},
      {{.target = "/hook/"}, 404, R"("code":"NOT_FOUND")"},
      {{.target = ""}, 404, R"("code":"NOT_FOUND")"},
      {{.method = "GET"}, 405, R"("code":"METHOD_NOT_ALLOWED")"},
      {{.method = "post"}, 405, R"("code":"METHOD_NOT_ALLOWED")"},
      {{.target = "/limited", .body = std::string(101, ' ')}, 413, R"({"error":")"},
      {{.headers = {}}, 415, R"("code":"UNSUPPORTED_MEDIA_TYPE")"},
      {{.headers = {{"Content-Type", "text/plain"}}}, 415, R"("code":"UNSUPPORTED_MEDIA_TYPE")"},
      {{.headers = {{"content-type", "application/json; charset=shift_jis"}}}, 415, R"("code":"UNSUPPORTED_MEDIA_TYPE")"},
      {{.method = "GET", .target = "/hook", .body = std::string(2'000'000, ' '), .headers = {}}, 405, "METHOD_NOT_ALLOWED"},
      {{.target = "/limited", .body = std::string(101, ' '), .headers = {}}, 413, "error"},
  };
  for (const auto& c : cases) {
    receive(c.parts);
    EXPECT_EQ(last_reply().answer.status, c.status) << c.parts.target;
    EXPECT_NE(last_reply().answer.body.find(c.body_has), std::string::npos) << last_reply().answer.body;
  }
  receive({.method = "PUT"});
  EXPECT_EQ(header_of(last_reply().answer, "Allow"), "POST");
  EXPECT_EQ(edge.count<RepliesReady>(), cases.size() + 1);
  EXPECT_EQ(verifier.count<Verify>() + limiting.count<Verify>(), 0u);
}

TEST_F(ReceiverTest, FindsASourceByAPathWithAKeyAndItsMethod) {
  receive({.method = "PUT", .target = "/api/things/x%2Fy?a=b"});
  receive({.method = "POST", .target = "/api/things/x/actions"});
  ASSERT_EQ(verifier.count<Verify>(), 2u);
  EXPECT_EQ(verifier.all<Verify>()[0].source, 2u);
  EXPECT_EQ(verifier.all<Verify>()[1].source, 3u);
  EXPECT_EQ(edge.count<RepliesReady>(), 0u);
}

TEST_F(ReceiverTest, LeavesReadingBelowAPathWithAKeyToTheArchive) {
  std::size_t served = 0;
  for (const auto* method : {"GET", "HEAD", "OPTIONS"})
    for (const auto* target : {"/api/things/x", "/api/things/x/actions", "/api/things/x/tally"}) {
      receive({.method = method, .target = target});
      EXPECT_EQ(archive.count<Serve>(), ++served) << method << ' ' << target;
    }
  for (const auto* target : {"/api/things", "/api/things/", "/api/things/x/y/z", "/api/things/%zz"}) {
    receive({.method = "PUT", .target = target});
    EXPECT_EQ(archive.count<Serve>(), ++served) << target << ": the Archive knows what is to be said";
  }
  receive({.method = "GET", .target = "/hook"});
  EXPECT_EQ(last_reply().answer.status, 405) << "an exact path is its source's alone";
}

TEST_F(ReceiverTest, RefusesOtherMethodsOnAPathWithAKey) {
  for (const auto& [method, target, allow] : {std::tuple{"POST", "/api/things/x", "PUT"}, {"DELETE", "/api/things/x", "PUT"},
                                              {"PUT", "/api/things/x/actions", "POST"}, {"post", "/api/things/x/actions", "POST"}}) {
    receive({.method = method, .target = target});
    EXPECT_EQ(last_reply().answer.status, 405) << method << ' ' << target;
    EXPECT_EQ(header_of(last_reply().answer, "Allow"), allow);
  }
  EXPECT_EQ(verifier.count<Verify>(), 0u);
}

TEST_F(ReceiverTest, RefusesABodyThatWasNotReadToItsEnd) {
  const auto request = make_request({.edge = edge.actor()});
  request->body_too_large = true;
  receive(request);
  EXPECT_EQ(last_reply().answer.status, 413);
}

TEST_F(ReceiverTest, ShedsLoadInTheSourcesOwnOverloadAnswer) {
  for (const auto& [target, status] : {std::pair<std::string, int>{"/hook", 503}, {"/limited", 500}}) {
    for (const bool by_count : {true, false}) {
      const auto request = make_request({.edge = edge.actor(), .target = target});
      (by_count ? request->requests_in_flight : request->bytes_in_flight) =
          (by_count ? limits::requests_in_flight_max : limits::bytes_in_flight_max) + 1;
      receive(request);
      EXPECT_EQ(last_reply().answer.status, status) << target;
      EXPECT_EQ(last_reply().why, Refusal::overloaded);
      EXPECT_NE(header_of(last_reply().answer, "Retry-After"), "");
    }
  }
}

TEST_F(ReceiverTest, ShedsReadersHonestlyToo) {
  const auto request = make_request({.edge = edge.actor(), .method = "GET", .target = "/api/employees/E1"});
  request->requests_in_flight = limits::requests_in_flight_max + 1;
  receive(request);
  EXPECT_EQ(archive.count<Serve>(), 0u);
  EXPECT_EQ(last_reply().answer.status, 503) << "the path exists: it is not a 404";
}

TEST_F(ReceiverTest, KnowsTheSourcesOfAChangedSite) {
  auto moved = ledger_source();
  moved.paths = {"/moved"};
  caf::anon_send(receiver, SiteChanged{make_site({live_source(moved)})});
  receive({.target = "/moved"});
  EXPECT_EQ(verifier.count<Verify>(), 1u);
  receive({.target = "/hook"});
  EXPECT_EQ(last_reply().answer.status, 404);
}

}  // namespace
}  // namespace denrei::test
