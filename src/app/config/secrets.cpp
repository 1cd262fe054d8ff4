// Finding secrets and refusing bad ones. No value of a secret ever enters a message.
#include "denrei/app/config/secrets.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>


namespace denrei {
namespace {

using Use = SecretPurpose;

// Who needs secrets, and what becomes of it without them.
struct Needer {
  std::string_view kind;  // "source"
  std::string name;
  std::string place;
  bool optional = false;
};

// A found secret that is good enough, or nothing; what is wrong goes to `problems`.
std::optional<FoundSecret> good_secret(const Environment& env, const std::string& name, Use use, Problems& problems,
                                       const std::vector<std::string>& allow = {}) {
  auto found = find_secret(env, name);
  if (!found) {
    problems.add(name, found.error().detail);
    return std::nullopt;
  }
  if (!*found) return std::nullopt;
  if (const auto fault = find_secret_fault((*found)->value.reveal(), use, allow); !fault.empty()) {
    problems.add((*found)->origin, fmt::format("{} {}", name, fault));
    return std::nullopt;
  }
  return std::move(*found);
}

void show_secret(Config& config, const std::string& name, const FoundSecret& found) {
  config.shown["secret." + name] = {"********", found.origin};
  if (found.others_can_read)
    config.notices.push_back(fmt::format("{} can be read by others than its owner ({}): chmod 600", name, found.origin));
}

void take_in(Config& config, const std::string& name, const FoundSecret& found) {
  show_secret(config, name, found);
  const SecretAge age{name, found.origin, found.place == SecretPlace::secrets_dir, found.since};
  if (auto warning = age_warning(age, machine_time()); !warning.empty()) config.notices.push_back(std::move(warning));
  config.secret_ages.push_back(age);
}

void take_in_previous(Config& config, const std::string& name, const FoundSecret& found) {
  show_secret(config, name + previous_suffix, found);
  if (!found.until) return;
  config.notices.push_back(fmt::format("{}{} is accepted until {}", name, previous_suffix, format_iso8601(*found.until)));
  config.secrets_change_at = std::min(*found.until, config.secrets_change_at.value_or(*found.until));
}

// One that is there and has had its time.
void tell_expired(const Environment& env, const std::string& name, Config& config) {
  const auto until = read_previous_until(secrets_dir_of(env), name);
  if (!until || !*until || **until > machine_time()) return;
  config.notices.push_back(fmt::format("{0}{1} has not been accepted since {2}; to remove it: denrei secrets revoke {0} --previous", name,
                                       previous_suffix, format_iso8601(**until)));
}

// The current secret and the previous one. False when there is no current one; `problems` may have grown even then.
bool collect_set(const std::string& name, Use use, const Environment& env, Config& config, Problems& problems) {
  auto current = good_secret(env, name, use, problems);
  auto previous = good_secret(env, name + previous_suffix, use, problems);
  if (!current) return false;
  if (config.secrets.contains(name)) return true;  // two may share one, but each judges it by its own use
  auto& set = config.secrets[name].values;
  set.push_back(std::move(current->value));
  take_in(config, name, *current);
  if (!previous) {
    tell_expired(env, name, config);
    return true;
  }
  set.push_back(std::move(previous->value));
  take_in_previous(config, name, *previous);
  return true;
}

struct Found {
  const Environment& env;
  Config& config;
  Problems& problems;
};

// A secret without a previous one; one that is not there is added to `missing`.
void collect_one(const std::string& name, Use use, const std::vector<std::string>& allow, Found into, std::vector<std::string>& missing) {
  const auto count_before = into.problems.count();
  auto found = good_secret(into.env, name, use, into.problems, allow);
  if (into.problems.count() != count_before) return;
  if (!found) return missing.push_back(name);
  if (!into.config.secrets.contains(name)) take_in(into.config, name, *found);
  into.config.secrets.try_emplace(name, SecretSet{{std::move(found->value)}});
}

void check_signing_form(const SignatureSpec& spec, const std::string& name, const std::string& place, const Config& config,
                        Problems& problems) {
  const auto set = config.secrets.find(name);
  if (set == config.secrets.end()) return;
  for (const auto& secret : set->second.values)
    if (!make_signature_key(spec, secret))
      problems.add(place, fmt::format("{} is not in the form that scheme {} wants, such as whsec_ and base64", name, spec.scheme));
}

// True when nothing is missing. An optional one that lacks something is off with a notice, any other is a problem.
bool has_all(const Needer& needer, const std::vector<std::string>& missing, Config& config, Problems& problems) {
  if (missing.empty()) return true;
  const auto names = fmt::format("{} {}", fmt::join(missing, " and "), missing.size() == 1 ? "is" : "are");
  if (needer.optional) config.notices.push_back(fmt::format("{} {} is off: {} not set", needer.kind, needer.name, names));
  else problems.add(needer.place, fmt::format("{} '{}' cannot run: {} not set (with 'optional = true' it would be off)",
                                              needer.kind, needer.name, names));
  return false;
}

}  // namespace

bool collect_secrets(const SourceDraft& draft, const Environment& env, Config& config, Problems& problems) {
  const auto& source = draft.source;
  if (source.secret.empty()) return false;  // its absence from the file has been said already
  const auto count_before = problems.count();
  std::vector<std::string> missing;
  if (!collect_set(source.secret, Use::signing, env, config, problems)) missing.push_back(source.secret);
  if (!source.bearer.empty() && !collect_set(source.bearer, Use::token, env, config, problems)) missing.push_back(source.bearer);
  check_signing_form(source.signature, source.secret, draft.scheme_place, config, problems);
  if (problems.count() != count_before) return false;
  return has_all({"source", source.name, draft.place, source.optional}, missing, config, problems);
}

bool collect_secrets(const DestinationDraft& draft, const Environment& env, Config& config, Problems& problems) {
  const auto& destination = draft.destination;
  if (destination.secret.empty()) return false;
  const auto count_before = problems.count();
  std::vector<std::string> missing;
  if (!draft.url_missing.empty()) missing.push_back(draft.url_missing);
  if (!collect_set(destination.secret, Use::signing, env, config, problems)) missing.push_back(destination.secret);
  if (!destination.bearer.empty() && !collect_set(destination.bearer, Use::token, env, config, problems))
    missing.push_back(destination.bearer);
  check_signing_form(destination.signature, destination.secret, draft.scheme_place, config, problems);
  if (problems.count() != count_before) return false;
  return has_all({"destination", destination.name, draft.place, destination.optional}, missing, config, problems);
}

bool collect_secrets(const ChannelDraft& draft, const Environment& env, Config& config, Problems& problems) {
  const auto& channel = draft.channel;
  if (channel.secret.empty()) return channel.kind != ChannelKind::slack;  // whose absence from the file has been said already
  const auto count_before = problems.count();
  std::vector<std::string> missing;
  if (channel.kind == ChannelKind::slack) collect_one(channel.secret, Use::slack_url, channel.allow, {env, config, problems}, missing);
  else collect_one(channel.secret, Use::signing, {}, {env, config, problems}, missing);
  if (const auto spec = complete_signature_spec({.scheme = "standard_webhooks"}); spec && channel.kind == ChannelKind::webhook)
    check_signing_form(*spec, channel.secret, draft.place, config, problems);
  if (problems.count() != count_before) return false;
  return has_all({"channel", channel.name, draft.place, channel.optional}, missing, config, problems);
}

bool collect_secrets(const ServiceDraft& draft, const Environment& env, Config& config, Problems& problems) {
  const auto& service = draft.service;
  const auto count_before = problems.count();
  std::vector<std::string> missing;
  for (const auto& provider : service.providers) {
    const auto use = service.kind == ServiceKind::monitoring ? Use::api_key : Use::password;
    if (!provider.secret.empty()) collect_one(provider.secret, use, {}, {env, config, problems}, missing);
  }
  if (problems.count() != count_before) return false;
  return has_all({draft.of_channel ? "channel" : "service", service.name, draft.place, service.optional}, missing, config, problems);
}

void read_role_tokens(const Environment& env, Config& config, Problems& problems) {
  static constexpr std::pair<const char*, const char*> roles[] = {{"sender", "DENREI_SENDER_TOKEN"},
                                                                  {"reader", "DENREI_READER_TOKEN"},
                                                                  {"operator", "DENREI_OPERATOR_TOKEN"},
                                                                  {"admin", "DENREI_ADMIN_TOKEN"}};
  for (const auto& [role, name] : roles) {
    auto found = good_secret(env, name, Use::token, problems);
    if (!found) continue;
    for (const auto& [other, token] : config.role_tokens)
      if (token.reveal() == found->value.reveal())
        problems.add(name, fmt::format("roles {} and {} have the same token", other, role));
    take_in(config, name, *found);
    config.role_tokens[role] = std::move(found->value);
  }
  if (auto console = good_secret(env, "DENREI_CONSOLE_TOKEN", Use::token, problems)) {
    take_in(config, "DENREI_CONSOLE_TOKEN", *console);
    config.console_token = std::move(console->value);
  }
  const auto has_any = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(), [&](const char* role) { return config.role_tokens.contains(role); });
  };
  if (!has_any({"reader", "operator", "admin"}))
    config.notices.emplace_back("no role has a token (DENREI_READER_TOKEN, …): nobody can read records");
  if (!config.destinations.empty() && !has_any({"sender", "operator", "admin"}))
    config.notices.emplace_back("no sender has a token (DENREI_SENDER_TOKEN, …): nobody can hand in events");
}

}  // namespace denrei
