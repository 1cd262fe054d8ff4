// Secrets: where they come from and what is good enough. The environment, a file named there, or systemd's credentials.
//
// Shape   find_secret(env, "NAME") -> the secret and its origin, or nothing; collect_secrets(…) for sources, destinations and
//         channels; read_role_tokens(…)
// Limits  signing secrets have at least 32 characters (protocol §1.3), bearer and role tokens at least 16; a file at most 1 MiB
// Errors  into Problems: name and length, never the value
#pragma once
#include <optional>
#include <string>

#include "denrei/app/config/destinations.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/app/config/sources.hpp"

namespace denrei {

inline constexpr std::size_t signing_secret_characters_min = 32;
inline constexpr std::size_t token_characters_min = 16;

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct FoundSecret {
  Secret value;
  std::string origin;  // "env NAME", "file /run/secrets/name", "credential NAME"
};

// NAME, else the file in NAME_FILE (one trailing line break is cut), else $CREDENTIALS_DIRECTORY/NAME.
[[nodiscard]] Result<std::optional<FoundSecret>> find_secret(const Environment& env, const std::string& name);

// Puts the source's secrets, current and previous, into config.secrets; true when the source can run.
// An optional source without one is left out with a notice.
[[nodiscard]] bool collect_secrets(const SourceDraft& draft, const Environment& env, Config& config, Problems& problems);
// The same for a destination, which needs its URL too, and for a channel, whose secret is Slack's URL or the mail password.
[[nodiscard]] bool collect_secrets(const DestinationDraft& draft, const Environment& env, Config& config, Problems& problems);
[[nodiscard]] bool collect_secrets(const ChannelDraft& draft, const Environment& env, Config& config, Problems& problems);
void read_role_tokens(const Environment& env, Config& config, Problems& problems);

}  // namespace denrei
