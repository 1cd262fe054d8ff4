// A bulk job over dead letters: which page to list next, what to re-send or discard, and how far it is. Pure.
//
// Shape   next() -> the step to take: list a page, settle some ids, rest until something changes, or it is over;
//         listed(), settled(), ended() tell what came of it
// Rules   partition by partition in the order of the log; only what was dead when the job began, so that what fails again is
//         not taken twice; one step at a time
// Limits  job_page heads a page; job_outstanding_max re-sent deliveries under way
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "denrei/actors/delivery_messages.hpp"

namespace denrei {

enum class JobKind : std::uint8_t { resend, discard };
enum class JobState : std::uint8_t { running, finished, cancelled, failed };
[[nodiscard]] std::string_view job_kind_name(JobKind kind) noexcept;
[[nodiscard]] std::string_view job_state_name(JobState state) noexcept;

inline constexpr std::size_t job_page = 500;

struct JobOrder {
  JobKind kind = JobKind::resend;
  DeadFilter filter;
  std::string reason;                  // discard
  std::string by;                      // "operator" or "admin"
};

struct JobStep {
  enum class Kind : std::uint8_t { list, settle, rest, over };
  Kind kind = Kind::rest;
  std::uint32_t partition = 0;         // list, settle
  std::uint64_t after = 0;             // list
  std::vector<DeliveryId> ids;         // settle
};

class DeadLetterJob {
 public:
  DeadLetterJob(std::string id, JobOrder order, std::uint64_t matching, std::uint32_t partitions, WallTime now);

  [[nodiscard]] JobStep next(WallTime now);
  void listed(const DeadListed& page);
  void settled(const DeadSettled& result);
  bool ended(const DeliveryId& id, bool delivered);   // whether it was one of this job's
  void step_lost(std::string why);                    // no answer, or one that says nothing: the page is listed again
  void wake();                                        // a step that failed may be tried again
  void cancel();
  void fail(std::string why, WallTime now);

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const JobOrder& order() const noexcept { return order_; }
  [[nodiscard]] DeadFilter page_filter() const;       // the order's, bounded by the start of the job
  [[nodiscard]] JobState state() const noexcept { return state_; }
  [[nodiscard]] WallTime started_at() const noexcept { return started_at_; }
  [[nodiscard]] std::optional<WallTime> ended_at() const noexcept { return ended_at_; }
  [[nodiscard]] std::uint64_t matching() const noexcept { return matching_; }
  [[nodiscard]] std::uint64_t handled() const noexcept { return handled_; }
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }
  [[nodiscard]] std::uint64_t failed_again() const noexcept { return failed_again_; }
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_.size(); }
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }
  [[nodiscard]] bool is_resting() const noexcept { return resting_; }
  [[nodiscard]] bool is_under_way() const noexcept { return under_way_; }
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

 private:
  JobStep settle_some();
  void end(JobState state, WallTime now);
  void rest(std::string why);

  std::string id_;
  JobOrder order_;
  std::uint64_t matching_;
  std::uint32_t partitions_;
  WallTime started_at_;
  JobState state_ = JobState::running;
  std::optional<WallTime> ended_at_;
  bool cancelled_ = false;
  bool under_way_ = false;             // a step is
  bool resting_ = false;               // after a step that failed
  std::string why_;
  std::uint32_t partition_ = 0;
  std::uint64_t page_from_ = 0;        // where the page in hand began …
  std::uint64_t page_to_ = 0;          // … and where the next one will
  bool is_last_page_ = false;
  std::vector<DeliveryId> page_;       // not yet settled
  std::vector<DeliveryId> ordered_;    // being settled
  std::set<DeliveryId> outstanding_;   // re-sent, and neither delivered nor dead again
  std::uint64_t handled_ = 0, delivered_ = 0, failed_again_ = 0;
};

}  // namespace denrei
