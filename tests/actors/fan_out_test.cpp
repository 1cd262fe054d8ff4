// FanOut: how a stream begins, that it misses nothing and hears nothing twice, and how many are served together.
#include "denrei/actors/fan_out.hpp"

#include <boost/json/parse.hpp>

#include "stream_readers.hpp"

namespace denrei::test {
namespace {

using FanOutTest = StreamReaders;

const std::string retry = "retry: 2000\n\n";

// --- the beginning

TEST_F(FanOutTest, BeginsWithReadyForAReaderThatAsksForNothingOlder) {
  const auto session = ask();
  ASSERT_EQ(level99.count<FollowInbox>(), 1u);
  EXPECT_FALSE(level99.all<FollowInbox>().front().after);
  EXPECT_EQ(edge.count<RepliesReady>(), 0u) << "not before the inbox has answered";
  follow({.newest = feed_item(12).place});
  EXPECT_EQ(last_answer().status, 200);
  EXPECT_EQ(last_answer().content_type, "text/event-stream; charset=utf-8");
  EXPECT_EQ(header_of(last_answer(), "Cache-Control"), "no-store");
  EXPECT_EQ(header_of(last_answer(), "X-Accel-Buffering"), "no");
  EXPECT_EQ(last_answer().body, retry + "event: ready\nid: 12-712\ndata: {\"inbox\":\"level99\",\"newest\":\"12-712\"}\n\n");
  EXPECT_EQ(last_reply().stream_owner, caf::actor_cast<caf::actor>(fan_out));
  EXPECT_EQ(last_reply().request->session, session);
  EXPECT_EQ(opened.value(), 1u);
}

TEST_F(FanOutTest, BeginsAtAnEmptyFeedWithAnIdToo) {
  ask();
  follow({});
  EXPECT_TRUE(last_answer().body.find("\nid: 0-0\n") != std::string::npos) << last_answer().body;
  ask_behind("0-0");
  EXPECT_EQ(level99.all<FollowInbox>().back().after->seq, 0u);
}

TEST_F(FanOutTest, ResumesWithWhatWasMissed) {
  ask_behind("3-73");
  const auto& after = level99.all<FollowInbox>().back().after;
  ASSERT_TRUE(after);
  EXPECT_EQ(after->seq, 3u);
  EXPECT_EQ(after->nonce, "73");
  follow({.newest = feed_item(5).place, .items = {feed_item(4), feed_item(5)}});
  EXPECT_EQ(last_answer().body, retry + frames_of(4, 5));
  EXPECT_EQ(resumed.value(), 1u);
  ask_behind("5-75");
  follow({.newest = feed_item(5).place});
  EXPECT_EQ(last_answer().body, retry);
}

TEST_F(FanOutTest, TakesThePlaceFromTheQueryOfAReaderThatCanSetNoHeader) {
  ask("/api/notifications/stream?lastEventId=3-73");
  EXPECT_EQ(level99.all<FollowInbox>().back().after->seq, 3u);
  ask("/api/notifications/stream?lastEventId=3-73", {{"Last-Event-ID", "9-79"}});
  EXPECT_EQ(level99.all<FollowInbox>().back().after->seq, 9u) << "the header is newer: the query stays when a reader comes back";
}

struct Unknown {
  const char* place;
  bool resumed;
  const char* reason;
};

TEST_F(FanOutTest, SaysResetWithASnapshotWhenNobodyKnowsThePlace) {
  for (const auto& c : {Unknown{"3-79", false, "unknown_place"}, Unknown{"rubbish", false, "malformed_place"},
                        Unknown{"rubbish", true, "malformed_place"}, Unknown{"4-7\x01", true, "malformed_place"}}) {
    ask_behind(c.place);
    follow({.resumed = c.resumed, .newest = feed_item(5).place, .items = {feed_item(4), feed_item(5)}});
    EXPECT_EQ(last_answer().body, retry + "event: reset\nid: 5-75\ndata: {\"inbox\":\"level99\",\"reason\":\"" + c.reason +
                                      "\",\"newest\":\"5-75\",\"snapshot\":[{\"n\":4},{\"n\":5}]}\n\n");
  }
  EXPECT_EQ(reset.value(), 4u);
  EXPECT_EQ(resumed.value(), 0u);
}

TEST_F(FanOutTest, ResetsAReaderThatMissedTooMuchWithAsMuchAsFits) {
  const auto large = "\"" + std::string(limits::stream_beginning_bytes_max / 3, 'x') + "\"";
  InboxFollowed answer{.newest = feed_item(9).place};
  for (std::uint64_t seq = 5; seq <= 9; ++seq) answer.items.push_back(feed_item(seq, large));
  ask_behind("4-74");
  follow(answer);
  const auto& body = last_answer().body;
  ASSERT_TRUE(body.starts_with(retry + "event: reset\nid: 9-79\ndata: ")) << body.substr(0, 100);
  EXPECT_LT(body.size(), limits::stream_beginning_bytes_max + 1'000);
  const auto data = json::parse(body.substr(body.find('{')));
  EXPECT_EQ(data.at("reason").as_string(), "too_far_behind");
  EXPECT_EQ(data.at("snapshot").as_array().size(), 2u);
}

TEST_F(FanOutTest, LetsOneThatIsTooLargeThroughAlone) {
  const auto huge = "\"" + std::string(2 * limits::stream_beginning_bytes_max, 'x') + "\"";
  ask_behind("4-74");
  follow({.newest = feed_item(5).place, .items = {feed_item(5, huge)}});
  EXPECT_EQ(last_answer().body, retry + "event: notification\nid: 5-75\ndata: " + huge + "\n\n");
  ask_behind("1-1");
  follow({.resumed = false, .newest = feed_item(5).place, .items = {feed_item(4), feed_item(5, huge)}});
  EXPECT_TRUE(last_answer().body.ends_with("\"snapshot\":[" + huge + "]}\n\n"));
}

TEST_F(FanOutTest, AsksTheInboxThatTheReaderNames) {
  ask("/api/notifications/stream?inbox=acknowledgements");
  EXPECT_EQ(acknowledgements.count<FollowInbox>(), 1u);
  EXPECT_EQ(level99.count<FollowInbox>(), 0u);
  for (const auto* name : {"nobody", "operations", "", "%zz"}) {
    ask(std::string("/api/notifications/stream?inbox=") + name);
    EXPECT_EQ(last_answer().status, 400) << name;
    EXPECT_TRUE(last_answer().body.find("acknowledgements, level99") != std::string::npos);
    EXPECT_FALSE(last_reply().stream_owner);
  }
}

TEST_F(FanOutTest, GivesHeadAHeadAndKeepsNothing) {
  ask("/api/notifications/stream", {}, "HEAD");
  EXPECT_EQ(last_answer().status, 200);
  EXPECT_TRUE(last_reply().stream_owner) << "so that its head has no length";
  EXPECT_EQ(level99.count<FollowInbox>(), 0u);
  EXPECT_EQ(opened.value(), 0u);
}

TEST_F(FanOutTest, LetsAKnownOriginReadIt) {
  auto other = std::make_shared<Site>(*site);
  other->cors_origins = {"https://voicedrive.example.com"};
  site = other;
  ask("/api/notifications/stream", {{"Origin", "https://voicedrive.example.com"}});
  follow({});
  EXPECT_EQ(header_of(last_answer(), "Access-Control-Allow-Origin"), "https://voicedrive.example.com");
}

TEST_F(FanOutTest, WaitsForAStoreThatIsAwayForAMoment) {
  ask_behind("3-73");
  follow({.ok = false});
  EXPECT_EQ(edge.count<RepliesReady>(), 0u);
  advance(500ms);
  ASSERT_EQ(level99.count<FollowInbox>(), 2u);
  EXPECT_EQ(level99.all<FollowInbox>().back().after->seq, 3u);
  follow({.newest = feed_item(4).place, .items = {feed_item(4)}});
  EXPECT_EQ(last_answer().body, retry + frame_of(4));
  advance(5s);
  EXPECT_EQ(level99.count<FollowInbox>(), 2u);
}

TEST_F(FanOutTest, RefusesWhileTheStoreIsAway) {
  ask();
  for (int i = 0; i < 17; ++i) {
    EXPECT_EQ(edge.count<RepliesReady>(), 0u);
    follow({.ok = false});
    advance(500ms);
  }
  ASSERT_EQ(edge.count<RepliesReady>(), 1u) << "before the edge would say it";
  EXPECT_EQ(last_answer().status, 503);
  EXPECT_EQ(header_of(last_answer(), "Retry-After"), "1");
  EXPECT_FALSE(last_reply().stream_owner);
  EXPECT_EQ(refused.value(), 1u);
  grow(1, 1);
  EXPECT_EQ(edge.count<StreamBytes>(), 0u);
}

TEST_F(FanOutTest, RefusesBeyondItsLimitUntilSomebodyGoes) {
  spawn(2);
  const auto first = open();
  ask();  // still waits for the inbox: it counts too
  ask();
  EXPECT_EQ(last_answer().status, 503);
  EXPECT_EQ(header_of(last_answer(), "Retry-After"), "5");
  close(first);
  ask();
  follow({});
  EXPECT_EQ(last_answer().status, 200);
}

TEST_F(FanOutTest, ForgetsAQuestionThatTheInboxNeverAnswers) {
  spawn(1);
  ask();
  advance(31s);
  EXPECT_EQ(last_answer().status, 503);
  ask();
  EXPECT_EQ(level99.count<FollowInbox>(), 2u) << "there is room again";
}

// --- order

TEST_F(FanOutTest, TellsEveryoneWhatIsNew) {
  const auto one = open(), two = open();
  grow(1, 2);
  grow(3, 3);
  advance(1s);
  EXPECT_EQ(bytes_of(one), frames_of(1, 3));
  EXPECT_EQ(bytes_of(two), frames_of(1, 3));
  EXPECT_EQ(events.value(), 3u);
  say(InboxGrew{"acknowledgements", {feed_item(1)}});
  say(InboxGrew{"nobody", {feed_item(1)}});
  advance(1s);
  EXPECT_EQ(bytes_of(one), frames_of(1, 3));
}

TEST_F(FanOutTest, SkipsWhatTheAnswerOfTheInboxHoldsAndDeliversWhatItDoesNot) {
  const auto early = open();
  const auto session = ask_behind("1-71");
  grow(2, 3);
  grow(4, 5);
  follow({.newest = feed_item(3).place, .items = {feed_item(2), feed_item(3)}});
  EXPECT_EQ(last_answer().body, retry + frames_of(2, 5)) << "4 and 5 came while it waited";
  grow(6, 6);
  advance(1s);
  EXPECT_EQ(bytes_of(session), frame_of(6));
  EXPECT_EQ(bytes_of(early), frames_of(2, 6));
}

TEST_F(FanOutTest, GivesAReaderThatJoinsBetweenTwoRoundsNothingTwice) {
  const auto early = open();
  grow(1, 1);   // goes out at once
  grow(2, 2);   // waits for the next round
  const auto late = ask_behind("1-71");
  follow({.newest = feed_item(2).place, .items = {feed_item(2)}});
  grow(3, 3);
  advance(1s);
  EXPECT_EQ(last_answer().body, retry + frame_of(2));
  EXPECT_EQ(bytes_of(late), frame_of(3));
  EXPECT_EQ(bytes_of(early), frames_of(1, 3));
}

TEST_F(FanOutTest, LetsThoseWhoJoinAskAgainWhenTooMuchComesMeanwhile) {
  ask();
  const auto half = "\"" + std::string(limits::stream_beginning_bytes_max / 2, 'x') + "\"";
  say(InboxGrew{"level99", {feed_item(1, half)}});
  EXPECT_EQ(edge.count<RepliesReady>(), 0u);
  say(InboxGrew{"level99", {feed_item(2, half)}});
  EXPECT_EQ(last_answer().status, 503);
  follow({});
  EXPECT_EQ(edge.count<RepliesReady>(), 1u) << "answered once";
}

TEST_F(FanOutTest, TellsNothingToAReaderThatHasGone) {
  const auto one = open(), two = open();
  close(one);
  close(4711);
  grow(1, 1);
  EXPECT_EQ(bytes_of(one), "");
  EXPECT_EQ(bytes_of(two), frame_of(1));
}

// --- what is only published

TEST_F(FanOutTest, PublishesToWhoeverLooksOn) {
  const auto operations = ask("/ops/stream");
  EXPECT_EQ(last_answer().body, retry + "event: ready\ndata: {\"topic\":\"operations\"}\n\n");
  const auto reader = open();
  say(Publish{"operations", "alert", R"({"rule":"r"})"});
  say(Publish{"level99", "marks", R"({"unread":2})"});
  say(Publish{"nowhere", "alert", "{}"});
  EXPECT_EQ(bytes_of(operations), "event: alert\ndata: {\"rule\":\"r\"}\n\n");
  EXPECT_EQ(bytes_of(reader), "event: marks\ndata: {\"unread\":2}\n\n");
}

TEST_F(FanOutTest, TellsAnOperatorWhoWantsToResumeThatNothingIsKept) {
  ask("/ops/stream", {{"Last-Event-ID", "3-73"}});
  EXPECT_EQ(last_answer().body, retry + "event: reset\ndata: {\"topic\":\"operations\",\"reason\":\"nothing_kept\"}\n\n");
}

}  // namespace
}  // namespace denrei::test
