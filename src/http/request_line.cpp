// Writing the log line of a request.
#include "request_line.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

void add_text(std::string& out, std::string_view name, std::string_view value) {
  out.append(",\"").append(name).append("\":");
  const bool plain = value.find_first_of("\"\\") == std::string_view::npos &&
                     std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20; }) && is_utf8(value);
  if (plain) out.append("\"").append(value).append("\"");
  else if (is_utf8(value)) out.append(json::serialize(json::string(value)));
  else out.append("\"").append(encode_hex(value)).append("\"");
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
  add_text(out, "requestId", request.request_id);
  add_text(out, "method", request.method);
  // The path of a source is configuration; other paths may hold a staffId, so only their first segments are shown.
  auto path = path_of(request.target);
  if (reply.source == nullptr)
    if (const auto third = path.find('/', path.find('/', 1) == std::string_view::npos ? path.size() : path.find('/', 1) + 1);
        third != std::string_view::npos)
      path = path.substr(0, third + 1);
  add_text(out, "path", path.substr(0, 200));
  if (reply.source != nullptr) add_text(out, "endpoint", reply.source->source.name);
  add_text(out, "result", verdict_name(reply));
  fmt::format_to(std::back_inserter(out), R"(,"status":{},"success":{},"bytes":{},"processingTime":{:.3f})", reply.answer.status,
                 reply.answer.status < 400, request.body.size(), std::chrono::duration<double, std::milli>(took).count());
  if (reply.event != nullptr) {
    const auto& e = *reply.event;
    add_text(out, "eventId", e.id.text());
    add_text(out, "type", e.type);
    // A body that names its source (analytics seed §11.1) is believed: it was signed.
    const auto named = e.json ? find_string(e.json->root(), "/source") : std::string_view{};
    add_text(out, "source", named.empty() ? std::string_view(e.source) : named.substr(0, 100));
    if (!e.identity.empty()) add_text(out, "notificationId", e.identity);
    add_text(out, "keyHash", encode_hex(as_view(sha256({e.family, e.key})).substr(0, 6)));
    add_text(out, "receivedAt", format_iso8601(e.received_at));
  }
  if (!reply.detail.empty()) add_text(out, "errorMessage", std::string_view(reply.detail).substr(0, 300));
  out.push_back('}');
  return out;
}

}  // namespace denrei
