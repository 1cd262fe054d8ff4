// denrei stats publish, action, show, list: what is sent with which token, and what is shown.
#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string announcements_url = "http://127.0.0.1:4000/api/announcements";
const std::string accepted = R"({"id":"evt_00000000000000000000000000000001"})";

std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers)
    if (header.name == name) return header.value;
  return {};
}

class Stats : public OperatorWorld {
 protected:
  const std::vector<std::string> publish_{"stats", "publish", "ann_1", "--title", "職場環境調査", "--category", "survey", "--priority", "medium",
                                          "--published-at", "2025-10-07T18:00:00+09:00", "--delivered", "450"};
  static std::vector<std::string> with_more(std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Stats, PublishAnAnnouncement) {
  answer("PUT " + announcements_url + "/ann_1", HttpReply{202, accepted});
  ASSERT_EQ(run(publish_), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"title":"職場環境調査","category":"survey","priority":"medium","publishedAt":"2025-10-07T18:00:00+09:00","delivered":450})");
  EXPECT_EQ(header_of(requests_.at(0), "Content-Type"), "application/json");
  EXPECT_EQ(out(), "ann_1 published: evt_00000000000000000000000000000001\n");
  ASSERT_EQ(run(with_more(publish_, {"--environment", "staging", "--json"})), 0);
  EXPECT_THAT(requests_.at(0).body, HasSubstr(R"("environment":"staging")"));
  EXPECT_EQ(out(), accepted + "\n");
}

TEST_F(Stats, PublishItNowUnlessToldOtherwise) {
  answer("PUT " + announcements_url + "/a%2Fb", HttpReply{202, accepted});
  ASSERT_EQ(run({"stats", "publish", "a/b", "--title", "t", "--category", "other", "--priority", "low", "--delivered", "0"}), 0) << err();
  EXPECT_THAT(requests_.at(0).body, HasSubstr(R"("publishedAt":"2025-11-20T05:00:00.000Z")"));
}

TEST_F(Stats, HandInWithTheSendersTokenElseTheOperators) {
  answer("PUT " + announcements_url + "/ann_1", HttpReply{202, accepted});
  ASSERT_EQ(run(publish_), 0);
  EXPECT_EQ(header_of(requests_.at(0), "Authorization"), "Bearer token-of-an-operator");
  environment_["DENREI_SENDER_TOKEN"] = "token-of-a-sender";
  ASSERT_EQ(run(publish_), 0);
  EXPECT_EQ(header_of(requests_.at(0), "Authorization"), "Bearer token-of-a-sender");
  environment_.clear();
  EXPECT_EQ(run(publish_), 4);
  EXPECT_THAT(err(), HasSubstr("DENREI_SENDER_TOKEN"));
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(Stats, SayWhyTheyWereRefused) {
  refuse("PUT " + announcements_url + "/ann_1", 400, "title is too long");
  EXPECT_EQ(run(publish_), 2);
  EXPECT_EQ(err(), "denrei: ann_1: title is too long\n");
  answer("PUT " + announcements_url + "/ann_2", HttpReply{503, ""});
  EXPECT_EQ(run(with_more({"stats", "publish", "ann_2"}, {publish_.begin() + 3, publish_.end()})), 1);
  EXPECT_EQ(requests_.size(), 1u) << "it may have been heard";
}

TEST_F(Stats, RefuseWhatCannotBeMeant) {
  const std::vector<std::string> action{"stats", "action", "ann_1", "--type", "click"};
  for (const auto& command : {std::vector<std::string>{"stats"}, {"stats", "publish", "ann_1"}, with_more(publish_, {"--published-at", "yesterday"}),
                              {"stats", "action", "ann_1"}, {"stats", "action", "ann_1", "--type", "look"}, with_more(action, {"--count", "0"}),
                              with_more(action, {"--read-time", "-1"}), with_more(action, {"--read-time", "nan"}),
                              {"stats", "show"}, {"stats", "list", "--limit", "0"}}) {
    EXPECT_EQ(run(command), 2) << ::testing::PrintToString(command);
    EXPECT_THAT(requests_, IsEmpty());
  }
}

// --- actions

TEST_F(Stats, ReportAnAction) {
  answer("POST " + announcements_url + "/ann_1/actions", HttpReply{202, accepted});
  ASSERT_EQ(run({"stats", "action", "ann_1", "--type", "click"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"action":"click"})");
  EXPECT_EQ(out(), "ann_1 click: evt_00000000000000000000000000000001\n");
  ASSERT_EQ(run({"stats", "action", "ann_1", "--type", "view", "--department", "看護部", "--viewer", "EMP-1", "--read-time", "45", "--action-id", "x"}), 0);
  EXPECT_EQ(requests_.at(0).body, R"({"action":"view","department":"看護部","viewer":"EMP-1","readTimeSeconds":45,"actionId":"x"})");
  ASSERT_EQ(run({"stats", "action", "ann_1", "--type", "view", "--read-time", "0.5"}), 0);
  EXPECT_EQ(requests_.at(0).body, R"({"action":"view","readTimeSeconds":0.5})");
}

TEST_F(Stats, ReportManyActionsEachUnderItsOwnId) {
  answer("POST " + announcements_url + "/ann_1/actions", HttpReply{202, accepted});
  ASSERT_EQ(run({"stats", "action", "ann_1", "--type", "click", "--count", "3", "--action-id", "run"}), 0);
  ASSERT_EQ(requests_.size(), 3u);
  EXPECT_EQ(requests_[0].body, R"({"action":"click","actionId":"run-1"})");
  EXPECT_EQ(requests_[2].body, R"({"action":"click","actionId":"run-3"})");
}

TEST_F(Stats, SayHowManyActionsWereReportedBeforeOneFailed) {
  const auto line = "POST " + announcements_url + "/ann_1/actions";
  answer(line, HttpReply{202, accepted});
  answer(line, HttpReply{202, accepted});
  refuse(line, 429, "too many");
  EXPECT_EQ(run({"stats", "action", "ann_1", "--type", "click", "--count", "9"}), 1);
  EXPECT_EQ(requests_.size(), 3u);
  EXPECT_THAT(err(), HasSubstr("2 of 9 had been handed in\n"));
}

// --- showing

const std::string tally = R"({"id":"ann_1","announcement":{"id":"ann_1","title":"職場環境調査","category":"survey","priority":"medium",)"
                          R"("publishedAt":"2025-10-07T09:00:00.000Z"},"environment":"production","stats":{"delivered":450,"actions":235,"completions":189,)"
                          R"("details":{"viewCount":380,"uniqueViewers":320,"averageReadTime":45,"actionsByDepartment":{"看護部":120,"医局":50}}},"series":[)"
                          R"({"event":"stats.hourly","timestamp":"2025-10-07T10:00:00.000Z","stats":{"delivered":450,"actions":100,"completions":80}},)"
                          R"({"event":"stats.daily","timestamp":"2025-10-07T15:00:00.000Z","stats":{"delivered":450,"actions":235,"completions":189,)"
                          R"("details":{"viewCount":380,"uniqueViewers":320,"averageReadTime":45}}}]})";

TEST_F(Stats, ShowWhatWasCounted) {
  answer("GET " + announcements_url + "/ann_1/tally", tally);
  ASSERT_EQ(run({"stats", "show", "ann_1"}), 0) << err();
  EXPECT_EQ(out(), "id               ann_1\n"
                   "title            職場環境調査\n"
                   "category         survey\n"
                   "priority         medium\n"
                   "publishedAt      2025-10-07T09:00:00.000Z\n"
                   "delivered        450\n"
                   "actions          235\n"
                   "completions      189\n"
                   "viewCount        380\n"
                   "uniqueViewers    320\n"
                   "averageReadTime  45\n"
                   "\n"
                   "DEPARTMENT  ACTIONS\n"
                   "看護部      120\n"
                   "医局        50\n"
                   "\n"
                   "EVENT         TIMESTAMP                 DELIVERED  ACTIONS  COMPLETIONS  VIEWS  VIEWERS  READ (s)\n"
                   "stats.hourly  2025-10-07T10:00:00.000Z  450        100      80           -      -        -\n"
                   "stats.daily   2025-10-07T15:00:00.000Z  450        235      189          380    320      45\n");
  ASSERT_EQ(run({"stats", "show", "ann_1", "--json"}), 0);
  EXPECT_EQ(out(), tally + "\n");
}

TEST_F(Stats, ShowAsManyPointsAsAreWanted) {
  answer("GET " + announcements_url + "/ann_1/tally", tally);
  ASSERT_EQ(run({"stats", "show", "ann_1", "--points", "1"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("stats.daily"), Not(HasSubstr("stats.hourly"))));
  EXPECT_EQ(err(), "of 2 points the newest 1 are shown; more: --points 2\n");
  ASSERT_EQ(run({"stats", "show", "ann_1", "--points", "0"}), 0);
  EXPECT_THAT(out(), Not(HasSubstr("EVENT")));
}

TEST_F(Stats, ShowWhatWasCountedBeforeItWasPublished) {
  answer("GET " + announcements_url + "/ann_1/tally",
         R"({"id":"ann_1","announcement":null,"environment":null,"stats":{"delivered":0,"actions":1,"completions":0},"series":[]})");
  ASSERT_EQ(run({"stats", "show", "ann_1"}), 0);
  EXPECT_EQ(out(), "id           ann_1\npublishedAt  not published yet\ndelivered    0\nactions      1\ncompletions  0\n");
}

TEST_F(Stats, SayWhenNothingWasCounted) {
  refuse("GET " + announcements_url + "/ann_9/tally", 404, "nothing has been counted");
  EXPECT_EQ(run({"stats", "show", "ann_9"}), 6);
  EXPECT_EQ(err(), "denrei: nothing was counted for an announcement 'ann_9'\n");
}

TEST_F(Stats, ListTheAnnouncements) {
  environment_["DENREI_READER_TOKEN"] = "token-of-a-reader";
  answer("GET " + announcements_url + "?limit=100", list(R"({"id":"ann_1"},{"id":"お知らせ"})", R"("next":"1:0")"));
  ASSERT_EQ(run({"stats", "list"}), 0) << err();
  EXPECT_EQ(header_of(requests_.at(0), "Authorization"), "Bearer token-of-a-reader");
  EXPECT_EQ(out(), "ANNOUNCEMENT\nann_1\nお知らせ\n");
  EXPECT_EQ(err(), "more: denrei stats list --limit 100 --cursor 1:0\n");
  answer("GET " + announcements_url + "?limit=5&cursor=1%3A0", list(""));
  ASSERT_EQ(run({"stats", "list", "--limit", "5", "--cursor", "1:0", "--json"}), 0);
  EXPECT_EQ(out(), list("") + "\n");
}

}  // namespace
}  // namespace denrei
