// Channels: their members, what is shown of them, and which of them can run.
#include "denrei/app/config/channels.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/app/config/urls.hpp"
#include "denrei/domain/schema_predicates.hpp"

namespace denrei {
namespace {

constexpr std::size_t channels_max = 20;
constexpr std::size_t addressees_max = 20;
constexpr IntegerRange retries{0, 10};  // the tenth wait is 8.5 minutes
constexpr DurationRange timeouts{Millis{100}, std::chrono::minutes{1}};

Result<ChannelKind> parse_channel_kind(std::string_view name) {
  if (name == "slack") return ChannelKind::slack;
  if (name == "email") return ChannelKind::email;
  return fail(FaultCode::invalid, fmt::format("unknown kind \"{}\"{}", name, suggest_word(name, {"slack", "email"})));
}

std::string_view channel_kind_name(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::slack: return "slack";
    case ChannelKind::email: return "email";
  }
  return {};
}

// ASCII only: an addressee whose server knows no SMTPUTF8 would never hear of an alert.
bool is_mail_address(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; }) && find_predicate("email")->holds(text, {});
}

void read_server(TableReader& table, Channel& out) {
  table.read("server", out.server);
  table.read("starttls", out.starttls);
  if (out.server.empty()) return;
  if (const auto fault = find_mail_server_fault(out.server); !fault.empty())
    return table.complain("server", fmt::format("'server' {}", fault));
  const auto url = *parse_url(out.server);
  const bool in_the_clear = url.scheme == "smtp" && !out.starttls && !is_loopback_literal(url);
  if (in_the_clear && !out.secret.empty()) table.complain("starttls", "without 'starttls' the password would be sent in the clear");
}

void read_addresses(TableReader& table, Channel& out) {
  table.read("from", out.from);
  table.read("to", out.to);
  const auto check = [&](std::string_view key, const std::string& address) {
    if (!is_mail_address(address))
      table.complain(key, fmt::format("'{}' is not an e-mail address such as alerts@hospital.example.com", address));
  };
  if (!out.from.empty()) check("from", out.from);
  for (const auto& address : out.to) check("to", address);
  if (out.to.size() > addressees_max) table.complain("to", fmt::format("at most {} addressees are allowed", addressees_max));
}

void read_email(TableReader& table, Channel& out) {
  for (const auto* key : {"server", "from", "to"}) table.require(key);
  table.read("user", out.user);
  if (out.user.empty() != out.secret.empty()) table.complain("user", "'user' and 'secret' (the password) go together");
  read_server(table, out);
  read_addresses(table, out);
}

void refuse_email_keys(TableReader& table) {
  for (const auto* key : {"server", "starttls", "user", "from", "to"})
    if (table.node(key) != nullptr) table.complain(key, fmt::format("'{}' belongs to kind \"email\"", key));
}

ChannelDraft read_channel(TableReader& table) {
  ChannelDraft out;
  auto& channel = out.channel;
  out.place = table.place("");
  table.require("name");
  table.require("kind");
  read_name(table, "name", channel.name);
  read_named(table, "kind", &parse_channel_kind, channel.kind);
  table.read("optional", channel.optional);
  read_secret_name(table, "secret", channel.secret);
  read_ca_file(table, "ca_file", channel.ca_file);
  read_ranges(table, "allow", channel.allow);
  read_count(table, "retries", retries, channel.retries);
  read_duration(table, "timeout", timeouts, channel.timeout);
  switch (channel.kind) {
    case ChannelKind::slack:
      table.require("secret");
      refuse_email_keys(table);
      break;
    case ChannelKind::email: read_email(table, channel); break;
  }
  table.refuse_unknown_keys();
  return out;
}

void show_channel(const Channel& channel, const TableReader& table, Config& config) {
  ShownValues shown(config, "channel." + channel.name, table);
  shown.add("kind", std::string(channel_kind_name(channel.kind)));
  shown.add_flag("optional", channel.optional);
  shown.add("secret", channel.secret);
  if (channel.kind == ChannelKind::email) {
    shown.add("server", channel.server);
    shown.add_flag("starttls", channel.starttls);
    shown.add("user", channel.user);
    shown.add("from", channel.from);
    shown.add_list("to", channel.to);
  }
  shown.add("ca_file", channel.ca_file.empty() ? "the system's" : channel.ca_file);
  shown.add_list("allow", channel.allow.empty() ? std::vector<std::string>{"public addresses only"} : channel.allow);
  shown.add_number("retries", channel.retries);
  shown.add("timeout", show_duration(channel.timeout));
}

}  // namespace

std::vector<ChannelDraft> read_channels(const ConfigFile& file, ConfigDraft& draft, Problems& problems) {
  std::vector<ChannelDraft> drafts;
  Seen names;
  for (auto& table : tables_of(file, "channel", channels_max, problems)) {
    auto read = read_channel(table);
    refuse_repeat("name", read.channel.name, table, "name", names);
    show_channel(read.channel, table, draft.config);
    drafts.push_back(std::move(read));
  }
  return drafts;
}

void take_channels(std::vector<ChannelDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems) {
  for (auto& read : drafts)
    if (collect_secrets(read, inputs.env, config, problems)) config.channels.push_back(std::move(read.channel));
}

}  // namespace denrei
