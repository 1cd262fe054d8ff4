// All destinations together: unique names, what is shown of them, and which of them can run.
#include "denrei/app/config/destinations.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/config/destination_reader.hpp"
#include "denrei/app/config/members.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/shown_values.hpp"
#include "denrei/app/config/urls.hpp"

namespace denrei {
namespace {

static_assert(name_bytes_max <= limits::destination_name_bytes_max);

std::vector<std::string> show_patterns(const OutcomePatterns& patterns) {
  std::vector<std::string> texts;
  for (const auto& pattern : patterns) texts.push_back(outcome_pattern_text(pattern));
  return texts.empty() ? std::vector<std::string>{"nothing"} : texts;
}

// A template of several lines, in one.
std::string show_text(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') line += "\\n";
    else line += c;
  }
  return line;
}

void show_proof(ShownValues& shown, const DestinationDraft& read) {
  const auto& d = read.destination;
  shown.add_flag("enabled", read.enabled);
  shown.add("url_env", read.url_env);
  shown.add_from("url", mask_query(d.url), read.url_origin);
  shown.add_flag("plain_http", d.plain_http);
  shown.add_flag("http2", d.http2);
  shown.add("scheme", d.signature.scheme);
  shown.add("signature_header", d.signature.signature_header);
  shown.add("timestamp_header", d.signature.timestamp_header);
  shown.add("timestamp_format", timestamp_format_text(d.signature.timestamp_format));
  shown.add("id_header", d.signature.id_header);
  shown.add("secret", d.secret);
  shown.add("bearer", d.bearer);
  shown.add("request_id_header", d.request_id_header);
  std::vector<std::string> headers;
  for (const auto& header : d.headers) headers.push_back(fmt::format("{}: {}", header.name, header.value));
  shown.add_list("headers", headers);
  shown.add_flag("optional", d.optional);
  shown.add_list("allow", d.allow.empty() ? std::vector<std::string>{"public addresses only"} : d.allow);
  shown.add("ca_file", d.ca_file.empty() ? "the system's" : d.ca_file);
  shown.add("proxy", d.proxy.empty() ? "none" : d.proxy);
}

void show_policy(ShownValues& shown, const Destination& d) {
  std::vector<std::string> schedule;
  for (const auto wait : d.schedule) schedule.push_back(show_duration(wait));
  shown.add_list("success", show_patterns(d.success));
  shown.add("success_pointer", d.success_pointer);
  shown.add_list("schedule", schedule.empty() ? std::vector<std::string>{"one attempt"} : schedule);
  shown.add_list("retry_on", show_patterns(d.retry_on));
  shown.add_list("give_up_on", show_patterns(d.give_up_on));
  shown.add_list("disable_on", show_patterns(d.disable_on));
  shown.add_number("rounds", d.rounds);
  shown.add("round_wait", show_duration(d.round_wait));
  shown.add("jitter", fmt::format("{}", d.jitter));
  shown.add("retry_after_max", show_duration(d.retry_after_max));
  shown.add("connect_timeout", show_duration(d.connect_timeout));
  shown.add("timeout", show_duration(d.timeout));
  shown.add("rate", d.rate == 0 ? "unlimited" : fmt::format("{}", d.rate));
  shown.add_number("burst", d.burst);
  std::vector<std::string> limits;
  for (const auto& limit : d.limits) limits.push_back(fmt::format("{}: {} in {}", limit.type, limit.count, show_duration(limit.window)));
  shown.add_list("limits", limits);
  shown.add_list("coalesce", d.coalesce);
  shown.add_number("concurrency", d.concurrency);
  shown.add("order", std::string(lane_order_name(d.order)));
  shown.add_number("breaker_failures", d.breaker_failures);
  shown.add("breaker_open", show_duration(d.breaker_open));
  shown.add_number("pending_max", d.pending_max);
  shown.add_number("dead_max", d.dead_max);
}

void show_alerting(ShownValues& shown, const Destination& d) {
  std::vector<std::string> rules;
  for (const auto& rule : d.alerts) rules.push_back(fmt::format("{}: {}", outcome_pattern_text(rule.on), severity_name(rule.severity)));
  std::vector<std::string> fields;
  for (const auto& [name, pointer] : d.audit_fields) fields.push_back(fmt::format("{} = {}", name, pointer));
  shown.add_list("channels", d.channels);
  shown.add_list("alerts", rules);
  shown.add("exhausted", std::string(severity_name(d.exhausted)));
  shown.add("alert_subject", d.alert_subject.empty() ? "the general one" : d.alert_subject);
  shown.add("alert_text", d.alert_text.empty() ? "the general one" : show_text(d.alert_text));
  shown.add("alert_subject_en", d.alert_subject_en.empty() ? "the general one" : d.alert_subject_en);
  shown.add("alert_text_en", d.alert_text_en.empty() ? "the general one" : show_text(d.alert_text_en));
  shown.add("audit_action", d.audit_action);
  shown.add_list("audit_fields", fields);
}

void show_destination(const DestinationDraft& read, const TableReader& table, Config& config) {
  ShownValues shown(config, "destination." + read.destination.name, table);
  show_proof(shown, read);
  show_policy(shown, read.destination);
  show_alerting(shown, read.destination);
}

// A channel that is off takes no alerts; a destination none of whose channels is on has nobody to tell.
void keep_live_channels(Destination& destination, Config& config) {
  auto& names = destination.channels;
  const auto is_off = [&](const std::string& name) {
    return std::none_of(config.channels.begin(), config.channels.end(), [&](const Channel& c) { return c.name == name; });
  };
  std::erase_if(names, is_off);
  const bool alerts = destination.exhausted != Severity::none || !destination.alerts.empty();
  if (names.empty() && alerts)
    config.notices.push_back(fmt::format("destination {} has no channel that is on: its alerts are only logged", destination.name));
}

}  // namespace

std::vector<DestinationDraft> read_destinations(const ConfigFile& file, const ConfigInputs& inputs,
                                                const std::vector<ChannelDraft>& channels, ConfigDraft& draft, Problems& problems) {
  DestinationSurroundings around{inputs, {}};
  for (const auto& channel : channels) around.channels.push_back(channel.channel.name);
  std::vector<DestinationDraft> drafts;
  Seen names;
  for (auto& table : tables_of(file, "destination", limits::destinations_max, problems)) {
    auto read = read_destination(table, around, problems);
    refuse_repeat("name", read.destination.name, table, "name", names);
    show_destination(read, table, draft.config);
    drafts.push_back(std::move(read));
  }
  return drafts;
}

void take_destinations(std::vector<DestinationDraft> drafts, const ConfigInputs& inputs, Config& config, Problems& problems) {
  for (auto& read : drafts) {
    if (!read.enabled) {
      config.notices.push_back(fmt::format("destination {} is off: enabled = false", read.destination.name));
    } else if (collect_secrets(read, inputs.env, config, problems)) {
      keep_live_channels(read.destination, config);
      config.destinations.push_back(std::move(read.destination));
    }
  }
}

}  // namespace denrei
