// A bulk job step by step: which page it lists, what it settles, and what it counts.
#include "../../src/actors/dead_letter_job.hpp"

#include <gtest/gtest.h>

#include "denrei/base/limits.hpp"

namespace denrei::test {
namespace {

constexpr WallTime start{std::chrono::milliseconds{1'760'000'000'000}};
using Kind = JobStep::Kind;

DeliveryHead head(std::uint64_t seq, int n = 0) {
  return {.id = {make_event_id("job test", std::to_string(seq) + "." + std::to_string(n))}, .seq = seq, .ended_at = start};
}
DeadLetterJob make_job(JobKind kind = JobKind::resend, std::uint32_t partitions = 1) {
  return {"job_1", {.kind = kind, .by = "operator"}, 3, partitions, start};
}
DeadListed page(std::vector<DeliveryHead> heads, bool open = true) { return {1, 0, open, heads.size(), std::move(heads)}; }
DeadSettled done(const JobStep& step, bool ok = true) { return {1, step.partition, ok, ok ? step.ids : std::vector<DeliveryId>{}}; }

TEST(DeadLetterJob, GoesThroughThePartitionsOneStepAtATime) {
  auto job = make_job(JobKind::discard, 2);
  auto step = job.next(start);
  EXPECT_EQ(step.kind, Kind::list);
  EXPECT_EQ(step.partition, 0u);
  EXPECT_EQ(job.next(start).kind, Kind::rest) << "one is under way";
  job.listed(page({head(1), head(2)}));
  step = job.next(start);
  EXPECT_EQ(step.kind, Kind::settle);
  EXPECT_EQ(step.ids, (std::vector<DeliveryId>{head(1).id, head(2).id}));
  job.settled(done(step));
  step = job.next(start);
  EXPECT_EQ(step.kind, Kind::list);
  EXPECT_EQ(step.partition, 1u);
  EXPECT_EQ(step.after, 0u);
  job.listed(page({}));
  EXPECT_EQ(job.next(start + std::chrono::seconds{1}).kind, Kind::over);
  EXPECT_EQ(job.state(), JobState::finished);
  EXPECT_EQ(job.ended_at(), start + std::chrono::seconds{1});
  EXPECT_EQ(job.handled(), 2u);
  EXPECT_NE(job.why().find("1 were left alone"), std::string::npos) << job.why();
}

TEST(DeadLetterJob, CutsNoSequenceInTwo) {
  auto job = make_job();
  (void)job.next(start);
  std::vector<DeliveryHead> heads;
  for (std::uint64_t seq = 1; seq < job_page; ++seq) heads.push_back(head(seq));
  heads.push_back(head(job_page - 1, 1));  // the page is full: there may be more of its last sequence
  job.listed(page(heads));
  const auto step = job.next(start);
  EXPECT_EQ(step.ids.size(), job_page - 2);
  EXPECT_EQ(step.ids.back(), head(job_page - 2).id);
  job.settled(done(step));
  const auto next = job.next(start);
  EXPECT_EQ(next.kind, Kind::list);
  EXPECT_EQ(next.after, job_page - 2) << "the next page begins with the whole sequence";
}

TEST(DeadLetterJob, TakesOnlyWhatWasDeadWhenItBegan) {
  auto job = make_job();
  EXPECT_EQ(job.page_filter().until, start);
  (void)job.next(start);
  auto later = head(2);
  later.ended_at = start + std::chrono::milliseconds{1};
  job.listed(page({head(1), later}));
  EXPECT_EQ(job.next(start).ids, std::vector<DeliveryId>{head(1).id});
}

TEST(DeadLetterJob, KeepsAnEarlierBoundOfItsOrder) {
  const auto earlier = start - std::chrono::hours{1};
  DeadLetterJob job("job_1", {.filter = {.until = earlier}}, 0, 1, start);
  EXPECT_EQ(job.page_filter().until, earlier);
}

TEST(DeadLetterJob, CountsADeliveryThatEndsBeforeItsOrderIsConfirmed) {
  auto job = make_job();
  (void)job.next(start);
  job.listed(page({head(1), head(2)}));
  const auto step = job.next(start);
  EXPECT_TRUE(job.ended(head(1).id, true));
  job.settled(done(step));
  EXPECT_EQ(job.outstanding(), 1u);
  EXPECT_EQ(job.delivered(), 1u);
  EXPECT_EQ(job.handled(), 2u);
  EXPECT_FALSE(job.ended(head(1).id, true)) << "once only";
  EXPECT_EQ(job.next(start).kind, Kind::rest) << "one is still on its way";
  EXPECT_TRUE(job.ended(head(2).id, false));
  EXPECT_EQ(job.failed_again(), 1u);
  EXPECT_EQ(job.next(start).kind, Kind::over);
}

TEST(DeadLetterJob, DoesNotWaitForWhatItCouldNotTake) {
  auto job = make_job();
  (void)job.next(start);
  job.listed(page({head(1), head(2)}));
  (void)job.next(start);
  job.settled({1, 0, true, {head(2).id}});  // somebody else has taken the other one
  EXPECT_EQ(job.outstanding(), 1u);
  EXPECT_EQ(job.handled(), 1u);
}

TEST(DeadLetterJob, ListsThePageAgainAfterAFailureAndNotBeforeItIsWoken) {
  for (const bool is_lost : {false, true}) {
    auto job = make_job();
    (void)job.next(start);
    job.listed(page({head(1)}));
    const auto step = job.next(start);
    if (is_lost) job.step_lost("no answer");
    else job.settled(done(step, false));
    EXPECT_EQ(job.outstanding(), 0u);
    EXPECT_FALSE(job.why().empty());
    EXPECT_EQ(job.next(start).kind, Kind::rest);
    job.wake();
    const auto again = job.next(start);
    EXPECT_EQ(again.kind, Kind::list);
    EXPECT_EQ(again.partition, 0u);
    EXPECT_EQ(again.after, 0u);
    job.listed(page({head(1)}));
    EXPECT_TRUE(job.why().empty());
    EXPECT_EQ(job.next(start).ids.size(), 1u);
  }
}

TEST(DeadLetterJob, WaitsForAPartitionThatIsNotOpen) {
  auto job = make_job();
  (void)job.next(start);
  job.listed(page({}, false));
  EXPECT_EQ(job.state(), JobState::running);
  EXPECT_TRUE(job.is_resting());
  job.wake();
  EXPECT_EQ(job.next(start).kind, Kind::list);
}

TEST(DeadLetterJob, EndsACancelledOneWhenItsStepIsDone) {
  auto job = make_job();
  (void)job.next(start);
  job.listed(page({head(1)}));
  const auto step = job.next(start);
  job.cancel();
  EXPECT_EQ(job.next(start).kind, Kind::rest);
  EXPECT_EQ(job.state(), JobState::running);
  job.settled(done(step));
  EXPECT_EQ(job.next(start).kind, Kind::over);
  EXPECT_EQ(job.state(), JobState::cancelled);
  EXPECT_EQ(job.handled(), 1u);
  EXPECT_TRUE(job.ended(head(1).id, true)) << "what is on its way is still counted";
}

TEST(DeadLetterJob, EndsACancelledOneThatRestsAtOnce) {
  auto job = make_job();
  (void)job.next(start);
  job.listed(page({}, false));
  job.cancel();
  EXPECT_EQ(job.next(start).kind, Kind::over);
  EXPECT_EQ(job.state(), JobState::cancelled);
}

}  // namespace
}  // namespace denrei::test
