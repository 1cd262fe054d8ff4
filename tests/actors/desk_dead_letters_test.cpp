// Dead letters at the Desk: their list, one of them, and the orders about one.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskDeadLettersTest : public DeskWorld {};

TEST_F(DeskDeadLettersTest, ListsThemInTheOrderOfPartitionAndLog) {
  const auto third = bury(1, {.seq = 1});
  const auto second = bury(0, {.seq = 9});
  const auto first = bury(0, {.seq = 2});
  ASSERT_EQ(get("/ops/dead-letters").status, 200);
  EXPECT_EQ(ids(last_json()), (std::vector<std::string>{first.text(), second.text(), third.text()}));
  EXPECT_EQ(last_json().at("total"), 3);
  EXPECT_EQ(last_json().at("next"), nullptr);
  EXPECT_EQ(last_json().at("data").at(0).at("state").as_string(), "dead");
  EXPECT_EQ(get("/ops/deliveries?state=dead").status, 200);
  EXPECT_EQ(ids(last_json()).size(), 3u);
}

TEST_F(DeskDeadLettersTest, PagesThroughThemWithoutGapOrRepeatAlsoWhereOneEventHasSeveral) {
  std::vector<std::string> wanted;
  for (std::size_t p = 0; p < 2; ++p)
    for (std::uint64_t seq = 1; seq <= 40; ++seq) {
      std::vector<std::string> of_event{bury(p, {.destination = "voicedrive", .seq = seq}).text(), bury(p, {.destination = "records", .seq = seq}).text()};
      std::sort(of_event.begin(), of_event.end());
      wanted.insert(wanted.end(), of_event.begin(), of_event.end());
    }
  for (const int limit : {1, 2, 3, 13, 79, 80, 81, 159, 160, 161}) {
    SCOPED_TRACE(limit);
    EXPECT_EQ(all_pages("/ops/dead-letters?limit=" + std::to_string(limit)), wanted);
  }
}

TEST_F(DeskDeadLettersTest, KeepsToThePageSizeAndKnowsTheTotalOnEveryPage) {
  for (std::uint64_t seq = 1; seq <= 5; ++seq) bury(seq % 2, {.seq = seq});
  get("/ops/dead-letters?limit=3");
  EXPECT_EQ(ids(last_json()).size(), 3u);
  get("/ops/dead-letters?limit=3&cursor=" + std::string(last_json().at("next").as_string()));
  EXPECT_EQ(ids(last_json()).size(), 2u);
  EXPECT_EQ(last_json().at("total"), 5);
}

TEST_F(DeskDeadLettersTest, HandsEveryFilterOn) {
  get("/ops/dead-letters?destination=voicedrive&key=E%201&type=made&reason=given_up&status=0&since=2025-11-20T00:00:00Z&until=2025-11-21T09:00:00%2B09:00");
  ASSERT_EQ(listed.size(), 2u);
  const auto& filter = listed[0].filter;
  EXPECT_EQ(filter.destination, "voicedrive");
  EXPECT_EQ(filter.key, "E 1");
  EXPECT_EQ(filter.type, "made");
  EXPECT_EQ(filter.reason, DeadReason::given_up);
  EXPECT_EQ(filter.status, 0);
  EXPECT_EQ(filter.since, parse_iso8601("2025-11-20T00:00:00Z").value());
  EXPECT_EQ(filter.until, parse_iso8601("2025-11-21T00:00:00Z").value());
}

TEST_F(DeskDeadLettersTest, SaysThatAPartitionIsNotOpen) {
  const auto id = bury(0, {});
  is_open[0] = false;
  EXPECT_EQ(get("/ops/dead-letters").status, 503);
  EXPECT_EQ(header_of(last(), "Retry-After"), "1");
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/resend").status, 503);
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/discard", R"({"reason":"old"})").status, 503);
}

TEST_F(DeskDeadLettersTest, ShowsOneWithItsAttemptsBodyAndReason) {
  const auto id = bury(1, {.key = "E9"});
  ASSERT_EQ(get("/ops/dead-letters/" + id.text()).status, 200);
  EXPECT_EQ(last_json().at("id").as_string(), id.text());
  EXPECT_EQ(last_json().at("body").at("key").as_string(), "E9");
  EXPECT_EQ(last_json().at("history").as_array().size(), 1u);
  const auto why = std::string(last_json().at("why").as_string());
  EXPECT_NE(why.find("failed with 500: sorry"), std::string::npos) << why;
  EXPECT_EQ(why.find("and more"), std::string::npos) << why;
}

TEST_F(DeskDeadLettersTest, KnowsNoOthers) {
  const auto unknown = id_of(0, {.seq = 99}).text();
  for (const auto& id : {unknown, std::string("dlv_1"), std::string("x")}) {
    EXPECT_EQ(get("/ops/dead-letters/" + id).status, 404);
    EXPECT_EQ(post("/ops/dead-letters/" + id + "/resend").status, 404);
    EXPECT_EQ(post("/ops/dead-letters/" + id + "/discard", R"({"reason":"old"})").status, 404);
  }
  outbox.fail_next(OutboxCall::fetch, {FaultCode::unavailable, "cut"}, Acted::no);
  EXPECT_EQ(get("/ops/dead-letters/" + unknown).status, 503) << "one partition did not say whether it has it";
}

TEST_F(DeskDeadLettersTest, ResendsOne) {
  const auto id = bury(1, {});
  bury(1, {.seq = 2});
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/resend").status, 202);
  EXPECT_EQ(last().body, R"({"id":")" + id.text() + R"(","state":"pending"})");
  EXPECT_EQ(revived, std::vector<DeliveryId>{id});
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/resend").status, 404) << "it is no dead letter any more";
  EXPECT_TRUE(audit().empty()) << "the Dispatcher writes that entry";
}

TEST_F(DeskDeadLettersTest, TellsTheDispatcherWhoOrdersAndWhy) {
  settles = false;
  const auto id = bury(1, {});
  ask("POST", "/ops/dead-letters/" + id.text() + "/resend", {}, admin_token);
  ask("POST", "/ops/dead-letters/" + id.text() + "/discard", R"({"reason":"left the hospital"})");
  ASSERT_EQ(dispatchers[1].count<ReviveDead>(), 1u);
  ASSERT_EQ(dispatchers[1].count<DiscardDead>(), 1u);
  EXPECT_EQ(dispatchers[1].all<ReviveDead>()[0].by, "admin");
  EXPECT_EQ(dispatchers[1].all<DiscardDead>()[0].by, "operator");
  EXPECT_EQ(dispatchers[1].all<DiscardDead>()[0].reason, "left the hospital");
  EXPECT_EQ(dispatchers[0].count<ReviveDead>() + dispatchers[0].count<DiscardDead>(), 0u);
}

TEST_F(DeskDeadLettersTest, DiscardsOneWithAReasonOnly) {
  const auto id = bury(0, {});
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/discard").status, 400);
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/discard", R"({"reason":""})").status, 400);
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/resend", R"({"reason":"no place for it"})").status, 400);
  EXPECT_TRUE(discarded.empty());
  EXPECT_EQ(post("/ops/dead-letters/" + id.text() + "/discard", R"({"reason":"old"})").status, 200);
  EXPECT_EQ(last_json().at("state").as_string(), "discarded");
  EXPECT_EQ(discarded, std::vector<DeliveryId>{id});
}

TEST_F(DeskDeadLettersTest, SaysWhyOneCannotBeResent) {
  settles = false;
  const auto gone = bury(0, {.destination = "removed"});
  const auto taken = bury(0, {.destination = "voicedrive", .seq = 2});
  for (const auto& [id, word] : {std::pair(gone, "not configured"), std::pair(taken, "somebody else")}) {
    ask("POST", "/ops/dead-letters/" + id.text() + "/resend");
    caf::anon_send(desk, DeadSettled{dispatchers[0].all<ReviveDead>().back().ticket, 0, true, {}});
    run();
    EXPECT_EQ(last().status, 409);
    EXPECT_NE(last().body.find(word), std::string::npos) << last().body;
  }
}

}  // namespace
}  // namespace denrei::test
