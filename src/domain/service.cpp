// The words for outside services: kinds, dependencies, states and what a state does to whoever needs the service.
#include "denrei/domain/service.hpp"

#include <array>
#include <fmt/format.h>

namespace denrei {
namespace {

constexpr std::array kinds{ServiceKind::email, ServiceKind::storage, ServiceKind::monitoring, ServiceKind::cdn};
constexpr std::array dependencies{Dependency::high, Dependency::medium, Dependency::low};

}  // namespace

std::string_view service_kind_name(ServiceKind kind) noexcept {
  switch (kind) {
    case ServiceKind::email: return "email";
    case ServiceKind::storage: return "storage";
    case ServiceKind::monitoring: return "monitoring";
    case ServiceKind::cdn: return "cdn";
  }
  return "unknown";
}

Result<ServiceKind> parse_service_kind(std::string_view name) {
  for (const auto kind : kinds)
    if (name == service_kind_name(kind)) return kind;
  return fail(FaultCode::invalid, fmt::format("unknown kind \"{}\"; known: email, storage, monitoring, cdn", name));
}

std::string_view dependency_name(Dependency dependency) noexcept {
  switch (dependency) {
    case Dependency::high: return "high";
    case Dependency::medium: return "medium";
    case Dependency::low: return "low";
  }
  return "unknown";
}

Result<Dependency> parse_dependency(std::string_view name) {
  for (const auto dependency : dependencies)
    if (name == dependency_name(dependency)) return dependency;
  return fail(FaultCode::invalid, fmt::format("unknown dependency \"{}\"; known: high, medium, low", name));
}

std::string_view service_state_name(ServiceState state) noexcept {
  switch (state) {
    case ServiceState::unknown: return "unknown";
    case ServiceState::up: return "up";
    case ServiceState::on_secondary: return "on_secondary";
    case ServiceState::down: return "down";
  }
  return "unknown";
}

std::string_view service_effect(Dependency dependency, ServiceState state) noexcept {
  if (state != ServiceState::down) return "none";
  switch (dependency) {
    case Dependency::high: return "maintenance";
    case Dependency::medium: return "function_off";
    case Dependency::low: return "note";
  }
  return "none";
}

}  // namespace denrei
