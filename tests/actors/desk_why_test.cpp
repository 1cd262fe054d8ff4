// Why a delivery is where it is: one sentence for every case, in both languages.
#include "../../src/actors/desk_why.hpp"

#include <gtest/gtest.h>

#include "denrei/base/encoding.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;

constexpr WallTime now{std::chrono::milliseconds{1'760'000'000'000}};  // 2025-10-09T08:53:20Z

class DeskWhy : public ::testing::Test {
 protected:
  DeskWhy() {
    settings.schedule = {1min, 5min, 30min};
    head.destination = "voicedrive";
    head.due = now;
  }
  void fail_attempts(std::uint32_t attempts, int status) {
    head.attempts = head.round_attempts = attempts;
    head.last_status = status;
    head.due = now + 5min;
  }
  std::string en() { return explain_pending(head, &settings, &report, now).en; }
  std::string ja() { return explain_pending(head, &settings, &report, now).ja; }

  Destination settings;
  DeliveryHead head;
  DestinationReport report{.name = "voicedrive", .breaker = "closed", .pending = 12, .in_flight = 3};
};

TEST_F(DeskWhy, SaysThatItsTurnHasNotCome) {
  EXPECT_EQ(en(), "waits for its turn: 12 deliveries of destination voicedrive are pending, 3 under way");
  EXPECT_EQ(ja(), "順番を待っています。配信先 voicedrive の未配信は 12 件、送信中は 3 件です");
  report.blocked_lanes = 2;
  EXPECT_EQ(en(), "waits for its turn: 12 deliveries of destination voicedrive are pending, 3 under way; 2 keys wait for a dead letter to be "
                  "re-sent or discarded");
}

TEST_F(DeskWhy, SaysHowManyOfItsTypeMayGo) {
  settings.limits = {{"stats.*", 100, 60s}};
  head.type = "stats.updated";
  EXPECT_EQ(en(), "waits for its turn: 12 deliveries of destination voicedrive are pending, 3 under way; of type stats.* at most 100 attempts go "
                  "there in 60 s");
  EXPECT_TRUE(ja().ends_with("。種別 stats.* の送信は 60 秒間に 100 回までです")) << ja();
  head.type = "employee.created";
  EXPECT_TRUE(en().ends_with("3 under way"));
}

TEST_F(DeskWhy, SaysWhichAttemptFailedAndWhenTheNextIsDue) {
  fail_attempts(2, 500);
  EXPECT_EQ(en(), "attempt 2 of 4 failed with 500; next at 2025-10-09T08:58:20.000Z");
  EXPECT_EQ(ja(), "2回目（全4回）の送信が 500 で失敗しました。次は 2025-10-09 17:58:20 JST です");
  head.last_status = 0;
  head.last_error = AttemptError::timeout;
  EXPECT_EQ(en(), "attempt 2 of 4 failed with timeout; next at 2025-10-09T08:58:20.000Z");
  report.breaker = "open";
  EXPECT_EQ(en(), "attempt 2 of 4 failed with timeout; next at 2025-10-09T08:58:20.000Z, or later: the breaker of the destination is not closed");
}

TEST_F(DeskWhy, CountsTheAttemptsOfTheRoundAfterAResend) {
  fail_attempts(1, 503);
  head.attempts = 5;
  EXPECT_EQ(en(), "attempt 1 of 4 failed with 503; next at 2025-10-09T08:58:20.000Z");
}

TEST_F(DeskWhy, SaysThatTheNextAttemptIsDue) {
  fail_attempts(2, 500);
  head.due = now;
  EXPECT_EQ(en(), "attempt 2 of 4 failed with 500; waits for its turn: 12 deliveries of destination voicedrive are pending, 3 under way");
}

TEST_F(DeskWhy, SaysThatTheBreakerHoldsItBack) {
  report.breaker = "open";
  EXPECT_EQ(en(), "destination voicedrive failed again and again, so its breaker is open: no attempt is made for a while");
  report.breaker = "half_open";
  EXPECT_EQ(en(), "destination voicedrive failed again and again, so its breaker is half open: one attempt at a time tries whether it is back");
  EXPECT_NE(ja().find("半開"), std::string::npos);
}

TEST_F(DeskWhy, SaysThatTheDestinationIsDisabledBeforeAnythingElse) {
  fail_attempts(1, 410);
  report.breaker = "open";
  report.disabled = true;
  report.disabled_since = now;
  report.disabled_reason = "the receiver answered 410";
  EXPECT_EQ(en(), "destination voicedrive is disabled since 2025-10-09T08:53:20.000Z because the receiver answered 410");
  EXPECT_EQ(ja(), "配信先 voicedrive は 2025-10-09 17:53:20 JST から無効になっています（理由: the receiver answered 410）");
  report.disabled_reason.clear();
  EXPECT_EQ(ja(), "配信先 voicedrive は 2025-10-09 17:53:20 JST から無効になっています（理由: 記載なし）");
}

TEST_F(DeskWhy, SaysThatItGoesWithTheNextBatch) {
  settings.rounds = 3;
  fail_attempts(4, 502);
  head.round = 2;
  head.round_attempts = 0;
  head.waits_for_batch = true;
  EXPECT_EQ(en(), "round 1 of 3 failed with 502; it goes with the next batch, at the latest at 2025-10-09T08:58:20.000Z");
}

TEST_F(DeskWhy, SaysThatTheDestinationIsNotConfigured) {
  EXPECT_EQ(explain_pending(head, nullptr, nullptr, now).en, "destination voicedrive is not configured; its deliveries are kept until it is");
  EXPECT_EQ(explain_pending(head, nullptr, &report, now).en, explain_pending(head, &settings, nullptr, now).en);
}

class DeskWhyDead : public ::testing::Test {
 protected:
  DeskWhyDead() {
    letter.head.destination = "voicedrive";
    letter.head.attempts = 4;
    letter.head.last_status = 503;
    letter.head.dead = DeadReason::exhausted;
    letter.head.ended_at = now;
    letter.attempts.push_back({.number = 4, .status = 503, .answer_body = "upstream is away\nstack trace"});
  }
  Delivery letter;
};

TEST_F(DeskWhyDead, SaysWhatTheReceiverSaidLast) {
  EXPECT_EQ(explain_dead(letter).en,
            "given up at 2025-10-09T08:53:20.000Z after 4 attempts, as the schedule has ended; the last one failed with 503: upstream is away");
  letter.attempts.back().error_text = "connection refused";
  EXPECT_TRUE(explain_dead(letter).en.ends_with(": connection refused"));
  EXPECT_TRUE(explain_dead(letter).ja.ends_with(": connection refused"));
  letter.attempts.clear();
  EXPECT_TRUE(explain_dead(letter).en.ends_with("503"));
}

TEST_F(DeskWhyDead, SaysWhyForEveryReason) {
  letter.head.dead = DeadReason::given_up;
  letter.head.last_status = 401;
  letter.attempts.clear();
  EXPECT_EQ(explain_dead(letter).en, "given up at 2025-10-09T08:53:20.000Z at attempt 4, as 401 is not retried");
  letter.head.dead = DeadReason::pending_limit;
  EXPECT_EQ(explain_dead(letter).en, "not sent, as destination voicedrive had as many pending deliveries as it may have at 2025-10-09T08:53:20.000Z");
  letter.head.blocks_lane = true;
  EXPECT_TRUE(explain_dead(letter).en.ends_with("; later deliveries of its key wait until it is re-sent or discarded"));
}

TEST_F(DeskWhyDead, SaysThatANewerOneIsSentInstead) {
  letter.head.dead = DeadReason::superseded;
  letter.head.type = "stats.updated";
  EXPECT_EQ(explain_settled(letter.head).en,
            "not sent again after 4 attempts: when its turn came at 2025-10-09T08:53:20.000Z, a newer event of type stats.updated and the same "
            "key was waiting behind it, and that one is sent instead");
  letter.head.attempts = 0;
  EXPECT_TRUE(explain_settled(letter.head).en.starts_with("not sent: when its turn came"));
  EXPECT_EQ(explain_settled(letter.head).ja,
            "送信していません。2025-10-09 17:53:20 JST に順番が来た時点で、同じキー・同じ種別（stats.updated）のより新しいイベントが待っていたため、"
            "そちらだけを送信します");
}

TEST_F(DeskWhyDead, CutsALongLineBetweenCharacters) {
  for (std::size_t ahead = 0; ahead < 3; ++ahead) {
    letter.attempts.back().answer_body = std::string(ahead, 'x');
    for (int i = 0; i < 500; ++i) letter.attempts.back().answer_body += "あ";
    const auto why = explain_dead(letter);
    EXPECT_TRUE(is_utf8(why.en));
    EXPECT_TRUE(why.en.ends_with("あ…"));
    EXPECT_LT(why.en.size(), 400u);
  }
}

TEST(DeskWhyEvent, NamesRoutesUpToALimit) {
  Routes routes;
  for (int i = 0; i < 30; ++i) routes.push_back({.name = "r" + std::to_string(i), .destination = "d"});
  EventTrace trace;
  trace.event.emplace();
  trace.event->source = "ledger";
  trace.event->type = "made";
  const auto why = explain_event(trace, routes, now);
  EXPECT_NE(why.en.find("r19 "), std::string::npos);
  EXPECT_EQ(why.en.find("r20 "), std::string::npos);
  EXPECT_TRUE(why.en.ends_with(", and 10 more"));
  EXPECT_EQ(explain_event(trace, {}, now).en, "no route matches source ledger, type made; routes: none");
}

}  // namespace
}  // namespace denrei::test
