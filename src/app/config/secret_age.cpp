// Words about old secrets.
#include "denrei/app/config/secret_age.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace denrei {

std::optional<std::chrono::seconds> age_of(const SecretAge& secret, WallTime now) noexcept {
  if (!secret.since) return std::nullopt;
  return std::max(std::chrono::seconds{0}, std::chrono::duration_cast<std::chrono::seconds>(now - *secret.since));
}

std::string age_warning(const SecretAge& secret, WallTime now) {
  const auto age = age_of(secret, now);
  if (!age || *age < secret_age_max) return {};
  const auto advice = secret.in_secrets_dir ? fmt::format("denrei secrets rotate {}", secret.name) : fmt::format("{}_PREVIOUS may hold the old one meanwhile", secret.name);
  return fmt::format("{} is {} days old ({}): replace it; {}", secret.name, *age / std::chrono::hours{24}, secret.origin, advice);
}

std::vector<std::string> old_secret_notes(const std::vector<SecretAge>& secrets, WallTime now) {
  std::vector<std::string> notes;
  for (const auto& secret : secrets)
    if (auto note = age_warning(secret, now); !note.empty()) notes.push_back(std::move(note));
  return notes;
}

}  // namespace denrei
