// The Verifier: the order of judgement, rotating secrets, budgets, and addresses that guess.
#include "denrei/actors/verifier.hpp"
#include "support/actor_world.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class VerifierTest : public ActorWorld {
 protected:
  void start(SitePtr with) {
    site = std::move(with);
    verifier = keep(spawn_verifier(stage, meter("Verifier"), {.site = site, .scribes = {caf::actor_cast<Scribe>(scribe.actor())}, .clock = clock()}));
  }
  void verify(const RequestParts& parts, std::size_t source = 0) {
    caf::anon_send(verifier, Verify{make_request(parts), site, source});
    run();
  }
  RequestParts parts(std::string body) { return {.edge = edge.actor(), .body = std::move(body)}; }
  RequestParts signed_parts(std::string body, const std::string& secret = first_secret) {
    return sign(parts(std::move(body)), site->sources[0].source, secret, now);
  }
  // What the last request became: "accepted", or the name of its refusal.
  std::string verdict(const RequestParts& request) {
    const auto events = scribe.count<Append>();
    const auto answers = edge.count<RepliesReady>();
    verify(request);
    if (scribe.count<Append>() == events + 1 && edge.count<RepliesReady>() == answers) return "accepted";
    if (scribe.count<Append>() != events || edge.count<RepliesReady>() != answers + 1) return "not exactly one outcome";
    return std::string(refusal_name(edge.all<RepliesReady>().back().replies.front().why));
  }
  const Answer& last_answer() { return edge.all<RepliesReady>().back().replies.front().answer; }
  Append& last_append() { return scribe.all<Append>().back(); }

  SitePtr site;
  std::uint64_t sessions = 0;
  Recorder<RepliesReady> edge{system};
  Recorder<Append, FlushAppends> scribe{system};
  Verifier verifier;
};

// A source with everything that can be judged.
LiveSource strict_source() {
  auto source = ledger_source();
  source.requirement = Requirement{"/level", 99};
  source.require_tls = false;
  auto live = live_source(source);
  live.bearers = {Secret{reader_token}};
  live.allow = {parse_cidr("192.0.2.0/24").value()};
  return live;
}

TEST_F(VerifierTest, JudgesInTheOrderOfTheContract) {
  start(make_site({strict_source()}));
  const std::string good = R"({"key":"A","type":"made","level":99})";
  struct Case {
    const char* what;
    std::string peer, token, secret;
    Millis age;
    std::string body, verdict;
  };
  // Each row mends the first fault of the row above.
  const std::vector<Case> cases{
      {"wrong everything", "203.0.113.9", "x", "y", 1h, "{", "address_denied"},
      {"wrong token", "192.0.2.1", "x", second_secret, 1h, "{", "unauthorized"},
      {"wrong signature", "192.0.2.1", reader_token, second_secret, 1h, "{", "bad_signature"},
      {"too old", "192.0.2.1", reader_token, first_secret, 1h, "{", "expired"},
      {"no JSON", "192.0.2.1", reader_token, first_secret, 0s, "{", "malformed"},
      {"against the schema", "192.0.2.1", reader_token, first_secret, 0s, R"({"key":1,"level":1})", "invalid"},
      {"not allowed", "192.0.2.1", reader_token, first_secret, 0s, R"({"key":"A","type":"made","level":1})", "forbidden"},
      {"right", "192.0.2.1", reader_token, first_secret, 0s, good, "accepted"},
      {"right, in five minutes", "192.0.2.1", reader_token, first_secret, -300s, good, "accepted"},
      {"from too far in the future", "192.0.2.1", reader_token, first_secret, -301s, good, "expired"},
  };
  for (const auto& c : cases) {
    auto request = sign({.edge = edge.actor(), .body = c.body, .peer = c.peer}, site->sources[0].source, c.secret, now - c.age);
    request.headers.emplace_back("Authorization", "Bearer " + c.token);
    EXPECT_EQ(verdict(request), c.verdict) << c.what;
  }
}

TEST_F(VerifierTest, HandsOnAnEventWithItsKeyTypeTimeAndBytes) {
  start(ledger_site());
  const auto body = ledger_body("A", 7);
  ASSERT_EQ(verdict(signed_parts(body)), "accepted");
  const auto& event = *last_append().event;
  EXPECT_EQ(event.key, "A");
  EXPECT_EQ(event.type, "made");
  EXPECT_EQ(event.body, body);
  EXPECT_EQ(event.received_at, now);
  EXPECT_EQ(event.id, ledger_event("A", 7, now)->id);
  EXPECT_FALSE(last_append().probe);
  EXPECT_EQ(last_append().limit, -1);
}

TEST_F(VerifierTest, TakesHostileCredentialsForWrongOnes) {
  start(ledger_site());
  const auto body = ledger_body("A", 1);
  const auto time = format_iso8601(now);
  for (const std::string signature : {"", "zz", "00", "\xff\xfe", "0000000000000000000000000000000000000000000000000000000000000000"}) {
    auto request = parts(body);
    request.headers.emplace_back("X-Signature", signature);
    request.headers.emplace_back("X-Timestamp", time);
    EXPECT_EQ(verdict(request), "bad_signature") << signature;
  }
  for (const std::string time_stamp : {"", "-1", "yesterday", "99999999999999999999999999", "2025-13-01T00:00:00Z"}) {
    auto request = signed_parts(body);
    for (auto& [name, value] : request.headers)
      if (name == "X-Timestamp") value = time_stamp;
    EXPECT_EQ(verdict(request), "expired") << time_stamp;
  }
}

TEST_F(VerifierTest, BelievesThePreviousSecretWhileItRotates) {
  start(make_site({live_source(ledger_source(), {second_secret, first_secret})}));
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 1), first_secret)), "accepted");
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 2), second_secret)), "accepted");
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 3), "no secret of ours, whatever its length")), "bad_signature");
}

TEST_F(VerifierTest, TakesTheSecretsOfAChangedSite) {
  start(ledger_site());
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 1), second_secret)), "bad_signature");
  site = make_site({live_source(ledger_source(), {second_secret})});
  caf::anon_send(verifier, SiteChanged{site});
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 2), second_secret)), "accepted");
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 3), first_secret)), "bad_signature");
}

// POST /things/{key}/actions with a role token instead of a signature.
Source action_source() {
  Source s;
  s.name = s.family = "actions";
  s.paths = {"/things/{key}/actions"};
  s.takes_role_token = true;
  s.type_pointer = "/type";
  s.type_prefix = "action.";
  s.identity_pointer = "/id";
  s.dialect = Dialect::api;
  return s;
}

TEST_F(VerifierTest, TakesTheKeyFromThePath) {
  start(make_site({live_source(action_source())}));
  auto request = parts(ledger_body("in the body", 1, "click"));
  request.target = "/things/%E7%94%B0%2F1/actions?x=/things/other/actions";
  request.headers.emplace_back("Authorization", "Bearer " + operator_token);
  ASSERT_EQ(verdict(request), "accepted");
  EXPECT_EQ(last_append().event->key, "田/1");
  EXPECT_EQ(last_append().event->type, "action.click");
  request.target = "/things/" + std::string(limits::key_bytes_max + 1, 'k') + "/actions";
  EXPECT_EQ(verdict(request), "invalid");
}

TEST_F(VerifierTest, KnowsARepeatOfARoleByItsIdentityOrItsHeader) {
  start(make_site({live_source(action_source())}));
  const auto id_of = [&](const std::string& thing, const std::string& body, const std::string& header) {
    auto request = parts(body);
    request.target = "/things/" + thing + "/actions";
    request.headers.emplace_back("Authorization", "Bearer " + operator_token);
    if (!header.empty()) request.headers.emplace_back("Idempotency-Key", header);
    auto fresh = make_request(request);
    fresh->session = ++sessions;
    caf::anon_send(verifier, Verify{fresh, site, 0});
    run();
    EXPECT_EQ(scribe.count<Append>(), sessions);
    return last_append().event->id;
  };
  const auto body = ledger_body("A", 1), other = ledger_body("A", 2);
  EXPECT_EQ(id_of("x", body, "once"), id_of("x", body, "once"));
  EXPECT_NE(id_of("x", body, "once"), id_of("x", body, "twice"));
  EXPECT_NE(id_of("x", body, "once"), id_of("y", body, "once")) << "a key of its own for each thing";
  EXPECT_NE(id_of("x", body, ""), id_of("x", body, "")) << "without one every request is its own";
  const std::string named = R"({"key":"A","type":"click","id":"7"})";
  EXPECT_EQ(id_of("x", named, "once"), id_of("x", named, "twice")) << "the body's own id comes first";
}

TEST_F(VerifierTest, AReaderHandsNothingIn) {
  start(make_site({live_source(action_source())}));
  for (const auto& token : {reader_token, std::string("nobody's"), first_secret}) {
    auto request = parts(ledger_body("A", 1));
    request.target = "/things/x/actions";
    request.headers.emplace_back("Authorization", "Bearer " + token);
    EXPECT_EQ(verdict(request), "unauthorized");
  }
}

TEST_F(VerifierTest, StopsListeningToAnAddressThatGuesses) {
  start(ledger_site());
  const auto wrong = signed_parts(ledger_body("A", 1), second_secret);
  for (std::uint32_t i = 0; i < limits::failures_per_address_per_minute; ++i) ASSERT_EQ(verdict(wrong), "bad_signature") << i;
  EXPECT_EQ(verdict(wrong), "rate_limited");
  EXPECT_EQ(last_answer().status, 429);
  EXPECT_NE(header_of(last_answer(), "Retry-After"), "");
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 1))), "rate_limited") << "before any hashing: even a right one";
  auto from_elsewhere = signed_parts(ledger_body("A", 1));
  from_elsewhere.peer = "192.0.2.2";
  EXPECT_EQ(verdict(from_elsewhere), "accepted");
  now += 3min;
  EXPECT_EQ(verdict(signed_parts(ledger_body("A", 2))), "accepted");
}

TEST_F(VerifierTest, CountsOnlyWrongCredentialsAgainstAnAddress) {
  start(ledger_site());
  const auto malformed = signed_parts("{");
  for (std::uint32_t i = 0; i <= limits::failures_per_address_per_minute; ++i) ASSERT_EQ(verdict(malformed), "malformed");
}

TEST_F(VerifierTest, BelievesAProxyOnlyWhenItIsTrusted) {
  auto open = std::make_shared<Site>(*make_site({strict_source()}));
  open->sources[0].bearers.clear();
  open->sources[0].source.requirement.reset();
  auto trusting = std::make_shared<Site>(*open);
  trusting->trusted_proxies = {parse_cidr("10.0.0.0/8").value()};
  for (const auto& [with, outcome] : {std::pair<SitePtr, std::string>{open, "address_denied"}, {trusting, "accepted"}}) {
    start(with);
    auto request = signed_parts(ledger_body("A", 1));
    request.peer = "10.1.1.1";
    request.headers.emplace_back("X-Forwarded-For", "203.0.113.1, 192.0.2.77");
    EXPECT_EQ(verdict(request), outcome);
  }
}

TEST_F(VerifierTest, WantsTlsWhereTheSourceSaysSo) {
  auto source = ledger_source();
  source.require_tls = true;
  auto with = std::make_shared<Site>(*make_site({live_source(source)}));
  with->trusted_proxies = {parse_cidr("10.0.0.0/8").value()};
  start(with);
  auto request = signed_parts(ledger_body("A", 1));
  EXPECT_EQ(verdict(request), "tls_required");
  request.headers.emplace_back("X-Forwarded-Proto", "https");
  EXPECT_EQ(verdict(request), "tls_required") << "anybody can write that header";
  request.peer = "10.1.1.1";
  EXPECT_EQ(verdict(request), "accepted");
}

TEST_F(VerifierTest, OnlyProbesWhenTheBudgetIsSpent) {
  auto source = ledger_source();
  source.limits = {{.event_type = "other", .count = 1}, {.event_type = "made", .count = 2}};
  start(make_site({live_source(source)}));
  for (int n = 1; n <= 2; ++n) {
    ASSERT_EQ(verdict(signed_parts(ledger_body("A", n))), "accepted");
    EXPECT_FALSE(last_append().probe);
    EXPECT_EQ(last_append().limit, 1);
  }
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 3))), "accepted");
  EXPECT_TRUE(last_append().probe) << "a repeat costs nothing, and only the journal knows repeats";
  EXPECT_EQ(last_append().refusal.why, Refusal::rate_limited);
  EXPECT_EQ(last_append().refusal.quota, 2u);
  EXPECT_GT(last_append().refusal.retry_after, 0s);
  caf::anon_send(verifier, BudgetReturned{&site->sources[0], site, 1});
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 4))), "accepted");
  EXPECT_FALSE(last_append().probe);
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 5, "other"))), "accepted");
  EXPECT_FALSE(last_append().probe) << "each type has its own budget";
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 6, "free"))), "accepted");
  EXPECT_EQ(last_append().limit, -1);
}

TEST_F(VerifierTest, KeepsWhatIsUsedUpWhenTheSiteChanges) {
  auto source = ledger_source();
  source.limits = {{.count = 1}};
  start(make_site({live_source(source)}));
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 1))), "accepted");
  site = make_site({live_source(source)});
  caf::anon_send(verifier, SiteChanged{site});
  ASSERT_EQ(verdict(signed_parts(ledger_body("A", 2))), "accepted");
  EXPECT_TRUE(last_append().probe);
}

TEST_F(VerifierTest, GivesADailyEventOfAKeyOneIdentityADayInTokyo) {
  auto source = ledger_source();
  source.limits = {{.event_type = "made", .once_per_tokyo_day = true}};
  start(make_site({live_source(source)}));
  const auto once_of = [&](const std::string& key, int n) {
    EXPECT_EQ(verdict(signed_parts(ledger_body(key, n))), "accepted");
    return last_append().once.value_or(EventId{});
  };
  now = parse_iso8601("2025-10-09T14:59:59Z").value();  // 23:59:59 in Tokyo
  const auto before = once_of("A", 1);
  EXPECT_EQ(before, once_of("A", 2));
  EXPECT_EQ(last_append().refusal.retry_after, 1s);
  EXPECT_NE(before, once_of("B", 1));
  now += 1s;
  EXPECT_NE(before, once_of("A", 3));
}

}  // namespace
}  // namespace denrei::test
