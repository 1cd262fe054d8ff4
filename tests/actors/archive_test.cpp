// The Archive: who may read, what a page holds, and that an answer waits for what was accepted before the question.
#include "denrei/actors/archive.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <set>

#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ArchiveTest : public ActorWorld {
 protected:
  void SetUp() override {
    auto with_origin = std::make_shared<Site>(*ledger_site());
    with_origin->cors_origins = {"https://voicedrive.example.com"};
    site = with_origin;
    const auto as_inbox = caf::actor_cast<Inbox>(inbox.actor());
    archive = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal, .inboxes = {{"level99", as_inbox}, {"acknowledgements", as_inbox}}}));
    caf::anon_send(archive, PartitionsOpened{{partition.actor(), second_partition.actor()}});
  }

  void ask(RequestParts parts, const std::string& token = reader_token) {
    parts.edge = edge.actor();
    if (parts.method == "POST") parts.method = "GET";
    if (!token.empty()) parts.headers.emplace_back("Authorization", "Bearer " + token);
    caf::anon_send(archive, Serve{make_request(parts), site});
    run();
  }
  // Both partitions say that everything is applied, and whatever is asked of the shelf is answered.
  void go_on(bool ok = true) {
    for (auto* p : {&partition, &second_partition})
      for (const auto& order : std::exchange(p->all<TellWhenApplied>(), {})) caf::anon_send(archive, AppliedNow{order.ticket, ok});
    do run();
    while (journal.deliver() > 0);
  }
  const Answer& last() { return edge.all<RepliesReady>().back().replies.front().answer; }
  const Answer& get(const std::string& target) {
    ask({.target = target});
    go_on();
    return last();
  }
  json::value last_json() { return json::parse(last().body); }

  // Puts an employee with that many events on the shelf, as a key's actor would.
  void store_employee(const std::string& id, int events) {
    auto logic = make_key_logic(Effect::employee, id, {}).value();
    KeyFile file;
    const auto field = file_field("employee", id);
    auto& log = journal.log("p" + std::to_string(partition_of("employee", id, 2)));
    for (int n = 0; n < events; ++n) {
      Event event;
      event.effect = Effect::employee;
      event.type = "employee.created";
      event.id = make_event_id(id, std::to_string(n));
      event.received_at = now;
      event.body = R"({"eventType":"employee.created","data":{"staffId":")" + id + R"(","fullName":"Name )" + std::to_string(n) +
                   R"(","email":"a@b.jp","facilityId":"F","departmentId":"D"}})";
      const auto decision = logic->decide(event);
      ChunkChange change;
      add_line(file, field, {static_cast<std::uint64_t>(n) * 3 + 1, event.id, event.type, {}, now, decision.outcome, {}}, change);
      for (auto& [name, blob] : change.full) log.timeline[name] = blob;
      for (const auto& name : change.dropped) log.timeline.erase(name);
    }
    file.state = logic->encode_state();
    log.states[field] = encode_key_file(file);
  }
  std::vector<std::int64_t> positions() {
    std::vector<std::int64_t> out;
    const auto body = last_json();
    for (const auto& line : body.at("data").as_array()) out.push_back(line.at("position").to_number<std::int64_t>());
    return out;
  }

  SitePtr site;
  FakeJournal journal{Answers::by_hand};
  Recorder<RepliesReady> edge{system};
  Recorder<TellWhenApplied> partition{system}, second_partition{system};
  Recorder<AskInbox> inbox{system};
  Archive archive;
};

TEST_F(ArchiveTest, WantsATokenWithARole) {
  for (const auto& token : {std::string{}, std::string("wrong"), first_secret}) {
    ask({.target = "/api/employees/E1"}, token);
    EXPECT_EQ(last().status, 401);
    EXPECT_EQ(header_of(last(), "WWW-Authenticate"), "Bearer");
  }
  ask({.target = "/api/employees/E1"}, operator_token);
  go_on();
  EXPECT_EQ(last().status, 404) << "an operator may read what a reader may";
}

TEST_F(ArchiveTest, WaitsForWhatWasAcceptedBeforeTheQuestion) {
  store_employee("E1", 1);
  ask({.target = "/api/employees/E1"});
  EXPECT_EQ(edge.count<RepliesReady>(), 0u);
  EXPECT_EQ(partition.count<TellWhenApplied>() + second_partition.count<TellWhenApplied>(), 1u) << "only the key's own partition";
  go_on();
  ASSERT_EQ(edge.count<RepliesReady>(), 1u);
  EXPECT_EQ(last().status, 200);
  EXPECT_EQ(last_json().at("fullName").as_string(), "Name 0");
}

TEST_F(ArchiveTest, KnowsOnlyItsPaths) {
  for (const auto* target : {"/api", "/api/", "/api/employees/", "/api/employees/E1/", "/api/employees/E1/photo", "/api/%zz",
                             "/api/announcements/A1", "/api/notifications/x", "/api/employees//timeline"}) {
    ask({.target = target});
    EXPECT_EQ(last().status, 404) << target;
  }
  ask({.method = "DELETE", .target = "/api/employees/E1"});
  EXPECT_EQ(last().status, 405);
  EXPECT_EQ(header_of(last(), "Allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ArchiveTest, SaysWhichMethodAPathTakesThatOnlyASourceKnows) {
  auto source = ledger_source();
  source.method = "PUT";
  source.paths = {"/api/announcements/{key}"};
  site = make_site({live_source(std::move(source))});
  ask({.target = "/api/announcements/A1"});
  EXPECT_EQ(last().status, 405);
  EXPECT_EQ(header_of(last(), "Allow"), "PUT");
  ask({.target = "/api/announcements/A1/x"});
  EXPECT_EQ(last().status, 404);
}

TEST_F(ArchiveTest, SaysThatAKeyIsUnknown) {
  EXPECT_EQ(get("/api/employees/nobody").status, 404);
  EXPECT_EQ(get("/api/employees/nobody/timeline").status, 404);
  EXPECT_EQ(get("/api/announcements/nothing/stats").status, 404);
}

TEST_F(ArchiveTest, DecodesKeysInPaths) {
  store_employee("山 田/1", 1);
  EXPECT_EQ(get("/api/employees/%E5%B1%B1%20%E7%94%B0%2F1").status, 200);
}

TEST_F(ArchiveTest, PagesThroughATimelineWithoutGapOrOverlap) {
  store_employee("E1", 21);  // two full chunks and five lines
  for (const int limit : {1, 3, 8, 9, 21, 100}) {
    SCOPED_TRACE(limit);
    std::vector<std::int64_t> seen, wanted;
    for (int n = 0; n < 21; ++n) wanted.push_back(n * 3 + 1);
    std::string cursor;
    for (int page = 0; page < 22; ++page) {
      ASSERT_EQ(get("/api/employees/E1/timeline?limit=" + std::to_string(limit) + cursor).status, 200);
      for (const auto p : positions()) seen.push_back(p);
      const auto next = last_json().at("next");
      if (next.is_null()) break;
      cursor = "&cursor=" + std::string(next.as_string());
    }
    EXPECT_EQ(seen, wanted);
  }
}

TEST_F(ArchiveTest, BeginsALongTimelineAtItsOldestKeptLine) {
  store_employee("E1", 1'100);
  ASSERT_EQ(get("/api/employees/E1/timeline?limit=1").status, 200);
  EXPECT_EQ(positions(), std::vector<std::int64_t>{100 * 3 + 1});
  ASSERT_EQ(get("/api/employees/E1/timeline?limit=1000").status, 200);
  EXPECT_EQ(positions().size(), 1'000u);
}

TEST_F(ArchiveTest, ShowsHowOftenALineWasRepeated) {
  store_employee("E1", 2);
  auto& log = journal.log("p" + std::to_string(partition_of("employee", "E1", 2)));
  log.repeats[std::string(make_event_id("E1", "1").raw())] = 4;
  get("/api/employees/E1/timeline");
  EXPECT_EQ(last_json().at("data").at(0).at("repeats"), 0);
  EXPECT_EQ(last_json().at("data").at(1).at("repeats"), 4);
}

TEST_F(ArchiveTest, RefusesPagesThatCannotBe) {
  store_employee("E1", 2);
  for (const auto* query : {"limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "cursor=x", "cursor=-1", "cursor=3", "cursor=99999999999999999999",
                            "limit=%zz"}) {
    EXPECT_EQ(get(std::string("/api/employees/E1/timeline?") + query).status, 400) << query;
    EXPECT_EQ(last().content_type, "application/problem+json; charset=utf-8");
  }
}

// Every page's staff ids in the order given, duplicates too; fails when the pages do not end.
class KeyListTest : public ArchiveTest {
 protected:
  void store(int from, int count) {
    for (int i = from; i < from + count; ++i) {
      const auto id = "E" + std::to_string(i);
      journal.log("p" + std::to_string(partition_of("employee", id, 2))).states[file_field("employee", id)] = "a file";
    }
  }
  std::vector<std::string> ids_of(const json::value& page) {
    std::vector<std::string> ids;
    for (const auto& item : page.at("data").as_array()) ids.emplace_back(item.at("staffId").as_string());
    return ids;
  }
  std::vector<std::string> list_all(const std::string& limit, const std::function<void()>& between = [] {}) {
    std::vector<std::string> ids;
    std::string target = "/api/employees?limit=" + limit, cursor;
    for (pages = 1; pages < 1'000; ++pages) {
      EXPECT_EQ(get(target + cursor).status, 200) << last().body;
      const auto page = last_json();
      const auto some = ids_of(page);
      EXPECT_LE(some.size(), std::stoul(limit));
      ids.insert(ids.end(), some.begin(), some.end());
      if (page.at("next").is_null()) return ids;
      EXPECT_FALSE(some.empty()) << "a page with nothing on it";
      cursor = "&cursor=" + std::string(page.at("next").as_string());
      between();
    }
    ADD_FAILURE() << "does not end";
    return ids;
  }
  int pages = 0;
};

TEST_F(KeyListTest, HasEveryoneOfEveryPartitionOnceAndNothingElse) {
  EXPECT_EQ(get("/api/employees").body, R"({"data":[],"next":null})");
  store(0, 250);
  for (const auto* tag : {"p0", "p1"}) {
    journal.log(tag).states[file_field("announcement", "A1")] = "a file";
    journal.log(tag).states[file_field("employees", "E1")] = "another family";
  }
  for (const auto* limit : {"1", "7", "100", "125", "250", "1000"}) {
    auto ids = list_all(limit);
    EXPECT_EQ(ids.size(), 250u) << limit;
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end()) << limit;
  }
  EXPECT_EQ(ids_of((get("/api/employees"), last_json())).size(), 100u) << "by default";
}

TEST_F(KeyListTest, FillsAPageFromAsManyLooksAsItTakes) {
  journal.fields_scan.step = journal.fields_scan.looked_at = 3;
  store(0, 40);
  EXPECT_EQ(list_all("30").size(), 40u);
  EXPECT_EQ(pages, 2);
}

TEST_F(KeyListTest, MissesNobodyWhoWasThereBeforeTheFirstPage) {
  journal.fields_scan.step = 10;
  store(1'000, 100);
  int more = 2'000;
  const auto ids = list_all("9", [&] {
    if (more < 2'300) store(std::exchange(more, more + 20), 20);
  });
  const std::set<std::string> seen(ids.begin(), ids.end());
  for (int i = 1'000; i < 1'100; ++i) EXPECT_TRUE(seen.contains("E" + std::to_string(i))) << i;
}

TEST_F(KeyListTest, TakesAnyStaffId) {
  for (const auto* id : {"a:b", "山 田/1", "\"quoted\"", ":"})
    journal.log("p0").states[file_field("employee", id)] = "a file";
  get("/api/employees?limit=1");
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    const auto page = last_json();
    seen.insert(ids_of(page).front());
    std::string cursor;
    for (const char c : std::string(page.at("next").is_null() ? "" : page.at("next").as_string().c_str()))
      cursor += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    if (!cursor.empty()) get("/api/employees?limit=1&cursor=" + cursor);
  }
  EXPECT_EQ(seen, (std::set<std::string>{"a:b", "山 田/1", "\"quoted\"", ":"}));
}

TEST_F(KeyListTest, WaitsForAllPartitionsAndNeedsATokenAndTheStore) {
  store(0, 3);
  ask({.target = "/api/employees"}, "wrong");
  EXPECT_EQ(last().status, 401);
  const auto before = edge.count<RepliesReady>();
  ask({.target = "/api/employees"});
  EXPECT_EQ(partition.count<TellWhenApplied>() + second_partition.count<TellWhenApplied>(), 2u);
  EXPECT_EQ(edge.count<RepliesReady>(), before);
  go_on();
  EXPECT_EQ(last().status, 200);
  ask({.target = "/api/employees"});
  go_on(false);
  EXPECT_EQ(last().status, 503);
  journal.away(true);
  EXPECT_EQ(get("/api/employees").status, 503);
}

TEST_F(KeyListTest, RefusesCursorsThatItDidNotGive) {
  for (const auto* query : {"cursor=", "cursor=0", "cursor=0:", "cursor=:0", "cursor=2:0", "cursor=0:x", "cursor=-1:0", "cursor=0:-1", "cursor=x:0",
                            "cursor=0:99999999999999999999", "cursor=%zz", "limit=0", "limit=1001"}) {
    EXPECT_EQ(get(std::string("/api/employees?") + query).status, 400) << query;
    EXPECT_EQ(last().content_type, "application/problem+json; charset=utf-8");
  }
}

TEST_F(ArchiveTest, HandsAQuestionToItsInboxWhenAllPartitionsHaveAppliedWhatCameBefore) {
  ask({.target = "/api/notifications/acknowledgements?after=5&limit=2"});
  ASSERT_EQ(partition.count<TellWhenApplied>(), 1u);
  ASSERT_EQ(second_partition.count<TellWhenApplied>(), 1u);
  caf::anon_send(archive, AppliedNow{partition.all<TellWhenApplied>()[0].ticket, true});
  run();
  EXPECT_EQ(inbox.count<AskInbox>(), 0u);
  go_on();
  // go_on answered the first one a second time; the question is asked once all the same.
  ASSERT_EQ(inbox.count<AskInbox>(), 1u);
  EXPECT_EQ(edge.count<RepliesReady>(), 0u) << "the inbox answers";
  const auto& asked = inbox.all<AskInbox>()[0];
  EXPECT_EQ(asked.request->target, "/api/notifications/acknowledgements?after=5&limit=2");
  EXPECT_EQ(asked.question.inbox, "acknowledgements");
  EXPECT_EQ(asked.question.after, 5u);
  EXPECT_EQ(asked.question.limit, 2u);
  go_on(false);
  EXPECT_EQ(edge.count<RepliesReady>(), 0u) << "and the Archive has forgotten it";
}

TEST_F(ArchiveTest, SaysHonestlyThatTheStoreIsAway) {
  ask({.target = "/api/employees/E1"});
  go_on(false);
  EXPECT_EQ(last().status, 503);
  EXPECT_EQ(header_of(last(), "Retry-After"), "1");
  journal.away(true);
  EXPECT_EQ(get("/api/employees/E1").status, 503);
  const auto early = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal, .inboxes = {}}));
  caf::anon_send(early, Serve{make_request({.edge = edge.actor(), .method = "GET", .target = "/api/employees/E1",
                                            .headers = {{"Authorization", "Bearer " + reader_token}}}), site});
  run();
  EXPECT_EQ(last().status, 503) << "the store is not open yet";
}

TEST_F(ArchiveTest, AnswersBrokenDataAsItsOwnFault) {
  journal.log("p" + std::to_string(partition_of("employee", "E1", 2))).states[file_field("employee", "E1")] = "garbage";
  EXPECT_EQ(get("/api/employees/E1").status, 500);
  EXPECT_EQ(get("/api/employees/E1/timeline").status, 500);
}

TEST_F(ArchiveTest, LetsConfiguredOriginsReadFromABrowser) {
  ask({.method = "OPTIONS", .target = "/api/employees/E1", .headers = {{"Origin", "https://voicedrive.example.com"}}}, "");
  EXPECT_EQ(last().status, 204);
  EXPECT_EQ(header_of(last(), "Access-Control-Max-Age"), "3600");
  EXPECT_EQ(header_of(last(), "Access-Control-Allow-Methods"), "GET, HEAD");
  EXPECT_EQ(header_of(last(), "Allow"), "GET, HEAD, OPTIONS");
  ask({.method = "OPTIONS", .target = "/api/notifications/7/read", .headers = {{"Origin", "https://voicedrive.example.com"}}}, "");
  EXPECT_EQ(header_of(last(), "Access-Control-Allow-Methods"), "POST");
  EXPECT_NE(header_of(last(), "Access-Control-Allow-Headers").find("Denrei-Reader"), std::string::npos);
  ask({.method = "OPTIONS", .target = "/api/employees/E1", .headers = {{"Origin", "https://evil.example"}}}, "");
  EXPECT_EQ(header_of(last(), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header_of(last(), "Access-Control-Allow-Methods"), "");
}

TEST_F(ArchiveTest, HandsLiveStreamsOfReadersToTheFanOut) {
  ask({.target = "/api/notifications/stream"});
  EXPECT_EQ(last().status, 404) << "nobody is there";
  Recorder<Serve> fan_out{system};
  archive = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal, .inboxes = {}, .fan_out = fan_out.actor()}));
  ask({.target = "/api/notifications/stream"}, "wrong");
  EXPECT_EQ(last().status, 401);
  ask({.method = "HEAD", .target = "/api/notifications/stream"});
  EXPECT_EQ(last().status, 405);
  ask({.target = "/api/notifications/stream?x=1", .headers = {{"Last-Event-ID", "7-1"}}});
  ask({.target = "/api/notifications/stream/more"});
  ASSERT_EQ(fan_out.count<Serve>(), 1u) << "also before the store is open";
  EXPECT_EQ(fan_out.all<Serve>()[0].request->target, "/api/notifications/stream?x=1");
}

TEST_F(ArchiveTest, HandsQuestionsAboutEventsToTheDesk) {
  ask({.target = "/api/events/evt_1"});
  EXPECT_EQ(last().status, 404) << "nobody is there";
  Recorder<Serve> desk{system};
  archive = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal, .inboxes = {}, .desk = desk.actor()}));
  ask({.target = "/api/events/evt_1"}, "");
  ASSERT_EQ(desk.count<Serve>(), 1u) << "the Desk judges the token";
  EXPECT_EQ(edge.count<RepliesReady>(), 1u);
  ask({.target = "/api/events/"});
  ask({.target = "/api/events/evt_1/more"});
  EXPECT_EQ(desk.count<Serve>(), 1u);
}

}  // namespace
}  // namespace denrei::test
