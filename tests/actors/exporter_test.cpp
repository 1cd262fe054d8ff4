// The Exporter: which objects it makes of the audit and of dead letters, when it refuses, and the archive of each day.
#include "denrei/actors/exporter.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <set>

#include "../../src/actors/dead_index.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"
#include "support/actor_world.hpp"
#include "support/fake_outbox.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

namespace json = boost::json;

class ExporterTest : public ActorWorld {
 protected:
  void SetUp() override { spawn(false); }
  void spawn(bool archives) {
    Service service;
    service.name = "archive";
    service.dependency = Dependency::medium;
    exporter = keep(spawn_exporter(stage, meter("Exporter"),
                                   {.service = service, .state = state, .depot = depot.actor(), .outbox = outbox, .chronicle = outbox, .registers = outbox,
                                    .observer = observer.actor(), .log = &log, .clock = clock(), .archives_audit = archives}));
    caf::anon_send(exporter, DispatchersOpened{{dispatchers[0].actor(), dispatchers[1].actor()}});
    run();
  }

  void note(std::size_t partition, const std::string& action, WallTime at, std::size_t bytes = 0) {
    journal.log("p" + std::to_string(partition)).audit.add(
        {JsonObject{}.text("action", action).text_if_any("reason", std::string(bytes, 'r')).text("timestamp", format_iso8601(at)).take()}, 1'000'000);
  }
  DeliveryId bury(std::size_t partition, std::uint64_t seq, WallTime at, int n = 0) {
    Delivery d;
    d.head = {.id = {make_event_id("exporter test", fmt::format("{}.{}.{}", partition, seq, n))}, .seq = seq, .destination = "voicedrive", .key = "E1",
              .type = "made", .attempts = 2, .ended_at = at};
    d.head.dead = DeadReason::exhausted;
    d.attempts = {{.number = 1, .status = 500}, {.number = 2, .status = 503}};
    d.body = R"({"name":"a secret of the patient"})";
    outbox.records("p" + std::to_string(partition), OutboxPart::dead)[std::string(d.head.id.raw())] = encode_delivery(d);
    dead[partition].put(d.head);
    return d.head.id;
  }

  // As the Desk asks.
  ExportsTold say(caf::message order) {
    caf::actor_cast<caf::strong_actor_ptr>(exporter)->enqueue(
        caf::make_mailbox_element(caf::actor_cast<caf::strong_actor_ptr>(desk.actor()), caf::make_message_id(), {}, std::move(order)), nullptr);
    run();
    return desk.all<ExportsTold>().back();
  }
  ExportsTold start(ExportOrder order) { return say(caf::make_message(StartExport{++last_ticket, std::move(order)})); }
  ExportReport report(const std::string& id = {}) { return say(caf::make_message(ListExports{++last_ticket, id})).reports.at(0); }

  // Dispatchers and Depot answer until nobody asks.
  void go_on(bool depot_works = true) {
    do {
      run();
      for (std::uint32_t p = 0; p < 2; ++p)
        for (const auto& order : std::exchange(dispatchers[p].all<ListDead>(), {})) {
          DeadListed out{order.ticket, p, is_open, 0, {}};
          if (is_open) dead[p].list(order, out);
          caf::anon_send(exporter, std::move(out));
        }
      for (const auto& order : std::exchange(depot.all<StoreObject>(), {})) {
        if (depot_works) objects.emplace_back(order.key, *order.body);
        caf::anon_send(exporter, depot_works ? ObjectStored{order.ticket, true, "osaka", {}} : ObjectStored{order.ticket, false, {}, "osaka: HTTP 403"});
      }
      run();
    } while (dispatchers[0].count<ListDead>() + dispatchers[1].count<ListDead>() + depot.count<StoreObject>() > 0);
  }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    for (const auto& line : lines()) out.emplace_back(json::parse(line).at("action").as_string());
    return out;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    for (const auto& [key, body] : objects)
      for (std::size_t from = 0; from < body.size();) {
        const auto end = body.find('\n', from);
        out.push_back(body.substr(from, end - from));
        from = end + 1;
      }
    return out;
  }
  static WallTime at(const char* text) { return parse_iso8601(text).value(); }

  FakeJournal journal;
  FakeOutbox outbox{journal};
  ServiceMeter state;
  Recorder<ListDead> dispatchers[2]{Recorder<ListDead>(system), Recorder<ListDead>(system)};
  Recorder<StoreObject> depot{system};
  Recorder<ExportsTold> desk{system};
  Recorder<Drained> observer{system};
  LineKeeper log;
  DeadIndex dead[2];
  bool is_open = true;
  std::vector<std::pair<std::string, std::string>> objects;
  std::uint64_t last_ticket = 0;
  Exporter exporter;
};

TEST_F(ExporterTest, WritesTheAuditOfAllPartitionsOldestFirst) {
  note(0, "a", now - 5min);
  note(1, "b", now - 4min);
  note(0, "c", now - 3min);
  const auto told = start({.what = ExportWhat::audit, .by = "operator"});
  ASSERT_TRUE(told.ok) << told.why;
  const auto id = told.reports.at(0).id;
  EXPECT_TRUE(id.starts_with("exp_") && id.size() == 20) << id;
  go_on();
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].first, "exports/audit/2025/10/09/" + id + "-1.jsonl");
  EXPECT_EQ(actions(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(report(id).state, ExportState::finished);
  EXPECT_EQ(report(id).entries, 3u);
  EXPECT_EQ(report(id).bytes, objects[0].second.size());
  EXPECT_EQ(report(id).keys, std::vector<std::string>{objects[0].first});
  EXPECT_EQ(report(id).provider, "osaka");
  EXPECT_EQ(log.count(R"("log":"export")"), 1u);
}

TEST_F(ExporterTest, TakesOnlyTheTimeThatWasAskedFor) {
  for (int n = 0; n < 10; ++n) note(n % 2 == 0 ? 0 : 1, std::to_string(n), now - 10h + n * 1h);
  start({.since = now - 8h, .until = now - 6h, .by = "operator"});
  go_on();
  EXPECT_EQ(actions(), (std::vector<std::string>{"2", "3", "4"}));
}

TEST_F(ExporterTest, MakesObjectsOfLimitedSizeOneAfterTheOther) {
  for (int n = 0; n < 12; ++n) note(0, std::to_string(n), now - 1h, 1'000'000);
  start({.by = "operator"});
  run();
  EXPECT_EQ(depot.count<StoreObject>(), 1u) << "the next one when this is stored";
  go_on();
  ASSERT_EQ(objects.size(), 3u);
  for (const auto& [key, body] : objects) EXPECT_LE(body.size(), limits::export_object_bytes);
  EXPECT_TRUE(objects[2].first.ends_with("-3.jsonl"));
  EXPECT_EQ(actions().size(), 12u);
  EXPECT_EQ(report().entries, 12u);
}

TEST_F(ExporterTest, WritesDeadLettersWithEveryAttemptAndWithoutBodies) {
  bury(0, 1, now - 1h);
  bury(1, 7, now - 2h);
  bury(1, 8, now + 1h);
  start({.what = ExportWhat::dead_letters, .by = "operator"});
  go_on();
  ASSERT_EQ(lines().size(), 2u) << "the third is dead later than the export began";
  const auto first = json::parse(lines()[0]);
  EXPECT_EQ(first.at("state").as_string(), "dead");
  EXPECT_EQ(first.at("history").as_array().size(), 2u);
  EXPECT_EQ(objects[0].second.find("patient"), std::string::npos);
  EXPECT_TRUE(objects[0].first.starts_with("exports/dead-letters/"));
}

TEST_F(ExporterTest, LosesNoDeadLetterBetweenPages) {
  std::set<std::string> ids;
  for (std::uint64_t n = 0; n < 700; ++n) ids.insert(bury(0, 1 + n / 7, now - 1h, static_cast<int>(n % 7)).text());
  start({.what = ExportWhat::dead_letters, .by = "operator"});
  go_on();
  EXPECT_EQ(lines().size(), 700u);
  for (const auto& line : lines()) ids.erase(std::string(json::parse(line).at("id").as_string()));
  EXPECT_TRUE(ids.empty());
}

TEST_F(ExporterTest, MakesNoObjectOfNothing) {
  start({.by = "operator"});
  go_on();
  EXPECT_TRUE(objects.empty());
  EXPECT_EQ(report().state, ExportState::finished);
  EXPECT_EQ(report().entries, 0u);
}

TEST_F(ExporterTest, IsOffWhileTheStorageIsDown) {
  state.state = ServiceState::down;
  const auto told = start({.by = "operator"});
  EXPECT_FALSE(told.ok);
  EXPECT_EQ(told.again_in, 60s);
  EXPECT_NE(told.why.find("Exports are off (function_off): the object storage \"archive\" (dependency medium) is down"), std::string::npos) << told.why;
  EXPECT_NE(told.why.find("無効"), std::string::npos);
  state.state = ServiceState::on_secondary;
  EXPECT_TRUE(start({.by = "operator"}).ok);
}

TEST_F(ExporterTest, FailsWithTheStoragesReason) {
  note(0, "a", now);
  start({.by = "operator"});
  go_on(false);
  EXPECT_EQ(report().state, ExportState::failed);
  EXPECT_EQ(report().why, "osaka: HTTP 403");
  EXPECT_EQ(report().entries, 0u) << "only what is stored counts";
}

TEST_F(ExporterTest, AsksAStoreThatIsAwayAgainUntilItIsBack) {
  note(0, "a", now);
  bury(0, 1, now - 1h);
  journal.away(true);
  start({.by = "operator"});
  advance(10s);
  EXPECT_EQ(report().state, ExportState::running);
  journal.away(false);
  advance(1s);
  go_on();
  EXPECT_EQ(actions(), std::vector<std::string>{"a"});
  is_open = false;
  start({.what = ExportWhat::dead_letters, .by = "operator"});
  for (int n = 0; n < 310; ++n) {
    go_on();
    advance(1s);
  }
  EXPECT_EQ(report().state, ExportState::failed);
  EXPECT_EQ(report().why, "partition 0 is not open at the moment");
}

TEST_F(ExporterTest, AsksAgainWhenAnAnswerIsLost) {
  bury(0, 1, now - 1h);
  start({.what = ExportWhat::dead_letters, .by = "operator"});
  run();
  dispatchers[0].all<ListDead>().clear();
  advance(29s);
  EXPECT_EQ(dispatchers[0].count<ListDead>(), 0u);
  advance(1s);
  go_on();
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(ExporterTest, MakesOneAtATimeAndTakesOnlySoMany) {
  note(0, "a", now);
  for (std::size_t n = 0; n <= limits::exports_waiting_max; ++n) EXPECT_TRUE(start({.by = "operator"}).ok) << n;
  EXPECT_FALSE(start({.by = "operator"}).ok);
  EXPECT_EQ(depot.count<StoreObject>(), 1u);
  go_on();
  EXPECT_EQ(objects.size(), limits::exports_waiting_max + 1);
}

TEST_F(ExporterTest, EndsAtOnceAndSaysSo) {
  note(0, "a", now);
  const auto first = start({.by = "operator"}).reports.at(0).id;
  start({.by = "operator"});
  caf::anon_send(exporter, Drain{});
  run();
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(report(first).state, ExportState::failed);
  EXPECT_EQ(report().state, ExportState::waiting) << "nothing new begins";
  EXPECT_EQ(depot.count<StoreObject>(), 1u);
  EXPECT_FALSE(start({.by = "operator"}).ok);
}

// --- the archive of the audit

class AuditArchiveTest : public ExporterTest {
 protected:
  void SetUp() override { now = at("2025-11-20T23:59:00+09:00"); }
  std::string archived() { return outbox.registers("archive")["audit"]; }
};

TEST_F(AuditArchiveTest, WritesEachDayOnceAfterMidnightInTokyo) {
  outbox.registers("archive")["audit"] = "2025-11-19";
  note(0, "day before", at("2025-11-19T23:59:59.999+09:00"));
  note(0, "first", at("2025-11-20T00:00:00+09:00"));
  note(1, "last", at("2025-11-20T23:59:59.999+09:00"));
  note(1, "day after", at("2025-11-21T00:00:00+09:00"));
  spawn(true);
  go_on();
  EXPECT_TRUE(objects.empty());
  advance(2min + 1s);
  go_on();
  ASSERT_EQ(objects.size(), 1u);
  EXPECT_EQ(objects[0].first, "audit/2025/11/20/all.jsonl");
  EXPECT_EQ(actions(), (std::vector<std::string>{"first", "last"}));
  EXPECT_EQ(archived(), "2025-11-20");
  EXPECT_EQ(report().order.by, "denrei");
  advance(2h);
  go_on();
  EXPECT_EQ(objects.size(), 1u);
}

TEST_F(AuditArchiveTest, MakesUpForMissedDaysAndCountsEmptyOnes) {
  outbox.registers("archive")["audit"] = "2025-11-15";
  note(0, "17", at("2025-11-17T10:00:00+09:00"));
  note(0, "19", at("2025-11-19T10:00:00+09:00"));
  spawn(true);
  go_on();
  ASSERT_EQ(objects.size(), 2u);
  EXPECT_EQ(objects[0].first, "audit/2025/11/17/all.jsonl");
  EXPECT_EQ(objects[1].first, "audit/2025/11/19/all.jsonl");
  EXPECT_EQ(archived(), "2025-11-19");
}

TEST_F(AuditArchiveTest, WaitsWhileTheStorageIsDown) {
  outbox.registers("archive")["audit"] = "2025-11-18";
  note(0, "19", at("2025-11-19T10:00:00+09:00"));
  state.state = ServiceState::down;
  spawn(true);
  advance(1min);
  go_on();
  EXPECT_TRUE(objects.empty());
  state.state = ServiceState::up;
  advance(1s);
  go_on();
  EXPECT_EQ(objects.size(), 1u);
}

TEST_F(AuditArchiveTest, TriesADayAgainThatFailed) {
  outbox.registers("archive")["audit"] = "2025-11-18";
  note(0, "19", at("2025-11-19T10:00:00+09:00"));
  spawn(true);
  go_on(false);
  EXPECT_EQ(archived(), "2025-11-18");
  advance(9min);
  go_on();
  EXPECT_TRUE(objects.empty());
  advance(1min + 1s);
  go_on();
  EXPECT_EQ(archived(), "2025-11-20") << "and the day that has ended meanwhile";
}

TEST_F(AuditArchiveTest, GoesOnOnlyWhenTheRegisterIsWritten) {
  outbox.registers("archive")["audit"] = "2025-11-17";
  note(0, "18", at("2025-11-18T10:00:00+09:00"));
  note(0, "19", at("2025-11-19T10:00:00+09:00"));
  outbox.fail_next(OutboxCall::put, {FaultCode::unavailable, "away"});
  spawn(true);
  go_on();
  EXPECT_EQ(objects.size(), 1u);
  outbox.stop_faults();
  advance(10min + 1s);
  go_on();
  EXPECT_EQ(archived(), "2025-11-20");
  EXPECT_EQ(objects[1].first, objects[0].first) << "the same day under the same key";
}

TEST_F(AuditArchiveTest, LearnsTheRegisterWhenTheStoreIsBack) {
  outbox.registers("archive")["audit"] = "2025-11-18";
  note(0, "19", at("2025-11-19T10:00:00+09:00"));
  journal.away(true);
  spawn(true);
  advance(5s);
  journal.away(false);
  advance(1s);
  go_on();
  EXPECT_EQ(archived(), "2025-11-19");
}

}  // namespace
}  // namespace denrei::test
