// Exports at the Desk: what an operator may ask and order, and what the Exporter's answer becomes.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskExportsTest : public DeskWorld {
 protected:
  void SetUp() override {
    DeskWorld::SetUp();
    desk_without_storage = desk;
    desk = keep(spawn_desk(stage, meter("Desk"),
                           {.site = site, .outbox = outbox, .chronicle = outbox, .clock = clock(), .exporter = exporter.actor()}));
    caf::anon_send(desk, DispatchersOpened{{dispatchers[0].actor(), dispatchers[1].actor()}});
  }
  ExportReport report(std::string id = "exp_0123456789abcdef") {
    return {.id = std::move(id), .order = {.what = ExportWhat::dead_letters, .since = now, .by = "operator"}, .state = ExportState::running, .started_at = now};
  }
  // Lets the Exporter answer the question that came last.
  void tell(ExportsTold told, std::uint64_t ticket) {
    told.ticket = ticket;
    caf::anon_send(desk, std::move(told));
    run();
  }
  std::uint64_t last_start() { return exporter.all<StartExport>().back().ticket; }
  std::uint64_t last_list() { return exporter.all<ListExports>().back().ticket; }

  Recorder<StartExport, ListExports> exporter{system};
  Desk desk_without_storage;
};

TEST_F(DeskExportsTest, BeginsOneAndWritesThatToTheAudit) {
  ask("POST", "/ops/exports", R"({"what":"dead-letters","since":"2025-10-01T00:00:00+09:00","until":"2025-10-02T00:00:00Z"})");
  ASSERT_EQ(exporter.count<StartExport>(), 1u);
  const auto& order = exporter.all<StartExport>()[0].order;
  EXPECT_EQ(order.what, ExportWhat::dead_letters);
  EXPECT_EQ(order.since, parse_iso8601("2025-09-30T15:00:00Z").value());
  EXPECT_EQ(order.until, parse_iso8601("2025-10-02T00:00:00Z").value());
  EXPECT_EQ(order.by, "operator");
  tell({.reports = {report()}}, last_start());
  EXPECT_EQ(last().status, 202);
  EXPECT_EQ(header_of(last(), "Location"), "/ops/exports/exp_0123456789abcdef");
  EXPECT_EQ(last_json().at("state").as_string(), "running");
  ASSERT_EQ(audit().size(), 1u);
  EXPECT_EQ(audit()[0].at("action").as_string(), "export_started");
  EXPECT_EQ(audit()[0].at("exportId").as_string(), "exp_0123456789abcdef");
  EXPECT_EQ(audit()[0].at("by").as_string(), "operator");
}

TEST_F(DeskExportsTest, SaysWhenTheFunctionIsOff) {
  ask("POST", "/ops/exports", R"({"what":"audit"})");
  tell({.ok = false, .why = "Exports are off (function_off)", .again_in = 60s}, last_start());
  EXPECT_EQ(last().status, 503);
  EXPECT_EQ(header_of(last(), "Retry-After"), "60");
  EXPECT_EQ(last_json().at("detail").as_string(), "Exports are off (function_off)");
  EXPECT_TRUE(audit().empty());
}

TEST_F(DeskExportsTest, RefusesOrdersThatAreNotClear) {
  for (const auto* body : {"", "{}", R"({"what":"employees"})", R"({"what":1})", R"({"what":"audit","since":"monday"})", R"({"what":"audit","key":"E1"})",
                           R"({"what":"audit","since":"2025-10-02T00:00:00Z","until":"2025-10-01T00:00:00Z"})"})
    EXPECT_EQ(post("/ops/exports", body).status, 400) << body;
  EXPECT_EQ(exporter.count<StartExport>(), 0u);
}

TEST_F(DeskExportsTest, ListsThemAndShowsOne) {
  auto ended = report("exp_1");
  ended.state = ExportState::failed;
  ended.ended_at = now;
  ended.entries = 3;
  ended.keys = {"exports/a-1.jsonl"};
  ended.provider = "osaka";
  ended.why = "osaka: HTTP 403";
  ask("GET", "/ops/exports");
  tell({.reports = {report(), ended}}, last_list());
  EXPECT_EQ(ids(last_json()), (std::vector<std::string>{"exp_0123456789abcdef", "exp_1"}));
  EXPECT_EQ(last_json().at("total").as_int64(), 2);
  ask("GET", "/ops/exports/exp_1");
  EXPECT_EQ(exporter.all<ListExports>().back().id, "exp_1");
  tell({.reports = {ended}}, last_list());
  EXPECT_EQ(last().body,
            R"({"id":"exp_1","what":"dead-letters","state":"failed","since":"2025-10-09T08:53:20.000Z","until":null,"by":"operator",)"
            R"("startedAt":"2025-10-09T08:53:20.000Z","endedAt":"2025-10-09T08:53:20.000Z","entries":3,"bytes":0,"objects":1,)"
            R"("keys":["exports/a-1.jsonl"],"provider":"osaka","why":"osaka: HTTP 403"})");
  ask("GET", "/ops/exports/exp_2");
  tell({}, last_list());
  EXPECT_EQ(last().status, 404);
}

TEST_F(DeskExportsTest, NeedsAnOperatorAndAMethod) {
  ask("POST", "/ops/exports", R"({"what":"audit"})", reader_token);
  EXPECT_EQ(last().status, 401);
  ask("DELETE", "/ops/exports");
  EXPECT_EQ(last().status, 405);
  EXPECT_EQ(header_of(last(), "Allow"), "GET, HEAD, POST");
  ask("POST", "/ops/exports/exp_1");
  EXPECT_EQ(last().status, 405);
}

TEST_F(DeskExportsTest, SaysWhatToConfigureWhereNoStorageIs) {
  desk = desk_without_storage;
  EXPECT_EQ(post("/ops/exports", R"({"what":"audit"})").status, 404);
  EXPECT_NE(last_json().at("detail").as_string().find("[[service]]"), std::string::npos);
  EXPECT_EQ(get("/ops/exports").status, 404);
}

TEST_F(DeskExportsTest, AnswersForAnExporterThatDoesNot) {
  ask("GET", "/ops/exports");
  advance(10s);
  EXPECT_EQ(last().status, 503);
}

}  // namespace
}  // namespace denrei::test
