// Alerts: what reaches which channel when, what is counted instead, what is tried again, and when a dead letter is done with.
#include "denrei/actors/alerts.hpp"

#include <map>

#include "denrei/base/limits.hpp"
#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

class AlertsTest : public ActorWorld {
 protected:
  AlertsTest() {
    add_channel({.name = "ops", .kind = ChannelKind::slack, .timeout = 4s}, "https://hooks.slack.example/T1/B1");
    add_channel({.name = "night", .kind = ChannelKind::slack}, "https://hooks.slack.example/T2/B2");
    add_channel({.name = "mail", .kind = ChannelKind::email, .service = "mail", .to = {"duty@hospital.example"}}, "");
    auto changed = std::make_shared<Site>(*site);
    Service mail{.name = "mail", .providers = {{.name = "primary", .url = "smtp://mail.example:587", .user = "denrei",
                                                .from = "denrei@hospital.example", .ca_file = "ca.pem"}}, .timeout = 9s};
    changed->services["mail"] = std::make_shared<LiveService>(LiveService{std::move(mail), {Secret{"mail-password"}}});
    site = changed;
  }
  void SetUp() override {
    for (const auto& [name, client] : std::map<std::string, FakeHttpClient*>{{"ops", &ops}, {"night", &night}, {"mail", nullptr}}) {
      const auto actor = keep(spawn_channel(stage, channel_meter, {.site = site, .name = name, .client = client, .mailer = mailer, .log = &log,
                                                                   .sent = &sent, .failed = &failed, .clock = clock()}));
      channels[name] = caf::actor_cast<caf::actor>(actor);
    }
    alerts = keep(spawn_alerts(stage, alerts_meter, {.site = site, .channels = channels, .observer = observer.actor(), .log = &log, .clock = clock()}));
    open();
  }
  void TearDown() override {
    channels.clear();
    ActorWorld::TearDown();
  }
  void open() { say(DispatchersOpened{{first.actor(), second.actor()}}); }
  void add_channel(Channel channel, std::string secret) {
    auto changed = site ? std::make_shared<Site>(*site) : std::make_shared<Site>();
    const auto name = channel.name;
    changed->channels[name] = std::make_shared<LiveChannel>(LiveChannel{std::move(channel), Secret{std::move(secret)}});
    site = changed;
  }
  template <class Fact>
  void say(Fact fact) {
    caf::anon_send(alerts, std::move(fact));
    run();
  }

  static Alert alert(std::vector<std::string> channels, const std::string& text = "a text", const std::string& destination = "voicedrive") {
    return {destination, Severity::critical, "a subject", text, std::move(channels)};
  }
  static DeliveryId dead(int n) { return {make_event_id("alerts-test", std::to_string(n))}; }
  void raise(Alert raised) { say(RaiseAlert{std::move(raised), 0, std::nullopt}); }
  void raise(Alert raised, std::uint32_t partition, int id) { say(RaiseAlert{std::move(raised), partition, dead(id)}); }
  void answer(FakeHttpClient& client, Exchange exchange) {
    ASSERT_TRUE(client.answer(std::move(exchange)));
    run();
  }
  static std::size_t confirmed(Recorder<AlertsSent>& dispatcher) {
    std::size_t count = 0;
    for (const auto& fact : dispatcher.all<AlertsSent>()) count += fact.ids.size();
    return count;
  }
  void always_well() {
    for (auto* client : {&ops, &night}) client->always([](const OutboundRequest&) { return answered(200); });
    mailer.always([](const Mail&) { return Result<void>(); });
  }

  std::shared_ptr<const Site> site;
  FakeHttpClient ops, night;
  FakeMailer mailer;
  LineKeeper log;
  Counter sent, failed;
  Recorder<AlertsSent> first{system}, second{system};
  Recorder<Drained> observer{system};
  Recorder<AlertSettled> asker{system};
  ActorMeter& alerts_meter = meter("Alerts");
  ActorMeter& channel_meter = meter("Channel");
  std::map<std::string, caf::actor> channels;
  AlertsActor alerts;
};

TEST_F(AlertsTest, SendsTheTextAloneToSlackToTheLetter) {
  raise(alert({"ops"}, "🚨 Webhook送信失敗アラート\n\nstaffId: \"EMP-1\""));
  ASSERT_EQ(ops.sent().size(), 1u);
  const auto& request = ops.sent()[0];
  EXPECT_EQ(request.url, "https://hooks.slack.example/T1/B1");
  EXPECT_EQ(request.body, R"({"text":"🚨 Webhook送信失敗アラート\n\nstaffId: \"EMP-1\""})");
  EXPECT_EQ(request.timeout, 4s);
  EXPECT_EQ(ops.header("Content-Type"), "application/json");
  EXPECT_TRUE(night.sent().empty());
}

TEST_F(AlertsTest, SendsOneAtOnceAndCountsTheRestOfTheMinute) {
  always_well();
  for (int n = 0; n < 5; ++n) raise(alert({"ops"}, "text " + std::to_string(n)), 0, n);
  ASSERT_EQ(ops.sent().size(), 1u);
  EXPECT_NE(ops.sent()[0].body.find("text 0"), std::string::npos);
  advance(59s);
  EXPECT_EQ(ops.sent().size(), 1u);
  advance(1s);
  ASSERT_EQ(ops.sent().size(), 2u);
  EXPECT_NE(ops.sent()[1].body.find("4"), std::string::npos) << ops.sent()[1].body;
  EXPECT_NE(ops.sent()[1].body.find("text 4"), std::string::npos) << "the newest is shown";
  EXPECT_EQ(log.count(R"("alerts":4)"), 1u);
}

TEST_F(AlertsTest, SendsADigestAMinuteWhileItGoesOnAndIsQuietAfterwards) {
  always_well();
  for (int n = 0; n < 180; ++n) {
    raise(alert({"ops"}), 0, n);
    advance(1s);
  }
  EXPECT_EQ(ops.sent().size(), 4u) << "the first, and three digests";
  advance(2min);
  EXPECT_EQ(ops.sent().size(), 4u);
  EXPECT_EQ(confirmed(first), 180u);
  raise(alert({"ops"}, "news"), 0, 999);
  EXPECT_EQ(ops.sent().size(), 5u) << "after a quiet minute the next goes at once";
}

TEST_F(AlertsTest, CountsEachDestinationAndSeverityByItself) {
  always_well();
  raise(alert({"ops"}), 0, 1);
  raise(alert({"ops"}, "a text", "elsewhere"), 0, 2);
  auto urgent = alert({"ops"});
  urgent.severity = Severity::urgent;
  raise(urgent, 0, 3);
  EXPECT_EQ(ops.sent().size(), 3u);
  raise(alert({"ops"}, "it is disabled"));
  EXPECT_EQ(ops.sent().size(), 4u) << "not a dead letter: it must not drown among them";
}

TEST_F(AlertsTest, LetsTheAlertsOfARuleGoAtOnceEachWithItsOwnText) {
  always_well();
  for (int n = 0; n < 3; ++n) {
    auto raised = alert({"ops"}, "text " + std::to_string(n), "");
    raised.rule = "error-rate";
    raise(raised);
  }
  EXPECT_EQ(ops.sent().size(), 3u);
  advance(2min);
  EXPECT_EQ(ops.sent().size(), 3u) << "no digest";
  EXPECT_EQ(log.count(R"("rule":"error-rate")"), 3u);
}

TEST_F(AlertsTest, TellsWhoAskedWhenEveryChannelIsDoneWithIt) {
  night.always([](const OutboundRequest&) { return answered(200); });
  auto raised = alert({"ops", "night"});
  raised.rule = "heartbeat";
  say(RaiseAlert{raised, 0, std::nullopt, asker.actor(), 7});
  EXPECT_EQ(asker.count<AlertSettled>(), 0u);
  answer(ops, answered(200));
  ASSERT_EQ(asker.count<AlertSettled>(), 1u);
  EXPECT_EQ(asker.all<AlertSettled>()[0].ticket, 7u);
}

TEST_F(AlertsTest, TellsWhoAskedAlsoWhenItIsGivenUpOrHasNoChannel) {
  say(RaiseAlert{alert({"switched-off"}), 0, std::nullopt, asker.actor(), 1});
  EXPECT_EQ(asker.count<AlertSettled>(), 1u);
  ops.always([](const OutboundRequest&) { return answered(500); });
  say(RaiseAlert{alert({"ops"}), 0, std::nullopt, asker.actor(), 2});
  advance(6s);
  EXPECT_EQ(asker.count<AlertSettled>(), 1u);
  advance(1s);
  EXPECT_EQ(asker.count<AlertSettled>(), 2u);
}

TEST_F(AlertsTest, TellsWhoAskedOfACountedOneWhenTheDigestIsSent) {
  always_well();
  say(RaiseAlert{alert({"ops"}), 0, std::nullopt, asker.actor(), 1});
  say(RaiseAlert{alert({"ops"}), 0, std::nullopt, asker.actor(), 2});
  EXPECT_EQ(asker.count<AlertSettled>(), 1u);
  advance(1min);
  ASSERT_EQ(asker.count<AlertSettled>(), 2u);
  EXPECT_EQ(asker.all<AlertSettled>()[1].ticket, 2u);
}

TEST_F(AlertsTest, HoldsUpNoChannelForAnother) {
  night.always([](const OutboundRequest&) { return answered(200); });
  mailer.always([](const Mail&) { return Result<void>(); });
  raise(alert({"ops", "night", "mail"}, "1", "one"), 0, 1);
  raise(alert({"ops", "night", "mail"}, "2", "two"), 0, 2);
  EXPECT_EQ(ops.sent().size(), 1u) << "it has not answered yet";
  EXPECT_EQ(night.sent().size(), 2u);
  EXPECT_EQ(mailer.sent().size(), 2u);
  EXPECT_EQ(confirmed(first), 0u);
  answer(ops, answered(200));
  EXPECT_EQ(confirmed(first), 1u) << "now every channel has the first";
  answer(ops, answered(200));
  EXPECT_EQ(confirmed(first), 2u);
  EXPECT_EQ(sent.value(), 6u);
}

TEST_F(AlertsTest, TellsTheDispatcherOfEachDeadLetter) {
  always_well();
  raise(alert({"ops"}), 0, 1);
  ASSERT_EQ(confirmed(first), 1u);
  EXPECT_EQ(first.all<AlertsSent>()[0].ids[0], dead(1));
  for (int n = 2; n < 602; ++n) raise(alert({"ops"}), n % 2 == 0 ? 0 : 1, n);
  EXPECT_EQ(confirmed(first), 1u) << "counted, not sent";
  advance(1min);
  EXPECT_EQ(confirmed(first), 301u);
  EXPECT_EQ(confirmed(second), 300u);
  for (const auto& fact : second.all<AlertsSent>()) EXPECT_LE(fact.ids.size(), limits::settle_changes_max);
  raise(alert({"ops"}, "a text", "elsewhere"), 7, 999);
  EXPECT_EQ(ops.sent().size(), 3u) << "a partition that nobody knows is told nothing";
}

TEST_F(AlertsTest, ConfirmsWhatWasGivenUp) {
  ops.always([](const OutboundRequest&) { return answered(500); });
  raise(alert({"ops"}), 1, 1);
  advance(6'999ms);
  EXPECT_EQ(confirmed(second), 0u);
  advance(1ms);
  EXPECT_EQ(confirmed(second), 1u) << "or it would be raised at each start for ever";
}

TEST_F(AlertsTest, TellsADispatcherThatItDidNotKnowYet) {
  always_well();
  alerts = keep(spawn_alerts(stage, alerts_meter, {.site = site, .channels = channels, .clock = clock()}));
  raise(alert({"ops"}), 1, 1);
  EXPECT_EQ(ops.sent().size(), 1u);
  open();
  EXPECT_EQ(confirmed(second), 1u);
}

TEST_F(AlertsTest, OnlyLogsWhatHasNoChannel) {
  raise(alert({}), 0, 1);
  raise(alert({"switched-off"}), 0, 2);
  EXPECT_EQ(confirmed(first), 2u);
  EXPECT_EQ(log.count(R"("result":"no_channel")"), 2u);
  always_well();
  raise(alert({"ops", "ops", "switched-off"}), 0, 3);
  EXPECT_EQ(ops.sent().size(), 1u);
}

TEST_F(AlertsTest, DoesNotAlertTwiceOfADeadLetterThatWaits) {
  raise(alert({"ops"}), 0, 1);
  raise(alert({"ops"}), 0, 1);
  answer(ops, answered(200));
  advance(2min);
  EXPECT_EQ(ops.sent().size(), 1u);
  EXPECT_EQ(confirmed(first), 1u);
  raise(alert({"ops"}), 0, 1);
  EXPECT_EQ(ops.sent().size(), 2u) << "it has died again";
}

TEST_F(AlertsTest, TakesACrashOfAClientForAFailedTry) {
  night.always([](const OutboundRequest&) { return answered(200); });
  ops.crash_next();
  raise(alert({"ops", "night"}), 0, 1);
  advance(2s);
  EXPECT_EQ(ops.sent().size(), 1u);
  EXPECT_EQ(night.sent().size(), 1u);
  answer(ops, answered(200));
  EXPECT_EQ(confirmed(first), 1u);
  EXPECT_EQ(channel_meter.restarts.load(), 1u);
  EXPECT_EQ(log.count(R"("channel":"ops","destination":"voicedrive","severity":"critical","result":"sent","tries":2)"), 1u);
}

TEST_F(AlertsTest, DoesNotBelieveAnAnswerThatNobodyWaitsFor) {
  raise(alert({"ops"}), 0, 1);
  caf::anon_send(channels["ops"], ChannelTryEnded{999, JobOutcome::done, {}, {}});
  say(AlertEnded{999});
  EXPECT_EQ(confirmed(first), 0u);
  EXPECT_EQ(sent.value(), 0u);
}

TEST_F(AlertsTest, LeavesOutWhatNoQueueHoldsAndSaysHowMany) {
  const auto most = static_cast<int>(limits::alerts_waiting_max);
  for (int n = 0; n < most + 3; ++n) raise(alert({"ops"}, "text " + std::to_string(n), "d" + std::to_string(n)), 0, n);
  EXPECT_EQ(failed.value(), 3u);
  EXPECT_EQ(log.count(R"("result":"left_out")"), 3u);
  EXPECT_EQ(confirmed(first), 3u);
  always_well();
  answer(ops, answered(200));
  EXPECT_EQ(ops.sent().size(), limits::alerts_waiting_max + 1);
  EXPECT_EQ(log.count(R"("alerts":3)"), 1u);
  EXPECT_EQ(confirmed(first), limits::alerts_waiting_max + 3);
}

TEST_F(AlertsTest, GivesUpForAChannelThatAReloadHasTaken) {
  raise(alert({"ops"}), 0, 1);
  raise(alert({"ops"}, "a text", "elsewhere"), 0, 2);
  auto changed = std::make_shared<Site>(*site);
  changed->channels.erase("ops");
  say(SiteChanged{changed});
  answer(ops, answered(500));
  advance(1s);
  EXPECT_EQ(ops.sent().size(), 1u);
  EXPECT_EQ(confirmed(first), 2u);
}

TEST_F(AlertsTest, LogsIdsAndNoTexts) {
  always_well();
  raise(alert({"ops"}, "EMP-2024-001"), 0, 1);
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0], R"({"timestamp":")" + format_iso8601(now) +
                                R"(","log":"alert","channel":"ops","destination":"voicedrive","severity":"critical",)"
                                R"("result":"sent","tries":1,"alerts":1,"deliveryId":")" + dead(1).text() + R"("})");
}

TEST_F(AlertsTest, IsDrainedAtOnceWhenNothingWaits) {
  always_well();
  raise(alert({"ops"}));
  say(Drain{});
  ASSERT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(observer.all<Drained>()[0].who, "Alerts");
  say(Drain{});
  advance(1min);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(AlertsTest, SendsWhatItHasCountedBeforeTheEnd) {
  always_well();
  raise(alert({"ops"}), 0, 1);
  raise(alert({"ops"}), 0, 2);
  say(Drain{});
  EXPECT_EQ(ops.sent().size(), 2u);
  EXPECT_EQ(confirmed(first), 2u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(AlertsTest, SendsWhatItCountsWhileItEnds) {
  raise(alert({"ops"}), 0, 1);
  say(Drain{});
  raise(alert({"ops"}), 0, 2);
  answer(ops, answered(200));
  EXPECT_EQ(observer.count<Drained>(), 0u);
  answer(ops, answered(200));
  EXPECT_EQ(confirmed(first), 2u);
  EXPECT_EQ(observer.count<Drained>(), 1u);
}

TEST_F(AlertsTest, LetsABusyChannelHoldUpNoLastDigest) {
  night.always([](const OutboundRequest&) { return answered(200); });
  raise(alert({"ops"}));
  raise(alert({"night"}, "1", "elsewhere"), 0, 1);
  raise(alert({"night"}, "2", "elsewhere"), 0, 2);
  say(Drain{});
  EXPECT_EQ(confirmed(first), 2u);
  EXPECT_EQ(observer.count<Drained>(), 0u);
}

TEST_F(AlertsTest, TriesForThreeSecondsBeforeTheEndAndConfirmsNothingUnsent) {
  raise(alert({"ops"}, "1", "one"), 0, 1);
  raise(alert({"ops"}, "2", "two"), 0, 2);
  raise(alert({"mail"}, "3", "three"), 0, 3);
  say(Drain{});
  answer(ops, answered(500));
  advance(1s);
  EXPECT_EQ(ops.sent().size(), 2u);
  advance(1'999ms);
  EXPECT_EQ(observer.count<Drained>(), 0u);
  advance(1ms);
  EXPECT_EQ(observer.count<Drained>(), 1u);
  EXPECT_EQ(log.count(R"("result":"unsent")"), 3u);
  answer(ops, unanswered(AttemptError::broken, "the process ends"));
  mailer.answer(fail(FaultCode::invalid, "the process ends"));
  raise(alert({"night"}), 0, 4);
  EXPECT_EQ(log.count(R"("result":"unsent")"), 4u);
  advance(1min);
  EXPECT_EQ(ops.sent().size() + night.sent().size(), 2u);
  EXPECT_EQ(confirmed(first), 0u) << "the next start raises them again";
}

TEST_F(AlertsTest, EndsAtOnceInAHurry) {
  raise(alert({"ops"}), 0, 1);
  say(Drain{true});
  EXPECT_EQ(observer.count<Drained>(), 1u);
  answer(ops, answered(200));
  EXPECT_EQ(confirmed(first), 1u) << "sent is sent";
}

}  // namespace
}  // namespace denrei::test
