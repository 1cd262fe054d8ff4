// Admission.
#include "denrei/actors/receiver.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/console_session.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::chrono::seconds maintenance_retry{30};

// What the Archive answers: below a path with a key there is something to read too.
bool is_reading(std::string_view method) noexcept { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

class ReceiverAtWork final : public Supervised<Receiver::base> {
 public:
  ReceiverAtWork(caf::actor_config& config, ActorMeter& own_meter, ReceiverOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](const Receive& order) { on_receive(order.request); },
        [this](const SiteChanged& fact) { options_.site = fact.site; },
    };
  }

 private:
  void restart_state() override {}

  void on_receive(const FreshRequestPtr& request) {
    if (request->listener == Listener::operations) {
      request->has_console_session = has_console_session(*request);
      return caf::anon_send(options_.registry, Serve{request, options_.site});
    }
    const auto* source = find_source(*options_.site, *request);
    if (source == nullptr) return pass_to_archive(request, path_of(request->target));
    if (auto refusal = judge_head(*request, source->source))
      return say_reply(make_refusal(request, options_.site, source, *refusal));
    if (is_in_maintenance(*source))
      return say_reply(make_refusal(request, options_.site, source,
                                    {.why = Refusal::overloaded, .detail = "maintenance: a service that this needs is down; send it again", .retry_after = maintenance_retry}));
    const auto& verifier = source->source.limits.empty() ? options_.verifier : options_.limiting_verifier;
    caf::anon_send(verifier, Verify{request, options_.site, static_cast<std::size_t>(source - options_.site->sources.data())});
  }

  // Another site's page can make a browser send the cookie along, but not the header that ours adds to a write.
  [[nodiscard]] bool has_console_session(const InboundRequest& request) const {
    const auto session = find_session(find_header(request.headers, "cookie"));
    if (session.empty() || options_.site->console_key == nullptr) return false;
    if (!is_reading(request.method) && find_header(request.headers, session_write_header).empty()) return false;
    return is_session(*options_.site->console_key, session, request.arrived_at);
  }

  static bool is_in_maintenance(const LiveSource& source) noexcept {
    return std::any_of(source.needs.begin(), source.needs.end(), [](const ServiceMeter* service) { return service->state.load() == ServiceState::down; });
  }

  void pass_to_archive(const RequestPtr& request, std::string_view path) {
    if (!path.starts_with("/api/"))
      return say_reply(make_refusal(request, options_.site, nullptr, {.why = Refusal::not_found, .detail = "nothing lives at this path"}));
    if (request->requests_in_flight > limits::requests_in_flight_max)
      return say_reply(make_refusal(request, options_.site, nullptr, {.why = Refusal::overloaded, .detail = "too many requests are under way; ask again"}));
    caf::anon_send(options_.archive, Serve{request, options_.site});
  }

  ReceiverOptions options_;
};

}  // namespace

const LiveSource* find_source(const Site& site, const InboundRequest& request) {
  const auto path = path_of(request.target);
  if (const auto at = site.paths.find(path); at != site.paths.end()) return &site.sources[at->second];
  if (site.patterns.empty() || is_reading(request.method)) return nullptr;
  const LiveSource* fitting = nullptr;
  for (const auto& [pattern, index] : site.patterns) {
    if (!key_in_path(pattern, path)) continue;
    fitting = &site.sources[index];
    if (fitting->source.method == request.method) break;
  }
  return fitting;
}

std::optional<RefusalFacts> judge_head(const InboundRequest& request, const Source& source) {
  if (request.method != source.method)
    return RefusalFacts{.why = Refusal::method_not_allowed, .detail = "this path takes " + source.method, .allow = source.method};
  if (request.body_too_large || request.body.size() > source.body_bytes_max)
    return RefusalFacts{.why = Refusal::too_large,
                        .detail = fmt::format("the body may have {} bytes at most", source.body_bytes_max)};
  if (!is_json_media_type(find_header(request.headers, "content-type")))
    return RefusalFacts{.why = Refusal::unsupported_media, .detail = "Content-Type must be application/json in UTF-8"};
  if (request.requests_in_flight > limits::requests_in_flight_max || request.bytes_in_flight > limits::bytes_in_flight_max)
    return RefusalFacts{.why = Refusal::overloaded, .detail = "too many requests are under way; send it again"};
  return std::nullopt;
}

Receiver spawn_receiver(const Stage& stage, ActorMeter& meter, ReceiverOptions options) {
  return spawn_on<ReceiverAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
