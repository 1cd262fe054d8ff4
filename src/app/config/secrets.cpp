// Finding secrets and refusing bad ones. No value of a secret ever enters a message.
#include "denrei/app/config/secrets.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/config/urls.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

enum class Use : std::uint8_t { signing, token, slack_url, password };

// Who needs secrets, and what becomes of it without them.
struct Needer {
  std::string_view kind;  // "source"
  std::string name;
  std::string place;
  bool optional = false;
};

std::optional<std::string> non_empty(const Environment& env, const std::string& name) {
  auto value = env(name);
  return value && !value->empty() ? value : std::nullopt;
}

void cut_line_break(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

Result<std::optional<FoundSecret>> read_secret_file(const std::filesystem::path& path, std::string origin) {
  auto text = read_small_file(path);
  if (!text) return tl::unexpected(text.error());
  cut_line_break(*text);
  return FoundSecret{Secret(std::move(*text)), std::move(origin)};
}

std::size_t count_characters(std::string_view text) { return is_utf8(text) ? count_code_points(text) : text.size(); }

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

std::string find_length_fault(std::string_view text, std::string_view what, std::size_t least) {
  const auto length = count_characters(text);
  return length >= least ? "" : fmt::format("has {} characters, a {} needs at least {}", length, what, least);
}

// What is wrong with a secret, as the end of a sentence that begins with its name; never the value.
std::string find_fault(std::string_view text, Use use, const std::vector<std::string>& allow) {
  switch (use) {
    case Use::signing: return find_length_fault(text, "signing secret", signing_secret_characters_min);
    case Use::token:
      if (auto fault = find_length_fault(text, "token", token_characters_min); !fault.empty()) return fault;
      return is_visible_ascii(text) ? "" : "holds blanks or characters that an Authorization header cannot carry";
    case Use::slack_url: {
      // Plain HTTP is for a receiver on this very machine, and only where `allow` names its address.
      const auto url = parse_url(text);
      return find_post_fault(text, {.plain_http = url && is_loopback_literal(*url), .allow = allow});
    }
    case Use::password: return has_control(text) || text.empty() ? "is empty or holds control characters" : "";
  }
  return {};
}

// A found secret that is good enough, or nothing; what is wrong goes to `problems`.
std::optional<FoundSecret> good_secret(const Environment& env, const std::string& name, Use use, Problems& problems,
                                       const std::vector<std::string>& allow = {}) {
  auto found = find_secret(env, name);
  if (!found) {
    problems.add(name, found.error().detail);
    return std::nullopt;
  }
  if (!*found) return std::nullopt;
  if (const auto fault = find_fault((*found)->value.reveal(), use, allow); !fault.empty()) {
    problems.add((*found)->origin, fmt::format("{} {}", name, fault));
    return std::nullopt;
  }
  return std::move(*found);
}

void show_secret(Config& config, const std::string& name, const std::string& origin) {
  config.shown["secret." + name] = {"********", origin};
}

// The current secret and the previous one. False when there is no current one; `problems` may have grown even then.
bool collect_set(const std::string& name, Use use, const Environment& env, Config& config, Problems& problems) {
  auto current = good_secret(env, name, use, problems);
  auto previous = good_secret(env, name + "_PREVIOUS", use, problems);
  if (!current) return false;
  if (config.secrets.contains(name)) return true;  // two may share one, but each judges it by its own use
  auto& set = config.secrets[name].values;
  set.push_back(std::move(current->value));
  show_secret(config, name, current->origin);
  if (!previous) return true;
  set.push_back(std::move(previous->value));
  show_secret(config, name + "_PREVIOUS", previous->origin);
  return true;
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

Result<std::optional<FoundSecret>> find_secret(const Environment& env, const std::string& name) {
  if (auto value = non_empty(env, name)) return FoundSecret{Secret(std::move(*value)), "env " + name};
  if (const auto path = non_empty(env, name + "_FILE")) return read_secret_file(*path, fmt::format("file {}", *path));
  const auto folder = non_empty(env, "CREDENTIALS_DIRECTORY");
  if (!folder) return std::nullopt;
  const auto path = std::filesystem::path(*folder) / name;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  return read_secret_file(path, "credential " + name);
}

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
  if (channel.secret.empty()) return channel.kind == ChannelKind::email;  // a mail server may want no password
  const auto count_before = problems.count();
  const auto use = channel.kind == ChannelKind::slack ? Use::slack_url : Use::password;
  auto found = good_secret(env, channel.secret, use, problems, channel.allow);
  if (problems.count() != count_before) return false;
  std::vector<std::string> missing;
  if (!found) missing.push_back(channel.secret);
  if (!has_all({"channel", channel.name, draft.place, channel.optional}, missing, config, problems)) return false;
  show_secret(config, channel.secret, found->origin);
  config.secrets.try_emplace(channel.secret, SecretSet{{std::move(found->value)}});
  return true;
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
    show_secret(config, name, found->origin);
    config.role_tokens[role] = std::move(found->value);
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
