// Verification.
#include "denrei/actors/verifier.hpp"

#include <fmt/format.h>
#include <unordered_map>

#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/event_making.hpp"
#include "denrei/domain/rate_budget.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

// What a Verifier keeps for one source beside the site: its own keyed HMAC contexts, and the budgets it owns.
struct SourceAtWork {
  std::vector<HmacSha256> keys;
  std::vector<RateBudget> budgets;  // by index of the source's limits
};

class VerifierAtWork final : public Supervised<Verifier::base> {
 public:
  VerifierAtWork(caf::actor_config& config, ActorMeter& own_meter, VerifierOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {
    prepare();
  }

  behavior_type make_behavior() override {
    return {
        [this](const Verify& order) { on_verify(order); },
        [this](const BudgetReturned& fact) { on_budget_returned(fact); },
        [this](const SiteChanged& fact) { on_site_changed(fact); },
        [this](const PartitionsOpened& fact) { partitions_ = fact.partitions.size(); },
    };
  }

 private:
  void restart_state() override { prepare(); }

  void prepare() {
    for (const auto& live : options_.site->sources) {
      auto& at_work = at_work_[live.source.name];
      at_work.keys.clear();
      for (const auto& secret : live.secrets)
        if (auto key = make_signature_key(live.source.signature, secret)) at_work.keys.push_back(std::move(*key));
      if (at_work.budgets.size() == live.source.limits.size()) continue;  // a reload keeps what is used up
      at_work.budgets.clear();
      for (const auto& limit : live.source.limits) at_work.budgets.emplace_back(limit.count, limit.window);
    }
  }

  void on_site_changed(const SiteChanged& fact) {
    options_.site = fact.site;
    prepare();
  }

  void on_verify(const Verify& order) {
    const auto& live = order.site->sources[order.source];
    const auto now = options_.clock();
    if (auto refusal = judge(order, live, now)) say_reply(make_refusal(order.request, order.site, &live, *refusal));
  }

  // Hands the event on and answers nothing, or says why there is none.
  std::optional<RefusalFacts> judge(const Verify& order, const LiveSource& live, WallTime now) {
    auto& request = *order.request;
    const auto address = peer_address(request, *order.site);
    if (auto refusal = judge_peer(request, live, *order.site, address, now)) return refusal;
    if (auto refusal = judge_credentials(order, live, now)) {
      count_failure(address, now);
      return refusal;
    }
    auto json = parse_json(request.body);
    if (!json) return RefusalFacts{.why = Refusal::malformed, .detail = json.error().detail};
    if (auto violations = live.schema.check((*json)->root()); !violations.empty())
      return RefusalFacts{.why = Refusal::invalid, .violations = std::move(violations)};
    if (auto refusal = judge_authorisation(**json, live.source)) return refusal;
    auto event = make_event(live.source, request.body, *json, now,
                            {offered_identity(request, live.source), key_of_path(live.source, path_of(request.target))});
    if (!event) return RefusalFacts{.why = Refusal::invalid, .violations = std::move(event.error())};
    hand_on(order, live, std::move(*event), now);
    return std::nullopt;
  }

  // A proxy that we trust speaks for its client; otherwise the peer is who it is.
  static std::string_view peer_address(const InboundRequest& request, const Site& site) {
    if (site.trusted_proxies.empty() || !any_contains(site.trusted_proxies, request.peer)) return request.peer;
    auto forwarded = find_header(request.headers, "x-forwarded-for");
    if (const auto comma = forwarded.rfind(','); comma != std::string_view::npos) forwarded.remove_prefix(comma + 1);
    while (forwarded.starts_with(' ')) forwarded.remove_prefix(1);
    return forwarded.empty() ? std::string_view(request.peer) : forwarded;
  }

  std::optional<RefusalFacts> judge_peer(const InboundRequest& request, const LiveSource& live, const Site& site,
                                         std::string_view address, WallTime now) {
    if (!failures_.empty()) {
      const auto at = failures_.find(std::string(address));
      if (at != failures_.end() && at->second.remaining(now) == 0)
        return RefusalFacts{.why = Refusal::rate_limited, .detail = "too many wrong credentials from this address",
                            .retry_after = at->second.wait(now)};
    }
    if (!live.allow.empty() && !any_contains(live.allow, address))
      return RefusalFacts{.why = Refusal::address_denied, .detail = "this address is not on the source's list"};
    const bool tls = request.tls || (any_contains(site.trusted_proxies, request.peer) &&
                                     equal_ignoring_case(find_header(request.headers, "x-forwarded-proto"), "https"));
    if (live.source.require_tls && !tls)
      return RefusalFacts{.why = Refusal::tls_required, .detail = "this source takes HTTPS only"};
    return std::nullopt;
  }

  // The sender's key for this order (draft-ietf-httpapi-idempotency-key-header), or what no other request has: accepting is all
  // that a repeat without a key can expect.
  static std::string offered_identity(const InboundRequest& request, const Source& source) {
    if (!source.takes_role_token) return {};
    const auto key = find_header(request.headers, "idempotency-key");
    if (!key.empty()) return "key " + std::string(key.substr(0, limits::key_bytes_max - 4));
    return fmt::format("once {} {} {}", to_unix_ms(request.arrived_at), request.session, request.started.time_since_epoch().count());
  }

  std::optional<RefusalFacts> judge_credentials(const Verify& order, const LiveSource& live, WallTime now) {
    const auto& request = *order.request;
    if (live.source.takes_role_token) {
      if (is_authorized(*order.site, Role::sender, find_header(request.headers, "authorization"))) return std::nullopt;
      return RefusalFacts{.why = Refusal::unauthorized, .detail = "a bearer token with the role sender or operator is needed"};
    }
    if (!live.bearers.empty()) {
      const auto token = bearer_token(find_header(request.headers, "authorization"));
      bool known = false;
      for (const auto& bearer : live.bearers) known |= equal_in_constant_time(token, bearer.reveal());
      if (!known) return RefusalFacts{.why = Refusal::unauthorized, .detail = "the bearer token is absent or wrong"};
    }
    const auto& keys = at_work_[live.source.name].keys;
    switch (verify_signature(live.source.signature, keys, request.headers, request.body, now)) {
      case Credentials::valid: return std::nullopt;
      case Credentials::bad_signature:
        return RefusalFacts{.why = Refusal::bad_signature, .detail = "the signature is absent or wrong"};
      case Credentials::expired:
        return RefusalFacts{.why = Refusal::expired, .detail = "the time-stamp is absent, unreadable or too far from now"};
    }
    return std::nullopt;
  }

  static std::optional<RefusalFacts> judge_authorisation(const JsonDocument& json, const Source& source) {
    if (!source.requirement) return std::nullopt;
    const auto* value = find(json.root(), source.requirement->pointer);
    const auto* number = value != nullptr ? value->if_int64() : nullptr;
    if (number != nullptr && *number == source.requirement->equals) return std::nullopt;
    return RefusalFacts{.why = Refusal::forbidden,
                        .detail = fmt::format("{} must be {}", source.requirement->pointer, source.requirement->equals)};
  }

  // The first limit that names the event's type applies. A spent budget does not refuse yet: a repeat of an accepted event consumes none, and only the journal knows repeats.
  void hand_on(const Verify& order, const LiveSource& live, std::shared_ptr<Event> event, WallTime now) {
    const auto partition = partition_of(event->family, event->key, static_cast<std::uint32_t>(partitions_));
    Append append{order.request, order.site, &live, nullptr};
    for (std::size_t i = 0; i < live.source.limits.size(); ++i) {
      const auto& limit = live.source.limits[i];
      if (!limit.event_type.empty() && limit.event_type != event->type) continue;
      append.refusal = {.why = Refusal::rate_limited, .detail = "too many events of this type", .policy = limit.event_type,
                        .quota = limit.count, .window = limit.window};
      if (limit.once_per_tokyo_day) {
        append.once = once_a_day_id(live.source, *event, now);
        append.refusal.quota = 1;
        append.refusal.window = std::chrono::hours{24};
        append.refusal.retry_after = std::chrono::ceil<std::chrono::seconds>(tokyo_day_end(now) - now);
        break;
      }
      auto& budget = at_work_[live.source.name].budgets[i];
      append.probe = !budget.take(now);
      append.limit = append.probe ? -1 : static_cast<int>(i);
      append.refusal.retry_after = budget.wait(now);
      break;
    }
    append.event = std::move(event);
    send(options_.scribes[partition % options_.scribes.size()], std::move(append));
  }

  void on_budget_returned(const BudgetReturned& fact) {
    auto& budgets = at_work_[fact.source->source.name].budgets;
    const auto index = static_cast<std::size_t>(fact.limit);
    if (index < budgets.size()) budgets[index].give_back(options_.clock());
  }

  void count_failure(std::string_view address, WallTime now) {
    if (failures_.size() >= limits::addresses_tracked_max) failures_.clear();  // an attack from everywhere: start counting anew
    const auto [at, fresh] = failures_.try_emplace(std::string(address), limits::failures_per_address_per_minute,
                                                   std::chrono::seconds{60});
    (void)fresh;
    (void)at->second.take(now);
  }

  VerifierOptions options_;
  std::size_t partitions_ = 1;  // until the store is open; then Scribes refuse whatever comes
  std::unordered_map<std::string, SourceAtWork> at_work_;
  std::unordered_map<std::string, RateBudget> failures_;  // by address
};

}  // namespace

Verifier spawn_verifier(const Stage& stage, ActorMeter& meter, VerifierOptions options) {
  return spawn_on<VerifierAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
