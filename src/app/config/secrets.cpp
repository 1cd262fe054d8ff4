// Finding secrets and refusing bad ones. No value of a secret ever enters a message.
#include "denrei/app/config/secrets.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

enum class Use : std::uint8_t { signing, token };

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

// What an Authorization header can carry as a bearer token.
bool is_token_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// A found secret that is good enough, or nothing; what is wrong goes to `problems`.
std::optional<FoundSecret> good_secret(const Environment& env, const std::string& name, Use use, Problems& problems) {
  auto found = find_secret(env, name);
  if (!found) {
    problems.add(name, found.error().detail);
    return std::nullopt;
  }
  if (!*found) return std::nullopt;
  const auto text = (*found)->value.reveal();
  const auto length = count_characters(text);
  const auto least = use == Use::signing ? signing_secret_characters_min : token_characters_min;
  if (length < least) {
    problems.add((*found)->origin, fmt::format("{} has {} characters, a {} needs at least {}", name, length,
                                               use == Use::signing ? "signing secret" : "token", least));
    return std::nullopt;
  }
  if (use == Use::token && !is_token_text(text)) {
    problems.add((*found)->origin, fmt::format("{} holds blanks or characters that an Authorization header cannot carry", name));
    return std::nullopt;
  }
  return std::move(*found);
}

void show_secret(Config& config, const std::string& name, const std::string& origin) {
  config.shown["secret." + name] = {"********", origin};
}

// The current secret and the previous one. False when there is no current one; `problems` may have grown even then.
bool collect_set(const std::string& name, Use use, const Environment& env, Config& config, Problems& problems) {
  if (config.secrets.contains(name)) return true;  // two sources may share one
  auto current = good_secret(env, name, use, problems);
  auto previous = good_secret(env, name + "_PREVIOUS", use, problems);
  if (!current) return false;
  auto& set = config.secrets[name].values;
  set.push_back(std::move(current->value));
  show_secret(config, name, current->origin);
  if (!previous) return true;
  set.push_back(std::move(previous->value));
  show_secret(config, name + "_PREVIOUS", previous->origin);
  return true;
}

void check_signing_form(const SourceDraft& draft, const Config& config, Problems& problems) {
  const auto set = config.secrets.find(draft.source.secret);
  if (set == config.secrets.end()) return;
  for (const auto& secret : set->second.values)
    if (!make_signature_key(draft.source.signature, secret))
      problems.add(draft.scheme_place, fmt::format("{} is not in the form that scheme {} wants, such as whsec_ and base64",
                                                   draft.source.secret, draft.source.signature.scheme));
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
  check_signing_form(draft, config, problems);
  if (problems.count() != count_before) return false;
  if (missing.empty()) return true;
  const auto names = fmt::format("{} {}", fmt::join(missing, " and "), missing.size() == 1 ? "is" : "are");
  if (source.optional) config.notices.push_back(fmt::format("source {} is off: {} not set", source.name, names));
  else problems.add(draft.place, fmt::format("source '{}' cannot run: {} not set (with 'optional = true' it would be off)", source.name, names));
  return false;
}

void read_role_tokens(const Environment& env, Config& config, Problems& problems) {
  static constexpr std::pair<const char*, const char*> roles[] = {
      {"reader", "DENREI_READER_TOKEN"}, {"operator", "DENREI_OPERATOR_TOKEN"}, {"admin", "DENREI_ADMIN_TOKEN"}};
  for (const auto& [role, name] : roles) {
    auto found = good_secret(env, name, Use::token, problems);
    if (!found) continue;
    for (const auto& [other, token] : config.role_tokens)
      if (token.reveal() == found->value.reveal())
        problems.add(name, fmt::format("roles {} and {} have the same token", other, role));
    show_secret(config, name, found->origin);
    config.role_tokens[role] = std::move(found->value);
  }
  if (config.role_tokens.empty()) config.notices.emplace_back("no role has a token (DENREI_READER_TOKEN, …): nobody can read records");
}

}  // namespace denrei
