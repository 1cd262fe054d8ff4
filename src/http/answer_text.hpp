// An answer as bytes: status line, headers and body of one HTTP/1.1 response.
#pragma once
#include <string>
#include <string_view>

#include "denrei/domain/dialect.hpp"

namespace denrei {

struct AnswerFraming {
  std::string_view request_id;
  std::string_view date;         // "Sun, 22 Nov 2026 04:00:00 GMT"
  bool keep_alive = true;
  bool http_1_0 = false;         // then keeping alive must be said
  bool head_only = false;        // the request was HEAD
  bool is_stream = false;        // the body goes on until the connection ends: no length
};

void append_answer(std::string& out, const Answer& answer, const AnswerFraming& framing);
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;
[[nodiscard]] std::string http_date(long unix_seconds);

}  // namespace denrei
