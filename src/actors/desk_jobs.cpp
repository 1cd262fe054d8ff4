// Bulk orders over dead letters: their preview, their beginning as a job, and what operators ask about jobs.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"
#include "desk_question.hpp"
#include "job_runner.hpp"

namespace denrei {
namespace {

JobKind kind_of(DeskPath path) noexcept { return path == DeskPath::resend_many ? JobKind::resend : JobKind::discard; }

// Counts what the filter matches, and then says so, or begins.
class BulkOrder final : public Question {
 public:
  explicit BulkOrder(QuestionStart start) : Question(start), jobs_(start.jobs), job_number_(start.number) {}

  void start() override {
    auto reader = order();
    if (!reader) return;
    read_members(*reader);
    if (!is_well_asked(*reader)) return;
    if (!preview_ && !may_begin()) return;
    began_at_ = lines_.now();
    const auto until = order_.filter.until.value_or(began_at_);
    auto filter = order_.filter;
    filter.until = std::min(until, began_at_);
    count(0, filter);
    if (preview_) count_by_destination(filter);
  }

  void on_dead_listed(const DeadListed& page) override {
    if (!page.open) return answer(ask_again(fmt::format("partition {} is not open at the moment; ask again", page.partition)));
    counts_[ticket_part(page.ticket)] += page.total;
    if (--waiting_ > 0) return;
    if (preview_) return show_preview();
    if (may_begin()) begin();
  }

 private:
  void read_members(MemberReader& reader) {
    order_.kind = kind_of(asked().target.path);
    order_.by = asked().by;
    preview_ = reader.flag("preview");
    const bool all = reader.flag("all");
    if (order_.kind == JobKind::discard)
      order_.reason = preview_ ? reader.text("reason", reason_characters_max) : reader.needed_text("reason", reason_characters_max);
    const auto members = reader.object("filter").value_or(json::object{});
    if (members.empty() && !all) reader.complain("filter", R"(is needed with at least one member; for everything say "all": true)");
    if (!members.empty() && all) reader.complain("all", "says everything, and filter does not: leave one of them out");
    MemberReader filter(members, "filter.", errors_);
    order_.filter = read_dead_filter(filter);
    filter.refuse_others();
  }

  // Asked before and after counting: somebody may have been quicker.
  bool may_begin() {
    if (const auto* same = jobs_.find_running_like(order_)) {
      answer(desk_problem(409, fmt::format("{} does the same and is still running", same->id())));
      return false;
    }
    if (jobs_.has_room()) return true;
    answer(ask_again(fmt::format("{} jobs are running, more are not taken; ask again", limits::jobs_kept)));
    return false;
  }

  void count(std::uint64_t part, const DeadFilter& filter) {
    waiting_ += lines_.partitions();
    lines_.ask_dispatchers(ListDead{ticket(part), filter, 0, 0});
  }

  void count_by_destination(DeadFilter filter) {
    for (const auto& [name, actor] : lines_.options().destinations) {
      names_.push_back(name);
      if (!filter.destination.empty() && filter.destination != name) continue;
      auto one = filter;
      one.destination = name;
      count(names_.size(), one);
    }
  }

  void show_preview() {
    JsonObject by_destination;
    std::uint64_t known = 0;
    double seconds = 0;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto n = counts_[i + 1];
      if (n == 0) continue;
      known += n;
      by_destination.number(names_[i], static_cast<std::int64_t>(n));
      seconds = std::max(seconds, seconds_for(names_[i], n));
    }
    if (counts_[0] > known) by_destination.number("(not configured)", static_cast<std::int64_t>(counts_[0] - known));
    JsonObject out;
    out.number("matching", static_cast<std::int64_t>(counts_[0])).raw("byDestination", by_destination.take());
    if (seconds > 0 && order_.kind == JobKind::resend) out.number("estimatedSeconds", static_cast<std::int64_t>(std::ceil(seconds)));
    else out.raw("estimatedSeconds", "null");
    answer(desk_answer(200, out.take()));
  }

  // 0 where nothing limits the rate: how long it takes is up to the receiver.
  [[nodiscard]] double seconds_for(const std::string& destination, std::uint64_t deliveries) const {
    const auto at = lines_.site().destinations.find(destination);
    const auto rate = at == lines_.site().destinations.end() ? 0.0 : at->second->destination.rate;
    return rate > 0 ? static_cast<double>(deliveries) / rate : 0.0;
  }

  void begin() {
    const auto& job = jobs_.begin(order_, counts_[0], began_at_, job_number_);
    answer(desk_answer(202, job_json(job), fmt::format("Location: /ops/jobs/{}\r\n", job.id())));
  }

  JobRunner& jobs_;
  std::uint64_t job_number_;
  JobOrder order_;
  bool preview_ = false;
  WallTime began_at_{};
  std::size_t waiting_ = 0;
  std::vector<std::string> names_;                  // of destinations; the part of their tickets is their place + 1
  std::map<std::uint64_t, std::uint64_t> counts_;   // by part; 0: the whole filter
};

class JobsQuestion final : public Question {
 public:
  explicit JobsQuestion(QuestionStart start) : Question(start), jobs_(start.jobs) {}

  void start() override {
    if (asked().target.path == DeskPath::cancel_job) return cancel();
    auto reader = query();
    if (!is_well_asked(reader)) return;
    if (asked().target.path == DeskPath::job) return show_one();
    std::vector<std::string> items;
    for (const auto* job : jobs_.newest_first()) items.push_back(job_json(*job));
    answer(desk_answer(200, list_json(items, std::nullopt, items.size())));
  }

 private:
  void show_one() {
    const auto* job = jobs_.find(name());
    if (job != nullptr) return answer(desk_answer(200, job_json(*job)));
    answer(desk_problem(404, fmt::format("no job has this id; the last {} are remembered until the process ends", limits::jobs_kept)));
  }

  void cancel() {
    auto reader = order();
    if (!reader || !is_well_asked(*reader)) return;
    const auto* job = jobs_.find(name());
    const bool was_running = job != nullptr && jobs_.cancel(name(), asked().by);
    if (job == nullptr || was_running || job->is_cancelled()) return show_one();
    answer(desk_problem(409, fmt::format("{} has {} already", job->id(), job_state_name(job->state()))));
  }

  JobRunner& jobs_;
};

}  // namespace

QuestionPtr ask_jobs(QuestionStart start) { return std::make_unique<JobsQuestion>(std::move(start)); }
QuestionPtr order_many(QuestionStart start) { return std::make_unique<BulkOrder>(std::move(start)); }

}  // namespace denrei
