// Mail text: a message is well-formed, readable in every language, and cannot be given headers from outside.
#include "denrei/domain/mail_text.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

struct Parts {
  std::vector<std::string> headers;  // unfolded
  std::vector<std::string> lines;    // of the header as sent
  std::string body;                  // as sent
};

Parts split(const std::string& message) {
  Parts out;
  const auto end = message.find("\r\n\r\n");
  EXPECT_NE(end, std::string::npos);
  out.body = message.substr(end + 4);
  std::string_view head = std::string_view(message).substr(0, end + 2);
  while (!head.empty()) {
    const std::string line(head.substr(0, head.find("\r\n")));
    head.remove_prefix(line.size() + 2);
    EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos);
    out.lines.push_back(line);
    if (line.starts_with(' ')) out.headers.back() += line;
    else out.headers.push_back(line);
  }
  return out;
}

std::string header(const Parts& parts, const std::string& name) {
  for (const auto& line : parts.headers)
    if (line.starts_with(name + ": ")) return line.substr(name.size() + 2);
  return "none";
}

// A subject of encoded words as a reader shows it (RFC 2047 §6.2: blanks between two words are none).
std::string read_subject(const std::string& value) {
  if (!value.starts_with("=?")) return value;
  std::string out;
  std::string_view rest = value;
  while (!rest.empty()) {
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    EXPECT_LE(word.size(), 75u);
    EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
    const auto text = decode_base64(word.substr(10, word.size() - 12)).value();
    EXPECT_TRUE(is_utf8(text)) << "a word of its own: no code point is cut in two";
    out += text;
  }
  return out;
}

std::string read_body(const std::string& body) {
  std::string joined;
  std::string_view rest = body;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find("\r\n"));
    EXPECT_LE(line.size(), 76u);
    joined += line;
    rest.remove_prefix(line.size() + 2);
  }
  return decode_base64(joined).value();
}

class MailText : public ::testing::Test {
 protected:
  Letter letter() {
    return {.from = "denrei@hospital.example", .to = to, .subject = "hello", .text = "text", .message_id = "a1.b2", .date = from_unix_ms(1'763'615'130'999)};
  }
  Parts parts(const Letter& l) { return split(make_mail_text(l).value()); }
  std::vector<std::string> to{"desk@hospital.example", "night@hospital.example"};
};

TEST_F(MailText, HasTheHeadersOfAnAutomaticMessage) {
  const auto mail = parts(letter());
  const std::vector<std::string> expected{"From: denrei@hospital.example",
                                          "To: desk@hospital.example, night@hospital.example",
                                          "Subject: hello",
                                          "Date: Thu, 20 Nov 2025 05:05:30 +0000",
                                          "Message-ID: <a1.b2@hospital.example>",
                                          "MIME-Version: 1.0",
                                          "Content-Type: text/plain; charset=UTF-8",
                                          "Content-Transfer-Encoding: base64",
                                          "Auto-Submitted: auto-generated"};
  EXPECT_EQ(mail.headers, expected);
  EXPECT_EQ(mail.body, "dGV4dA==\r\n");
}

TEST_F(MailText, EncodesASubjectInJapaneseBetweenCodePoints) {
  for (std::size_t ascii = 0; ascii < 4; ++ascii) {  // shifts where the words end
    auto l = letter();
    std::string subject(ascii, 'x');
    for (int i = 0; i < 40; ++i) subject += i % 5 == 4 ? "😀" : "障";
    l.subject = subject;
    const auto mail = parts(l);
    EXPECT_EQ(read_subject(header(mail, "Subject")), subject);
    for (const auto& line : mail.lines) EXPECT_LE(line.size(), 76u) << line;
  }
}

TEST_F(MailText, EncodesALongSubjectAndOneThatLooksEncoded) {
  for (const auto& subject : {std::string(200, 'w'), std::string("=?UTF-8?B?aGk=?="), std::string("x\u00e9")}) {
    auto l = letter();
    l.subject = subject;
    const auto sent = header(parts(l), "Subject");
    EXPECT_TRUE(sent.starts_with("=?UTF-8?B?")) << sent;
    EXPECT_EQ(read_subject(sent), subject);
  }
}

TEST_F(MailText, CutsAnEndlessSubject) {
  auto l = letter();
  std::string subject = "x";
  for (int i = 0; i < 1'000; ++i) subject += "障";
  l.subject = subject;
  EXPECT_EQ(read_subject(header(parts(l), "Subject")), subject.substr(0, 511)) << "512 bytes would end within a code point";
}

TEST_F(MailText, LetsNoSubjectBecomeAHeader) {
  using namespace std::string_view_literals;
  for (const auto subject : {"a\r\nBcc: all@example.com"sv, "a\nBcc: b@c"sv, "a\rBcc: b@c"sv, "a\0\r\n\r\nbody"sv, "障\r\nBcc: b@c"sv}) {
    auto l = letter();
    l.subject = subject;
    const auto mail = parts(l);
    EXPECT_EQ(mail.headers.size(), 9u);
    EXPECT_EQ(header(mail, "Bcc"), "none");
    EXPECT_EQ(read_body(mail.body), "text");
  }
}

TEST_F(MailText, CarriesTheBodyInLinesThatEndAlike) {
  auto l = letter();
  std::string text = "配信 failed\n.\r\nlone\rend\n\n";
  l.text = text;
  EXPECT_EQ(read_body(parts(l).body), "配信 failed\r\n.\r\nlone\r\nend\r\n\r\n");
  text = std::string(10'000, 'y');
  l.text = text;
  EXPECT_EQ(read_body(parts(l).body), text);
  l.text = "";
  EXPECT_EQ(parts(l).body, "");
}

TEST_F(MailText, PutsQuestionMarksWhereTheTextIsNoUtf8) {
  auto l = letter();
  l.subject = l.text = "a\xff\xc3";
  EXPECT_EQ(header(parts(l), "Subject"), "a??");
  EXPECT_EQ(read_body(parts(l).body), "a??");
}

TEST_F(MailText, RefusesAddressesThatAreNone) {
  const std::string with_nul("a@b\0", 4);
  for (const auto& bad : std::vector<std::string>{"", "desk", "@host", "desk@", "a b@c.example", "a@b@c", "a@b\r\nBcc: x@y", "a@b\n", "Desk <a@b.example>",
                                                  "\"a\"@b", "a@b,c@d", "a@b>", "a@[127.0.0.1]", "あ@b.example", "a@b\x7f", with_nul}) {
    EXPECT_FALSE(is_mail_address(bad)) << bad;
    auto l = letter();
    l.from = bad;
    EXPECT_FALSE(make_mail_text(l).has_value()) << bad;
    l = letter();
    const std::vector<std::string> one_bad{"desk@hospital.example", bad};
    l.to = one_bad;
    EXPECT_FALSE(make_mail_text(l).has_value()) << bad;
  }
  EXPECT_FALSE(is_mail_address(std::string(250, 'a') + "@b.example"));
  for (const auto* good : {"a@b", "first.last+tag@sub.example.com", "o'neil@example.com", "-x@example.com"}) EXPECT_TRUE(is_mail_address(good)) << good;
}

TEST_F(MailText, RefusesTooManyRecipientsAndNone) {
  auto l = letter();
  const std::vector<std::string> many(101, "a@b.example");
  l.to = many;
  EXPECT_FALSE(make_mail_text(l).has_value());
  l.to = std::span(many).first(100);
  EXPECT_TRUE(make_mail_text(l).has_value());
  l.to = {};
  EXPECT_FALSE(make_mail_text(l).has_value());
}

TEST_F(MailText, TakesAMessageIdOfItsOwnDomainAndRefusesOthers) {
  auto l = letter();
  l.message_id = "n1@other.example";
  EXPECT_EQ(header(parts(l), "Message-ID"), "<n1@other.example>");
  for (const std::string_view bad : {"", "a b", "a\r\nBcc: x@y", "a>", "a@", "a@b@c", "@b"}) {
    l.message_id = bad;
    EXPECT_FALSE(make_mail_text(l).has_value()) << bad;
  }
}

TEST_F(MailText, KnowsTheCalendar) {
  auto l = letter();
  l.date = from_unix_ms(0);
  EXPECT_EQ(header(parts(l), "Date"), "Thu, 01 Jan 1970 00:00:00 +0000");
  l.date = parse_iso8601("2028-02-29T23:59:59.999Z").value();
  EXPECT_EQ(header(parts(l), "Date"), "Tue, 29 Feb 2028 23:59:59 +0000");
}

}  // namespace
}  // namespace denrei
