// Writing the log line of a request.
#include "request_line.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "denrei/base/encoding.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

// For text that we made ourselves and that needs no escaping.
void add_plain(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":\"").append(value).append("\"");
}

void add_text(std::string& out, std::string_view name, std::string_view value) {
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f; });
  if (plain) return add_plain(out, name, value);
  if (!is_utf8(value)) return add_plain(out, name, encode_hex(value));
  out.append(",\"").append(name).append("\":").append(json::serialize(json::string(value)));
}

void add_number(std::string& out, std::string_view name, std::uint64_t value) {
  const auto digits = fmt::format_int(value);
  out.append(",\"").append(name).append("\":").append(digits.data(), digits.size());
}

std::string_view verdict_name(const Reply& reply) {
  switch (reply.verdict) {
    case Verdict::accepted: return "accepted";
    case Verdict::repeat: return "repeat";
    case Verdict::conflict: return "conflict";
    case Verdict::refused: return refusal_name(reply.why);
    case Verdict::served: return "served";
  }
  return "served";
}

}  // namespace

std::string request_line(const Reply& reply, std::chrono::nanoseconds took, WallTime now) {
  const auto& request = *reply.request;
  std::string out;
  out.reserve(512);
  out.append(R"({"timestamp":")").append(format_iso8601(now)).append(R"(","log":"request")");
  add_plain(out, "requestId", request.request_id);
  add_text(out, "method", request.method);
  // The path of a source is configuration; other paths may hold a staffId, so only their first segments are shown.
  auto path = path_of(request.target);
  if (reply.source == nullptr)
    if (const auto third = path.find('/', path.find('/', 1) == std::string_view::npos ? path.size() : path.find('/', 1) + 1);
        third != std::string_view::npos)
      path = path.substr(0, third + 1);
  add_text(out, "path", path.substr(0, 200));
  if (reply.source != nullptr) add_plain(out, "endpoint", reply.source->source.name);
  add_plain(out, "result", verdict_name(reply));
  add_number(out, "status", static_cast<std::uint64_t>(reply.answer.status));
  out.append(reply.answer.status < 400 ? R"(,"success":true)" : R"(,"success":false)");
  add_number(out, "bytes", request.body_bytes);
  const auto us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  add_number(out, "processingTime", us / 1000);  // in ms, with three decimals
  const auto decimals = fmt::format_int(1000 + us % 1000);
  out.append(".").append(decimals.data() + 1, 3);
  if (reply.event != nullptr) {
    const auto& e = *reply.event;
    add_plain(out, "eventId", e.id.text());
    add_text(out, "type", e.type);
    // A body that names its source (analytics seed §11.1) is believed: it was signed.
    const auto named = e.json ? find_string(e.json->root(), "/source") : std::string_view{};
    add_text(out, "source", named.empty() ? std::string_view(e.source) : named.substr(0, 100));
    if (!e.identity.empty()) add_text(out, "notificationId", e.identity);
    add_number(out, "keyHash", partition_of(e.family, e.key, std::numeric_limits<std::uint32_t>::max()));
    add_plain(out, "receivedAt", format_iso8601(e.received_at));
  }
  if (!reply.detail.empty()) add_text(out, "errorMessage", std::string_view(reply.detail).substr(0, 300));
  out.push_back('}');
  return out;
}

}  // namespace denrei
