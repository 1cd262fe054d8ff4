// denrei stats resend: which points belong to a period, how they are handed in again, and what becomes of failures.
#include <boost/json/serialize.hpp>

#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string api_url = "http://127.0.0.1:4000/api";
const std::string events_line = "POST " + api_url + "/events";
const std::string accepted = R"({"id":"evt_00000000000000000000000000000001"})";

std::string point(const std::string& event, const std::string& timestamp) {
  return R"({"event":"stats.)" + event + R"(","timestamp":")" + timestamp + R"(","stats":{"delivered":450,"actions":2,"completions":1}})";
}

std::string tally_of(const std::string& id, const std::string& series) {
  return R"({"id":")" + id + R"(","announcement":{"id":")" + id + R"(","title":"調査","category":"survey","priority":"medium",)"
         R"("publishedAt":"2025-10-07T09:00:00.000Z"},"environment":"staging","stats":{},"series":[)" + series + "]}";
}

class Resend : public OperatorWorld {
 protected:
  Resend() {
    tally("ann_1", point("hourly", "2025-10-06T15:00:00.000Z") + "," + point("updated", "2025-10-07T01:00:00.000Z") + "," +
                       point("hourly", "2025-10-06T16:00:00.000Z") + "," + point("hourly", "2025-10-07T15:00:00.000Z") + "," +
                       point("daily", "2025-10-07T15:00:00.000Z") + "," + point("hourly", "2025-10-07T15:00:00.001Z"));
  }
  // One announcement, and a server that takes everything.
  void usual() {
    list_one();
    answer(events_line, HttpReply{202, accepted});
  }
  void list_one() { answer("GET " + api_url + "/announcements?limit=1000", list(R"({"id":"ann_1"})")); }
  void tally(const std::string& id, const std::string& series) { answer("GET " + api_url + "/announcements/" + id + "/tally", tally_of(id, series)); }

  // "stats.hourly 2025-10-06T16:00": what was handed in.
  std::vector<std::string> handed_in() {
    std::vector<std::string> out;
    for (const auto& request : requests_) {
      if (request.method != "POST") continue;
      const auto document = parse_json(request.body);
      out.push_back(std::string(find_string((*document)->root(), "/type")) + " " +
                    std::string(find_string((*document)->root(), "/payload/timestamp").substr(0, 16)));
    }
    return out;
  }
  const std::vector<std::string> day_{"stats", "resend", "--from", "2025-10-07", "--to", "2025-10-07"};
  std::vector<std::string> day_with(const std::vector<std::string>& more) const {
    auto command = day_;
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
};

TEST_F(Resend, HandsInTheFiguresOfADayInJapanOldestFirst) {
  usual();
  ASSERT_EQ(run(day_), 0) << err();
  EXPECT_THAT(handed_in(), ElementsAre("stats.hourly 2025-10-06T16:00", "stats.hourly 2025-10-07T15:00", "stats.daily 2025-10-07T15:00"))
      << "from after its midnight up to the next one; what went at once does not go again";
  EXPECT_EQ(out(), "stats.hourly  2025-10-06T16:00:00.000Z  evt_00000000000000000000000000000001  ann_1\n"
                   "stats.hourly  2025-10-07T15:00:00.000Z  evt_00000000000000000000000000000001  ann_1\n"
                   "stats.daily   2025-10-07T15:00:00.000Z  evt_00000000000000000000000000000001  ann_1\n");
  EXPECT_EQ(err(), "3 points of 1 announcement handed in\n");
}

TEST_F(Resend, HandsInTheWholeBodyUnderAnIdOfItsRun) {
  usual();
  ASSERT_EQ(run(day_with({"--kind", "daily"})), 0);
  EXPECT_EQ(requests_.back().body,
            R"({"type":"stats.daily","key":"ann_1","id":"resend 2025-11-20T05:00:00.000Z ann_1 stats.daily 2025-10-07T15:00:00.000Z","payload":)"
            R"({"event":"stats.daily","timestamp":"2025-10-07T15:00:00.000Z","announcement":{"id":"ann_1","title":"調査","category":"survey",)"
            R"("priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z"},"stats":{"delivered":450,"actions":2,"completions":1},)"
            R"("metadata":{"source":"voicedrive","version":"1.0.0","environment":"staging"}}})");
}

TEST_F(Resend, TakesMomentsWithBothEnds) {
  usual();
  ASSERT_EQ(run({"stats", "resend", "--from", "2025-10-06T15:00:00Z", "--to", "2025-10-07T01:00:00+09:00"}), 0) << err();
  EXPECT_THAT(handed_in(), ElementsAre("stats.hourly 2025-10-06T15:00", "stats.hourly 2025-10-06T16:00"));
  ASSERT_EQ(run({"stats", "resend", "--from", "2025-10-07T15:00:00.001Z", "--to", "2025-10-08"}), 0);
  EXPECT_EQ(handed_in().size(), 1u);
}

TEST_F(Resend, TakesOnlyTheKindThatIsWanted) {
  usual();
  ASSERT_EQ(run(day_with({"--kind", "hourly"})), 0);
  EXPECT_THAT(handed_in(), ElementsAre("stats.hourly 2025-10-06T16:00", "stats.hourly 2025-10-07T15:00"));
}

TEST_F(Resend, GoesThroughEveryPageOfAnnouncements) {
  answer(events_line, HttpReply{202, accepted});
  answer("GET " + api_url + "/announcements?limit=1000", list(R"({"id":"ann_1"},{"id":"ann_2"})", R"("next":"1:7")"));
  answer("GET " + api_url + "/announcements?limit=1000&cursor=1%3A7", list(R"({"id":"ann_2"},{"id":"ann_3"})"));
  tally("ann_2", point("hourly", "2025-10-07T02:00:00.000Z"));
  tally("ann_3", point("hourly", "2025-10-01T02:00:00.000Z"));
  ASSERT_EQ(run(day_), 0) << err();
  EXPECT_EQ(handed_in().size(), 4u) << "ann_2 once, ann_3 not at all";
  EXPECT_EQ(err(), "4 points of 2 announcements handed in\n");
}

TEST_F(Resend, TakesOneAnnouncementAlone) {
  usual();
  tally("ann_2", point("daily", "2025-10-07T15:00:00.000Z"));
  ASSERT_EQ(run(day_with({"--announcement", "ann_2"})), 0);
  EXPECT_THAT(lines_asked(), ElementsAre("GET " + api_url + "/announcements/ann_2/tally", events_line));
  refuse("GET " + api_url + "/announcements/ann_9/tally", 404, "nothing");
  EXPECT_EQ(run(day_with({"--announcement", "ann_9"})), 6);
}

TEST_F(Resend, OnlyListsWhenItIsNotMeant) {
  usual();
  environment_ = {{"DENREI_READER_TOKEN", "token-of-a-reader"}};
  ASSERT_EQ(run(day_with({"--dry-run"})), 0) << err();
  EXPECT_THAT(handed_in(), IsEmpty());
  EXPECT_THAT(out(), HasSubstr("stats.daily   2025-10-07T15:00:00.000Z  ann_1\n"));
  EXPECT_EQ(err(), "3 points of 1 announcement would be handed in\n");
}

TEST_F(Resend, GoesOnAfterARefusalAndSaysHowToRepeat) {
  list_one();
  refuse(events_line, 400, "payload is wrong");
  EXPECT_EQ(run(day_with({"--run", "night shift"})), 1);
  EXPECT_EQ(handed_in().size(), 3u) << "the others are tried";
  EXPECT_THAT(err(), AllOf(HasSubstr("denrei: ann_1 stats.hourly 2025-10-06T16:00:00.000Z: payload is wrong\n"), HasSubstr("3 failed\n"),
                           HasSubstr("the same command with --run 'night shift' goes on")));
  EXPECT_THAT(requests_.back().body, HasSubstr(R"("id":"resend night shift ann_1)"));
}

TEST_F(Resend, RepeatsWhatAnOverloadedServerDidNotTake) {
  list_one();
  answer(events_line, HttpReply{503, ""});
  answer(events_line, HttpReply{202, accepted});
  ASSERT_EQ(run(day_with({"--kind", "daily"})), 0) << err();
  EXPECT_EQ(handed_in().size(), 2u);
  EXPECT_EQ(requests_[2].body, requests_[3].body) << "under the same id";
}

TEST_F(Resend, EndsWhereNothingCanSucceed) {
  environment_["DENREI_READER_TOKEN"] = "token-of-a-reader";
  list_one();
  refuse(events_line, 401, "no such token");
  EXPECT_EQ(run(day_), 4);
  EXPECT_EQ(handed_in().size(), 1u);
  environment_.erase("DENREI_OPERATOR_TOKEN");
  EXPECT_EQ(run(day_), 4) << "nobody may hand in";
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(Resend, EndsWithCtrlC) {
  usual();
  interrupted_at_ = now_;
  EXPECT_EQ(run(day_with({"--run", "r1"})), 130);
  EXPECT_THAT(handed_in(), IsEmpty());
  EXPECT_THAT(err(), HasSubstr("--run r1 goes on"));
}

TEST_F(Resend, CannotSendWhatWasNeverPublished) {
  usual();
  answer("GET " + api_url + "/announcements/ann_2/tally",
         R"({"id":"ann_2","announcement":null,"environment":null,"stats":{},"series":[)" + point("daily", "2025-10-07T15:00:00.000Z") + "]}");
  EXPECT_EQ(run(day_with({"--announcement", "ann_2"})), 1);
  EXPECT_THAT(handed_in(), IsEmpty());
  EXPECT_THAT(err(), HasSubstr("not been published"));
}

TEST_F(Resend, KeepsIdsWithinWhatTheServerTakes) {
  usual();
  const std::string longest(250, 'x');
  tally(longest, point("daily", "2025-10-07T15:00:00.000Z") + "," + point("hourly", "2025-10-07T15:00:00.000Z"));
  ASSERT_EQ(run(day_with({"--announcement", longest})), 0) << err();
  std::vector<std::string> ids;
  for (const auto& request : requests_)
    if (request.method == "POST") ids.emplace_back(find_string((*parse_json(request.body))->root(), "/id"));
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_LE(ids[0].size(), 256u);
  EXPECT_NE(ids[0], ids[1]);
}

TEST_F(Resend, PrintsJson) {
  usual();
  ASSERT_EQ(run(day_with({"--kind", "daily", "--run", "r1", "--json"})), 0);
  EXPECT_EQ(out(), R"({"run":"r1","from":"2025-10-06T15:00:00.001Z","to":"2025-10-07T15:00:00.000Z","dryRun":false,"handedIn":1,"failed":0,"points":[)"
                   R"({"announcement":"ann_1","event":"stats.daily","timestamp":"2025-10-07T15:00:00.000Z","id":"evt_00000000000000000000000000000001"}]})"
                   "\n");
}

TEST_F(Resend, RefusesPeriodsThatAreNone) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"2025-10-08", "2025-10-07"}, {"yesterday", "2025-10-07"}, {"2025-10-07", ""}, {"2025-02-30", "2025-03-01"}, {"2025-10-07T10:00:00", "2025-10-08"}}) {
    EXPECT_EQ(run({"stats", "resend", "--from", from, "--to", to}), 2) << from << " " << to;
    EXPECT_THAT(requests_, IsEmpty());
  }
  EXPECT_EQ(run({"stats", "resend", "--from", "2025-10-07"}), 2);
  EXPECT_EQ(run(day_with({"--kind", "weekly"})), 2);
}

}  // namespace
}  // namespace denrei
