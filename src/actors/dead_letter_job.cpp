// How a bulk job goes on.
#include "dead_letter_job.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"

namespace denrei {

std::string_view job_kind_name(JobKind kind) noexcept {
  switch (kind) {
    case JobKind::resend: return "resend";
    case JobKind::discard: return "discard";
  }
  return "";
}

std::string_view job_state_name(JobState state) noexcept {
  switch (state) {
    case JobState::running: return "running";
    case JobState::finished: return "finished";
    case JobState::cancelled: return "cancelled";
    case JobState::failed: return "failed";
  }
  return "";
}

DeadLetterJob::DeadLetterJob(std::string id, JobOrder order, std::uint64_t matching, std::uint32_t partitions, WallTime now)
    : id_(std::move(id)), order_(std::move(order)), matching_(matching), partitions_(partitions), started_at_(now) {}

DeadFilter DeadLetterJob::page_filter() const {
  auto filter = order_.filter;
  filter.until = std::min(filter.until.value_or(started_at_), started_at_);
  return filter;
}

JobStep DeadLetterJob::next(WallTime now) {
  if (state_ != JobState::running) return {JobStep::Kind::over, 0, 0, {}};
  if (under_way_) return {};
  if (cancelled_) {
    end(JobState::cancelled, now);
    return {JobStep::Kind::over, 0, 0, {}};
  }
  if (resting_) return {};
  if (!page_.empty()) return settle_some();
  page_from_ = page_to_;
  if (is_last_page_) {
    ++partition_;
    page_from_ = page_to_ = 0;
    is_last_page_ = false;
  }
  if (partition_ < partitions_) {
    under_way_ = true;
    return {JobStep::Kind::list, partition_, page_from_, {}};
  }
  if (!outstanding_.empty()) return {};
  end(JobState::finished, now);
  return {JobStep::Kind::over, 0, 0, {}};
}

// Waits until half a page is free, so that not every delivery that ends asks for a call of its own.
JobStep DeadLetterJob::settle_some() {
  auto count = page_.size();
  if (order_.kind == JobKind::resend) {
    const auto room = limits::job_outstanding_max - std::min(limits::job_outstanding_max, outstanding_.size());
    if (room < std::min(count, job_page / 2)) return {};
    count = std::min(count, room);
  }
  const auto end = page_.begin() + static_cast<std::ptrdiff_t>(count);
  ordered_.assign(page_.begin(), end);
  page_.erase(page_.begin(), end);
  // Before the answer: a delivery that is quick has ended by the time it comes.
  if (order_.kind == JobKind::resend) outstanding_.insert(ordered_.begin(), ordered_.end());
  under_way_ = true;
  return {JobStep::Kind::settle, partition_, 0, ordered_};
}

void DeadLetterJob::listed(const DeadListed& page) {
  under_way_ = false;
  if (!page.open) return rest(fmt::format("partition {} is not open at the moment", partition_));
  why_.clear();
  const auto& heads = page.heads;
  is_last_page_ = heads.size() < job_page;
  // Several deliveries of one event have one sequence: a full page may have cut its last one short, the next begins with it.
  auto end = heads.end();
  if (!is_last_page_)
    while (end != heads.begin() && std::prev(end)->seq == heads.back().seq) --end;
  if (end == heads.begin()) end = heads.end();
  for (auto at = heads.begin(); at != end; ++at)
    if (at->ended_at <= started_at_) page_.push_back(at->id);
  if (!heads.empty()) page_to_ = std::prev(end)->seq;
}

void DeadLetterJob::settled(const DeadSettled& result) {
  under_way_ = false;
  handled_ += result.done.size();
  // What was not done is somebody else's by now, or it is not known what became of it.
  auto undone = std::set<DeliveryId>(ordered_.begin(), ordered_.end());
  for (const auto& id : result.done) undone.erase(id);
  for (const auto& id : undone) outstanding_.erase(id);
  ordered_.clear();
  if (!result.ok) return rest(fmt::format("partition {} could not settle; trying again", partition_));
  why_.clear();
}

bool DeadLetterJob::ended(const DeliveryId& id, bool delivered) {
  if (outstanding_.erase(id) == 0) return false;
  ++(delivered ? delivered_ : failed_again_);
  return true;
}

void DeadLetterJob::step_lost(std::string why) {
  if (!under_way_) return;
  under_way_ = false;
  for (const auto& id : ordered_) outstanding_.erase(id);
  ordered_.clear();
  rest(std::move(why));
}

void DeadLetterJob::rest(std::string why) {
  page_.clear();
  page_to_ = page_from_;
  is_last_page_ = false;
  resting_ = true;
  why_ = std::move(why);
}

void DeadLetterJob::wake() { resting_ = false; }

void DeadLetterJob::cancel() { cancelled_ = true; }

void DeadLetterJob::fail(std::string why, WallTime now) {
  why_ = std::move(why);
  end(JobState::failed, now);
}

void DeadLetterJob::end(JobState state, WallTime now) {
  state_ = state;
  ended_at_ = now;
  page_.clear();
  if (state == JobState::finished && handled_ < matching_)
    why_ = fmt::format("{} were left alone: re-sent or discarded by somebody else meanwhile, or of a destination that is not configured",
                       matching_ - handled_);
}

}  // namespace denrei
