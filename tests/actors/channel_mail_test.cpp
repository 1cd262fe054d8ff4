// E-mail as a channel: what is sent by which provider, fail-over and return, the state that is told, and how the service comes back.
#include <gmock/gmock.h>

#include "actors/channel_world.hpp"

namespace denrei::test {
namespace {

using ::testing::ElementsAre;

class MailChannelTest : public ChannelTest {
 protected:
  void SetUp() override {
    put_service(mail_service());
    start({.name = "duty", .kind = ChannelKind::email, .service = "mail", .to = {"duty@hospital.example"}});
  }
  static Service mail_service() {
    return {.name = "mail", .kind = ServiceKind::email, .dependency = Dependency::high,
            .providers = {{.name = "tokyo", .url = "smtp://tokyo.example:587", .user = "denrei", .secret = "tokyo password",
                           .from = "denrei@hospital.example", .ca_file = "ca.pem"},
                          {.name = "osaka", .url = "smtps://osaka.example:465", .user = "reserve", .secret = "osaka password",
                           .from = "denrei@osaka.example"}},
            .retries = 1, .timeout = 9s, .return_after = 60s};
  }
  std::vector<std::string> servers() const {
    std::vector<std::string> names;
    for (const auto& mail : mailer.sent()) names.push_back(mail.server.find("tokyo") != std::string::npos ? "tokyo" : "osaka");
    return names;
  }
  std::vector<std::string> states() {
    std::vector<std::string> out;
    for (const auto& fact : registry.all<ServiceReported>()) out.push_back(std::string(service_state_name(fact.report.state)) + " " + fact.report.provider);
    return out;
  }
  void while_down(const std::string& down) {
    mailer.always([down](const Mail& mail) { return mail.server.find(down) == std::string::npos ? Result<void>() : fail(FaultCode::unavailable, "away"); });
  }
  void all_well() {
    mailer.always([](const Mail&) { return Result<void>(); });
  }
  void all_down() {
    mailer.always([](const Mail&) -> Result<void> { return fail(FaultCode::unavailable, "away"); });
  }
};

TEST_F(MailChannelTest, SendsSubjectAndText) {
  send(1);
  ASSERT_EQ(mailer.sent().size(), 1u);
  const auto& mail = mailer.sent()[0];
  EXPECT_EQ(mail.server + " " + mail.user + " " + mail.ca_file, "smtp://tokyo.example:587 denrei ca.pem");
  EXPECT_EQ(mail.password.reveal(), "tokyo password");
  EXPECT_TRUE(mail.starttls);
  EXPECT_EQ(mail.from, "denrei@hospital.example");
  EXPECT_EQ(mail.to, std::vector<std::string>{"duty@hospital.example"});
  EXPECT_EQ(mail.subject, "subject");
  EXPECT_EQ(mail.text, "text 1");
  EXPECT_EQ(mail.date, made_at);
  EXPECT_EQ(mail.timeout, 9s);
  EXPECT_TRUE(mail.message_id.ends_with("@hospital.example")) << mail.message_id;
}

TEST_F(MailChannelTest, GivesEachMailAnIdThatItKeepsWhoeverSendsIt) {
  while_down("tokyo");
  send(1);
  advance(1s);
  ASSERT_THAT(servers(), ElementsAre("tokyo", "tokyo", "osaka"));
  EXPECT_EQ(mailer.sent()[2].from, "denrei@osaka.example");
  EXPECT_EQ(mailer.sent()[2].password.reveal(), "osaka password");
  EXPECT_EQ(mailer.sent()[0].message_id, mailer.sent()[1].message_id);
  EXPECT_EQ(mailer.sent()[0].message_id, mailer.sent()[2].message_id);
  EXPECT_EQ(mailer.sent()[0].date, mailer.sent()[2].date);
  send(2);
  EXPECT_NE(mailer.sent().back().message_id, mailer.sent()[0].message_id);
}

TEST_F(MailChannelTest, GoesOverToTheSecondaryAndReturns) {
  EXPECT_THAT(states(), ElementsAre("unknown tokyo")) << "at the start";
  while_down("tokyo");
  send(1);
  advance(1s);
  EXPECT_THAT(ended(), ElementsAre(1));
  EXPECT_EQ(service_meter.state, ServiceState::on_secondary);
  EXPECT_EQ(log.count(R"("channel":"duty","provider":"osaka",)"), 1u);
  send(2);
  EXPECT_THAT(servers(), ElementsAre("tokyo", "tokyo", "osaka", "osaka"));
  advance(60s);
  send(3);
  EXPECT_THAT(servers(), ElementsAre("tokyo", "tokyo", "osaka", "osaka", "tokyo", "osaka")) << "one probe, without a second try";
  EXPECT_THAT(ended(), ElementsAre(1, 2, 3));
  all_well();
  advance(60s);
  send(4);
  EXPECT_EQ(servers().back(), "tokyo");
  EXPECT_EQ(service_meter.state, ServiceState::up);
  EXPECT_THAT(states(), ElementsAre("unknown tokyo", "on_secondary osaka", "up tokyo"));
  const auto& report = registry.all<ServiceReported>()[1].report;
  EXPECT_EQ(report.name, "mail");
  EXPECT_EQ(report.dependency, Dependency::high);
  EXPECT_EQ(report.last_error, "away");
}

TEST_F(MailChannelTest, GoesToTheSecondaryAtOnceWhenThePrimaryWillNotHaveUs) {
  mailer.plan(fail(FaultCode::denied, "535 bad credentials"));
  mailer.plan({});
  send(1);
  EXPECT_THAT(servers(), ElementsAre("tokyo", "osaka"));
  EXPECT_THAT(ended(), ElementsAre(1));
}

TEST_F(MailChannelTest, DoesNotSayAgainWhatTheServerCallsWrong) {
  mailer.plan(fail(FaultCode::invalid, "550 no such mailbox"));
  send(1);
  advance(1min);
  EXPECT_EQ(mailer.sent().size(), 1u);
  EXPECT_THAT(ended(), ElementsAre(1));
  EXPECT_EQ(log.count("550 no such mailbox"), 1u);
  EXPECT_EQ(service_meter.state, ServiceState::unknown) << "the mail was wrong, not the service";
}

TEST_F(MailChannelTest, ComesBackWithoutAnAlert) {
  all_down();
  send(1);
  advance(2s);
  EXPECT_EQ(mailer.sent().size(), 4u);
  EXPECT_EQ(service_meter.state, ServiceState::down);
  EXPECT_THAT(ended(), ElementsAre(1));
  advance(60s);
  ASSERT_GT(mailer.sent().size(), 4u);
  EXPECT_TRUE(mailer.sent()[4].to.empty()) << "it only asks to be let in";
  all_well();
  advance(60s);
  EXPECT_EQ(service_meter.state, ServiceState::up);
  EXPECT_THAT(states(), ElementsAre("unknown tokyo", "down tokyo", "up tokyo"));
  const auto asked = mailer.sent().size();
  advance(10min);
  EXPECT_EQ(mailer.sent().size(), asked);
  EXPECT_EQ(sent.value() + failed.value(), 1u) << "a question is no alert";
}

TEST_F(MailChannelTest, AnAlertGoesBeforeTheQuestionWhetherTheServiceIsBack) {
  all_down();
  send(1);
  advance(2s);
  advance(60s);
  const auto asked = mailer.sent().size();
  send(2);
  ASSERT_EQ(mailer.sent().size(), asked + 1);
  EXPECT_FALSE(mailer.sent().back().to.empty());
}

TEST_F(MailChannelTest, AnAlertWaitsForOneTryOfThatQuestionAtMost) {
  all_down();
  send(1);
  advance(2s);
  mailer.always(nullptr);
  advance(60s);
  ASSERT_EQ(mailer.waiting(), 1u) << "the question is under way";
  const auto asked = mailer.sent().size();
  send(2);
  EXPECT_EQ(mailer.sent().size(), asked);
  mailer.answer(fail(FaultCode::unavailable, "away"));
  run();
  ASSERT_EQ(mailer.sent().size(), asked + 1);
  EXPECT_FALSE(mailer.sent().back().to.empty());
  mailer.answer(Result<void>());
  run();
  EXPECT_THAT(ended(), ElementsAre(1, 2));
}

TEST_F(MailChannelTest, BelievesTheNewestJobOfAllWhoUseTheService) {
  put_channel({.name = "night", .kind = ChannelKind::email, .service = "mail", .to = {"night@hospital.example"}});
  const auto other = keep(spawn_tested("night"));
  all_down();
  send(1);
  advance(2s);
  EXPECT_EQ(service_meter.state, ServiceState::down);
  all_well();
  caf::anon_send(other, SendAlert{std::make_shared<const AlertMessage>(message(2)), asker.actor()});
  run();
  EXPECT_EQ(service_meter.state, ServiceState::up);
}

TEST_F(MailChannelTest, BeginsAnewWhenAReloadChangesTheProviders) {
  all_down();
  send(1);
  advance(2s);
  auto changed = mail_service();
  changed.providers.erase(changed.providers.begin());
  put_service(changed);
  reload();
  EXPECT_EQ(service_meter.state, ServiceState::unknown);
  EXPECT_EQ(states().back(), "unknown osaka");
  while_down("tokyo");
  send(2);
  EXPECT_EQ(service_meter.state, ServiceState::up);
}

TEST_F(MailChannelTest, HoldsNobodyUpWhenAReloadHasTakenIt) {
  all_down();
  send(1);
  advance(2s);
  EXPECT_EQ(service_meter.state, ServiceState::down);
  auto without = std::make_shared<Site>(*site);
  without->channels.clear();
  site = without;
  reload();
  EXPECT_EQ(service_meter.state, ServiceState::unknown) << "nobody is left who could find out that it is back";
  const auto before = mailer.sent().size();
  advance(10min);
  EXPECT_EQ(mailer.sent().size(), before);
}

TEST_F(MailChannelTest, IsDrainedThoughItsServiceIsDown) {
  all_down();
  send(1);
  advance(2s);
  say(DrainChannel{asker.actor(), false});
  EXPECT_EQ(asker.count<ChannelDrained>(), 1u);
  const auto before = mailer.sent().size();
  advance(10min);
  EXPECT_EQ(mailer.sent().size(), before);
}

}  // namespace
}  // namespace denrei::test
