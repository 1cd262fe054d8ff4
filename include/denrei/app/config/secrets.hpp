// Secrets of the configuration: whoever needs one gets it, or is off, or stops the start. Where they come from: secret_places.hpp;
// what is good enough: secret_purpose.hpp.
//
// Shape   collect_secrets(…) for sources, destinations, channels and services; read_role_tokens(…)
// Rules   ages go to config.secret_ages; one that is too old, or that others can read, is a notice
// Errors  into Problems: name and length, never the value
#pragma once
#include <optional>
#include <string>

#include "denrei/app/config/destinations.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/app/config/secret_places.hpp"
#include "denrei/app/config/secret_purpose.hpp"
#include "denrei/app/config/sources.hpp"

namespace denrei {

// Puts the source's secrets, current and previous, into config.secrets; true when the source can run.
// An optional source without one is left out with a notice.
[[nodiscard]] bool collect_secrets(const SourceDraft& draft, const Environment& env, Config& config, Problems& problems);
// The same for a destination, which needs its URL too; for a channel, whose secret is Slack's URL or what signs a webhook; and for a
// service, each of whose providers may have one.
[[nodiscard]] bool collect_secrets(const DestinationDraft& draft, const Environment& env, Config& config, Problems& problems);
[[nodiscard]] bool collect_secrets(const ChannelDraft& draft, const Environment& env, Config& config, Problems& problems);
[[nodiscard]] bool collect_secrets(const ServiceDraft& draft, const Environment& env, Config& config, Problems& problems);
void read_role_tokens(const Environment& env, Config& config, Problems& problems);

}  // namespace denrei
