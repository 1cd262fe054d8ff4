// How old secrets are, and from when on that is worth a word. Pure.
//
// Shape   old_secret_notes(config.secret_ages, now) -> one sentence for each that is too old
// Units   an age is the time since its file was written; of a variable nobody knows it
// Limits  secret_age_max, as seed external-services advises
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/time.hpp"

namespace denrei {

inline constexpr std::chrono::hours secret_age_max{24 * 90};

struct SecretAge {
  std::string name;
  std::string origin;
  bool in_secrets_dir = false;
  std::optional<WallTime> since;        // nothing: unknown
};

// For the gauge denrei_secret_age_seconds{name}; nothing: unknown. A file of the future is new.
[[nodiscard]] std::optional<std::chrono::seconds> age_of(const SecretAge& secret, WallTime now) noexcept;
// "MEDICAL_WEBHOOK_SECRET is 91 days old (…): replace it: denrei secrets rotate MEDICAL_WEBHOOK_SECRET"; empty: it is young enough.
[[nodiscard]] std::string age_warning(const SecretAge& secret, WallTime now);
[[nodiscard]] std::vector<std::string> old_secret_notes(const std::vector<SecretAge>& secrets, WallTime now);

}  // namespace denrei
