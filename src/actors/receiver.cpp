// Admission.
#include "denrei/actors/receiver.hpp"

#include <fmt/format.h>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

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
    if (request->listener == Listener::operations) return caf::anon_send(options_.registry, Serve{request, options_.site});
    const auto path = path_of(request->target);
    const auto at = options_.site->paths.find(path);
    if (at == options_.site->paths.end()) return pass_to_archive(request, path);
    const auto& source = options_.site->sources[at->second];
    if (auto refusal = judge_head(*request, source.source))
      return say_reply(make_refusal(request, options_.site, &source, *refusal));
    const auto& verifier = source.source.limits.empty() ? options_.verifier : options_.limiting_verifier;
    caf::anon_send(verifier, Verify{request, options_.site, at->second});
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

const LiveSource* find_source(const Site& site, std::string_view target) {
  const auto at = site.paths.find(path_of(target));
  return at != site.paths.end() ? &site.sources[at->second] : nullptr;
}

std::optional<RefusalFacts> judge_head(const InboundRequest& request, const Source& source) {
  if (request.method != "POST")
    return RefusalFacts{.why = Refusal::method_not_allowed, .detail = "this path takes POST", .allow = "POST"};
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
