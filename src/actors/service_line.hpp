// An outside service as its actor sees it: which provider tries next, what is known of the service, and who is told of it.
//
// Shape   begin(now) -> the first try of a job; ended(verdict, retry_after, now) -> its next try, or nothing; report(note) tells the
//         Registry when anything has changed
#pragma once
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "denrei/actors/fan_out_messages.hpp"
#include "denrei/base/assert.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/retry.hpp"
#include "denrei/domain/service_answer.hpp"
#include "denrei/ports/log_sink.hpp"

namespace denrei {

class ServiceLine {
 public:
  struct Ends {
    std::shared_ptr<const LiveService> service;
    ServiceMeter& meter;
    caf::actor registry;                         // hears ServiceReported; null: nobody
    LogSink* log = nullptr;                      // one line a failure and change of state
  };
  explicit ServiceLine(Ends ends) : ends_(std::move(ends)) {
    const auto& s = service();
    DENREI_ASSERT(!s.providers.empty() && ends_.service->secrets.size() == s.providers.size());
    failover_ = Failover({.providers = s.providers.size(), .retries = s.retries, .return_after = s.return_after});
  }

  [[nodiscard]] const Service& service() const noexcept { return ends_.service->service; }
  [[nodiscard]] const Provider& provider(std::size_t index) const { return service().providers.at(index); }
  [[nodiscard]] const Secret& secret(std::size_t index) const { return ends_.service->secrets.at(index); }
  [[nodiscard]] ServiceState state() const noexcept { return failover_.state(); }
  [[nodiscard]] bool was_done() const noexcept { return failover_.done(); }
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }

  // New secrets; providers and addresses stay those of the start, because their clients do.
  void use(const Site& site) {
    const auto at = site.services.find(service().name);
    if (at != site.services.end() && at->second->secrets.size() == service().providers.size() &&
        at->second->service.providers.size() == service().providers.size()) {
      auto changed = std::make_shared<LiveService>(*ends_.service);
      changed->secrets = at->second->secrets;
      ends_.service = std::move(changed);
    }
  }

  [[nodiscard]] Failover::Try begin(WallTime now) {
    trying_ = failover_.begin(now);
    return trying_;
  }

  [[nodiscard]] std::optional<Failover::Try> ended(const ServiceVerdict& verdict, const std::string& retry_after, WallTime now) {
    const auto before = state();
    const auto asked = parse_retry_after(retry_after, now).value_or(Millis{0});
    const auto by = trying_.provider;
    const auto next = failover_.ended(verdict.outcome, asked, now);
    if (verdict.outcome != JobOutcome::done) last_error_ = fmt::format("{}: {}", provider(by).name, verdict.why);
    if (next) trying_ = *next;
    ends_.meter.state.store(state(), std::memory_order_relaxed);
    if (ends_.log != nullptr && (verdict.outcome != JobOutcome::done || state() != before)) log(by, verdict, now);
    return next;
  }

  void report(std::string note = {}) {
    ServiceReport report{service().name, service().kind, service().dependency, state(), provider(failover_.provider()).name,
                         failover_.since(), last_error_, std::move(note)};
    if (told_ && essence(*told_) == essence(report)) return;
    told_ = report;
    if (ends_.registry) caf::anon_send(ends_.registry, ServiceReported{std::move(report)});
  }

 private:
  static std::tuple<ServiceState, std::string_view, std::string_view, std::string_view> essence(const ServiceReport& report) {
    return {report.state, report.provider, report.last_error, report.note};
  }

  void log(std::size_t by, const ServiceVerdict& verdict, WallTime now) const {
    JsonObject line;
    line.text("timestamp", format_iso8601(now)).text("log", "service").text("service", service().name);
    line.text("provider", provider(by).name).text("state", service_state_name(state()));
    line.text_if_any("error", verdict.why);
    ends_.log->write(line.take());
  }

  Ends ends_;
  Failover failover_;
  Failover::Try trying_;
  std::string last_error_;
  std::optional<ServiceReport> told_;
};

}  // namespace denrei
