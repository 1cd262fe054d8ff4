// Writing answers by appending: no serializer, one string.
#include "answer_text.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace denrei {

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Answer";
  }
}

std::string http_date(long unix_seconds) {
  const std::time_t t = unix_seconds;
  std::tm parts{};
  gmtime_r(&t, &parts);
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

void append_answer(std::string& out, const Answer& answer, const AnswerFraming& framing) {
  const bool has_body = answer.status != 204 && answer.status != 304;
  const auto number = fmt::format_int(answer.status);
  out.append("HTTP/1.1 ").append(number.data(), number.size()).append(" ").append(reason_phrase(answer.status));
  out.append("\r\nDate: ").append(framing.date);
  if (has_body) {
    out.append("\r\nContent-Type: ").append(answer.content_type);
    const auto length = fmt::format_int(answer.body.size());
    if (!framing.is_stream) out.append("\r\nContent-Length: ").append(length.data(), length.size());
  }
  out.append("\r\nX-Request-Id: ").append(framing.request_id).append("\r\n").append(answer.headers);
  if (!framing.keep_alive) out.append("Connection: close\r\n");
  else if (framing.http_1_0) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  if (has_body && !framing.head_only) out.append(answer.body);
}

}  // namespace denrei
