// A channel: what each kind says, what is tried again and by whom, how fast, in which words, and what its end leaves.
#include "denrei/actors/channel.hpp"

#include <gmock/gmock.h>

#include "actors/channel_world.hpp"

namespace denrei::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ChannelTest, TriesAgainAfterOneTwoAndFourSecondsAndThenGivesUp) {
  client.always([](const OutboundRequest&) { return answered(500); });
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  send(1);
  const std::vector<std::pair<Millis, std::size_t>> steps{{0ms, 1}, {999ms, 1}, {1ms, 2}, {1'999ms, 2}, {1ms, 3}, {3'999ms, 3}};
  for (const auto& [wait, tries] : steps) {
    advance(wait);
    EXPECT_EQ(client.sent().size(), tries);
  }
  EXPECT_THAT(ended(), ElementsAre());
  advance(1ms);
  EXPECT_EQ(client.sent().size(), 4u);
  EXPECT_EQ(failed.value(), 1u);
  EXPECT_THAT(ended(), ElementsAre(1));
  EXPECT_EQ(log.count(R"("result":"given_up","tries":4)"), 1u);
  EXPECT_EQ(log.count(R"("error":"HTTP 500")"), 1u);
  advance(1h);
  EXPECT_EQ(client.sent().size(), 4u);
}

TEST_F(ChannelTest, WaitsAsLongAsSlackAsks) {
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  send(1);
  answer(answered(429, {}, "30"));
  advance(29s);
  EXPECT_EQ(client.sent().size(), 1u);
  advance(1s);
  EXPECT_EQ(client.sent().size(), 2u);
  answer(answered(429, {}, "86400"));
  advance(1h);
  EXPECT_EQ(client.sent().size(), 3u) << "but not for a day";
  answer(answered(200));
  EXPECT_EQ(sent.value(), 1u);
}

TEST_F(ChannelTest, KeepsTheAskedSilenceForTheNextMessageToo) {
  start({.name = "ops", .retries = 0}, "https://hooks.slack.example/T1/B1");
  send(1);
  send(2);
  EXPECT_EQ(client.sent().size(), 1u) << "one at a time";
  answer(answered(429, {}, "10"));
  EXPECT_EQ(failed.value(), 1u);
  EXPECT_EQ(client.sent().size(), 1u);
  advance(10s);
  EXPECT_EQ(client.sent().size(), 2u);
}

TEST_F(ChannelTest, TakesOverWhatAReloadChanges) {
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  send(1);
  answer(answered(500));
  put_channel({.name = "ops", .language = Language::en}, "https://hooks.slack.example/T2/B2");
  reload();
  advance(1s);
  EXPECT_EQ(client.sent().back().url, "https://hooks.slack.example/T2/B2");
  EXPECT_EQ(client.sent().back().body, R"({"text":"text 1 in English"})");
}

TEST_F(ChannelTest, SpeaksItsLanguageByItsOwnTemplates) {
  client.always([](const OutboundRequest&) { return answered(200); });
  start({.name = "ops", .language = Language::en, .text = "{mark}<!channel> {text} ({severity}, {destination}, {nobody})"}, "https://hooks.slack.example/T1/B1");
  send(1);
  EXPECT_EQ(client.sent().back().body, R"json({"text":"[CRITICAL] <!channel> text 1 in English (critical, voicedrive, {nobody})"})json");
}

TEST_F(ChannelTest, LetsNoMoreMessagesBeginInAMinuteThanItMay) {
  client.always([](const OutboundRequest&) { return answered(200); });
  start({.name = "ops", .per_minute = 2}, "https://hooks.slack.example/T1/B1");
  send(1);
  advance(20s);
  send(2);
  for (int n = 3; n < 6; ++n) send(static_cast<std::uint64_t>(n));
  EXPECT_EQ(client.sent().size(), 2u);
  advance(40s - 1ms);
  EXPECT_EQ(client.sent().size(), 2u);
  advance(1ms);
  EXPECT_EQ(client.sent().size(), 3u) << "a minute after the first";
  advance(20s);
  EXPECT_EQ(client.sent().size(), 4u);
  put_channel({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  reload();
  EXPECT_EQ(client.sent().size(), 5u) << "there is no limit any more";
}

TEST_F(ChannelTest, DoesNotCountTriesAsMessages) {
  start({.name = "ops", .per_minute = 1}, "https://hooks.slack.example/T1/B1");
  send(1);
  answer(answered(500));
  advance(1s);
  EXPECT_EQ(client.sent().size(), 2u);
}

TEST_F(ChannelTest, SignsAWebhookWithTheIdThatTheAlertHasAtEachTry) {
  const std::string secret = "whsec_" + encode_base64(std::string(32, 'k'));
  start({.name = "hook", .kind = ChannelKind::webhook, .url = "https://alerts.example.com/in"}, secret);
  send(1);
  const auto id = client.header("webhook-id");
  EXPECT_TRUE(verifies(client.sent().back(), secret));
  answer(answered(503));
  advance(1s);
  ASSERT_EQ(client.sent().size(), 2u);
  EXPECT_TRUE(verifies(client.sent().back(), secret));
  EXPECT_EQ(client.header("webhook-id"), id);
  const auto& request = client.sent().back();
  EXPECT_EQ(request.url, "https://alerts.example.com/in");
  EXPECT_EQ(request.body, R"({"type":"denrei.alert","timestamp":")" + format_iso8601(made_at) +
                              R"(","data":{"severity":"critical","subject":"subject","text":"text 1","destination":"voicedrive","alerts":1}})");
  answer(answered(204));
  EXPECT_THAT(ended(), ElementsAre(1));
  send(2);
  EXPECT_NE(client.header("webhook-id"), id);
}

TEST_F(ChannelTest, SendsAWebhookWithoutASecretUnsigned) {
  start({.name = "hook", .kind = ChannelKind::webhook, .url = "https://alerts.example.com/in"});
  send(1);
  EXPECT_EQ(client.header("webhook-signature"), "");
  EXPECT_THAT(client.header("webhook-id"), HasSubstr("alert_"));
}

TEST_F(ChannelTest, PostsToTheInboxUntilItIsTaken) {
  start({.name = "board", .kind = ChannelKind::inbox});
  inbox_script->ok = false;
  send(1);
  inbox_script->ok = true;
  advance(1s);
  ASSERT_EQ(inbox_script->posts.size(), 2u);
  const auto& post = inbox_script->posts[1];
  EXPECT_EQ(post.inbox, "level99");
  EXPECT_EQ(post.id, inbox_script->posts[0].id) << "writing it twice changes nothing";
  EXPECT_EQ(post.json, R"({"notificationId":"ALERT-)" + post.id.hex() + R"(","type":"error","icon":"❌","priority":"high","title":"subject","message":"text 1",)"
                       R"("details":{"severity":"critical","destination":"voicedrive"},"timestamp":")" + format_iso8601(made_at) +
                       R"(","source":"denrei","receivedAt":")" + format_iso8601(made_at) + R"(","accountLevel":99})");
  EXPECT_THAT(ended(), ElementsAre(1));
}

TEST_F(ChannelTest, DoesNotWaitForEverForAnInboxThatSaysNothing) {
  start({.name = "board", .kind = ChannelKind::inbox, .retries = 0, .timeout = 2s});
  inbox_script->answers = false;
  send(1);
  advance(2s);
  EXPECT_THAT(ended(), ElementsAre(1));
  EXPECT_EQ(log.count("the inbox has not answered"), 1u);
}

TEST_F(ChannelTest, PublishesToThoseWhoLookOn) {
  start({.name = "live", .kind = ChannelKind::sse});
  send(1);
  ASSERT_EQ(fan_out.count<Publish>(), 2u);
  EXPECT_EQ(fan_out.all<Publish>()[0].topic + " " + fan_out.all<Publish>()[1].topic, "operations level99");
  EXPECT_EQ(fan_out.all<Publish>()[0].event, "alert");
  EXPECT_THAT(fan_out.all<Publish>()[0].json, HasSubstr(R"("text":"text 1")"));
  EXPECT_THAT(ended(), ElementsAre(1));
}

TEST_F(ChannelTest, EscapesForSlackOnlyWhatComesFromARule) {
  client.always([](const OutboundRequest&) { return answered(200); });
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  auto own = message(1);
  own.alert.text = "<!channel> a & b";
  send(own);
  EXPECT_THAT(client.sent().back().body, HasSubstr("<!channel> a & b"));
  own.number = 2;
  own.alert.rule = "error-rate";
  send(own);
  EXPECT_THAT(client.sent().back().body, HasSubstr("&lt;!channel&gt; a &amp; b"));
}

TEST_F(ChannelTest, SaysWhatItLeavesUnsentAtTheEndAndDoesNotAnswerIt) {
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  send(1);
  send(2);
  say(DrainChannel{asker.actor(), false});
  EXPECT_EQ(asker.count<ChannelDrained>(), 0u);
  answer(answered(500));
  say(DrainChannel{asker.actor(), true});
  ASSERT_EQ(asker.count<ChannelDrained>(), 1u);
  EXPECT_EQ(asker.all<ChannelDrained>()[0].channel, "ops");
  EXPECT_EQ(log.count(R"("result":"unsent")"), 2u);
  send(3);
  advance(1min);
  EXPECT_EQ(client.sent().size(), 1u);
  EXPECT_EQ(log.count(R"("result":"unsent")"), 3u);
  EXPECT_THAT(ended(), ElementsAre());
}

TEST_F(ChannelTest, IsDrainedWhenNothingWaitsAndSaysSoAgainWhenAskedAgain) {
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  send(1);
  say(DrainChannel{asker.actor(), false});
  answer(answered(200));
  EXPECT_EQ(asker.count<ChannelDrained>(), 1u);
  say(DrainChannel{asker.actor(), true});
  EXPECT_EQ(asker.count<ChannelDrained>(), 2u);
}

TEST_F(ChannelTest, HoldsUpNoOther) {
  start({.name = "ops"}, "https://hooks.slack.example/T1/B1");
  FakeHttpClient slow;
  put_channel({.name = "slow"}, "https://hooks.slack.example/T9/B9");
  const auto other = keep(spawn_channel(stage, channel_meter, {.site = site, .name = "slow", .client = &slow, .mailer = mailer, .clock = clock()}));
  client.always([](const OutboundRequest&) { return answered(200); });
  for (std::uint64_t n = 1; n <= 50; ++n) {
    caf::anon_send(other, SendAlert{std::make_shared<const AlertMessage>(message(n)), asker.actor()});
    send(n);
  }
  EXPECT_EQ(client.sent().size(), 50u);
  EXPECT_EQ(slow.sent().size(), 1u) << "it has not answered yet";
}

}  // namespace
}  // namespace denrei::test
