// The words of every refusal: status, codes and texts of each dialect, as one table. How they become an answer: dialect.cpp.
#pragma once
#include <string_view>

#include "denrei/domain/dialect.hpp"

namespace denrei {

struct RefusalWords {
  Refusal why;
  std::string_view name;             // for logs and metrics
  int status;
  std::string_view code;             // acknowledgement, stats, problem
  std::string_view analytics_code;
  std::string_view employee;         // text of {"error":"…"}
  std::string_view english;          // acknowledgement, problem
  std::string_view analytics;        // error.message
  std::string_view analytics_hint;   // error.details, when nothing more exact is known
  std::string_view stats;            // error.message
  bool shows_detail;                 // the detail helps the sender and tells nothing about us
};

[[nodiscard]] const RefusalWords& words_of(Refusal why) noexcept;

}  // namespace denrei
