// Spans of a trace, made from structured log lines: the receipt of an event and every attempt to deliver it share one trace.
//
// Shape   span_of_line(line) -> Span, or nothing for lines that are none; is_traced(event id, share) -> the same answer everywhere
// Rules   trace id = the event id; the span of the accepted receipt is the parent of all others of that event, and its id follows from
//         the event's, so that nobody has to remember it. Start = the line's timestamp - its duration
//         no personal data: ids, names of configuration, status
// Source  http/request_line and actors/attempt write these lines; OpenTelemetry trace specification (sampling by trace id)
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

enum class SpanKind : std::uint8_t { server = 2, client = 3 };  // as OTLP numbers them

struct Span {
  std::string trace_id;                 // 32 hex digits
  std::string span_id;                  // 16 hex digits
  std::string parent_id;                // empty: the root
  std::string name;                     // "receive staff", "deliver voicedrive"
  SpanKind kind = SpanKind::server;
  std::int64_t start_us = 0, end_us = 0;  // since 1970
  bool failed = false;
  std::string status_text;              // of a failure
  std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>> attributes;
};

[[nodiscard]] std::optional<Span> span_of_line(std::string_view line);

// `share` of all events, 0 to 1; `event_id` as its 32 hex digits.
[[nodiscard]] bool is_traced(std::string_view event_id, double share) noexcept;
// The 32 hex digits of the event that a log line is about; empty: of none. Cheap: it does not read JSON.
[[nodiscard]] std::string_view event_of_line(std::string_view line) noexcept;

}  // namespace denrei
