// Fail-over: retries of one provider, the way to the next one and back, and what state the service is in.
#include "denrei/domain/failover.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

using namespace std::chrono_literals;

const WallTime start = from_unix_ms(1'760'000'000'000);

// A failover, and the time: it passes from one try to the next.
struct Story {
  explicit Story(FailoverPolicy policy) : failover(policy) {}

  // Ends the try at hand; answers who tries next after how many seconds.
  std::optional<std::pair<std::size_t, Millis>> end(JobOutcome outcome, Millis retry_after = 0ms) {
    const auto next = failover.ended(outcome, retry_after, now);
    if (!next) return std::nullopt;
    const auto wait = next->not_before - now;
    now = next->not_before;
    return std::pair{next->provider, wait};
  }
  std::size_t begin() {
    const auto first = failover.begin(now);
    now = first.not_before;
    return first.provider;
  }
  // A whole job at which every try so far ends like this.
  void run(JobOutcome outcome) {
    begin();
    while (end(outcome)) {}
  }
  // The primary fails for good, the secondary does the job.
  void go_to_secondary() {
    begin();
    end(JobOutcome::refused);
    end(JobOutcome::done);
  }

  Failover failover;
  WallTime now = start;
};

using Next = std::optional<std::pair<std::size_t, Millis>>;

TEST(Failover, ADoneJobIsOverAndTheServiceIsUp) {
  Story story({.providers = 2});
  EXPECT_EQ(story.failover.state(), ServiceState::unknown);
  EXPECT_EQ(story.begin(), 0u);
  EXPECT_EQ(story.end(JobOutcome::done), std::nullopt);
  EXPECT_TRUE(story.failover.done());
  EXPECT_EQ(story.failover.tries(), 1u);
  EXPECT_EQ(story.failover.state(), ServiceState::up);
  EXPECT_EQ(story.failover.since(), start);
}

TEST(Failover, TriesAgainAfterOneTwoAndFourSeconds) {
  Story story({.providers = 1, .retries = 3});
  story.begin();
  EXPECT_EQ(story.end(JobOutcome::again), Next({0, 1s}));
  EXPECT_EQ(story.end(JobOutcome::again), Next({0, 2s}));
  EXPECT_EQ(story.end(JobOutcome::again), Next({0, 4s}));
  EXPECT_EQ(story.end(JobOutcome::again), std::nullopt);
  EXPECT_FALSE(story.failover.done());
  EXPECT_EQ(story.failover.tries(), 4u);
}

TEST(Failover, HasItsOwnNumberOfRetriesAndItsOwnLongestWait) {
  Story story({.providers = 1, .retries = 5, .wait_max = 5s});
  story.begin();
  for (const auto wait : {1s, 2s, 4s, 5s, 5s}) EXPECT_EQ(story.end(JobOutcome::again), Next({0, wait}));
  EXPECT_EQ(story.end(JobOutcome::again), std::nullopt);
  Story none({.providers = 1, .retries = 0});
  none.begin();
  EXPECT_EQ(none.end(JobOutcome::again), std::nullopt);
}

TEST(Failover, ManyRetriesNeverWaitLongerThanTheLongest) {
  Story story({.providers = 1, .retries = 200});
  story.begin();
  for (int i = 0; i < 199; ++i) story.end(JobOutcome::again);
  EXPECT_EQ(story.end(JobOutcome::again), Next({0, 60s}));
}

TEST(Failover, WaitsAsLongAsAskedButNoLongerThanIsBelieved) {
  Story story({.providers = 1, .retries = 3, .retry_after_max = 1min});
  story.begin();
  EXPECT_EQ(story.end(JobOutcome::again, 20s), Next({0, 20s}));
  EXPECT_EQ(story.end(JobOutcome::again, 500ms), Next({0, 2s})) << "shorter than its own wait";
  EXPECT_EQ(story.end(JobOutcome::again, 24h), Next({0, 1min}));
}

TEST(Failover, TheNextJobWaitsTooForWhoAskedForSilence) {
  Story story({.providers = 1, .retries = 0});
  story.begin();
  story.end(JobOutcome::again, 20s);
  EXPECT_EQ(story.failover.begin(story.now).not_before, start + 20s);
  EXPECT_EQ(story.failover.begin(start + 21s).not_before, start + 21s);
}

TEST(Failover, TheSilenceOfOneProviderDoesNotHoldUpTheOther) {
  Story story({.providers = 2, .retries = 0});
  story.begin();
  EXPECT_EQ(story.end(JobOutcome::again, 20s), Next({1, 0s}));
}

TEST(Failover, GoesToTheSecondaryAfterTheRetriesAndStaysThere) {
  Story story({.providers = 2, .retries = 2});
  EXPECT_EQ(story.begin(), 0u);
  story.end(JobOutcome::again);
  story.end(JobOutcome::again);
  EXPECT_EQ(story.end(JobOutcome::again), Next({1, 0s}));
  EXPECT_EQ(story.failover.state(), ServiceState::unknown) << "nobody knows yet whether it is there";
  EXPECT_EQ(story.end(JobOutcome::again), Next({1, 1s})) << "it has its own retries";
  EXPECT_EQ(story.end(JobOutcome::done), std::nullopt);
  EXPECT_EQ(story.failover.state(), ServiceState::on_secondary);
  EXPECT_EQ(story.failover.provider(), 1u);
  EXPECT_EQ(story.failover.tries(), 5u);
  EXPECT_EQ(story.begin(), 1u);
}

TEST(Failover, ARefusalGoesToTheNextOneAtOnce) {
  Story story({.providers = 3, .retries = 5});
  story.begin();
  EXPECT_EQ(story.end(JobOutcome::refused), Next({1, 0s}));
  EXPECT_EQ(story.end(JobOutcome::refused), Next({2, 0s}));
  EXPECT_EQ(story.end(JobOutcome::refused), std::nullopt);
  EXPECT_EQ(story.failover.tries(), 3u);
  EXPECT_EQ(story.failover.state(), ServiceState::down);
}

TEST(Failover, ABadJobIsOverAtOnceAndSaysNothingAboutTheProvider) {
  Story story({.providers = 2});
  story.begin();
  EXPECT_EQ(story.end(JobOutcome::bad_job), std::nullopt);
  EXPECT_FALSE(story.failover.done());
  EXPECT_EQ(story.failover.state(), ServiceState::unknown);
  EXPECT_EQ(story.begin(), 0u);
}

TEST(Failover, ReturnsToThePrimaryByASingleProbe) {
  Story story({.providers = 2, .retries = 3, .return_after = 1min});
  story.go_to_secondary();
  story.now = start + 1min - 1ms;
  EXPECT_EQ(story.begin(), 1u);
  story.end(JobOutcome::done);
  story.now = start + 1min;
  EXPECT_EQ(story.begin(), 0u);
  EXPECT_EQ(story.end(JobOutcome::done), std::nullopt);
  EXPECT_EQ(story.failover.state(), ServiceState::up);
  EXPECT_EQ(story.failover.since(), start + 1min);
  EXPECT_EQ(story.begin(), 0u);
}

TEST(Failover, AProbeThatFailsSendsTheJobOnAndIsRepeatedMuchLater) {
  Story story({.providers = 2, .retries = 3, .return_after = 1min});
  story.go_to_secondary();
  story.now = start + 1min;
  EXPECT_EQ(story.begin(), 0u);
  EXPECT_EQ(story.end(JobOutcome::again), Next({1, 0s})) << "the primary gets one try, not four";
  story.end(JobOutcome::done);
  EXPECT_EQ(story.failover.state(), ServiceState::on_secondary);
  EXPECT_EQ(story.failover.since(), start) << "nothing has changed";
  story.now = start + 2min - 1ms;
  EXPECT_EQ(story.begin(), 1u);
  story.end(JobOutcome::done);
  story.now = start + 2min;
  EXPECT_EQ(story.begin(), 0u);
}

TEST(Failover, DoesNotProbeAPrimaryThatAskedForSilence) {
  Story story({.providers = 2, .retries = 0, .return_after = 1min});
  story.begin();
  story.end(JobOutcome::again, 10min);
  story.end(JobOutcome::done);
  story.now = start + 2min;
  EXPECT_EQ(story.begin(), 1u);
  story.end(JobOutcome::done);
  story.now = start + 10min;
  EXPECT_EQ(story.begin(), 0u);
}

TEST(Failover, IsDownWhenEveryoneFailedAndBeginsAtThePrimaryAgain) {
  Story story({.providers = 2, .retries = 0});
  story.go_to_secondary();
  story.run(JobOutcome::again);
  EXPECT_EQ(story.failover.state(), ServiceState::down);
  EXPECT_EQ(story.failover.provider(), 0u);
  EXPECT_EQ(story.begin(), 0u);
  EXPECT_EQ(story.failover.state(), ServiceState::down) << "until somebody has done a job";
  story.end(JobOutcome::done);
  EXPECT_EQ(story.failover.state(), ServiceState::up);
}

TEST(Failover, AJobThatTheSecondaryFailsIsTriedAtThePrimaryBeforeTheServiceIsDown) {
  Story story({.providers = 2, .retries = 0});
  story.go_to_secondary();
  EXPECT_EQ(story.begin(), 1u);
  EXPECT_EQ(story.end(JobOutcome::again), Next({0, 0s}));
  story.end(JobOutcome::done);
  EXPECT_EQ(story.failover.state(), ServiceState::up);
  EXPECT_EQ(story.failover.provider(), 0u);
}

TEST(Failover, RecoversFromDownOverTheSecondary) {
  Story story({.providers = 2, .retries = 0});
  story.run(JobOutcome::refused);
  EXPECT_EQ(story.failover.state(), ServiceState::down);
  story.now += 5s;
  story.go_to_secondary();
  EXPECT_EQ(story.failover.state(), ServiceState::on_secondary);
  EXPECT_EQ(story.failover.since(), start + 5s);
}

TEST(Failover, AClockThatWasSetBackHoldsUpNobody) {
  Story story({.providers = 2, .retries = 0, .retry_after_max = 1min, .return_after = 1min});
  story.go_to_secondary();
  story.now = start - 24h;
  EXPECT_EQ(story.begin(), 1u);
  EXPECT_EQ(story.end(JobOutcome::done, 10s), std::nullopt);
  story.now = start - 24h + 1min;
  EXPECT_EQ(story.begin(), 0u);
  Story silent({.providers = 1, .retries = 0, .retry_after_max = 1min});
  silent.begin();
  silent.end(JobOutcome::again, 1min);
  EXPECT_EQ(silent.failover.begin(start - 24h).not_before, start - 24h + 1min);
}

TEST(Service, ItsStateMattersAsMuchAsTheDependencySays) {
  EXPECT_EQ(service_effect(Dependency::high, ServiceState::down), "maintenance");
  EXPECT_EQ(service_effect(Dependency::medium, ServiceState::down), "function_off");
  EXPECT_EQ(service_effect(Dependency::low, ServiceState::down), "note");
  for (const auto state : {ServiceState::unknown, ServiceState::up, ServiceState::on_secondary})
    EXPECT_EQ(service_effect(Dependency::high, state), "none") << service_state_name(state);
}

TEST(Service, ItsWordsAreReadAsTheyAreWritten) {
  for (const auto* kind : {"email", "storage", "monitoring", "cdn"}) EXPECT_EQ(service_kind_name(parse_service_kind(kind).value()), kind);
  for (const auto* word : {"high", "medium", "low"}) EXPECT_EQ(dependency_name(parse_dependency(word).value()), word);
  EXPECT_EQ(parse_service_kind("mail").error().detail, "unknown kind \"mail\"; known: email, storage, monitoring, cdn");
  EXPECT_EQ(parse_dependency("").error().detail, "unknown dependency \"\"; known: high, medium, low");
  EXPECT_EQ(service_state_name(ServiceState::on_secondary), "on_secondary");
}

}  // namespace
}  // namespace denrei
