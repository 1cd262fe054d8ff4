// What an answer over HTTP says of a job that an outside service was given: done, to be tried again, this provider refuses, a bad job.
//
// Shape   judge_storage({status, error, text, body}) -> {outcome, why}; judge_monitoring(…)
// Rules   no answer, 408, 425, 429, 5xx: again. 401, 403, a redirect, a bucket or address that is not there: refused, because another
//         provider may have it. Any other 4xx: the job is bad, whoever is asked. `why` is one line for people, empty when it is done
// Source  Amazon S3 API (error responses); OTLP/HTTP specification (retryable status codes)
#pragma once
#include <string>
#include <string_view>

#include "denrei/domain/destination.hpp"
#include "denrei/domain/failover.hpp"

namespace denrei {

struct ServiceAnswer {
  int status = 0;                       // 0: none
  AttemptError error = AttemptError::none;
  std::string_view error_text;
  std::string_view body;                // its head
};

struct ServiceVerdict {
  JobOutcome outcome = JobOutcome::done;
  std::string why;
};

[[nodiscard]] ServiceVerdict judge_storage(const ServiceAnswer& answer);     // S3
[[nodiscard]] ServiceVerdict judge_monitoring(const ServiceAnswer& answer);  // OTLP

}  // namespace denrei
