// The bulk jobs of the Desk. Takes each one's next step, hears what came of it, and remembers the last ones.
//
// Limits  jobs_kept jobs; a step without an answer is taken again after step_ticks seconds, and a job that gets no further
//         for trouble_ticks seconds has failed
#pragma once
#include <deque>

#include "dead_letter_job.hpp"
#include "desk_question.hpp"

namespace denrei {

class JobRunner {
 public:
  explicit JobRunner(DeskLines& lines) : lines_(lines) {}

  [[nodiscard]] const DeadLetterJob* find(std::string_view id) const;
  [[nodiscard]] const DeadLetterJob* find_running_like(const JobOrder& order) const;
  [[nodiscard]] std::vector<const DeadLetterJob*> newest_first() const;
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] bool is_running() const;

  // `number`: of its tickets. There is room, and no job like it is running.
  const DeadLetterJob& begin(JobOrder order, std::uint64_t matching, WallTime since, std::uint64_t number);
  bool cancel(std::string_view id, std::string_view by);    // false: it has ended

  void on_dead_listed(const DeadListed& page);
  void on_dead_settled(const DeadSettled& result);
  void on_resend_ended(const ResendEnded& fact);
  void on_tick();
  void lose_steps();                                        // after a crash: what is under way is not known

 private:
  struct Run {
    DeadLetterJob job;
    std::uint64_t number = 0;          // of its tickets
    std::uint64_t step = 0;            // the one under way, or the last
    std::uint32_t step_ticks = 0;      // since it began
    std::uint32_t trouble_ticks = 0;   // since anything went well
    bool audited = false;              // its end
  };
  [[nodiscard]] Run* run_of(std::uint64_t ticket);
  void drive(Run& run);
  void take_step(Run& run, JobStep step);
  void note_end(Run& run, std::string_view by);
  void make_room();

  DeskLines& lines_;
  std::deque<Run> runs_;               // oldest first
};

}  // namespace denrei
