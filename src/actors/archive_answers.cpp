// What the reading API says.
#include "archive_answers.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace denrei {

Answer problem(int status, std::string_view title, std::string_view detail, std::string headers) {
  const json::object body{{"type", "about:blank"}, {"title", json::string(title)}, {"status", status}, {"detail", json::string(detail)}};
  return {status, json::serialize(body), std::move(headers), "application/problem+json; charset=utf-8"};
}

std::string line_json(const Line& line, std::uint64_t repeats) {
  json::object out{{"position", line.position}, {"eventId", line.id.text()}, {"eventType", line.type}};
  out["timestamp"] = line.occurred_at ? json::value(format_iso8601(*line.occurred_at)) : json::value(nullptr);
  out["receivedAt"] = format_iso8601(line.received_at);
  out["outcome"] = json::string(outcome_name(line.outcome));
  out["repeats"] = repeats;
  return json::serialize(out);
}

namespace {

bool is_allowed_origin(const Site& site, std::string_view origin) {
  return std::find(site.cors_origins.begin(), site.cors_origins.end(), origin) != site.cors_origins.end();
}

}  // namespace

std::string cors_headers(const Site& site, Headers request_headers, std::string_view varies_with) {
  const auto origin = find_header(request_headers, "origin");
  if (origin.empty() || !is_allowed_origin(site, origin)) return fmt::format("Vary: {}\r\n", varies_with);
  return fmt::format("Access-Control-Allow-Origin: {}\r\nAccess-Control-Expose-Headers: ETag, X-Request-Id\r\nVary: {}\r\n", origin, varies_with);
}

Answer preflight(const Site& site, Headers request_headers, std::string_view methods) {
  Answer answer{204, {}, fmt::format("Allow: {}, OPTIONS\r\n", methods), {}};
  answer.headers += cors_headers(site, request_headers);
  const auto origin = find_header(request_headers, "origin");
  if (!origin.empty() && is_allowed_origin(site, origin))
    answer.headers += fmt::format("Access-Control-Allow-Methods: {}\r\nAccess-Control-Allow-Headers: {}\r\nAccess-Control-Max-Age: 3600\r\n", methods,
                                  methods == "POST" ? "Authorization, Content-Type, Denrei-Reader"
                                                    : "Authorization, If-None-Match, Denrei-Reader, Last-Event-ID");
  return answer;
}

}  // namespace denrei
