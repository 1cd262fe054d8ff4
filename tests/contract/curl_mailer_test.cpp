// The mailer against a mail server on the same loop: what is said, under which encryption, and how refusals are told.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "contract/journal_fixture.hpp"
#include "contract/loopback_http.hpp"
#include "contract/loopback_smtp.hpp"
#include "denrei/adapters/curl/curl_mailer.hpp"

namespace denrei::test {
namespace {

using Tls = LoopbackSmtp::Tls;
using Lines = std::vector<std::string>;

class CurlMailerTest : public ::testing::Test {
 protected:
  Mail mail_to(const LoopbackSmtp& server, const std::string& host = "127.0.0.1") {
    return {.server = server.url(host), .starttls = false, .from = "denrei@hospital.example", .to = {"desk@hospital.example"}, .subject = "配信に失敗しました",
            .text = "三回とも失敗\n", .message_id = "m1", .date = from_unix_ms(1'763'615'130'000), .timeout = Millis(5'000)};
  }
  Result<void> send(Mail mail) {
    std::optional<Result<void>> answer;
    mailer->send(std::move(mail), [&](Result<void> result) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(result);
    });
    EXPECT_FALSE(answer) << "never before send has returned";
    run_loop_until(io, [&] { return answer.has_value(); });
    return answer.value_or(fail(FaultCode::io, "no answer"));
  }
  // The commands that the server heard from MAIL on.
  static Lines dialogue(const LoopbackSmtp& server) {
    const auto is_mail = [](const std::string& c) { return c.find("MAIL") != std::string::npos; };
    return {std::find_if(server.commands.begin(), server.commands.end(), is_mail), server.commands.end()};
  }
  static void expect_fault(const Result<void>& result, FaultCode code, const std::string& part) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code) << result.error().detail;
    EXPECT_NE(result.error().detail.find(part), std::string::npos) << result.error().detail;
  }

  boost::asio::io_context io;
  ScratchDirectory directory;
  TestCertificate certificate = write_test_certificate(directory.path());
  LoopbackSmtp plain{io, Tls::none};
  LoopbackSmtp upgrading{io, Tls::starttls, certificate};
  LoopbackSmtp secure{io, Tls::from_the_start, certificate};
  std::unique_ptr<CurlMailer> mailer = std::make_unique<CurlMailer>(io);
};

TEST_F(CurlMailerTest, HandsOverAMessage) {
  auto mail = mail_to(plain);
  mail.to.push_back("night@hospital.example");
  EXPECT_TRUE(send(mail).has_value());
  run_loop_until(io, [&] { return plain.closed == 1; });
  EXPECT_EQ(dialogue(plain), (Lines{"MAIL FROM:<denrei@hospital.example>", "RCPT TO:<desk@hospital.example>", "RCPT TO:<night@hospital.example>", "DATA", "QUIT"}));
  ASSERT_EQ(plain.messages.size(), 1u);
  const auto& message = plain.messages.front();
  EXPECT_TRUE(message.starts_with("From: denrei@hospital.example\r\nTo: desk@hospital.example,\r\n night@hospital.example\r\nSubject: =?UTF-8?B?")) << message;
  EXPECT_NE(message.find("Message-ID: <m1@hospital.example>\r\n"), std::string::npos);
  EXPECT_TRUE(message.ends_with("\r\n\r\n5LiJ5Zue44Go44KC5aSx5pWXDQo=\r\n")) << message;
}

TEST_F(CurlMailerTest, HandsOverALargeMessage) {
  auto mail = mail_to(upgrading, "localhost");
  mail.starttls = true;
  mail.ca_file = certificate.certificate;
  mail.text.assign(3'000'000, 'x');
  EXPECT_TRUE(send(mail).has_value());
  EXPECT_GT(upgrading.messages.at(0).size(), 4'000'000u);
}

TEST_F(CurlMailerTest, UpgradesToTlsBeforeItSaysAnythingElse) {
  auto mail = mail_to(upgrading, "localhost");
  mail.starttls = true;
  mail.ca_file = certificate.certificate;
  mail.user = "denrei";
  mail.password = Secret("pass word");
  const auto sent = send(mail);
  EXPECT_TRUE(sent.has_value()) << sent.error().detail;
  run_loop_until(io, [&] { return upgrading.closed == 1; });
  ASSERT_EQ(upgrading.commands.size(), 9u);
  EXPECT_EQ(upgrading.commands[1], "STARTTLS");
  EXPECT_EQ(upgrading.commands[3], "tls AUTH PLAIN");
  EXPECT_EQ(upgrading.commands[4], "tls AGRlbnJlaQBwYXNzIHdvcmQ=");
  EXPECT_EQ(dialogue(upgrading), (Lines{"tls MAIL FROM:<denrei@hospital.example>", "tls RCPT TO:<desk@hospital.example>", "tls DATA", "tls QUIT"}));
}

TEST_F(CurlMailerTest, SpeaksTlsFromTheStart) {
  auto mail = mail_to(secure, "localhost");
  mail.ca_file = certificate.certificate;
  EXPECT_TRUE(send(mail).has_value());
  EXPECT_EQ(secure.messages.size(), 1u);
}

TEST_F(CurlMailerTest, GoesOnWithoutTlsOnlyIfToldTo) {
  auto mail = mail_to(plain);
  mail.starttls = true;
  mail.user = "denrei";
  mail.password = Secret("pass word");
  expect_fault(send(mail), FaultCode::unavailable, "STARTTLS");
  EXPECT_EQ(plain.commands.size(), 1u) << "not even the user's name was said";
  plain.commands.clear();
  mail.starttls = false;
  EXPECT_TRUE(send(mail).has_value());
}

TEST_F(CurlMailerTest, RefusesACertificateThatNobodyVouchesForOrOfAnotherHost) {
  auto mail = mail_to(secure, "localhost");
  expect_fault(send(mail), FaultCode::unavailable, "certificate");
  mail = mail_to(upgrading, "127.0.0.1");
  mail.starttls = true;
  mail.ca_file = certificate.certificate;
  expect_fault(send(mail), FaultCode::unavailable, "127.0.0.1");
  EXPECT_TRUE(upgrading.messages.empty() && secure.messages.empty());
}

TEST_F(CurlMailerTest, TellsRefusalsForNowFromThoseForGood) {
  struct Case { std::string command, reply; FaultCode code; };
  for (const auto& [command, reply, code] : {Case{"MAIL", "451 later\r\n", FaultCode::unavailable}, Case{"MAIL", "550-no\r\n550 not you\r\n", FaultCode::denied},
                                             Case{"RCPT", "450 greylisted\r\n", FaultCode::unavailable}, Case{"RCPT", "550 5.1.1 unknown\r\n", FaultCode::invalid},
                                             Case{"RCPT", "554 5.7.1 no relaying\r\n", FaultCode::denied}, Case{"RCPT", "550 no\r\n", FaultCode::invalid},
                                             Case{"DATA", "503 what\r\n", FaultCode::invalid}, Case{".", "452 full\r\n", FaultCode::unavailable},
                                             Case{".", "554 spam\r\n", FaultCode::invalid}, Case{"MAIL", "nonsense\r\n", FaultCode::unavailable},
                                             Case{"MAIL", "25", FaultCode::unavailable}, Case{"AUTH", "535 bad credentials\r\n", FaultCode::denied},
                                             Case{"AUTH", "454 try again\r\n", FaultCode::unavailable}, Case{"greeting", "554 no service\r\n", FaultCode::denied},
                                             Case{"greeting", "421 busy\r\n", FaultCode::unavailable}}) {
    plain.replies = {{command, reply}};
    auto mail = mail_to(plain);
    mail.user = "denrei";
    mail.password = Secret("pass word");
    mail.timeout = Millis(reply == "25" ? 100 : 5'000);
    const auto line = reply.substr(reply.rfind('\n', reply.size() - 2) + 1);
    expect_fault(send(mail), code, reply == "25" ? "not sent within 100 ms" : line.substr(0, line.find('\r')));
  }
  EXPECT_EQ(plain.messages.size(), 2u) << "only those whose last word was a refusal";
}

TEST_F(CurlMailerTest, ServesTheRecipientsThatAreAccepted) {
  plain.replies = {{"RCPT TO:<gone@", "550 no such user\r\n"}};
  auto mail = mail_to(plain);
  mail.to = {"gone@hospital.example", "desk@hospital.example"};
  expect_fault(send(mail), FaultCode::invalid, "sent to 1 of 2 recipients; gone@hospital.example was refused: 550 no such user");
  EXPECT_EQ(plain.messages.size(), 1u);
}

TEST_F(CurlMailerTest, GivesUpAtItsTimeWhereverTheServerFallsSilent) {
  for (const auto* command : {"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."}) {
    plain.replies = {{command, ""}};
    auto mail = mail_to(plain);
    mail.user = "denrei";
    mail.password = Secret("pass word");
    mail.timeout = Millis(80);
    const auto began = std::chrono::steady_clock::now();
    expect_fault(send(mail), FaultCode::unavailable, "not sent within 80 ms");
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2)) << command;
  }
}

TEST_F(CurlMailerTest, SaysThatTheConnectionBroke) {
  for (const auto* command : {"EHLO", "MAIL", "."}) {
    plain.replies = {{command, "close"}};
    EXPECT_EQ(fault_of(send(mail_to(plain))), FaultCode::unavailable);
  }
  auto mail = mail_to(plain);
  mail.server = "smtp://127.0.0.1:1";
  EXPECT_EQ(fault_of(send(mail)), FaultCode::unavailable);
}

TEST_F(CurlMailerTest, GivesUpOnAnEndlessAnswer) {
  std::string lines;
  for (int i = 0; i < 2'000; ++i) lines += "250-more\r\n";
  for (const auto& endless : {lines, std::string(20'000, '2')}) {
    plain.replies = {{"MAIL", endless}};
    expect_fault(send(mail_to(plain)), FaultCode::unavailable, "an endless answer");
  }
}

TEST_F(CurlMailerTest, RefusesWhatCannotBeSent) {
  auto mail = mail_to(plain);
  mail.to = {"desk@hospital.example\r\nDATA"};
  expect_fault(send(mail), FaultCode::invalid, "recipient 1");
  mail = mail_to(plain);
  mail.from = "a> SIZE=1@b";
  expect_fault(send(mail), FaultCode::invalid, "sender");
  for (const auto* server : {"", "http://127.0.0.1/", "ldap://127.0.0.1/", "not a url"}) {
    mail = mail_to(plain);
    mail.server = server;
    expect_fault(send(mail), FaultCode::invalid, "smtp");
  }
  EXPECT_EQ(plain.connections, 0u);
}

TEST_F(CurlMailerTest, AsksOnlyWhetherItIsLetInWhenThereIsNobodyToWriteTo) {
  auto mail = mail_to(plain);
  mail.user = "denrei";
  mail.password = Secret("pass word");
  mail.to.clear();
  EXPECT_TRUE(send(mail));
  EXPECT_EQ(plain.connections, 1u);
  EXPECT_TRUE(plain.messages.empty());
  plain.replies = {{"AUTH", "535 bad credentials\r\n"}};
  expect_fault(send(mail), FaultCode::denied, "535 bad credentials");
}

TEST_F(CurlMailerTest, RefusesMoreThanItCanCarry) {
  plain.replies = {{"MAIL", ""}};
  std::size_t refused = 0;
  for (int i = 0; i < 20; ++i)
    mailer->send(mail_to(plain), [&](const Result<void>& result) { refused += !result && result.error().code == FaultCode::overloaded ? 1u : 0u; });
  run_loop_until(io, [&] { return refused == 4; });
}

TEST_F(CurlMailerTest, CallsNobodyAfterItsEnd) {
  plain.replies = {{"MAIL", ""}};
  const auto alive = std::make_shared<int>(0);
  mailer->send(mail_to(plain), [alive](const Result<void>&) { ADD_FAILURE(); });
  run_loop_until(io, [&] { return plain.commands.size() == 2; });
  mailer->send(mail_to(plain), [alive](const Result<void>&) { ADD_FAILURE(); });  // not begun
  mailer->send({}, [alive](const Result<void>&) { ADD_FAILURE(); });              // not told
  mailer.reset();
  EXPECT_EQ(alive.use_count(), 1);
  run_loop_until(io, [&] { return plain.closed == 1; });
}

TEST_F(CurlMailerTest, MayGoWithinACallback) {
  for (const auto* command : {"none", "greeting", "MAIL"}) {  // answered by the dialogue, by libcurl, by the timer
    plain.replies = {{command, command == std::string("greeting") ? "554 no\r\n" : ""}};
    bool answered = false;
    auto mail = mail_to(plain);
    mail.timeout = Millis(command == std::string("MAIL") ? 50 : 5'000);
    mailer->send(mail, [&](const Result<void>&) {
      mailer.reset();
      answered = true;
    });
    run_loop_until(io, [&] { return answered; });
    io.poll();
    mailer = std::make_unique<CurlMailer>(io);
  }
}

}  // namespace
}  // namespace denrei::test
