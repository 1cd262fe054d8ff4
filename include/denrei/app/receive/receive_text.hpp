// What the mock receiver says: one line a request, and the report at the end. As text for people and as JSON for programs.
//
// Shape   request_text(note), request_json(note), report_text(report), report_json(report); each without a line break at its end,
//         except report_text, which is several lines
// Source  the members of --record FILE: at id sequence key status verified repeat bodySha256, and method path refusal
#pragma once
#include <string>

#include "denrei/app/receive/mock_receiver.hpp"

namespace denrei {

// "<time> POST /path verified=yes id=… sequence=3 key=E-1 status=200 repeat"; what is unknown is "-"; status 0: no answer.
[[nodiscard]] std::string request_text(const RequestNote& note);
[[nodiscard]] std::string request_json(const RequestNote& note);
[[nodiscard]] std::string report_text(const ReceiveReport& report);
[[nodiscard]] std::string report_json(const ReceiveReport& report);

}  // namespace denrei
