// A site with small sources, requests to them as the edge would make them, and events as the Verifier would.
#pragma once
#include <caf/all.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "denrei/actors/messages.hpp"
#include "denrei/domain/event_making.hpp"

namespace denrei::test {

inline const std::string first_secret = "first-secret-of-at-least-32-characters";
inline const std::string second_secret = "second-secret-of-at-least-32-characters";
inline const std::string reader_token = "reader-token-of-at-least-32-characters";
inline const std::string operator_token = "operator-token-of-at-least-32-characters";

// Every counter that an edge may want, all the same one.
inline SourceCounters counters_into(Counter& counter) {
  SourceCounters out;
  out.accepted.fill(&counter);
  out.refused.fill(&counter);
  return out;
}

// A ledger at /hook: key and type in the body, signed over it, with an ISO 8601 time beside it.
inline Source ledger_source() {
  Source s;
  s.name = s.family = "ledger";
  s.paths = {"/hook"};
  s.signature = complete_signature_spec({.scheme = "hmac_body", .signature_header = "X-Signature", .timestamp_header = "X-Timestamp",
                                         .timestamp_format = TimestampFormat::iso8601}).value();
  s.key_pointer = "/key";
  s.type_pointer = "/type";
  s.dialect = Dialect::acknowledgement;
  return s;
}

inline constexpr std::string_view ledger_schema = R"({"type":"object","required":["key","type"],"properties":{
  "key":{"type":"string"},"type":{"type":"string"},"n":{"type":"integer","minimum":0}}})";

inline LiveSource live_source(Source source, std::vector<std::string> secrets = {first_secret}) {
  LiveSource live{std::move(source), compile_schema(ledger_schema, {}).value(), {}, {}, {}, {}};
  for (auto& secret : secrets) live.secrets.emplace_back(std::move(secret));
  return live;
}

inline SitePtr make_site(std::vector<LiveSource> sources) {
  auto site = std::make_shared<Site>();
  for (auto& live : sources) add_source(*site, std::move(live));
  site->tokens = {{Role::reader, Secret{reader_token}}, {Role::op, Secret{operator_token}}};
  return site;
}
inline SitePtr ledger_site() { return make_site({live_source(ledger_source())}); }

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct RequestParts {
  caf::actor edge;
  std::string method = "POST";
  std::string target = "/hook";
  std::string body;
  HeaderList headers = {{"Content-Type", "application/json"}};
  std::string peer = "192.0.2.1";
  Listener listener = Listener::site;
};

inline std::shared_ptr<InboundRequest> make_request(const RequestParts& parts) {
  auto request = std::make_shared<InboundRequest>();
  request->edge = parts.edge;
  request->method = parts.method;
  request->target = parts.target;
  request->body = parts.body;
  request->peer = parts.peer;
  request->listener = parts.listener;
  for (const auto& [name, value] : parts.headers) request->header_text += name + value;
  std::string_view text = request->header_text;
  for (const auto& [name, value] : parts.headers) {
    request->headers.push_back({text.substr(0, name.size()), text.substr(name.size(), value.size())});
    text.remove_prefix(name.size() + value.size());
  }
  return request;
}

// Adds what a sender with that secret would add at that time.
inline RequestParts sign(RequestParts parts, const Source& source, const std::string& secret, WallTime at) {
  const auto key = make_signature_key(source.signature, Secret{secret}).value();
  for (auto& header : sign_request(source.signature, key, at, "msg-1", parts.body)) parts.headers.emplace_back(header.name, header.value);
  return parts;
}

inline std::string ledger_body(const std::string& key, int n, const std::string& type = "made") {
  return R"({"key":")" + key + R"(","type":")" + type + R"(","n":)" + std::to_string(n) + "}";
}

// The event of such a body, as a Verifier hands it on.
inline std::shared_ptr<Event> ledger_event(const std::string& key, int n, WallTime now, const Source& source = ledger_source()) {
  auto body = ledger_body(key, n);
  auto json = parse_json(body).value();
  return make_event(source, body, std::move(json), now).value();
}

inline std::string header_of(const Answer& answer, const std::string& name) {
  const auto at = ("\r\n" + answer.headers).find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 2;
  return answer.headers.substr(from, answer.headers.find("\r\n", from) - from);
}

}  // namespace denrei::test
