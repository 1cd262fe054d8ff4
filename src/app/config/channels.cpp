// Channels: their members, what is shown of them, and which of them can run.
#include "denrei/app/config/channels.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/app/config/urls.hpp"

namespace denrei {
namespace {

constexpr std::size_t channels_max = 20;
constexpr std::size_t addressees_max = 20;
constexpr std::size_t subject_bytes_max = 200;  // a line that mail programs show
constexpr std::size_t text_bytes_max = 4'000;   // Slack cuts longer messages
constexpr IntegerRange per_minute{0, 1'000};    // more is no alert
constexpr DurationRange timeouts{Millis{100}, std::chrono::minutes{1}};

constexpr std::array kinds{ChannelKind::slack, ChannelKind::email, ChannelKind::inbox, ChannelKind::sse, ChannelKind::webhook};

std::string_view channel_kind_name(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::slack: return "slack";
    case ChannelKind::email: return "email";
    case ChannelKind::inbox: return "inbox";
    case ChannelKind::sse: return "sse";
    case ChannelKind::webhook: return "webhook";
  }
  return {};
}

Result<ChannelKind> parse_channel_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const auto kind : kinds) {
    if (name == channel_kind_name(kind)) return kind;
    names.emplace_back(channel_kind_name(kind));
  }
  return fail(FaultCode::invalid, fmt::format("unknown kind \"{}\"{}", name, suggest_word(name, names)));
}

Result<Language> parse_language(std::string_view name) {
  if (name == "ja") return Language::ja;
  if (name == "en") return Language::en;
  return fail(FaultCode::invalid, fmt::format("unknown language \"{}\"; known: ja, en", name));
}

void refuse_keys(TableReader& table, std::initializer_list<const char*> keys, std::string_view whose) {
  for (const auto* key : keys)
    if (table.node(key) != nullptr) table.complain(key, fmt::format("'{}' belongs to {}", key, whose));
}

// --- e-mail: by a service that stands in the file, or by one that stands in the channel

ServiceDraft read_service_of(TableReader& table, const ChannelDraft& read) {
  ServiceDraft out{{.name = read.channel.name, .kind = ServiceKind::email, .optional = read.channel.optional}, read.place, true};
  auto& service = out.service;
  service.retries = read.channel.retries;
  service.timeout = read.channel.timeout;
  service.providers.emplace_back().name = "primary";
  read_email_provider(table, service.providers.front());
  return out;
}

void find_service_of(TableReader& table, const Channel& channel, const std::vector<ServiceDraft>& services) {
  refuse_keys(table, {"server", "starttls", "user", "secret", "from", "ca_file", "retries", "timeout"}, "the [[service]] that 'service' names");
  std::vector<std::string> names;
  for (const auto& draft : services)
    if (draft.service.kind == ServiceKind::email && !draft.of_channel) names.push_back(draft.service.name);
  if (std::find(names.begin(), names.end(), channel.service) == names.end())
    table.complain("service", fmt::format("there is no service '{}' of kind \"email\"{}", channel.service, suggest_word(channel.service, names)));
}

void read_email(TableReader& table, ChannelDraft& read, std::vector<ServiceDraft>& services) {
  auto& channel = read.channel;
  table.require("to");
  table.read("to", channel.to);
  for (const auto& address : channel.to) check_mail_address(table, "to", address);
  if (channel.to.size() > addressees_max) table.complain("to", fmt::format("at most {} addressees are allowed", addressees_max));
  table.read("service", channel.service);
  if (!channel.service.empty()) return find_service_of(table, channel, services);
  channel.service = channel.name;
  const bool is_taken = std::any_of(services.begin(), services.end(), [&](const ServiceDraft& s) { return s.service.name == channel.name && !s.of_channel; });
  if (is_taken) table.complain("name", fmt::format("there is a service '{0}' too: send by it with service = \"{0}\", or take another name", channel.name));
  services.push_back(read_service_of(table, read));
  channel.ca_file = services.back().service.providers.front().ca_file;
}

// --- the other kinds

void read_webhook(TableReader& table, Channel& out) {
  table.require("url");
  table.read("url", out.url);
  table.read("plain_http", out.plain_http);
  read_secret_name(table, "secret", out.secret);
  if (out.url.empty()) return;
  const auto hint = out.url.starts_with("http://") && !out.plain_http ? " (http:// needs 'plain_http = true')" : "";
  if (const auto fault = find_post_fault(out.url, {out.plain_http, out.allow}); !fault.empty())
    table.complain("url", fmt::format("'url' {}{}", fault, hint));
}

void read_by_kind(TableReader& table, ChannelDraft& read, std::vector<ServiceDraft>& services) {
  auto& channel = read.channel;
  if (channel.kind != ChannelKind::email) refuse_keys(table, {"server", "starttls", "user", "from", "to", "service"}, "kind \"email\"");
  if (channel.kind != ChannelKind::webhook) refuse_keys(table, {"url", "plain_http"}, "kind \"webhook\"");
  switch (channel.kind) {
    case ChannelKind::slack:
      table.require("secret");
      return read_secret_name(table, "secret", channel.secret);
    case ChannelKind::email: return read_email(table, read, services);
    case ChannelKind::inbox:
    case ChannelKind::sse: return refuse_keys(table, {"secret"}, "kinds \"slack\", \"email\" and \"webhook\"");
    case ChannelKind::webhook: return read_webhook(table, channel);
  }
}

void read_words(TableReader& table, Channel& out) {
  read_named(table, "language", &parse_language, out.language);
  table.read("subject", out.subject);
  table.read("text", out.text);
  if (out.subject.size() > subject_bytes_max) table.complain("subject", fmt::format("'subject' has more than {} bytes", subject_bytes_max));
  if (out.subject.find_first_of("\r\n") != std::string::npos) table.complain("subject", "'subject' is one line");
  if (out.text.size() > text_bytes_max) table.complain("text", fmt::format("'text' has more than {} bytes", text_bytes_max));
}

ChannelDraft read_channel(TableReader& table, std::vector<ServiceDraft>& services) {
  ChannelDraft out;
  auto& channel = out.channel;
  out.place = table.place("");
  table.require("name");
  table.require("kind");
  read_name(table, "name", channel.name);
  read_named(table, "kind", &parse_channel_kind, channel.kind);
  table.read("optional", channel.optional);
  if (channel.kind != ChannelKind::email) read_ca_file(table, "ca_file", channel.ca_file);
  read_ranges(table, "allow", channel.allow);
  read_count(table, "retries", service_retries, channel.retries);
  read_duration(table, "timeout", timeouts, channel.timeout);
  read_count(table, "per_minute", per_minute, channel.per_minute);
  read_words(table, channel);
  read_by_kind(table, out, services);
  table.refuse_unknown_keys();
  return out;
}

// --- what is shown

std::string in_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') line += "\\n";
    else line += c;
  }
  return line;
}

void show_mail(ShownValues& shown, const Channel& channel, const std::vector<ServiceDraft>& services) {
  shown.add("service", channel.service);
  shown.add_list("to", channel.to);
  if (services.empty() || !services.back().of_channel || services.back().service.name != channel.service) return;
  const auto& provider = services.back().service.providers.front();
  shown.add("server", provider.url);
  shown.add_flag("starttls", provider.starttls);
  shown.add("user", provider.user);
  shown.add("secret", provider.secret);
  shown.add("from", provider.from);
}

void show_channel(const Channel& channel, const std::vector<ServiceDraft>& services, const TableReader& table, Config& config) {
  ShownValues shown(config, "channel." + channel.name, table);
  const bool by_service = channel.kind == ChannelKind::email && table.has("service");
  shown.add("kind", std::string(channel_kind_name(channel.kind)));
  shown.add_flag("optional", channel.optional);
  shown.add("secret", channel.secret);
  shown.add("url", mask_query(channel.url));
  if (channel.kind == ChannelKind::webhook) shown.add_flag("plain_http", channel.plain_http);
  if (channel.kind == ChannelKind::email) show_mail(shown, channel, services);
  shown.add("language", channel.language == Language::ja ? "ja" : "en");
  shown.add("subject", channel.subject.empty() ? "the alert's" : channel.subject);
  shown.add("text", channel.text.empty() ? "the alert's" : in_one_line(channel.text));
  shown.add("per_minute", channel.per_minute == 0 ? "unlimited" : std::to_string(channel.per_minute));
  if (by_service) return;
  shown.add("ca_file", channel.ca_file.empty() ? "the system's" : channel.ca_file);
  shown.add_list("allow", channel.allow.empty() ? std::vector<std::string>{"public addresses only"} : channel.allow);
  shown.add_number("retries", channel.retries);
  shown.add("timeout", show_duration(channel.timeout));
}

// Whether the service that sends its mails is on; a notice says if not, unless one has said so of the channel already.
bool has_service(const Channel& channel, Config& config) {
  if (channel.kind != ChannelKind::email) return true;
  const auto is_its = [&](const Service& service) { return service.name == channel.service; };
  if (std::any_of(config.services.begin(), config.services.end(), is_its)) return true;
  if (channel.service != channel.name) config.notices.push_back(fmt::format("channel {} is off: its service {} is off", channel.name, channel.service));
  return false;
}

}  // namespace

std::vector<ChannelDraft> read_channels(const ConfigFile& file, std::vector<ServiceDraft>& services, ConfigDraft& draft, Problems& problems) {
  std::vector<ChannelDraft> drafts;
  Seen names;
  for (auto& table : tables_of(file, "channel", channels_max, problems)) {
    auto read = read_channel(table, services);
    refuse_repeat("name", read.channel.name, table, "name", names);
    show_channel(read.channel, services, table, draft.config);
    drafts.push_back(std::move(read));
  }
  return drafts;
}

void take_channels(std::vector<ChannelDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems) {
  for (auto& read : drafts)
    if (has_service(read.channel, config) && collect_secrets(read, inputs.env, config, problems)) config.channels.push_back(std::move(read.channel));
}

}  // namespace denrei
