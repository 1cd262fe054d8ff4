// Reading who uses which secret.
#include "denrei/app/config/secret_uses.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/app/config/channels.hpp"
#include "denrei/app/config/destinations.hpp"
#include "denrei/app/config/sources.hpp"

namespace denrei {
namespace {

using Kind = SecretUser::Kind;

constexpr std::string_view standard_webhooks = "standard_webhooks";
constexpr std::array role_tokens{std::pair{"sender", "DENREI_SENDER_TOKEN"}, std::pair{"reader", "DENREI_READER_TOKEN"},
                                 std::pair{"operator", "DENREI_OPERATOR_TOKEN"}, std::pair{"admin", "DENREI_ADMIN_TOKEN"},
                                 std::pair{"console", "DENREI_CONSOLE_TOKEN"}};

void add(SecretUses& out, const std::string& name, SecretUser user) {
  if (name.empty()) return;
  const auto at = std::find_if(out.secrets.begin(), out.secrets.end(), [&](const SecretUse& use) { return use.name == name; });
  if (at == out.secrets.end()) out.secrets.push_back({name, {std::move(user)}, {}});
  else at->users.push_back(std::move(user));
}

void add_source(SecretUses& out, const Source& source) {
  add(out, source.secret, {Kind::source, source.name, SecretPurpose::signing, source.optional, source.signature.scheme});
  add(out, source.bearer, {Kind::source, source.name, SecretPurpose::token, source.optional, {}});
}

void add_destination(SecretUses& out, const Destination& destination) {
  add(out, destination.secret, {Kind::destination, destination.name, SecretPurpose::signing, destination.optional, destination.signature.scheme});
  add(out, destination.bearer, {Kind::destination, destination.name, SecretPurpose::token, destination.optional, {}});
}

void add_channel(SecretUses& out, const Channel& channel) {
  const bool signs = channel.kind == ChannelKind::webhook;
  add(out, channel.secret, {Kind::channel, channel.name, signs ? SecretPurpose::signing : SecretPurpose::slack_url, channel.optional,
                            signs ? std::string(standard_webhooks) : std::string()});
  for (auto& use : out.secrets)
    if (use.name == channel.secret) use.allow = channel.allow;
}

void add_service(SecretUses& out, const Service& service) {
  const auto purpose = service.kind == ServiceKind::monitoring ? SecretPurpose::api_key : SecretPurpose::password;
  for (const auto& provider : service.providers) add(out, provider.secret, {Kind::service, service.name, purpose, service.optional, {}});
}

}  // namespace

std::string user_text(const SecretUser& user) {
  switch (user.kind) {
    case Kind::source: return "source " + user.name;
    case Kind::destination: return "destination " + user.name;
    case Kind::channel: return "channel " + user.name;
    case Kind::service: return "service " + user.name;
    case Kind::role: return user.name == "console" ? "console" : "role " + user.name;
  }
  return {};
}

bool SecretUse::is_standard_webhooks() const {
  return std::any_of(users.begin(), users.end(), [](const SecretUser& user) { return user.scheme == standard_webhooks; });
}

Result<SecretUses> list_secret_uses(const ConfigInputs& inputs) {
  const auto file = open_config_file(inputs);
  if (!file) return tl::unexpected(file.error());
  Problems problems;
  ConfigDraft draft;
  apply_settings(*file, inputs, draft, problems);
  const auto sources = read_sources(*file, draft, problems);
  auto services = read_services(*file, draft, problems);
  const auto channels = read_channels(*file, services, draft, problems);
  const auto destinations = read_destinations(*file, inputs, channels, draft, problems);
  if (!problems.empty()) return tl::unexpected(problems.fault());
  SecretUses out;
  out.env = with_secrets_dir(inputs.env, draft.config.data_dir);
  out.folder = secrets_dir_of(out.env);
  for (const auto& read : sources) add_source(out, read.source);
  for (const auto& read : destinations) add_destination(out, read.destination);
  for (const auto& read : channels) add_channel(out, read.channel);
  for (const auto& read : services) add_service(out, read.service);
  for (const auto& [role, name] : role_tokens) add(out, name, {Kind::role, role, SecretPurpose::token, true, {}});
  return out;
}

}  // namespace denrei
