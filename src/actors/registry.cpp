// How Denrei is.
#include "denrei/actors/registry.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "archive_answers.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

class RegistryAtWork final : public Supervised<Registry::base> {
 public:
  RegistryAtWork(caf::actor_config& config, ActorMeter& own_meter, RegistryOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {
        [this](const Serve& order) { on_serve(order); },
        [this](const StoreChanged& fact) { store_ = fact.up ? "" : (fact.why.empty() ? "away" : fact.why); },
        [this](const PartitionChanged& fact) { on_partition_changed(fact); },
        [this](const PartitionsOpened& fact) { partitions_.assign(fact.partitions.size(), "not yet acquired"); },
        [this](const WritesRefused& fact) { on_writes_refused(fact); },
        [this](const ServiceReported& fact) { services_[fact.report.name] = fact.report; },
        [this](const RoomsOpened& fact) { rooms_ = fact; },
        [this](const Drain&) { draining_ = true; },
    };
  }

 private:
  void on_exit() override { rooms_ = {}; }  // handles that hold each other
  void restart_state() override {}

  void on_partition_changed(const PartitionChanged& fact) {
    if (fact.index < partitions_.size()) partitions_[fact.index] = fact.ready ? "" : fact.why;
    started_ = started_ || reasons().empty();
  }

  void on_writes_refused(const WritesRefused& fact) {
    if (fact.why.empty())
      refusing_.erase(fact.by);
    else
      refusing_[fact.by] = fact.why;
  }

  // Why requests should not come here; empty: they may.
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> out;
    if (draining_) out.emplace_back("draining: the process is about to end");
    if (!store_.empty()) out.push_back("store: " + store_);
    else if (partitions_.empty()) out.emplace_back("store: not yet open");
    for (const auto& [by, why] : refusing_) out.push_back(fmt::format("store refuses writes ({}): {}", by, why));
    for (std::size_t i = 0; i < partitions_.size(); ++i)
      if (!partitions_[i].empty()) out.push_back(fmt::format("partition-{}: {}", i, partitions_[i]));
    return out;
  }

  void on_serve(const Serve& order) {
    const auto path = path_of(order.request->target);
    if (const auto room = find_room(path)) return caf::anon_send(room, order);
    const bool is_read = order.request->method == "GET" || order.request->method == "HEAD";
    if (!is_read && is_known(path)) return say(order, problem(405, "Method Not Allowed", "this path takes GET", "Allow: GET, HEAD\r\n"));
    if (path == "/livez") return say(order, {200, R"({"status":"alive"})", {}});
    if (path == "/readyz") return say(order, readiness(has_query(order.request->target, "verbose")));
    if (path == "/startupz") return say(order, health(started_ ? std::vector<std::string>{} : reasons(), {}));
    if (path == "/metrics")
      return say(order, {200, options_.render_metrics(options_.metrics.collect()), {}, "text/plain; version=0.0.4; charset=utf-8"});
    if (path == "/ops/actors") return serve_actors(order);
    if (path == "/ops/stream") return serve_stream(order);
    say(order, problem(404, "Not Found", "nothing lives at this path"));
  }

  static bool is_known(std::string_view path) {
    constexpr std::array paths{"/livez", "/readyz", "/startupz", "/metrics", "/ops/actors", "/ops/stream"};
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  }

  [[nodiscard]] caf::actor find_room(std::string_view path) const {
    for (const auto& [root, actor] : rooms_.rooms)
      if (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/')) return actor;
    return nullptr;
  }

  [[nodiscard]] Answer readiness(bool verbose) const {
    if (!verbose) return health(reasons(), {});
    json::array services;
    json::array maintenance;
    for (const auto& [name, report] : services_) {
      services.push_back(describe(report));
      if (service_effect(report.dependency, report.state) == "maintenance") maintenance.emplace_back(json::string(name));
    }
    json::array notes;
    if (options_.notes)
      for (const auto& note : options_.notes()) notes.emplace_back(json::string(note));
    return health(reasons(), {{"services", std::move(services)}, {"maintenance", std::move(maintenance)}, {"notes", std::move(notes)}});
  }

  static json::object describe(const ServiceReport& r) {
    const auto text_or_null = [](const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(json::string(text)); };
    return {{"name", json::string(r.name)}, {"kind", service_kind_name(r.kind)}, {"dependency", dependency_name(r.dependency)},
            {"state", service_state_name(r.state)}, {"effect", service_effect(r.dependency, r.state)}, {"provider", text_or_null(r.provider)},
            {"since", r.since == WallTime{} ? json::value(nullptr) : json::value(json::string(format_iso8601(r.since)))},
            {"lastError", text_or_null(r.last_error)}, {"note", text_or_null(r.note)}};
  }

  void serve_stream(const Serve& order) {
    if (!is_authorized(*order.site, Role::op, *order.request)) return say(order, operator_needed());
    if (!rooms_.streams) return say(order, problem(404, "Not Found", "nothing lives at this path"));
    caf::anon_send(rooms_.streams, order);
  }

  static Answer operator_needed() {
    return problem(401, "Unauthorized", "a bearer token with the role operator is needed", "WWW-Authenticate: Bearer\r\n");
  }

  static Answer health(const std::vector<std::string>& why_not, const json::object& more) {
    json::array reasons;
    for (const auto& reason : why_not) reasons.emplace_back(json::string(reason));
    json::object body{{"status", why_not.empty() ? "ready" : "not ready"}, {"reasons", std::move(reasons)}};
    for (const auto& member : more) body[member.key()] = member.value();
    return {why_not.empty() ? 200 : 503, json::serialize(body), "Cache-Control: no-store\r\n"};
  }

  void serve_actors(const Serve& order) {
    if (!is_authorized(*order.site, Role::op, *order.request)) return say(order, operator_needed());
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    json::array actors;
    std::map<std::string, json::object> kinds;
    for (const auto& meter : options_.metrics.actors()) actors.push_back(describe(meter, now, kinds[meter.kind]));
    json::array by_kind;
    for (auto& [kind, numbers] : kinds) {
      numbers["kind"] = kind;
      by_kind.push_back(std::move(numbers));
    }
    say(order, {200, json::serialize(json::object{{"kinds", std::move(by_kind)}, {"actors", std::move(actors)}}), "Cache-Control: no-store\r\n"});
  }

  static json::object describe(const ActorMeter& m, std::int64_t now, json::object& kind) {
    const auto enqueued = m.enqueued.load(std::memory_order_relaxed);
    const auto consumed = m.consumed.load(std::memory_order_relaxed);
    const auto depth = enqueued > consumed ? static_cast<std::int64_t>(enqueued - consumed) : 0;
    const auto since = m.waiting_since_ns.load(std::memory_order_relaxed);
    const auto age_ms = since > 0 && now > since && depth > 0 ? (now - since) / 1'000'000 : 0;
    const auto add = [&](std::string_view name, std::int64_t n) {
      auto& sum = kind[name];
      sum = (sum.is_int64() ? sum.get_int64() : 0) + n;
    };
    add("instances", m.instances.load());
    add("depth", depth);
    add("processed", static_cast<std::int64_t>(consumed));
    add("restarts", static_cast<std::int64_t>(m.restarts.load()));
    return {{"name", m.name}, {"kind", m.kind}, {"parent", m.parent.empty() ? json::value(nullptr) : json::value(m.parent)},
            {"instances", m.instances.load()}, {"depth", depth}, {"depthMax", m.depth_max.load()}, {"oldestAgeMs", age_ms},
            {"processed", consumed}, {"busyMs", m.busy_ns.load() / 1'000'000}, {"restarts", m.restarts.load()}};
  }

  static void say(const Serve& order, Answer answer) {
    Reply reply{order.request, std::move(answer)};
    reply.site = order.site;
    say_reply(std::move(reply));
  }

  RegistryOptions options_;
  std::string store_ = "not yet connected";
  std::vector<std::string> partitions_;  // why each is not ready; empty: it is
  std::map<std::string, std::string> refusing_;
  RoomsOpened rooms_;
  std::map<std::string, ServiceReport> services_;  // by name: as many as are configured
  bool draining_ = false;
  bool started_ = false;
};

}  // namespace

Registry spawn_registry(const Stage& stage, ActorMeter& meter, RegistryOptions options) {
  return spawn_on<RegistryAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
