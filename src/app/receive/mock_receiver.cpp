// Requests into answers.
#include "denrei/app/receive/mock_receiver.hpp"

#include <charconv>
#include <fmt/format.h>
#include <numeric>

#include "denrei/app/receive/receive_text.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::string_view mode_path = "/_mode", report_path = "/_report";
constexpr std::chrono::seconds usual_retry_after{3};

// A text or an integer, as text; as the gateway reads keys.
std::string text_at(const JsonDocument* json, const std::string& pointer) {
  const auto* value = json == nullptr || pointer.empty() ? nullptr : find(json->root(), pointer);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) return std::string(*text);
  const auto* number = value->if_int64();
  return number != nullptr ? std::to_string(*number) : std::string{};
}

std::uint32_t read_sequence(std::string_view text) {
  std::uint32_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  return error == std::errc{} && end == text.data() + text.size() ? sequence : 0;
}

Answer plain_error(int status, std::string_view what) { return {status, JsonObject{}.boolean("success", false).text("error", what).take(), {}}; }

std::string retry_after_header(const Behaviour& behaviour) {
  return behaviour.retry_after ? fmt::format("Retry-After: {}\r\n", behaviour.retry_after->count()) : std::string{};
}

}  // namespace

bool MockReceiver::is_admin(std::string_view target) noexcept {
  const auto path = path_of(target);
  return path == mode_path || path == report_path;
}

Reception MockReceiver::receive(const ReceivedRequest& request, WallTime now) {
  if (is_admin(request.target)) return serve_admin(request);
  ++requests_;
  RequestNote note{.at = now, .method = request.method, .path = path_of(request.target), .body = request.body};
  note.id = find_header(request.headers, "webhook-id");
  note.sequence = read_sequence(find_header(request.headers, "denrei-sequence"));
  if (const auto refusal = judge_shape(request)) return refuse(*refusal, note);
  if (trust_.keys.empty()) return take(request, note);
  const auto refusal = judge_credentials(request, now);
  note.verified = !refusal;
  if (!refusal) return take(request, note);
  ++refused_[std::string(refusal_name(*refusal))];
  return refuse({.why = *refusal}, note);
}

std::optional<RefusalFacts> MockReceiver::judge_shape(const ReceivedRequest& request) const {
  if (request.method != "POST") return RefusalFacts{.why = Refusal::method_not_allowed, .detail = "this path takes POST", .allow = "POST"};
  if (request.too_large) return RefusalFacts{.why = Refusal::too_large, .detail = "the body is too large"};
  return std::nullopt;
}

// Bearer before signature before time, as the gateway judges (protocol §1.4).
std::optional<Refusal> MockReceiver::judge_credentials(const ReceivedRequest& request, WallTime now) const {
  if (trust_.bearer) {
    const auto token = bearer_token(find_header(request.headers, "authorization"));
    if (!equal_in_constant_time(token, trust_.bearer->reveal())) return Refusal::unauthorized;
  }
  switch (verify_signature(trust_.source.signature, trust_.keys, request.headers, request.body, now)) {
    case Credentials::valid: return std::nullopt;
    case Credentials::bad_signature: return Refusal::bad_signature;
    case Credentials::expired: return Refusal::expired;
  }
  return std::nullopt;
}

Reception MockReceiver::refuse(const RefusalFacts& facts, RequestNote& note) {
  note.refusal = refusal_name(facts.why);
  if (mode() == ReceiveMode::dead) return conclude({.answer = std::nullopt, .hang_up = temper_.behaviour().refuse}, note);
  return conclude({.answer = render_refusal(trust_.source.dialect, facts)}, note);
}

Reception MockReceiver::take(const ReceivedRequest& request, RequestNote& note) {
  const auto& source = trust_.source;
  const bool looks_inside = !source.key_pointer.empty() || !source.identity_pointer.empty();
  const auto json = looks_inside ? parse_json(request.body) : fail(FaultCode::not_found);
  const auto* document = json ? json->get() : nullptr;
  const auto key = text_at(document, source.key_pointer);
  note.key = key;
  const Arrival arrival{note.path, key, note.id, note.sequence};
  const auto known = book_.arrive(arrival);
  note.repeat = known.repeat;
  const auto reaction = temper_.react(note.at);
  if (reaction == Reaction::silence || reaction == Reaction::hang_up)
    return conclude({.answer = std::nullopt, .hang_up = reaction == Reaction::hang_up}, note);
  Reception reception{.answer = reaction == Reaction::accept ? accept(request, text_at(document, source.identity_pointer), known, note.at)
                                                             : react(reaction)};
  if (reaction == Reaction::accept && mode() == ReceiveMode::slow) reception.delay = temper_.behaviour().delay;
  if (reaction == Reaction::accept) book_.accept(arrival, note.at);
  return conclude(std::move(reception), note);
}

Answer MockReceiver::accept(const ReceivedRequest& request, std::string_view identity, const Acquaintance& known, WallTime now) const {
  const auto digest = identity.empty() ? sha256({request.body}) : Digest{};
  AcceptedFacts facts{.id = make_event_id(trust_.source.name, identity.empty() ? as_view(digest) : identity), .identity = identity};
  facts.received_at = known.accepted_at.value_or(now);
  facts.repeat = known.accepted_at.has_value();
  return render_accepted(trust_.source.dialect, facts);
}

Answer MockReceiver::react(Reaction reaction) const {
  const auto& behaviour = temper_.behaviour();
  switch (reaction) {
    case Reaction::fail: {
      auto answer = render_refusal(trust_.source.dialect, {.why = Refusal::internal});
      answer.status = behaviour.status;
      answer.headers += retry_after_header(behaviour);
      return answer;
    }
    case Reaction::limit:
      return render_refusal(trust_.source.dialect,
                            {.why = Refusal::rate_limited, .retry_after = behaviour.retry_after.value_or(usual_retry_after)});
    case Reaction::gone: return plain_error(410, "gone");
    case Reaction::redirect: {
      auto answer = plain_error(302, "found elsewhere");
      answer.headers = fmt::format("Location: {}\r\n", behaviour.location);
      return answer;
    }
    case Reaction::accept:
    case Reaction::silence:
    case Reaction::hang_up: break;
  }
  return plain_error(500, "no such reaction");
}

Reception MockReceiver::conclude(Reception reception, RequestNote& note) {
  note.status = reception.answer ? reception.answer->status : 0;
  ++by_status_[note.status];
  if (on_request_) on_request_(note);
  return reception;
}

// --- the admin paths

Reception MockReceiver::serve_admin(const ReceivedRequest& request) {
  Reception reception{.answer = std::nullopt, .is_admin = true};
  const bool is_mode = path_of(request.target) == mode_path;
  if (!request.from_this_machine) {
    reception.answer = plain_error(403, "only from the machine that the receiver runs on");
  } else if (request.method == "GET") {
    reception.answer = Answer{200, is_mode ? behaviour_json(temper_.behaviour()) : report_json(report()), {}};
  } else if (is_mode && request.method == "POST" && !request.too_large) {
    return change_mode(request.body);
  } else {
    reception.answer = plain_error(405, "this path takes GET, and /_mode also POST");
    reception.answer->headers = is_mode ? "Allow: GET, POST\r\n" : "Allow: GET\r\n";
  }
  return reception;
}

Reception MockReceiver::change_mode(std::string_view body) {
  auto behaviour = change_behaviour(temper_.behaviour(), body);
  if (!behaviour) return {.answer = plain_error(400, behaviour.error().detail), .is_admin = true};
  const bool other_certificate = (mode() == ReceiveMode::wrong_certificate) != (behaviour->mode == ReceiveMode::wrong_certificate);
  temper_.change(std::move(*behaviour));
  return {.answer = Answer{200, behaviour_json(temper_.behaviour()), {}}, .is_admin = true, .certificate_changed = other_certificate};
}

ReceiveReport MockReceiver::report() const {
  return {.mode = mode(), .requests = requests_, .failed_handshakes = failed_handshakes_, .refused = refused_, .by_status = by_status_,
          .book = &book_};
}

std::uint64_t ReceiveReport::refused_signatures() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0}, [](std::uint64_t sum, const auto& r) { return sum + r.second; });
}

bool has_gone_well(const ReceiveReport& report, bool allow_late) {
  return report.refused_signatures() == 0 && report.book->arrivals().held() && (allow_late || report.book->acceptances().held());
}

}  // namespace denrei
