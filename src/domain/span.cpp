// Log lines as spans.
#include "denrei/domain/span.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "denrei/base/ids.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

constexpr std::size_t event_hex = 32;

std::int64_t number_at(const json::value& line, std::string_view pointer) {
  const auto* value = find(line, pointer);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

// Milliseconds with decimals -> microseconds.
std::int64_t microseconds_at(const json::value& line, std::string_view pointer) {
  const auto* value = find(line, pointer);
  if (value == nullptr || !value->is_number()) return 0;
  const auto ms = value->is_double() ? value->get_double() : static_cast<double>(number_at(line, pointer));
  return ms > 0 && ms < 1e12 ? std::llround(ms * 1000) : 0;
}

std::string span_id_of(std::string_view what, std::string_view identity) { return make_event_id(what, identity).hex().substr(0, 16); }
std::string receipt_span_id(std::string_view event) { return span_id_of("span.receipt", event); }

class SpanMaker {
 public:
  SpanMaker(const json::value& line, std::string event) : line_(line) { span_.trace_id = std::move(event); }

  SpanMaker& lasts(std::int64_t microseconds) {
    const auto end = parse_iso8601(find_string(line_, "/timestamp"));
    if (!end) is_good_ = false;
    else span_.end_us = to_unix_ms(*end) * 1000;
    span_.start_us = span_.end_us - microseconds;
    return *this;
  }
  SpanMaker& text(const char* name, std::string_view pointer) {
    if (const auto value = find_string(line_, pointer); !value.empty()) span_.attributes.emplace_back(name, std::string(value));
    return *this;
  }
  SpanMaker& number(const char* name, std::string_view pointer) {
    if (const auto* value = find(line_, pointer); value != nullptr && value->is_int64()) span_.attributes.emplace_back(name, value->get_int64());
    return *this;
  }
  Span& span() noexcept { return span_; }
  std::optional<Span> take() { return is_good_ ? std::optional(std::move(span_)) : std::nullopt; }

 private:
  const json::value& line_;
  Span span_;
  bool is_good_ = true;
};

std::optional<Span> make_receipt(const json::value& line, std::string event) {
  SpanMaker maker(line, std::move(event));
  auto& span = maker.span();
  const auto result = find_string(line, "/result");
  const auto root = receipt_span_id(span.trace_id);
  span.span_id = result == "accepted" ? root : span_id_of("span.request", find_string(line, "/requestId"));
  if (result != "accepted") span.parent_id = root;
  span.name = fmt::format("receive {}", find_string(line, "/endpoint"));
  span.kind = SpanKind::server;
  const auto status = number_at(line, "/status");
  span.failed = status >= 500;
  if (span.failed) span.status_text = fmt::format("HTTP {}", status);
  maker.lasts(microseconds_at(line, "/processingTime"));
  maker.text("http.request.method", "/method").number("http.response.status_code", "/status").text("denrei.source", "/endpoint");
  maker.text("denrei.result", "/result").text("denrei.event.type", "/type").text("denrei.request.id", "/requestId");
  return maker.take();
}

std::optional<Span> make_attempt(const json::value& line, std::string event) {
  SpanMaker maker(line, std::move(event));
  auto& span = maker.span();
  const auto delivery = find_string(line, "/deliveryId");
  span.span_id = span_id_of("span.attempt", fmt::format("{}.{}", delivery, number_at(line, "/attempt")));
  span.parent_id = receipt_span_id(span.trace_id);
  span.name = fmt::format("deliver {}", find_string(line, "/destination"));
  span.kind = SpanKind::client;
  const auto status = number_at(line, "/status");
  const auto error = find_string(line, "/error");
  span.failed = status / 100 != 2;
  if (span.failed) span.status_text = error.empty() ? fmt::format("HTTP {}", status) : std::string(error);
  maker.lasts(microseconds_at(line, "/totalMs"));
  if (status != 0) maker.number("http.response.status_code", "/status");
  maker.text("error.type", "/error").text("denrei.destination", "/destination").text("denrei.event.type", "/type");
  maker.text("denrei.delivery.id", "/deliveryId").number("denrei.attempt", "/attempt");
  return maker.take();
}

}  // namespace

std::string_view event_of_line(std::string_view line) noexcept {
  constexpr std::string_view mark = R"("eventId":"evt_)";  // a quote inside a text has a backslash before it
  const auto at = line.find(mark);
  if (at == std::string_view::npos || line.size() < at + mark.size() + event_hex) return {};
  return line.substr(at + mark.size(), event_hex);
}

bool is_traced(std::string_view event_id, double share) noexcept {
  std::uint64_t dice = 0;
  if (event_id.size() != event_hex) return false;
  const auto* end = event_id.data() + event_hex;
  const auto [stopped, error] = std::from_chars(end - 16, end, dice, 16);
  return error == std::errc{} && stopped == end && static_cast<double>(dice >> 11) * 0x1p-53 < share;
}

std::optional<Span> span_of_line(std::string_view line) {
  const auto event = event_of_line(line);
  const auto document = event.empty() ? nullptr : parse_json(line).value_or(nullptr);
  if (!document || !parse_event_id(find_string(document->root(), "/eventId"))) return std::nullopt;
  const auto kind = find_string(document->root(), "/log");
  if (kind == "request") return make_receipt(document->root(), std::string(event));
  if (kind == "attempt") return make_attempt(document->root(), std::string(event));
  return std::nullopt;
}

}  // namespace denrei
