// Fail-over: which provider of a service tries a job next and when, and what state that leaves the service in. Pure; one job at a time.
//
// Shape   begin(now) -> Try; then ended(outcome, retry_after, now) -> the next Try of the same job, or nothing: the job is over
// Rules   a provider tries `retries` times more after 1, 2, 4 s … (not more than wait_max; never sooner than its Retry-After says), then
//         the next one does; a refusal (wrong key, no permission) goes to the next one at once; a bad job is over at once and says
//         nothing about the provider
//         on a secondary: after return_after the next job is tried once at the primary first; success returns to it, failure waits
//         return_after again and the job goes on at the secondary
//         a job that every provider failed leaves the service down; while down each new job begins at the primary again
// Limits  Retry-After is believed up to retry_after_max; providers_max providers
// Source  protocol §4; seed external-services (リトライ戦略, フォールバック)
#pragma once
#include <array>
#include <cstddef>
#include <optional>

#include "denrei/domain/service.hpp"

namespace denrei {

struct FailoverPolicy {
  std::size_t providers = 1;
  std::uint32_t retries = 3;
  Millis first_wait{1'000};
  Millis wait_max{60'000};
  Millis retry_after_max = std::chrono::hours{1};
  Millis return_after{60'000};
};

enum class JobOutcome : std::uint8_t { done, again, refused, bad_job };

class Failover {
 public:
  struct Try {
    std::size_t provider = 0;
    WallTime not_before{};
  };
  Failover() = default;
  explicit Failover(const FailoverPolicy& policy) : policy_(policy) {}

  [[nodiscard]] Try begin(WallTime now);
  [[nodiscard]] std::optional<Try> ended(JobOutcome outcome, Millis retry_after, WallTime now);
  // Whether the job that has just ended was done.
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] std::uint32_t tries() const noexcept { return tries_; }  // of the job under way or just ended
  [[nodiscard]] ServiceState state() const noexcept { return state_; }
  [[nodiscard]] std::size_t provider() const noexcept { return current_; }
  [[nodiscard]] WallTime since() const noexcept { return since_; }

 private:
  [[nodiscard]] std::size_t providers() const noexcept;
  [[nodiscard]] Try go_to(std::size_t provider, WallTime now);
  [[nodiscard]] Millis wait() const noexcept;
  void settle(WallTime now);
  [[nodiscard]] std::optional<Try> leave_provider(WallTime now);
  void turn(ServiceState state, WallTime now);

  FailoverPolicy policy_;
  std::size_t current_ = 0;             // the provider that jobs begin with
  std::size_t trying_ = 0;              // the one that tries the job under way
  std::uint32_t tries_ = 0;
  std::uint32_t tries_here_ = 0;        // of this job, by this provider
  bool probing_ = false;                // this try asks whether the primary is back
  bool done_ = false;
  ServiceState state_ = ServiceState::unknown;
  WallTime since_{};
  WallTime probe_at_{};
  std::array<bool, providers_max> failed_{};          // who has failed this job
  std::array<WallTime, providers_max> not_before_{};  // asked for by a Retry-After, whichever job is next
};

}  // namespace denrei
