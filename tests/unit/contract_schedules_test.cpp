// The table of protocol §3, cell by cell: what each answer comes to, when each attempt is made until the end, and how loud the end is.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <stdexcept>

#include "denrei/domain/lane_book.hpp"
#include "denrei/domain/retry.hpp"
#include "unit/sample_destinations.hpp"

namespace denrei {
namespace {

using namespace std::chrono_literals;

constexpr std::array statuses{200, 201, 204, 301, 302, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 501, 502, 503, 504};
constexpr std::array errors{AttemptError::dns,     AttemptError::connect, AttemptError::tls,       AttemptError::timeout,
                            AttemptError::blocked, AttemptError::broken,  AttemptError::too_large, AttemptError::crashed};

char letter(Judgement judgement) {
  switch (judgement) {
    case Judgement::delivered: return 'D';
    case Judgement::retry: return 'R';
    case Judgement::give_up: return 'G';
    case Judgement::disable: return 'X';
  }
  return '?';
}

char letter(Severity severity) {
  switch (severity) {
    case Severity::none: return '-';
    case Severity::warning: return 'w';
    case Severity::error: return 'e';
    case Severity::critical: return 'c';
    case Severity::urgent: return 'u';
  }
  return '?';
}

// One letter a status, in the order above.
std::string judgements(const Destination& destination, std::string_view body = "") {
  std::string out;
  for (const auto status : statuses) out += letter(judge_attempt(destination, {status, AttemptError::none, body}));
  return out;
}

// One letter an error; the answer had begun well.
std::string judgements_of_errors(const Destination& destination) {
  std::string out;
  for (const auto error : errors) out += letter(judge_attempt(destination, {200, error, R"({"success":true})"}));
  return out;
}

// One letter a status that is given up at once; a blank where it is not.
std::string alarms(const Destination& destination) {
  std::string out;
  for (const auto status : statuses) {
    const bool is_given_up = judge_attempt(destination, {status, AttemptError::none, ""}) == Judgement::give_up;
    out += is_given_up ? letter(give_up_severity(destination, status, AttemptError::none)) : ' ';
  }
  return out;
}

// delivered, retried, given up at once; below it the alert of what is given up: none, error, urgent.
//                                                2223344444444455555
//                                                0000000000112200000
//                                                0141201349082901234
constexpr std::string_view employee            = "DGGGGGGGGGGGGRRRRRR";
constexpr std::string_view employee_alarms     = " eeeeeueeeeee      ";
constexpr std::string_view acknowledgement     = "DDDRRRRRRRRRRRRRRRR";
constexpr std::string_view analytics_success   = "DDDRRGGGRRRRRRRRRRR";
constexpr std::string_view analytics_otherwise = "RRRRRGGGRRRRRRRRRRR";
constexpr std::string_view analytics_alarms    = "     ---           ";
constexpr std::string_view stats               = "DDDGGGGGGGGGGRRGRRR";
constexpr std::string_view stats_alarms        = "   eeeeeeeeee  e   ";
constexpr std::string_view nothing             = "                   ";
constexpr std::string_view every_error_retried = "RRRRRRRR";

TEST(ContractSchedules, EmployeeTakes200AloneAndRetriesServersOnly) {
  EXPECT_EQ(judgements(employee_destination()), employee);
  EXPECT_EQ(alarms(employee_destination()), employee_alarms);
  EXPECT_EQ(judgements_of_errors(employee_destination()), every_error_retried);
}

TEST(ContractSchedules, AcknowledgementRetriesAnythingBut2xx) {
  EXPECT_EQ(judgements(acknowledgement_destination()), acknowledgement);
  EXPECT_EQ(alarms(acknowledgement_destination()), nothing);
  EXPECT_EQ(judgements_of_errors(acknowledgement_destination()), every_error_retried);
}

TEST(ContractSchedules, AnalyticsRetriesAnythingButSuccessExceptThreeAnswers) {
  EXPECT_EQ(judgements(analytics_destination(), R"({"success":true})"), analytics_success);
  EXPECT_EQ(judgements(analytics_destination(), R"({"success":false})"), analytics_otherwise);
  EXPECT_EQ(judgements(analytics_destination()), analytics_otherwise);
  EXPECT_EQ(alarms(analytics_destination()), analytics_alarms) << "the log and the dead letters say it";
  EXPECT_EQ(judgements_of_errors(analytics_destination()), every_error_retried);
}

TEST(ContractSchedules, StatsRetriesFourServerErrorsAnd429) {
  EXPECT_EQ(judgements(stats_destination()), stats);
  EXPECT_EQ(alarms(stats_destination()), stats_alarms);
  EXPECT_EQ(judgements_of_errors(stats_destination()), every_error_retried);
}

// --- the way of one delivery

struct Answer {
  int status = 0;
  AttemptError error = AttemptError::none;
  std::string_view retry_after = {};
};

const Answer failure{500};
const Answer success{200};
const Answer timeout{0, AttemptError::timeout};

enum class End { delivered, exhausted, given_up };

struct Way {
  std::vector<std::int64_t> starts_s;  // of its attempts, in seconds since it was handed over
  End end = End::delivered;
  Severity alarm = Severity::none;
  friend bool operator==(const Way&, const Way&) = default;
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
  out << "attempts at";
  for (const auto second : way.starts_s) out << " " << second;
  return out << ", end " << static_cast<int>(way.end) << ", alarm " << letter(way.alarm);
}

// A delivery under virtual time: the clock moves to whatever is due next, or to the next batch.
class Journey {
 public:
  explicit Journey(Destination destination) : destination_(std::move(destination)) {}
  Journey& attempts_take(Millis time) { return takes_ = time, *this; }
  Journey& batch_at(Millis time) { return batches_.push_back(start_ + time), *this; }

  // The last answer is given for ever.
  Way meet(std::vector<Answer> answers) {
    book_.add({.id = {}, .seq = 1, .lane = 7, .due = start_, .partition = 1, .waits_for_batch = false});
    for (std::size_t i = 0; book_.size() > 0; ++i) {
      wait();
      const auto taken = book_.take_ready(now_);
      if (!taken) throw std::logic_error("nothing was due");
      way_.starts_s.push_back((now_ - start_) / 1s);
      now_ += takes_;
      hear(answers[std::min(i, answers.size() - 1)]);
    }
    return way_;
  }

 private:
  void wait() {
    const auto due = book_.next_due().value();
    if (!batches_.empty() && batches_.front() < due) {
      now_ = std::max(now_, batches_.front());
      batches_.erase(batches_.begin());
      book_.begin_batch(now_);
      return wait();
    }
    now_ = std::max(now_, due);
  }

  void hear(const Answer& answer) {
    switch (judge_attempt(destination_, {answer.status, answer.error, R"({"success":true})"})) {
      case Judgement::delivered: return end(End::delivered, Severity::none);
      case Judgement::give_up:
      case Judgement::disable: return end(End::given_up, give_up_severity(destination_, answer.status, answer.error));
      case Judgement::retry: break;
    }
    const auto next = decide_retry(destination_, {.attempts = ++attempts_, .round = round_, .now = now_,
                                                  .retry_after = parse_retry_after(answer.retry_after, now_), .dice = 0.5});
    switch (next.kind) {
      case NextStep::Kind::give_up: return end(End::exhausted, destination_.exhausted);
      case NextStep::Kind::next_round:
        ++round_;
        attempts_ = 0;
        return book_.postpone(7, next.due, true);
      case NextStep::Kind::retry: return book_.postpone(7, next.due, false);
    }
  }

  void end(End how, Severity alarm) {
    way_.end = how;
    way_.alarm = alarm;
    book_.finish(7);
  }

  Destination destination_;
  const WallTime start_ = from_unix_ms(1'760'000'000'000);
  WallTime now_ = start_;
  Millis takes_{0};
  std::vector<WallTime> batches_;
  LaneBook book_;
  std::uint32_t attempts_ = 0;
  std::uint32_t round_ = 1;
  Way way_;
};

using Starts = std::vector<std::int64_t>;

TEST(ContractSchedules, EmployeeTriesAfter1And5And30MinutesThenCriticalAlert) {
  const Way expected{Starts{0, 60, 360, 2'160}, End::exhausted, Severity::critical};
  for (const auto& answer : {failure, Answer{503}, Answer{429}, timeout, Answer{0, AttemptError::connect}})
    EXPECT_EQ(Journey(employee_destination()).meet({answer}), expected) << answer.status;
}

TEST(ContractSchedules, EmployeeCountsAWaitFromTheEndOfAnAttempt) {
  EXPECT_EQ(Journey(employee_destination()).attempts_take(30s).meet({timeout}),
            (Way{Starts{0, 90, 420, 2'250}, End::exhausted, Severity::critical}));
}

TEST(ContractSchedules, EmployeeIsDoneWithTheFirstSuccess) {
  EXPECT_EQ(Journey(employee_destination()).meet({success}), (Way{Starts{0}, End::delivered, Severity::none}));
  EXPECT_EQ(Journey(employee_destination()).meet({failure, timeout, success}), (Way{Starts{0, 60, 360}, End::delivered, Severity::none}));
  EXPECT_EQ(Journey(employee_destination()).meet({failure, timeout, failure, success}),
            (Way{Starts{0, 60, 360, 2'160}, End::delivered, Severity::none}));
}

TEST(ContractSchedules, EmployeeGivesUpAtOnceWithTheAlertOfItsCause) {
  EXPECT_EQ(Journey(employee_destination()).meet({Answer{400}}), (Way{Starts{0}, End::given_up, Severity::error}));
  EXPECT_EQ(Journey(employee_destination()).meet({Answer{401}}), (Way{Starts{0}, End::given_up, Severity::urgent}));
  EXPECT_EQ(Journey(employee_destination()).meet({Answer{404}}), (Way{Starts{0}, End::given_up, Severity::error}));
  EXPECT_EQ(Journey(employee_destination()).meet({failure, Answer{401}}), (Way{Starts{0, 60}, End::given_up, Severity::urgent}));
}

TEST(ContractSchedules, EmployeeWaitsAsLongAsItIsAskedButNeverLess) {
  EXPECT_EQ(Journey(employee_destination()).meet({Answer{429, AttemptError::none, "600"}, Answer{429, AttemptError::none, "1"}, failure}),
            (Way{Starts{0, 600, 900, 2'700}, End::exhausted, Severity::critical}));
}

TEST(ContractSchedules, AcknowledgementTriesAfter5And15And45Seconds) {
  const Way expected{Starts{0, 5, 20, 65}, End::exhausted, Severity::warning};
  const Answer unknown_host{0, AttemptError::dns};
  for (const auto& answer : {failure, Answer{302}, Answer{400}, Answer{401}, Answer{410}, Answer{429}, timeout, unknown_host})
    EXPECT_EQ(Journey(acknowledgement_destination()).meet({answer}), expected) << answer.status;
  EXPECT_EQ(Journey(acknowledgement_destination()).meet({Answer{404}, Answer{204}}), (Way{Starts{0, 5}, End::delivered, Severity::none}));
}

TEST(ContractSchedules, AnalyticsTriesThreeTimes) {
  const Way expected{Starts{0, 1, 3}, End::exhausted, Severity::none};
  for (const auto& answer : {failure, Answer{404}, Answer{429}, timeout, Answer{0, AttemptError::tls}})
    EXPECT_EQ(Journey(analytics_destination()).meet({answer}), expected) << answer.status;
  for (const auto status : {400, 401, 403})
    EXPECT_EQ(Journey(analytics_destination()).meet({Answer{status}}), (Way{Starts{0}, End::given_up, Severity::none})) << status;
  EXPECT_EQ(Journey(analytics_destination()).meet({failure, failure, success}), (Way{Starts{0, 1, 3}, End::delivered, Severity::none}));
}

TEST(ContractSchedules, StatsTriesThreeRoundsAnHourApartWhenNoBatchComes) {
  const Way expected{Starts{0, 1, 3, 7, 3'607, 3'608, 3'610, 3'614, 7'214, 7'215, 7'217, 7'221}, End::exhausted, Severity::error};
  for (const auto& answer : {failure, Answer{429}, Answer{504}, timeout, Answer{0, AttemptError::broken}})
    EXPECT_EQ(Journey(stats_destination()).meet({answer}), expected) << answer.status;
}

TEST(ContractSchedules, StatsGoesWithTheNextBatch) {
  EXPECT_EQ(Journey(stats_destination()).batch_at(4s).batch_at(60s).batch_at(100s).meet({failure}),
            (Way{Starts{0, 1, 3, 7, 60, 61, 63, 67, 100, 101, 103, 107}, End::exhausted, Severity::error}))
      << "a batch does not hurry a retry";
  EXPECT_EQ(Journey(stats_destination()).batch_at(60s).meet({failure, failure, failure, failure, success}),
            (Way{Starts{0, 1, 3, 7, 60}, End::delivered, Severity::none}));
}

TEST(ContractSchedules, StatsGivesUpAtOnceWhatARetryCannotMend) {
  for (const auto status : {301, 400, 401, 404, 501})
    EXPECT_EQ(Journey(stats_destination()).meet({Answer{status}}), (Way{Starts{0}, End::given_up, Severity::error})) << status;
}

TEST(ContractSchedules, StatsCountsItsFiveSecondsOfTimeOut) {
  EXPECT_EQ(Journey(stats_destination()).attempts_take(5s).batch_at(100s).meet({timeout, timeout, timeout, timeout, success}),
            (Way{Starts{0, 6, 13, 22, 100}, End::delivered, Severity::none}));
}

}  // namespace
}  // namespace denrei
