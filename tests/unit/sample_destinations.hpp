// The four destinations of protocol §3 as values: what of them decides about success, retry and alarm.
#pragma once
#include <initializer_list>
#include <string_view>

#include "denrei/domain/destination.hpp"

namespace denrei {

inline OutcomePatterns outcomes(std::initializer_list<std::string_view> texts) {
  OutcomePatterns out;
  for (const auto text : texts) out.push_back(parse_outcome_pattern(text).value());
  return out;
}

inline AlertRule alarm(std::string_view on, Severity severity) { return {parse_outcome_pattern(on).value(), severity}; }

inline Destination employee_destination() {
  using namespace std::chrono_literals;
  Destination out;
  out.name = "voicedrive-employee";
  out.success = outcomes({"200"});
  out.schedule = {1min, 5min, 30min};
  out.retry_on = outcomes({"5xx", "429", "network", "timeout"});
  out.disable_on = {};
  out.timeout = 30s;
  out.alerts = {alarm("401", Severity::urgent), alarm("400", Severity::error), alarm("4xx", Severity::error),
                alarm("any", Severity::error)};
  out.exhausted = Severity::critical;
  return out;
}

inline Destination acknowledgement_destination() {
  using namespace std::chrono_literals;
  Destination out;
  out.name = "voicedrive-acknowledgement";
  out.success = outcomes({"2xx"});
  out.schedule = {5s, 15s, 45s};
  out.retry_on = outcomes({"any"});
  out.disable_on = {};
  out.timeout = 30s;
  out.exhausted = Severity::warning;
  return out;
}

inline Destination analytics_destination() {
  using namespace std::chrono_literals;
  Destination out;
  out.name = "voicedrive-analytics";
  out.success = outcomes({"2xx"});
  out.success_pointer = "/success";
  out.schedule = {1s, 2s};
  out.retry_on = outcomes({"any"});
  out.give_up_on = outcomes({"400", "401", "403"});
  out.disable_on = {};
  out.timeout = 30s;
  return out;
}

inline Destination stats_destination() {
  using namespace std::chrono_literals;
  Destination out;
  out.name = "records-stats";
  out.success = outcomes({"2xx"});
  out.schedule = {1s, 2s, 4s};
  out.retry_on = outcomes({"500", "502", "503", "504", "429", "network", "timeout"});
  out.disable_on = {};
  out.rounds = 3;
  out.timeout = 5s;
  out.alerts = {alarm("any", Severity::error)};
  out.exhausted = Severity::error;
  return out;
}

}  // namespace denrei
