// How bulk jobs are driven.
#include "job_runner.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

constexpr std::uint32_t step_ticks_max = 30;      // seconds; a settle of a full page takes one
constexpr std::uint32_t trouble_ticks_max = 300;  // seconds: longer than a store needs to restart

bool is_running_job(const DeadLetterJob& job) noexcept { return job.state() == JobState::running; }

}  // namespace

const DeadLetterJob* JobRunner::find(std::string_view id) const {
  const auto at = std::find_if(runs_.begin(), runs_.end(), [id](const Run& run) { return run.job.id() == id; });
  return at == runs_.end() ? nullptr : &at->job;
}

const DeadLetterJob* JobRunner::find_running_like(const JobOrder& order) const {
  const auto filter = filter_json(order.filter);
  const auto at = std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) {
    return is_running_job(run.job) && run.job.order().kind == order.kind && filter_json(run.job.order().filter) == filter;
  });
  return at == runs_.end() ? nullptr : &at->job;
}

std::vector<const DeadLetterJob*> JobRunner::newest_first() const {
  std::vector<const DeadLetterJob*> out;
  for (auto at = runs_.rbegin(); at != runs_.rend(); ++at) out.push_back(&at->job);
  return out;
}

bool JobRunner::has_room() const {
  return runs_.size() < limits::jobs_kept || std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return !is_running_job(run.job); });
}

bool JobRunner::is_running() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return is_running_job(run.job); });
}

void JobRunner::make_room() {
  if (runs_.size() < limits::jobs_kept) return;
  const auto oldest = std::find_if(runs_.begin(), runs_.end(), [](const Run& run) { return !is_running_job(run.job); });
  if (oldest != runs_.end()) runs_.erase(oldest);
}

const DeadLetterJob& JobRunner::begin(JobOrder order, std::uint64_t matching, WallTime since, std::uint64_t number) {
  make_room();
  auto id = "job_" + make_event_id("job", fmt::format("{}.{}", to_unix_ms(since), number)).hex().substr(0, 16);
  runs_.push_back({DeadLetterJob(std::move(id), std::move(order), matching, lines_.partitions(), since), number});
  auto& run = runs_.back();
  lines_.write_audit(job_audit(run.job, "started", run.job.order().by, lines_.now()));
  drive(run);
  return run.job;
}

bool JobRunner::cancel(std::string_view id, std::string_view by) {
  const auto at = std::find_if(runs_.begin(), runs_.end(), [id](const Run& run) { return run.job.id() == id; });
  if (at == runs_.end() || !is_running_job(at->job)) return false;
  if (!at->job.is_cancelled()) {
    at->job.cancel();
    lines_.write_audit(job_audit(at->job, "cancelled", by, lines_.now()));
    at->audited = true;
  }
  drive(*at);
  return true;
}

// --- steps

JobRunner::Run* JobRunner::run_of(std::uint64_t ticket) {
  const auto at = std::find_if(runs_.begin(), runs_.end(), [ticket](const Run& run) { return make_ticket(run.number, run.step) == ticket; });
  return at == runs_.end() ? nullptr : &*at;
}

void JobRunner::drive(Run& run) {
  auto step = run.job.next(lines_.now());
  switch (step.kind) {
    case JobStep::Kind::list:
    case JobStep::Kind::settle: return take_step(run, std::move(step));
    case JobStep::Kind::rest: return;
    case JobStep::Kind::over: return note_end(run, run.job.order().by);
  }
}

void JobRunner::take_step(Run& run, JobStep step) {
  const auto ticket = make_ticket(run.number, ++run.step);
  const auto& order = run.job.order();
  run.step_ticks = 0;
  if (step.kind == JobStep::Kind::list)
    return lines_.ask_dispatcher(step.partition, ListDead{ticket, run.job.page_filter(), step.after, job_page});
  const auto by = fmt::format("{} {}", order.by, run.job.id());
  if (order.kind == JobKind::resend) lines_.ask_dispatcher(step.partition, ReviveDead{ticket, std::move(step.ids), by});
  else lines_.ask_dispatcher(step.partition, DiscardDead{ticket, std::move(step.ids), order.reason, by});
}

void JobRunner::note_end(Run& run, std::string_view by) {
  if (std::exchange(run.audited, true)) return;
  lines_.write_audit(job_audit(run.job, job_state_name(run.job.state()), by, lines_.now()));
}

void JobRunner::on_dead_listed(const DeadListed& page) {
  auto* run = run_of(page.ticket);
  if (run == nullptr) return;
  run->job.listed(page);
  if (!run->job.is_resting()) run->trouble_ticks = 0;
  drive(*run);
}

void JobRunner::on_dead_settled(const DeadSettled& result) {
  auto* run = run_of(result.ticket);
  if (run == nullptr) return;
  run->job.settled(result);
  if (!run->job.is_resting()) run->trouble_ticks = 0;
  drive(*run);
}

void JobRunner::on_resend_ended(const ResendEnded& fact) {
  for (auto& run : runs_)
    if (run.job.ended(fact.id, fact.delivered)) return drive(run);
}

void JobRunner::on_tick() {
  for (auto& run : runs_) {
    if (!is_running_job(run.job)) continue;
    if (run.job.is_under_way() && ++run.step_ticks > step_ticks_max) {
      ++run.step;                      // an answer that comes later is not meant
      run.job.step_lost("a partition gave no answer; trying again");
    }
    if (run.job.is_resting() || run.job.is_under_way()) ++run.trouble_ticks;
    if (run.trouble_ticks > trouble_ticks_max && !run.job.is_under_way()) run.job.fail(run.job.why(), lines_.now());
    run.job.wake();
    drive(run);
  }
}

void JobRunner::lose_steps() {
  for (auto& run : runs_) {
    ++run.step;
    run.job.step_lost("interrupted by a crash; trying again");
  }
}

}  // namespace denrei
