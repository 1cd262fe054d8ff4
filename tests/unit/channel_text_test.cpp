// Channel texts: languages, templates, escaping, and the JSON that inboxes and programs read.
#include "denrei/domain/channel_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AlertMessage message() {
  return {7, {.destination = "voicedrive", .severity = Severity::critical, .subject = "件名", .text = "本文\n{subject} <a> & b", .channels = {},
              .subject_en = "Subject", .text_en = "Text", .rule = {}}, 3, from_unix_ms(1'763'615'130'000), std::nullopt};
}

TEST(ChannelText, IsTheAlertsOwnWhereTheChannelHasNoTemplates) {
  const auto words = word_alert({}, message());
  EXPECT_EQ(words.subject, "件名");
  EXPECT_EQ(words.text, "本文\n{subject} <a> & b") << "what a text says is never read as a slot";
}

TEST(ChannelText, IsEnglishWhereTheChannelIsAndTheAlertHasIt) {
  auto words = word_alert({.language = Language::en}, message());
  EXPECT_EQ(words.subject + " " + words.text, "Subject Text");
  auto japanese_only = message();
  japanese_only.alert.subject_en.clear();
  japanese_only.alert.text_en.clear();
  words = word_alert({.language = Language::en}, japanese_only);
  EXPECT_EQ(words.subject, "件名");
}

TEST(ChannelText, FillsInTemplates) {
  auto of_rule = message();
  of_rule.alert.rule = "error-rate";
  const Channel channel{.kind = ChannelKind::email, .subject = "{mark}{subject}", .text = "{severity} {time} {destination} {rule} {unknown} {"};
  const auto words = word_alert(channel, of_rule);
  EXPECT_EQ(words.subject, "【重大】件名");
  EXPECT_EQ(words.text, "critical 2025-11-20 14:05:30 JST voicedrive error-rate {unknown} {");
  EXPECT_EQ(word_alert({.language = Language::en, .subject = "{mark}{subject}"}, of_rule).subject, "[CRITICAL] Subject");
}

TEST(ChannelText, ASubjectIsOneLine) {
  auto broken = message();
  broken.alert.subject = "a\r\nBcc: b";
  EXPECT_EQ(word_alert({}, broken).subject, "a  Bcc: b");
}

TEST(ChannelText, EscapesForSlackWhatARuleSaysAndNothingElse) {
  const Channel slack{.kind = ChannelKind::slack, .text = "<!channel> {text}"};
  EXPECT_THAT(word_alert(slack, message()).text, HasSubstr("<a> & b")) << "the contract fixes it to the letter";
  auto of_rule = message();
  of_rule.alert.rule = "error-rate";
  EXPECT_EQ(word_alert(slack, of_rule).text, "<!channel> 本文\n{subject} &lt;a&gt; &amp; b");
  EXPECT_THAT(word_alert({.kind = ChannelKind::webhook}, of_rule).text, HasSubstr("<a> & b"));
}

TEST(ChannelText, TheSameAlertHasTheSameIdAndAnyOtherAnother) {
  const Channel channel{.name = "board"};
  const auto id = make_alert_id(channel, message());
  EXPECT_EQ(id, make_alert_id(channel, message()));
  auto other = message();
  other.number = 8;
  EXPECT_NE(make_alert_id(channel, other), id);
  other = message();
  other.made_at += Millis{1};
  EXPECT_NE(make_alert_id(channel, other), id) << "numbers begin anew with each process";
  EXPECT_NE(make_alert_id({.name = "other"}, message()), id) << "two channels may post to one inbox, each in its language";
}

TEST(ChannelText, ANotificationFitsTheInbox) {
  auto long_one = message();
  for (int i = 0; i < 600; ++i) {
    long_one.alert.subject += "件";
    long_one.alert.text += "文";
  }
  const auto notification = make_alert_notification({.name = "board"}, long_one);
  const auto document = parse_json(notification.json);
  ASSERT_TRUE(document);
  const auto title = find_string((*document)->root(), "/title");
  const auto text = find_string((*document)->root(), "/message");
  EXPECT_EQ(count_code_points(title), 100u);
  EXPECT_EQ(count_code_points(text), 500u);
  EXPECT_TRUE(is_utf8(title) && is_utf8(text));
  EXPECT_TRUE(title.ends_with("件…"));
  long_one.alert.subject = std::string(100, 'a');
  EXPECT_THAT(make_alert_notification({.name = "board"}, long_one).json, HasSubstr("\"" + std::string(100, 'a') + "\"")) << "100 are not cut";
}

TEST(ChannelText, ANotificationIsAsGraveAsTheAlert) {
  auto of_rule = message();
  of_rule.alert.rule = "error-rate";
  EXPECT_THAT(make_alert_notification({}, of_rule).json,
              HasSubstr(R"("details":{"severity":"critical","destination":"voicedrive","rule":"error-rate"})"));
  of_rule.alert.severity = Severity::warning;
  EXPECT_THAT(make_alert_notification({}, of_rule).json, HasSubstr(R"("type":"warning","icon":"⚠️","priority":"normal")"));
  of_rule.alert.severity = Severity::error;
  EXPECT_THAT(make_alert_notification({}, of_rule).json, HasSubstr(R"("type":"error","icon":"❌","priority":"high")"));
}

TEST(ChannelText, ProgramsGetAllOfIt) {
  auto about_one = message();
  about_one.about = DeliveryId{make_event_id("test", "1")};
  EXPECT_EQ(alert_event_json({}, about_one),
            R"({"type":"denrei.alert","timestamp":"2025-11-20T05:05:30.000Z","data":{"severity":"critical","subject":"件名",)"
            R"("text":"本文\n{subject} <a> & b","destination":"voicedrive","alerts":3,"deliveryId":")" + about_one.about->text() + R"("}})");
  EXPECT_THAT(alert_event_json({}, message()), Not(HasSubstr("deliveryId")));
}

}  // namespace
}  // namespace denrei
