// The Desk's door: which paths there are, who may ask, and that every question has an end.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskTest : public DeskWorld {};

TEST_F(DeskTest, IsForOperatorsOnly) {
  for (const auto& target : {"/ops/destinations", "/ops/dead-letters", "/ops/jobs", "/ops/audit", "/api/events/evt_00"})
    for (const auto& token : {std::string{}, std::string("wrong"), reader_token}) {
      ask("GET", target, {}, token);
      EXPECT_EQ(last().status, 401) << target;
      EXPECT_EQ(header_of(last(), "WWW-Authenticate"), "Bearer");
    }
  ask("POST", "/ops/dead-letters/resend", R"({"all":true})", reader_token);
  EXPECT_EQ(last().status, 401);
  EXPECT_EQ(dispatchers[0].count<ListDead>(), 0u);
  ask("GET", "/ops/jobs", {}, admin_token);
  EXPECT_EQ(last().status, 200);
}

TEST_F(DeskTest, KnowsItsPathsAndTheirMethods) {
  for (const auto* target : {"/ops", "/ops/", "/ops/destinations/", "/ops/destinations/a/b", "/ops/dead-letters/x/y/resend", "/ops/jobs/", "/ops/%zz",
                             "/ops/audit/1", "/api/events", "/api/events/", "/api/events/a/b"}) {
    ask("GET", target);
    EXPECT_EQ(last().status, 404) << target;
  }
  ask("DELETE", "/ops/destinations/voicedrive");
  EXPECT_EQ(last().status, 405);
  EXPECT_EQ(header_of(last(), "Allow"), "GET, HEAD");
  for (const auto* target : {"/ops/destinations/a/enable", "/ops/dead-letters/resend", "/ops/dead-letters/dlv_1/discard", "/ops/jobs/job_1/cancel"}) {
    ask("GET", target);
    EXPECT_EQ(last().status, 405) << target;
    EXPECT_EQ(header_of(last(), "Allow"), "POST");
  }
  ask("HEAD", "/ops/jobs");
  EXPECT_EQ(last().status, 200);
}

TEST_F(DeskTest, RefusesParametersThatItDoesNotKnow) {
  EXPECT_EQ(get("/ops/dead-letters?destinatoin=voicedrive").status, 400);
  const auto errors = last_json().at("errors").as_array();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].at("field").as_string(), "destinatoin");
  EXPECT_NE(errors[0].at("message").as_string().find("known: "), json::string::npos);
  for (const auto* target : {"/ops/destinations?x=1", "/ops/destinations/voicedrive?x", "/ops/jobs?limit=1", "/ops/audit?x=1", "/ops/audit?limit=0",
                             "/ops/audit?limit=1001", "/ops/audit?limit=%zz", "/ops/audit?cursor=1", "/ops/audit?cursor=1.2.3", "/ops/audit?cursor=a.b",
                             "/ops/dead-letters?cursor=1", "/ops/dead-letters?cursor=9.1.00", "/ops/dead-letters?reason=bored",
                             "/ops/dead-letters?status=abc", "/ops/dead-letters?since=yesterday", "/ops/deliveries?state=lost", "/ops/deliveries",
                             "/ops/deliveries?state=pending", "/ops/deliveries?state=delivered&event=x", "/ops/deliveries?state=dead&event=x"})
    EXPECT_EQ(get(target).status, 400) << target;
  EXPECT_EQ(last().content_type, "application/problem+json; charset=utf-8");
}

TEST_F(DeskTest, RefusesBodiesThatAreNoOrders) {
  const std::string target = "/ops/destinations/voicedrive/disable";
  EXPECT_EQ(post(target, "{").status, 400);
  EXPECT_EQ(post(target, "[]").status, 400);
  EXPECT_EQ(post(target, R"({"reason":"a","reason":"b"})").status, 400);
  RequestParts parts{.edge = edge.actor(), .target = target, .body = "reason=x", .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Bearer " + operator_token}}};
  caf::anon_send(desk, Serve{make_request(parts), site});
  run();
  EXPECT_EQ(last().status, 415);
  auto huge = make_request(parts);
  huge->body_too_large = true;
  caf::anon_send(desk, Serve{huge, site});
  run();
  EXPECT_EQ(last().status, 413);
  EXPECT_EQ(voicedrive.count<DirectDestination>(), 0u);
}

TEST_F(DeskTest, AnswersBeforeTheEdgeGivesUpWhenNobodyElseDoes) {
  ask("GET", "/ops/destinations/voicedrive");
  advance(5s);
  EXPECT_EQ(answers(), 0u);
  advance(limits::answer_timeout - 5s - 1ms);
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 503);
  EXPECT_EQ(header_of(last(), "Retry-After"), "1");
  // The late answer finds nobody.
  caf::anon_send(desk, DestinationReport{.ticket = voicedrive.all<ReportDestination>().back().ticket, .name = "voicedrive"});
  run();
  EXPECT_EQ(answers(), 1u);
}

TEST_F(DeskTest, HasNoTimerWhileNobodyAsks) {
  run();
  EXPECT_TRUE(scheduler.clock().schedule().empty());
  ask("GET", "/ops/destinations/voicedrive");
  EXPECT_FALSE(scheduler.clock().schedule().empty());
  go_on();
  advance(2s);
  EXPECT_TRUE(scheduler.clock().schedule().empty());
}

TEST_F(DeskTest, SaysThatTheStoreIsNotOpenYet) {
  desk = keep(spawn_desk(stage, meter("Desk"), {.site = site, .outbox = outbox, .chronicle = outbox, .destinations = {}, .clock = clock()}));
  EXPECT_EQ(get("/ops/dead-letters").status, 503);
}

TEST_F(DeskTest, TakesManyQuestionsAndNoMore) {
  for (std::size_t n = 0; n < limits::reads_waiting_max; ++n) ask("GET", "/ops/destinations/voicedrive");
  EXPECT_EQ(answers(), 0u);
  ask("GET", "/ops/destinations/voicedrive");
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 503);
}

TEST_F(DeskTest, GoesOnWithItsJobsAfterACrash) {
  auto throwing = std::make_shared<bool>(false);
  desk = keep(spawn_desk(stage, meter("Desk"), {.site = site, .outbox = outbox, .chronicle = outbox, .destinations = {{"voicedrive", voicedrive.actor()}},
                                               .clock = [this, throwing] { return *throwing ? throw std::runtime_error("planned") : now; }}));
  caf::anon_send(desk, DispatchersOpened{{dispatchers[0].actor(), dispatchers[1].actor()}});
  const auto id = bury(0, {});
  settles = false;
  EXPECT_EQ(post("/ops/dead-letters/resend", R"({"all":true})").status, 202);
  dispatchers[0].all<ReviveDead>().clear();
  *throwing = true;
  const auto before = answers();
  ask("POST", "/ops/dead-letters/discard", R"({"all":true,"reason":"x"})");
  EXPECT_EQ(answers(), before);
  *throwing = false;
  settles = true;
  advance(2s);
  go_on();
  EXPECT_EQ(revived, std::vector<DeliveryId>{id}) << "the step that was under way is taken again";
  EXPECT_EQ(get("/ops/destinations/voicedrive").status, 200);
}

TEST_F(DeskTest, IsNotForCaches) {
  EXPECT_EQ(header_of(get("/ops/jobs"), "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(get("/ops/jobs/job_1"), "Cache-Control"), "no-store");
}

}  // namespace
}  // namespace denrei::test
