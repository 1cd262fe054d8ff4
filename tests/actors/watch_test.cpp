// The Watch: what it samples, keeps, raises and publishes, what it answers to operators, and what it does when the store is away.
#include "denrei/actors/watch.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include "denrei/actors/rule_counts.hpp"
#include "support/actor_world.hpp"
#include "support/fake_outbox.hpp"
#include "support/line_keeper.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

using ::testing::HasSubstr;

class WatchTest : public ActorWorld {
 protected:
  void SetUp() override { begin(); }
  void begin() {
    watch = spawn_watch(stage, watch_meter, {.rules = {signature_rule(), mean_rule()},
                                             .count = [this](const AlertRuleSpec& spec) { return spec.name == "signatures" ? counted : RuleCounts{}; },
                                             .meters = {{"signatures", &rule_meter}},
                                             .registers = outbox,
                                             .alerts = alerts.actor(),
                                             .fan_out = fan_out.actor(),
                                             .log = &log,
                                             .clock = clock()});
    run();
  }
  void TearDown() override {
    scheduler.clock().cancel_all();
    end(caf::actor_cast<caf::actor>(watch));
    ActorWorld::TearDown();
  }
  // kill -9, and another process.
  void restart() {
    scheduler.clock().cancel_all();
    end(caf::actor_cast<caf::actor>(watch));
    run();
    counted = {};
    begin();
  }

  static AlertRuleSpec signature_rule() {
    AlertRuleSpec spec;
    spec.name = "signatures";
    spec.over = {RuleScope::Kind::source, "analytics"};
    spec.window = 60s;
    spec.channels = {"ops"};
    spec.severity = Severity::critical;
    return spec;
  }
  static AlertRuleSpec mean_rule() {
    AlertRuleSpec spec;
    spec.name = "slow";
    spec.measure = Measure::mean_answer;
    spec.comparison = Comparison::above;
    return spec;
  }
  void fail_once() {
    ++counted.bad_signatures;
    advance(1s);
  }
  [[nodiscard]] std::vector<RaiseAlert>& raised() { return alerts.all<RaiseAlert>(); }
  void settle() {
    caf::anon_send(watch, AlertSettled{raised().back().ticket});
    run();
  }
  Answer ask(const std::string& target, const std::string& method = "GET", const std::string& body = {}, const std::string& token = operator_token) {
    RequestParts parts{.edge = edge.actor(), .method = method, .target = target, .body = body, .listener = Listener::operations};
    if (!token.empty()) parts.headers.emplace_back("Authorization", "Bearer " + token);
    caf::anon_send(watch, Serve{make_request(parts), site});
    run();
    return edge.all<RepliesReady>().back().replies.front().answer;
  }
  Answer order(const std::string& what, const std::string& body = {}) { return ask("/ops/alerts/signatures/" + what, "POST", body); }
  json::value known(const std::string& target) {
    const auto answer = ask(target);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  std::string state() { return std::string(known("/ops/alerts/signatures").at("state").as_string()); }

  RuleCounts counted;
  RuleMeter rule_meter;
  FakeJournal journal;
  FakeOutbox outbox{journal};
  LineKeeper log;
  SitePtr site = ledger_site();
  Recorder<RaiseAlert> alerts{system};
  Recorder<Publish> fan_out{system};
  Recorder<RepliesReady> edge{system};
  ActorMeter& watch_meter = meter("Watch");
  Watch watch;
};

TEST_F(WatchTest, RaisesOneAlertWhenARuleFiresAndOneWhenItIsOver) {
  advance(5min);
  EXPECT_TRUE(raised().empty());
  fail_once();
  ASSERT_EQ(raised().size(), 1u);
  const auto& alert = raised()[0].alert;
  EXPECT_EQ(alert.rule, "signatures");
  EXPECT_EQ(alert.severity, Severity::critical);
  EXPECT_EQ(alert.channels, std::vector<std::string>{"ops"});
  EXPECT_TRUE(alert.destination.empty());
  EXPECT_FALSE(alert.text_en.empty());
  EXPECT_FALSE(raised()[0].id);
  EXPECT_TRUE(rule_meter.firing);
  settle();
  advance(58s);
  EXPECT_EQ(raised().size(), 1u);
  advance(4s);
  ASSERT_EQ(raised().size(), 2u);
  EXPECT_THAT(raised()[1].alert.subject, HasSubstr("解消"));
  EXPECT_FALSE(rule_meter.firing);
  settle();
  advance(10min);
  EXPECT_EQ(raised().size(), 2u);
}

TEST_F(WatchTest, TellsWhoeverLooksOnAndTheLog) {
  fail_once();
  ASSERT_EQ(fan_out.count<Publish>(), 1u);
  const auto& news = fan_out.all<Publish>()[0];
  EXPECT_EQ(news.topic + " " + news.event, "operations alert");
  EXPECT_EQ(json::parse(news.json).at("state").as_string(), "firing");
  EXPECT_EQ(log.count(R"("log":"alert rule","rule":"signatures","event":"firing")"), 1u);
  advance(2min);
  EXPECT_EQ(fan_out.count<Publish>(), 2u);
}

TEST_F(WatchTest, FiringRuleOutlivesTheProcess) {
  fail_once();
  settle();
  restart();
  EXPECT_EQ(state(), "firing");
  EXPECT_TRUE(rule_meter.firing);
  advance(58s);
  EXPECT_EQ(raised().size(), 1u);
  advance(5s);
  ASSERT_EQ(raised().size(), 2u);
  EXPECT_THAT(raised()[1].alert.subject_en, HasSubstr("[Resolved]"));
}

TEST_F(WatchTest, AlertThatNobodyTookBeforeTheEndIsRaisedAgain) {
  fail_once();
  restart();
  advance(1s);
  ASSERT_EQ(raised().size(), 2u);
  EXPECT_EQ(raised()[0].alert.text, raised()[1].alert.text);
  settle();
  restart();
  advance(10s);
  EXPECT_EQ(raised().size(), 2u);
}

TEST_F(WatchTest, DecidesNothingBeforeItKnowsWhatWasKept) {
  fail_once();
  settle();
  journal.away(true);
  restart();
  ++counted.bad_signatures;
  advance(10s);
  EXPECT_EQ(raised().size(), 1u);
  const auto answer = ask("/ops/alerts");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(header_of(answer, "Retry-After"), "1");
  EXPECT_EQ(order("acknowledge").status, 503);
  journal.away(false);
  advance(1s);
  EXPECT_EQ(state(), "firing");
  advance(70s);
  EXPECT_EQ(raised().size(), 2u) << "it was firing, and it is over";
}

TEST_F(WatchTest, RaisesAlertsWhileTheStoreIsAwayAndKeepsThemLater) {
  advance(1s);
  journal.away(true);
  fail_once();
  EXPECT_EQ(raised().size(), 1u);
  settle();
  advance(10s);
  EXPECT_EQ(raised().size(), 1u);
  journal.away(false);
  advance(2s);
  restart();
  EXPECT_EQ(state(), "firing");
}

TEST_F(WatchTest, KeepsNothingWhenNothingChanges) {
  advance(2s);
  const auto before = outbox.calls(OutboxCall::put);
  counted.answered = counted.succeeded = 100;
  advance(5min);
  EXPECT_EQ(outbox.calls(OutboxCall::put), before);
}

TEST_F(WatchTest, ListsRulesFiringOnesAndWhatWas) {
  fail_once();
  settle();
  advance(70s);
  fail_once();
  const auto list = known("/ops/alerts");
  ASSERT_EQ(list.at("rules").as_array().size(), 2u);
  ASSERT_EQ(list.at("firing").as_array().size(), 1u);
  ASSERT_EQ(list.at("history").as_array().size(), 1u);
  const auto& rule = list.at("rules").as_array()[0];
  for (const auto* member : {"name", "measure", "over", "threshold", "state", "since", "value", "acknowledged", "silencedUntil", "descriptionJa", "descriptionEn"})
    EXPECT_TRUE(rule.as_object().contains(member)) << member;
  EXPECT_EQ(rule.at("valueText").as_string(), "1");
  EXPECT_EQ(rule.at("over").as_string(), "source:analytics");
  EXPECT_EQ(list.at("rules").as_array()[1].at("value"), json::value(nullptr));
  EXPECT_EQ(list.at("history").as_array()[0].at("id").as_int64(), 1);
  EXPECT_TRUE(list.at("history").as_array()[0].at("resolvedAt").is_string());
  EXPECT_EQ(known("/ops/alerts/slow").at("history").as_array().size(), 0u);
}

TEST_F(WatchTest, OneIsAcknowledged) {
  EXPECT_EQ(order("acknowledge").status, 409);
  fail_once();
  const auto answer = order("acknowledge", R"({"note":"looking into it"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto rule = json::parse(answer.body);
  EXPECT_TRUE(rule.at("acknowledged").as_bool());
  EXPECT_EQ(rule.at("acknowledgedBy").as_string(), "operator");
  EXPECT_EQ(rule.at("incident").at("note").as_string(), "looking into it");
  EXPECT_EQ(json::parse(order("acknowledge", R"({"by":"sato"})").body).at("acknowledgedBy").as_string(), "operator");
  EXPECT_EQ(fan_out.count<Publish>(), 3u);
  restart();
  EXPECT_TRUE(known("/ops/alerts/signatures").at("acknowledged").as_bool());
}

TEST_F(WatchTest, SilencedOneSendsNothingUntilItsSilenceEnds) {
  const auto answer = order("silence", R"({"for":"10m","reason":"maintenance","by":"tanaka"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::parse(answer.body).at("silencedUntil").as_string(), format_iso8601(now + 10min));
  EXPECT_EQ(json::parse(answer.body).at("silencedBy").as_string(), "tanaka");
  advance(9min + 30s);
  fail_once();
  EXPECT_EQ(state(), "firing");
  EXPECT_TRUE(raised().empty());
  advance(40s);
  EXPECT_EQ(raised().size(), 1u);
  EXPECT_EQ(known("/ops/alerts/signatures").at("silencedUntil"), json::value(nullptr));
}

TEST_F(WatchTest, SilenceIsLifted) {
  EXPECT_EQ(order("silence", R"({"for":"2h","reason":"x"})").status, 200);
  fail_once();
  EXPECT_TRUE(raised().empty());
  EXPECT_EQ(order("unsilence").status, 200);
  EXPECT_EQ(raised().size(), 1u);
}

TEST_F(WatchTest, WrongOrdersAreExplained) {
  const auto wrong = [&](const std::string& what, const std::string& body) {
    const auto answer = order(what, body);
    EXPECT_EQ(answer.status, 400) << body;
    return answer.body;
  };
  EXPECT_THAT(wrong("silence", "{}"), HasSubstr(R"({"field":"for","message":"is needed)"));
  EXPECT_THAT(wrong("silence", R"({"for":"59s","reason":"x"})"), HasSubstr("from 1m to 30d"));
  EXPECT_THAT(wrong("silence", R"({"for":"31d","reason":"x"})"), HasSubstr("from 1m to 30d"));
  EXPECT_THAT(wrong("silence", R"({"for":"soon","reason":"x","until":1})"), HasSubstr("until"));
  EXPECT_THAT(wrong("acknowledge", R"({"text":"x"})"), HasSubstr("is not known here"));
  EXPECT_THAT(wrong("unsilence", "["), HasSubstr("detail"));
  EXPECT_EQ(state(), "quiet");
}

TEST_F(WatchTest, OnlyOperatorsMayAsk) {
  for (const auto& token : {std::string(), reader_token, std::string("guess")}) {
    EXPECT_EQ(ask("/ops/alerts", "GET", {}, token).status, 401);
    EXPECT_EQ(ask("/ops/alerts/signatures/silence", "POST", R"({"for":"2h","reason":"x"})", token).status, 401);
  }
  EXPECT_EQ(ask("/ops/alerts/nobody").status, 404);
  EXPECT_EQ(ask("/ops/alerts/signatures/forget", "POST").status, 404);
  EXPECT_EQ(ask("/ops/alerts/signatures/silence").status, 405);
  EXPECT_EQ(ask("/ops/alerts", "POST").status, 405);
}

// --- what it counts

TEST(RuleCountsOfMeters, AddUpWhatOthersCount) {
  Counter accepted, repeat, bad_signature, other, of_error;
  Histogram duration;
  SourceCounters counters;
  counters.accepted = {&accepted, &repeat, nullptr};
  counters.refused.fill(&other);
  counters.refused[static_cast<std::size_t>(Refusal::bad_signature)] = &bad_signature;
  counters.duration = &duration;
  counters.by_type["error"] = &of_error;
  accepted.add(10);
  repeat.add(2);
  bad_signature.add(3);
  of_error.add(4);
  duration.observe(250ms);
  duration.observe(20s);
  const RuleCounts expected{.answered = 15, .succeeded = 12, .bad_signatures = 3, .accepted = 10, .of_type = 4, .timed = 2, .time_us = 20'250'000};
  EXPECT_EQ(counts_of(counters, "error"), expected);
  EXPECT_EQ(counts_of(counters, "success").of_type, 0u);
  auto sum = expected;
  sum += expected;
  EXPECT_EQ(sum.answered, 30u);
  EXPECT_EQ(sum.time_us, 40'500'000u);
  EXPECT_EQ(counts_of(SourceCounters{}, "error"), RuleCounts{});
}

TEST(RuleCountsOfMeters, CountAttemptsOfADestination) {
  Counter delivered, retried, given_up;
  DestinationMeter meter;
  meter.delivered = &delivered;
  meter.retried = &retried;
  meter.given_up = &given_up;
  delivered.add(5);
  retried.add(2);
  given_up.add(1);
  EXPECT_EQ(counts_of(meter), (RuleCounts{.answered = 8, .succeeded = 5}));
}

TEST(RuleCountsOfMeters, NameTheTypesThatNeedCounters) {
  AlertRuleSpec one, other, every;
  one.type = "error";
  one.over = {RuleScope::Kind::source, "analytics"};
  other.type = "success";
  other.over = {RuleScope::Kind::source, "elsewhere"};
  every.type = "warning";
  EXPECT_EQ(counted_types({one, other, every}, "analytics"), (std::set<std::string>{"error", "warning"}));
}

}  // namespace
}  // namespace denrei::test
