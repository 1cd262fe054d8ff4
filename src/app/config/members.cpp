// Members that several tables share.
#include "denrei/app/config/members.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/addresses.hpp"

namespace denrei {
namespace {

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_variable_name(std::string_view text) {
  const auto is_good = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return text.size() <= name_bytes_max && std::all_of(text.begin(), text.end(), is_good) && !(text[0] >= '0' && text[0] <= '9');
}

void read_variable_name(TableReader& table, std::string_view key, std::string_view advice, std::string& out) {
  table.read(key, out);
  if (out.empty() || is_variable_name(out)) return;
  table.complain(key, fmt::format("'{}' must be the name of a variable such as {}", key, advice));
  out.clear();
}

// What is wrong with a duration, or nothing after having put it.
std::string put_duration(const std::string& text, DurationRange range, Millis& out) {
  const auto value = parse_duration(text);
  if (!value) return value.error().detail;
  if (*value < range.min || *value > range.max)
    return fmt::format("is {}, but must be {} to {}", text, show_duration(range.min), show_duration(range.max));
  out = *value;
  return {};
}

}  // namespace

std::vector<TableReader> tables_of(const ConfigFile& file, const std::string& name, std::size_t count_max, Problems& problems) {
  std::vector<TableReader> tables;
  const auto* node = file.root.get(name);
  if (node == nullptr) return tables;
  const auto* list = node->as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::table) || list->size() > count_max) {
    TableReader top(file.root, "the file", file.name, problems);
    top.complain(name, fmt::format("{0}s are written as [[{0}]], at most {1}", name, count_max));
    return tables;
  }
  for (const auto& item : *list) tables.emplace_back(*item.as_table(), fmt::format("[[{}]]", name), file.name, problems);
  return tables;
}

void refuse_repeat(std::string_view what, const std::string& value, TableReader& table, std::string_view key, Seen& seen) {
  if (value.empty()) return;
  const auto [first, is_new] = seen.emplace(value, table.place(key));
  if (!is_new) table.complain(key, fmt::format("{} '{}' is already used at {}", what, value, first->second));
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
}

void read_name(TableReader& table, std::string_view key, std::string& out) {
  table.read(key, out);
  if (out.size() > name_bytes_max || !consists_of(out, "-_"))
    table.complain(key, fmt::format("'{}' must be 1 to {} letters, digits, '-' or '_'", key, name_bytes_max));
}

void read_secret_name(TableReader& table, std::string_view key, std::string& out) {
  read_variable_name(table, key, "MEDICAL_WEBHOOK_SECRET, never the secret itself", out);
}

void read_url_name(TableReader& table, std::string_view key, std::string& out) {
  read_variable_name(table, key, "VOICEDRIVE_EMPLOYEE_URL; the URL itself stands in 'url'", out);
}

// Empty, or "/" parts in which "~" is followed by 0 or 1.
bool is_pointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) return false;
  return true;
}

void read_pointer(TableReader& table, std::string_view key, std::string& out) {
  table.read(key, out);
  if (!is_pointer(out)) table.complain(key, fmt::format("'{}' is not a JSON Pointer such as /data/staffId: '{}'", key, out));
}

void read_ranges(TableReader& table, std::string_view key, std::vector<std::string>& out) {
  table.read(key, out);
  for (const auto& range : out)
    if (!is_cidr(range)) table.complain(key, fmt::format("'{}' is not an address range such as 10.0.0.0/8 or 2001:db8::/32", range));
}

void read_ca_file(TableReader& table, std::string_view key, std::string& out) {
  table.read(key, out);
  if (out.empty()) return;
  const auto text = read_small_file(out);
  if (!text) table.complain(key, text.error().detail);
  else if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    table.complain(key, fmt::format("{}: holds no certificate (PEM)", out));
}

void read_duration(TableReader& table, std::string_view key, DurationRange range, Millis& out) {
  const auto* node = table.node(key);
  if (node == nullptr) return;
  const auto text = node->value_exact<std::string>();
  const auto wrong = text ? put_duration(*text, range, out) : "must be a duration in quotes such as \"500ms\", \"5s\" or \"1m\"";
  if (!wrong.empty()) table.complain(key, fmt::format("'{}' {}", key, wrong));
}

void read_durations(TableReader& table, std::string_view key, DurationRange range, std::vector<Millis>& out) {
  std::vector<std::string> texts;
  table.read(key, texts);
  out.clear();
  for (const auto& text : texts) {
    Millis value{};
    const auto wrong = put_duration(text, range, value);
    if (!wrong.empty()) table.complain(key, fmt::format("'{}' {}", key, wrong));
    out.push_back(value);
  }
}

}  // namespace denrei
