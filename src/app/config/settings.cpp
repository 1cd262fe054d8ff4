// The table of settings, and which of option, variable, file and default wins.
#include "denrei/app/config/settings.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/config/setting_values.hpp"
#include "denrei/app/config/table_reader.hpp"

namespace denrei {
namespace {

struct Setting {
  const char* section;  // table in the file; empty: the top
  const char* key;      // empty: not in the file
  const char* option;
  ValueKind kind;
  std::string (*apply)(ConfigDraft&, const std::string&);  // what is wrong with the value, or nothing
  std::string (*show)(const ConfigDraft&);

  [[nodiscard]] std::string name() const { return *key == '\0' ? option : *section == '\0' ? key : fmt::format("{}.{}", section, key); }
  [[nodiscard]] std::string variable() const {
    std::string name = fmt::format("DENREI_{}", option);
    for (char& c : name) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return name;
  }
};

using Text = const std::string&;
using Draft = const ConfigDraft&;
std::string show_list(const std::vector<std::string>& list) { return fmt::format("[{}]", fmt::join(list, ", ")); }

const Setting settings[] = {
    {"server", "listen", "listen", ValueKind::text, [](ConfigDraft& d, Text v) { return put_endpoint(v, d.config.listen); },
     [](Draft d) { return show_endpoint(d.config.listen); }},
    {"server", "ops_listen", "ops-listen", ValueKind::text,
     [](ConfigDraft& d, Text v) { return put_endpoint(v, d.config.ops_listen); },
     [](Draft d) { return show_endpoint(d.config.ops_listen); }},
    {"server", "data_dir", "data-dir", ValueKind::text, [](ConfigDraft& d, Text v) { return put_path(v, d.config.data_dir); },
     [](Draft d) { return d.config.data_dir.string(); }},
    {"server", "threads", "threads", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1, 256}, [&](auto n) { d.threads = static_cast<unsigned>(n); }); },
     [](Draft d) { return d.threads ? std::to_string(*d.threads) : "auto"; }},
    {"server", "node", "node", ValueKind::text, [](ConfigDraft& d, Text v) { return put_word(v, 64, d.config.node); },
     [](Draft d) { return d.config.node; }},
    {"server", "drain_timeout_s", "drain-timeout-s", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1, 600}, [&](auto n) { d.config.drain_timeout = std::chrono::seconds(n); }); },
     [](Draft d) { return std::to_string(d.config.drain_timeout.count()); }},
    {"server", "header_timeout_ms", "header-timeout-ms", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {100, 600'000}, [&](auto n) { d.config.http_timeouts.header = Millis(n); }); },
     [](Draft d) { return std::to_string(d.config.http_timeouts.header.count()); }},
    {"server", "body_timeout_ms", "body-timeout-ms", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {100, 600'000}, [&](auto n) { d.config.http_timeouts.body = Millis(n); }); },
     [](Draft d) { return std::to_string(d.config.http_timeouts.body.count()); }},
    {"server", "idle_timeout_ms", "idle-timeout-ms", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {100, 600'000}, [&](auto n) { d.config.http_timeouts.idle = Millis(n); }); },
     [](Draft d) { return std::to_string(d.config.http_timeouts.idle.count()); }},
    {"server", "answer_timeout_ms", "answer-timeout-ms", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {100, 600'000}, [&](auto n) { d.config.http_timeouts.answer = Millis(n); }); },
     [](Draft d) { return std::to_string(d.config.http_timeouts.answer.count()); }},
    {"server", "log_requests", "log-requests", ValueKind::boolean,
     [](ConfigDraft& d, Text v) { return put_flag(v, d.config.log_requests); },
     [](Draft d) { return std::string(d.config.log_requests ? "true" : "false"); }},
    {"server", "cors_origins", "cors-origins", ValueKind::texts,
     [](ConfigDraft& d, Text v) { return put_origins(v, d.config.cors_origins); },
     [](Draft d) { return show_list(d.config.cors_origins); }},
    {"server", "trusted_proxies", "trusted-proxies", ValueKind::texts,
     [](ConfigDraft& d, Text v) { return put_ranges(v, d.config.trusted_proxies); },
     [](Draft d) { return show_list(d.config.trusted_proxies); }},
    {"tls", "certificate", "tls-cert", ValueKind::text, [](ConfigDraft& d, Text v) { return put_path(v, d.config.tls.certificate); },
     [](Draft d) { return d.config.tls.certificate.string(); }},
    {"tls", "key", "tls-key", ValueKind::text, [](ConfigDraft& d, Text v) { return put_path(v, d.config.tls.key); },
     [](Draft d) { return d.config.tls.key.string(); }},
    {"server", "delivery_thread", "delivery-thread", ValueKind::boolean,
     [](ConfigDraft& d, Text v) { return put_flag(v, d.config.delivery_thread); },
     [](Draft d) { return std::string(d.config.delivery_thread ? "true" : "false"); }},
    {"redis", "url", "redis", ValueKind::text, [](ConfigDraft& d, Text v) { return put_redis(v, d.config.redis); },
     [](Draft d) { return mask_password(d.config.redis); }},
    {"redis", "prefix", "redis-prefix", ValueKind::text, [](ConfigDraft& d, Text v) { return put_word(v, 32, d.config.redis_prefix); },
     [](Draft d) { return d.config.redis_prefix; }},
    {"redis", "partitions", "partitions", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1, 1024}, [&](auto n) { d.partitions = static_cast<unsigned>(n); }); },
     [](Draft d) { return d.partitions ? std::to_string(*d.partitions) : "auto"; }},
    {"redis", "maxmemory_mb", "redis-maxmemory-mb", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {32, 1'048'576}, [&](auto n) { d.config.redis_maxmemory_mb = static_cast<std::size_t>(n); }); },
     [](Draft d) { return std::to_string(d.config.redis_maxmemory_mb); }},
    {"redis", "dedupe_window_h", "dedupe-window-h", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1, 8'760}, [&](auto n) { d.config.dedupe_window = std::chrono::hours(n); }); },
     [](Draft d) { return std::to_string(d.config.dedupe_window.count()); }},
    {"redis", "log_keep_events", "log-keep-events", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1'000, 100'000'000}, [&](auto n) { d.config.log_keep_events = static_cast<std::uint64_t>(n); }); },
     [](Draft d) { return std::to_string(d.config.log_keep_events); }},
    {"redis", "take_over", "take-over", ValueKind::boolean,
     [](ConfigDraft& d, Text v) { return put_flag(v, d.config.take_over); },
     [](Draft d) { return std::string(d.config.take_over ? "true" : "false"); }},
    {"statistics", "hourly", "hourly-statistics", ValueKind::boolean,
     [](ConfigDraft& d, Text v) { return put_flag(v, d.config.hourly_statistics); },
     [](Draft d) { return std::string(d.config.hourly_statistics ? "true" : "false"); }},
    {"statistics", "daily", "daily-statistics", ValueKind::boolean,
     [](ConfigDraft& d, Text v) { return put_flag(v, d.config.daily_statistics); },
     [](Draft d) { return std::string(d.config.daily_statistics ? "true" : "false"); }},
    {"", "schema_dir", "schema-dir", ValueKind::text, [](ConfigDraft& d, Text v) { return put_path(v, d.schema_dir); },
     [](Draft d) { return d.schema_dir.empty() ? "schemas beside the file, else built in" : d.schema_dir.string(); }},
    {"", "", "tolerance-s", ValueKind::integer,
     [](ConfigDraft& d, Text v) { return put_whole(v, {1, 3'600}, [&](auto n) { d.tolerance = std::chrono::seconds(n); }); },
     [](Draft d) { return d.tolerance ? std::to_string(d.tolerance->count()) : "each source's own"; }},
};

struct Value {
  std::string text;
  std::string origin;
};

// Flag over environment over file. The file is read in any case, so that a mistake in it is found.
std::optional<Value> find_value(const Setting& setting, TableReader* table, const ConfigInputs& inputs) {
  std::optional<Value> found;
  if (table != nullptr && *setting.key != '\0')
    if (auto text = table->read_as_text(setting.key, setting.kind)) found = Value{std::move(*text), table->place(setting.key)};
  if (auto text = inputs.env(setting.variable()); text && !text->empty())
    found = Value{std::move(*text), fmt::format("env {}", setting.variable())};
  if (const auto flag = inputs.flags.find(setting.option); flag != inputs.flags.end())
    found = Value{flag->second, fmt::format("flag --{}", setting.option)};
  return found;
}

void apply_section(std::string_view section, TableReader* table, const ConfigInputs& inputs, ConfigDraft& draft, Problems& problems) {
  for (const auto& setting : settings) {
    if (section != setting.section) continue;
    const auto value = find_value(setting, table, inputs);
    if (value)
      if (const auto wrong = setting.apply(draft, value->text); !wrong.empty())
        problems.add(value->origin, fmt::format("{}: {}", setting.name(), wrong));
    draft.config.shown[setting.name()] = {setting.show(draft), value ? value->origin : "default"};
  }
}

void refuse_unknown_options(const ConfigInputs& inputs, Problems& problems) {
  std::vector<std::string> known;
  for (const auto& setting : settings) known.emplace_back(setting.option);
  for (const auto& [option, value] : inputs.flags)
    if (std::find(known.begin(), known.end(), option) == known.end())
      problems.add(fmt::format("flag --{}", option), fmt::format("unknown option{}", suggest_word(option, known)));
}

}  // namespace

std::vector<SettingOption> setting_options() {
  std::vector<SettingOption> options;
  for (const auto& setting : settings)
    options.push_back({setting.option, setting.variable(), *setting.key == '\0' ? "" : setting.name(), setting.kind == ValueKind::boolean});
  return options;
}

void apply_settings(const ConfigFile& file, const ConfigInputs& inputs, ConfigDraft& draft, Problems& problems) {
  refuse_unknown_options(inputs, problems);
  TableReader top(file.root, "the file", file.name, problems);
  for (const std::string section : {"server", "tls", "redis", "statistics"}) {
    const auto* node = top.node(section);
    if (node != nullptr && !node->is_table()) top.complain(section, fmt::format("'{0}' must be a table: [{0}]", section));
    if (node == nullptr || !node->is_table()) {
      apply_section(section, nullptr, inputs, draft, problems);
      continue;
    }
    TableReader table(*node->as_table(), fmt::format("[{}]", section), file.name, problems);
    apply_section(section, &table, inputs, draft, problems);
    table.refuse_unknown_keys();
  }
  apply_section("", &top, inputs, draft, problems);
  for (const auto* elsewhere : {"source", "destination", "route", "channel", "service", "alert"}) (void)top.node(elsewhere);  // each has a reader of its own
  top.refuse_unknown_keys();
}

}  // namespace denrei
