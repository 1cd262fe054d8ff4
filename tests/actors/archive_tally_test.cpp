// The Archive on the sending side of announcement statistics: which announcements are counted, and the tally of one with its series.
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <set>

#include "denrei/actors/archive.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class ArchiveTallyTest : public ActorWorld {
 protected:
  void SetUp() override {
    archive = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal}));
    caf::anon_send(archive, PartitionsOpened{{partition.actor(), second_partition.actor()}});
  }

  const Answer& get(const std::string& target, const std::string& token = reader_token) {
    caf::anon_send(archive, Serve{make_request({.edge = edge.actor(), .method = "GET", .target = target,
                                                .headers = {{"Authorization", "Bearer " + token}}}), ledger_site()});
    run();
    for (auto* p : {&partition, &second_partition})
      for (const auto& order : std::exchange(p->all<TellWhenApplied>(), {})) caf::anon_send(archive, AppliedNow{order.ticket, true});
    do run();
    while (journal.deliver() > 0);
    return edge.all<RepliesReady>().back().replies.front().answer;
  }

  auto& log_of(const std::string& family, const std::string& id) { return journal.log("p" + std::to_string(partition_of(family, id, 2))); }

  // An announcement that was published and clicked once before each of twelve hours, as its key's actor would leave it.
  void store_busy_one(const std::string& id) {
    auto logic = make_key_logic(Effect::tally, id, {}).value();
    const auto field = file_field("tally", id);
    KeyFile file;
    const auto hear = [&](std::string type, std::string body) {
      Event event;
      event.effect = Effect::tally;
      event.type = std::move(type);
      event.body = std::move(body);
      event.received_at = now;
      const auto decision = logic->decide(event);
      ChunkChange change;
      if (decision.has_line) add_line(file, field, {file.lines + 1, event.id, event.type, {}, now, decision.outcome, decision.note}, change);
      for (auto& [name, blob] : change.full) log_of("tally", id).timeline[name] = blob;
    };
    hear("announcement.published", R"({"title":"T","category":"survey","priority":"low","publishedAt":"2025-10-07T09:00:00Z","delivered":5})");
    for (int hour = 10; hour < 22; ++hour) {
      hear("action.click", R"({"action":"click","department":"看護部"})");
      hear("tally.hour", fmt::format(R"({{"at":"2025-10-09T{}:00:00Z"}})", hour));
    }
    file.state = logic->encode_state();
    log_of("tally", id).states[field] = encode_key_file(file);
  }

  FakeJournal journal{Answers::by_hand};
  Recorder<RepliesReady> edge{system};
  Recorder<TellWhenApplied> partition{system}, second_partition{system};
  Archive archive;
};

TEST_F(ArchiveTallyTest, ListsTheAnnouncementsThatAreCounted) {
  for (const auto* id : {"ann_1", "ann_2", "お知らせ"}) log_of("tally", id).states[file_field("tally", id)] = "a file";
  journal.log("p0").states[file_field("announcement", "ann_9")] = "what others count";
  journal.log("p1").states[file_field("employee", "E1")] = "somebody";
  std::set<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto answer = get("/api/announcements?limit=1" + cursor);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = json::parse(answer.body);
    for (const auto& item : body.at("data").as_array()) seen.emplace(item.at("id").as_string());
    ASSERT_EQ(body.at("next").is_null(), page == 2) << answer.body;
    if (page < 2) cursor = "&cursor=" + std::string(body.at("next").as_string());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"ann_1", "ann_2", "お知らせ"}));
  EXPECT_EQ(get("/api/announcements?cursor=x").status, 400);
  EXPECT_EQ(get("/api/announcements", "wrong").status, 401);
}

TEST_F(ArchiveTallyTest, ShowsATallyWithItsWholeSeries) {
  store_busy_one("ann/1");
  const auto answer = get("/api/announcements/ann%2F1/tally?limit=2");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto body = json::parse(answer.body);
  EXPECT_EQ(body.at("id").as_string(), "ann/1");
  EXPECT_EQ(body.at("announcement").at("title").as_string(), "T");
  EXPECT_EQ(body.at("stats").at("actions").to_number<int>(), 12);
  const auto& series = body.at("series").as_array();
  ASSERT_EQ(series.size(), 13u) << "all of it, over two chunks";
  EXPECT_EQ(series.at(0).at("stats").at("actions").to_number<int>(), 0);
  EXPECT_EQ(series.at(12).at("timestamp").as_string(), "2025-10-09T21:00:00.000Z");
}

TEST_F(ArchiveTallyTest, SaysThatNothingWasCounted) {
  log_of("announcement", "ann_9").states[file_field("announcement", "ann_9")] = "what others count";
  EXPECT_EQ(get("/api/announcements/ann_9/tally").status, 404);
  log_of("tally", "ann_1").states[file_field("tally", "ann_1")] = encode_key_file({});
  EXPECT_EQ(get("/api/announcements/ann_1/tally").status, 404) << "only the clock has spoken of it";
  log_of("tally", "ann_2").states[file_field("tally", "ann_2")] = "garbage";
  EXPECT_EQ(get("/api/announcements/ann_2/tally").status, 500);
  EXPECT_EQ(get("/api/announcements/ann_1/tally", "wrong").status, 401);
}

}  // namespace
}  // namespace denrei::test
