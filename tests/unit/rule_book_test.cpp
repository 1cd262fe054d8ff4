// The rule book: what channels hear once each, what operators do, and what outlives the process.
#include "denrei/domain/rule_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/rule_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RuleBookTest : public ::testing::Test {
 protected:
  RuleBookTest() : book({signature_rule(), heartbeat_rule()}, now()) {}

  static AlertRuleSpec signature_rule() {
    auto spec = rule_of(Measure::signature_failures, 1);
    spec.name = "signatures";
    spec.channels = {"ops"};
    spec.severity = Severity::critical;
    return spec;
  }
  [[nodiscard]] RuleTime now() const { return {steady, wall}; }
  void pass(Millis time) {
    for (Millis passed{0}; passed < time; passed += 1s) {
      steady += 1s;
      wall += 1s;
      book.sample(0, counts, now());
      book.sample(1, {}, now());
      changes += book.decide(now()).size();
      if (kept) book.settle(book.version());
      for (auto& one : book.take_news()) news.push_back(std::move(one));
    }
  }
  void fail_once() {
    ++counts.bad_signatures;
    pass(1s);
  }
  void hear_all() {
    for (const auto& one : news) (void)book.told(one.ticket);
  }
  // Another process takes over what this one has kept.
  void restart() {
    const auto text = book.encode();
    steady = SteadyTime{} + 5s;
    counts = {};
    book = RuleBook({heartbeat_rule(), signature_rule()}, now());  // in another order
    ASSERT_TRUE(book.restore(text, now()));
    book = RuleBook({signature_rule(), heartbeat_rule()}, now());
    ASSERT_TRUE(book.restore(text, now()));
    news.clear();
  }
  [[nodiscard]] std::vector<std::string> subjects() const {
    std::vector<std::string> out;
    for (const auto& one : news) out.push_back(one.alert.subject_en);
    return out;
  }

  SteadyTime steady{SteadyTime{} + 1h};
  WallTime wall = parse_iso8601("2025-11-20T14:00:00+09:00").value();
  RuleCounts counts;
  RuleBook book;
  bool kept = true;
  std::size_t changes = 0;
  std::vector<RuleAnnouncement> news;
};

const std::string fires = "🚨 Signature failures: source analytics";
const std::string is_over = "✅ [Resolved] Signature failures: source analytics";

TEST_F(RuleBookTest, SaysOnceThatARuleFiresAndOnceThatItIsOver) {
  fail_once();
  pass(60s);
  EXPECT_EQ(subjects(), std::vector{fires});
  hear_all();
  fail_once();
  pass(60s);
  EXPECT_EQ(subjects(), std::vector{fires});
  pass(300s);
  EXPECT_EQ(subjects(), (std::vector{fires, is_over}));
  hear_all();
  pass(300s);
  EXPECT_EQ(news.size(), 2u);
  EXPECT_EQ(changes, 2u);
}

TEST_F(RuleBookTest, WordsTheNewsInBothLanguages) {
  fail_once();
  const auto& alert = news.at(0).alert;
  EXPECT_EQ(alert.rule, "signatures");
  EXPECT_EQ(alert.severity, Severity::critical);
  EXPECT_EQ(alert.channels, std::vector<std::string>{"ops"});
  EXPECT_EQ(alert.subject, "🚨 署名検証の失敗を検出しました: 受信口 analytics");
  EXPECT_EQ(alert.text,
            "🚨 署名検証の失敗を検出しました: 受信口 analytics\n\n"
            "直近 5m に署名検証の失敗が 1 件ありました（しきい値: 1 件以上）。\n"
            "秘密鍵の設定違い、または第三者による不正な送信の可能性があります。\n\n"
            "発生: 2025-11-20 14:00:01 JST\nルール: signatures #1");
  EXPECT_THAT(alert.text_en, AllOf(HasSubstr("1 request(s) with a bad signature within 5m"), HasSubstr("Rule: signatures #1")));
  hear_all();
  pass(310s);
  EXPECT_THAT(news.at(1).alert.text, StartsWith("✅ 【解消】署名検証の失敗を検出しました: 受信口 analytics\n\n発生: 2025-11-20 14:00:01 JST\n解消: 2025-11-20 14:05:"));
  EXPECT_THAT(news.at(1).alert.text, HasSubstr("ルール: signatures #1"));
}

TEST_F(RuleBookTest, WaitsForTheChannelsAndThenSaysHowItIsNow) {
  fail_once();
  pass(310s);
  EXPECT_EQ(subjects(), std::vector{fires}) << "the channels have not taken the first news yet";
  hear_all();
  pass(1s);
  EXPECT_EQ(subjects(), (std::vector{fires, is_over}));
  EXPECT_FALSE(book.told(99));
  EXPECT_FALSE(book.told(news[0].ticket)) << "heard already";
}

TEST_F(RuleBookTest, SaysNothingBeforeItHasBeenKept) {
  kept = false;
  fail_once();
  pass(10s);
  EXPECT_TRUE(news.empty());
  kept = true;
  pass(1s);
  EXPECT_EQ(subjects(), std::vector{fires});
}

TEST_F(RuleBookTest, FiringOutlivesTheProcessAndIsNotSaidTwice) {
  fail_once();
  hear_all();
  restart();
  pass(60s);
  EXPECT_TRUE(news.empty());
  EXPECT_EQ(book.view(0).state.phase, RulePhase::firing);
  pass(300s);
  EXPECT_EQ(subjects(), std::vector{is_over});
  EXPECT_EQ(book.history().size(), 1u);
  hear_all();
  fail_once();
  EXPECT_EQ(book.view(0).incident->number, 2u) << "numbers go on";
}

TEST_F(RuleBookTest, WhatChannelsHaveNotTakenIsSaidAgainInTheSameWords) {
  fail_once();
  const auto before = news.at(0).alert;
  restart();
  pass(10s);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].alert.text, before.text);
  EXPECT_EQ(news[0].alert.text_en, before.text_en);
}

TEST_F(RuleBookTest, SilencedRuleChangesAndSaysNothingUntilItsSilenceEnds) {
  book.silence(0, {wall + 10min, "operator", "maintenance"});
  fail_once();
  EXPECT_EQ(book.view(0).state.phase, RulePhase::firing);
  pass(400s);
  EXPECT_EQ(book.view(0).state.phase, RulePhase::quiet);
  EXPECT_TRUE(news.empty()) << "it began and ended in silence";
  fail_once();
  pass(150s);
  EXPECT_TRUE(news.empty());
  pass(60s);
  EXPECT_EQ(subjects(), std::vector{fires}) << "it still fires when the silence ends";
  EXPECT_FALSE(book.view(0).silence);
}

TEST_F(RuleBookTest, EndIsToldWhenTheSilenceIsLifted) {
  fail_once();
  hear_all();
  book.silence(0, {wall + 1h, "operator", "enough"});
  pass(310s);
  EXPECT_EQ(subjects(), std::vector{fires});
  book.unsilence(0);
  pass(1s);
  EXPECT_EQ(subjects(), (std::vector{fires, is_over}));
}

TEST_F(RuleBookTest, SilenceOutlivesTheProcess) {
  book.silence(0, {wall + 1h, "tanaka", "maintenance"});
  restart();
  fail_once();
  EXPECT_TRUE(news.empty());
  EXPECT_EQ(book.view(0).silence->by + " " + book.view(0).silence->reason, "tanaka maintenance");
}

TEST_F(RuleBookTest, OneIsAcknowledgedWhileItFires) {
  EXPECT_EQ(book.acknowledge(0, "tanaka", "", wall).error().code, FaultCode::conflict);
  fail_once();
  hear_all();
  EXPECT_TRUE(book.acknowledge(0, "tanaka", "looking", wall));
  EXPECT_TRUE(book.acknowledge(0, "sato", "me too", wall));
  restart();
  EXPECT_EQ(book.view(0).incident->acknowledged_by, "tanaka");
  pass(310s);
  ASSERT_EQ(book.history().size(), 1u);
  EXPECT_EQ(book.history()[0].note, "looking");
  EXPECT_EQ(book.acknowledge(0, "tanaka", "", wall).error().code, FaultCode::conflict);
}

TEST_F(RuleBookTest, RemembersAHundredIncidents) {
  for (int i = 0; i < 103; ++i) {
    fail_once();
    hear_all();
    pass(310s);
    hear_all();
    news.clear();
  }
  EXPECT_EQ(book.history().size(), incidents_kept);
  EXPECT_EQ(book.history().back().number, 103u);
  restart();
  EXPECT_EQ(book.history().size(), incidents_kept);
  EXPECT_EQ(book.history().front().number, 4u);
}

TEST_F(RuleBookTest, WhatCannotBeReadChangesNothing) {
  fail_once();
  for (const auto* text : {"", "{", "[]", "7", R"({"rules":[{"rule":"signatures","state":"asleep"},7,{"rule":"gone","state":"quiet"}],"history":[{},3]})"}) {
    const auto result = book.restore(text, now());
    EXPECT_EQ(book.view(0).state.phase, RulePhase::firing) << text << (result ? "" : result.error().detail);
  }
  EXPECT_TRUE(book.history().empty());
}

TEST_F(RuleBookTest, HeartbeatKeepsItsDays) {
  pass(1s);
  restart();
  wall = parse_iso8601("2025-11-21T02:29:59+09:00").value();
  pass(1s);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].alert.subject, "🚨 02:30 までに success 通知が届いていません: 受信口 analytics");
  EXPECT_THAT(news[0].alert.text, HasSubstr("最終受信: -"));
  restart();
  pass(10s);
  EXPECT_EQ(book.view(1).incident->number, 1u) << "the day has been judged";
}

// --- texts

TEST(RuleText, DescribesWhatARuleWaitsFor) {
  auto rate = rule_of(Measure::error_rate, 5, 1min, 5min);
  rate.over = {RuleScope::Kind::destination, "records-stats"};
  EXPECT_EQ(describe_rule(rate).en, "destination records-stats: error rate above 5% within 1m, for 5m");
  EXPECT_EQ(describe_rule(rate).ja, "配信先 records-stats: エラー率 が 5% 超（直近 1m、5m 継続）");
  EXPECT_EQ(describe_rule(rule_of(Measure::mean_answer, 1.5)).en, "source analytics: mean answer time above 1500ms within 5m");
  EXPECT_EQ(describe_rule(heartbeat_rule()).ja, "受信口 analytics: success 通知が毎日 02:00〜02:30（日本時間）に届かない");
}

TEST(RuleText, FillsInOwnTemplatesAndLeavesWhatItDoesNotKnow) {
  auto rule = rule_of(Measure::success_rate, 95);
  rule.subject = "{rule} {value}";
  rule.text = "{{value}} < {threshold} {nobody} {over} #{number} {time} {";
  rule.text_en = "{over}";
  const Incident incident{7, rule.name, parse_iso8601("2025-11-20T05:00:00Z").value(), "93.30 %", {}, {}, {}, {}};
  const auto alert = make_rule_alert(rule, incident, RuleNews::fired);
  EXPECT_EQ(alert.subject, "success_rate 93.30 %");
  EXPECT_EQ(alert.text, "{93.30 %} < 95% {nobody} 受信口 analytics #7 2025-11-20 14:00:00 JST {");
  EXPECT_EQ(alert.text_en, "source analytics");
  EXPECT_EQ(alert.subject_en, "🚨 Low success rate: source analytics");
  EXPECT_THAT(make_rule_alert(rule, incident, RuleNews::resolved).text, StartsWith("✅ 【解消】success_rate 93.30 %\n\n発生: "));
}

TEST(RuleText, EveryMeasureHasItsWords) {
  for (const auto measure : {Measure::signature_failures, Measure::success_rate, Measure::mean_answer, Measure::error_notifications,
                             Measure::error_rate, Measure::heartbeat}) {
    const auto rule = measure == Measure::heartbeat ? heartbeat_rule() : rule_of(measure, 10);
    const auto alert = make_rule_alert(rule, {1, rule.name, WallTime{}, "VALUE", {}, {}, {}, {}}, RuleNews::fired);
    for (const auto* text : {&alert.subject, &alert.subject_en, &alert.text, &alert.text_en})
      EXPECT_EQ(text->find('{'), std::string::npos) << *text;
    EXPECT_THAT(alert.text, HasSubstr("VALUE"));
    EXPECT_THAT(alert.text_en, HasSubstr("VALUE"));
  }
}

}  // namespace
}  // namespace denrei
