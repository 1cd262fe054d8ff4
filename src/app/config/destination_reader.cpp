// The members of one destination: where to, with which proof, and who hears of its failures. How it is tried: delivery_policy.cpp.
#include "denrei/app/config/destination_reader.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/app/config/members.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/urls.hpp"

namespace denrei {
namespace {

constexpr std::size_t alerts_max = 50;
constexpr std::size_t subject_bytes_max = 200;      // a line that mail programs show
constexpr std::size_t alert_text_bytes_max = 4'000; // Slack cuts longer messages
constexpr std::size_t audit_fields_max = 20;
// What every audit entry says in any case.
constexpr std::array audit_words{"action", "destination", "deliveryId", "eventId", "key", "reason", "attempts", "lastError", "timestamp"};

std::string_view hint_at_plain_http(const Destination& destination) {
  return destination.url.starts_with("http://") && !destination.plain_http ? " (http:// needs 'plain_http = true')" : "";
}

// The variable goes before the file, as everywhere.
void read_url(TableReader& table, const DestinationSurroundings& around, Problems& problems, DestinationDraft& out) {
  auto& destination = out.destination;
  table.read("url", destination.url);
  read_url_name(table, "url_env", out.url_env);
  table.read("plain_http", destination.plain_http);
  table.read("http2", destination.http2);
  read_ranges(table, "allow", destination.allow);
  out.url_origin = table.place("url");
  if (!table.has("url") && !table.has("url_env")) table.complain("", fmt::format("{} needs 'url' or 'url_env'", table.title()));
  if (!out.url_env.empty()) {
    const auto found = find_secret(around.inputs.env, out.url_env);
    if (!found) return problems.add(out.url_env, found.error().detail);
    if (*found) {
      destination.url = (*found)->value.reveal();
      out.url_origin = (*found)->origin;
    }
  }
  if (destination.url.empty()) out.url_missing = out.url_env;
  else if (const auto fault = find_post_fault(destination.url, {destination.plain_http, destination.allow}); !fault.empty())
    problems.add(out.url_origin, fmt::format("the URL of destination '{}' {}{}", destination.name, fault, hint_at_plain_http(destination)));
}

void read_signature(TableReader& table, DestinationDraft& out) {
  auto& spec = out.destination.signature;
  table.read("scheme", spec.scheme);
  table.read("signature_header", spec.signature_header);
  table.read("timestamp_header", spec.timestamp_header);
  table.read("id_header", spec.id_header);
  read_named(table, "timestamp_format", &parse_timestamp_format, spec.timestamp_format);
  out.scheme_place = table.place("scheme");
  if (spec.scheme.empty()) return;
  if (auto completed = complete_signature_spec(spec)) spec = std::move(*completed);
  else table.complain("scheme", completed.error().detail);
}

void read_access(TableReader& table, Destination& out) {
  read_secret_name(table, "secret", out.secret);
  read_secret_name(table, "bearer", out.bearer);
  table.read("optional", out.optional);
  read_ca_file(table, "ca_file", out.ca_file);
  table.read("proxy", out.proxy);
  if (out.proxy.empty()) return;
  if (const auto fault = find_proxy_fault(out.proxy); !fault.empty()) table.complain("proxy", fmt::format("'proxy' {}", fault));
}

void read_alert_rule(TableReader& rule, std::vector<AlertRule>& out) {
  AlertRule read;
  rule.require("on");
  rule.require("severity");
  read_named(rule, "on", &parse_outcome_pattern, read.on);
  read_named(rule, "severity", &parse_severity, read.severity);
  rule.refuse_unknown_keys();
  out.push_back(read);
}

void read_alert_rules(TableReader& table, Problems& problems, Destination& out) {
  const auto* node = table.node("alerts");
  if (node == nullptr) return;
  const auto* list = node->as_array();
  const bool good = list != nullptr && list->size() <= alerts_max && (list->empty() || list->is_homogeneous(toml::node_type::table));
  if (!good) return table.complain("alerts", fmt::format("'alerts' must be a list of at most {} tables {{ on, severity }}", alerts_max));
  for (const auto& item : *list) {
    TableReader rule(*item.as_table(), "'alerts'", table.file(), problems);
    read_alert_rule(rule, out.alerts);
  }
}

void read_text(TableReader& table, std::string_view key, std::size_t bytes_max, std::string& out) {
  table.read(key, out);
  if (out.size() > bytes_max) table.complain(key, fmt::format("'{}' has more than {} bytes", key, bytes_max));
}

void read_subject(TableReader& table, std::string_view key, std::string& out) {
  read_text(table, key, subject_bytes_max, out);
  if (out.find_first_of("\r\n") != std::string::npos) table.complain(key, fmt::format("'{}' is one line", key));
}

void read_alerting(TableReader& table, const DestinationSurroundings& around, Problems& problems, Destination& out) {
  table.read("channels", out.channels);
  for (const auto& name : out.channels)
    if (std::find(around.channels.begin(), around.channels.end(), name) == around.channels.end())
      table.complain("channels", fmt::format("there is no channel '{}'{}", name, suggest_word(name, around.channels)));
  read_alert_rules(table, problems, out);
  read_named(table, "exhausted", &parse_severity, out.exhausted);
  read_subject(table, "alert_subject", out.alert_subject);
  read_text(table, "alert_text", alert_text_bytes_max, out.alert_text);
  read_subject(table, "alert_subject_en", out.alert_subject_en);
  read_text(table, "alert_text_en", alert_text_bytes_max, out.alert_text_en);
}

void read_audit(TableReader& table, Problems& problems, Destination& out) {
  table.read("audit_action", out.audit_action);
  if (out.audit_action.empty() || out.audit_action.size() > name_bytes_max || !consists_of(out.audit_action, "-_."))
    table.complain("audit_action", fmt::format("'audit_action' must be 1 to {} letters, digits, '-', '_' or '.'", name_bytes_max));
  const auto* node = table.node("audit_fields");
  if (node == nullptr) return;
  const auto* fields = node->as_table();
  if (fields == nullptr || fields->size() > audit_fields_max)
    return table.complain("audit_fields",
                          fmt::format("'audit_fields' must be a table {{ name = \"/json/pointer\" }} of at most {}", audit_fields_max));
  for (const auto& [key, item] : *fields) {
    const std::string name(key.str());
    const auto pointer = item.value_exact<std::string>();
    if (std::find(audit_words.begin(), audit_words.end(), name) != audit_words.end())
      problems.add(table.place_of(item), fmt::format("every audit entry has its own '{}'", name));
    if (!pointer || pointer->empty() || !is_pointer(*pointer))
      problems.add(table.place_of(item), fmt::format("audit field '{}' must be a JSON Pointer such as \"/reportId\"", name));
    else out.audit_fields[name] = *pointer;
  }
}

}  // namespace

DestinationDraft read_destination(TableReader& table, const DestinationSurroundings& around, Problems& problems) {
  DestinationDraft out;
  out.place = table.place("");
  for (const auto* key : {"name", "scheme", "secret"}) table.require(key);
  table.read("enabled", out.enabled);
  read_name(table, "name", out.destination.name);
  read_url(table, around, problems, out);
  read_signature(table, out);
  read_access(table, out.destination);
  read_headers(table, problems, out.destination);
  read_delivery_policy(table, out.destination);
  read_type_policy(table, problems, out.destination);
  read_alerting(table, around, problems, out.destination);
  read_audit(table, problems, out.destination);
  table.refuse_unknown_keys();
  return out;
}

}  // namespace denrei
