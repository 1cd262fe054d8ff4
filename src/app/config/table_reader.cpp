// Typed reading of TOML tables.
#include "denrei/app/config/table_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace denrei {

TableReader::TableReader(const toml::table& table, std::string title, std::string file, Problems& problems)
    : table_(table), title_(std::move(title)), file_(std::move(file)), problems_(problems) {}

const toml::node* TableReader::node(std::string_view key) {
  asked_.emplace_back(key);
  return table_.get(key);
}

void TableReader::read(std::string_view key, std::string& out) {
  const auto* found = node(key);
  if (found == nullptr) return;
  if (const auto value = found->value_exact<std::string>()) out = *value;
  else complain_about_kind(key, "a text in quotes");
}

void TableReader::read(std::string_view key, bool& out) {
  const auto* found = node(key);
  if (found == nullptr) return;
  if (const auto value = found->value_exact<bool>()) out = *value;
  else complain_about_kind(key, "true or false");
}

void TableReader::read(std::string_view key, std::vector<std::string>& out) {
  if (auto texts = read_texts(key)) out = std::move(*texts);
}

std::optional<std::vector<std::string>> TableReader::read_texts(std::string_view key) {
  const auto* found = node(key);
  if (found == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  const auto* list = found->as_array();
  if (list != nullptr)
    for (const auto& item : *list)
      if (auto value = item.value_exact<std::string>()) texts.push_back(std::move(*value));
  if (list != nullptr && texts.size() == list->size()) return texts;
  complain_about_kind(key, "a list of texts");
  return std::nullopt;
}

void TableReader::read_integer(std::string_view key, IntegerRange range, std::int64_t& out) {
  const auto* found = node(key);
  if (found == nullptr) return;
  const auto value = found->value_exact<std::int64_t>();
  if (!value) complain_about_kind(key, "a whole number");
  else if (*value < range.min || *value > range.max)
    complain(key, fmt::format("'{}' is {}, but must be {} to {}", key, *value, range.min, range.max));
  else out = *value;
}

void TableReader::read_number(std::string_view key, NumberRange range, double& out) {
  const auto* found = node(key);
  if (found == nullptr) return;
  if (!found->is_number()) return complain_about_kind(key, "a number");
  const auto value = found->value<double>().value_or(0);
  if (value >= range.min && value <= range.max) out = value;  // false for nan too
  else complain(key, fmt::format("'{}' is {}, but must be {} to {}", key, value, range.min, range.max));
}

std::optional<std::string> TableReader::read_as_text(std::string_view key, ValueKind kind) {
  if (!has(key)) {
    asked_.emplace_back(key);
    return std::nullopt;
  }
  const auto* found = node(key);
  switch (kind) {
    case ValueKind::text:
      if (auto value = found->value_exact<std::string>()) return value;
      complain_about_kind(key, "a text in quotes");
      return std::nullopt;
    case ValueKind::integer:
      if (const auto value = found->value_exact<std::int64_t>()) return std::to_string(*value);
      complain_about_kind(key, "a whole number");
      return std::nullopt;
    case ValueKind::boolean:
      if (const auto value = found->value_exact<bool>()) return *value ? "true" : "false";
      complain_about_kind(key, "true or false");
      return std::nullopt;
    case ValueKind::texts:
      if (const auto texts = read_texts(key)) return fmt::format("{}", fmt::join(*texts, ","));
      return std::nullopt;
  }
  return std::nullopt;
}

void TableReader::require(std::string_view key) {
  const auto* found = table_.get(key);
  const bool empty_text = found != nullptr && found->value_exact<std::string>() == std::string();
  const bool empty_list = found != nullptr && found->is_array() && found->as_array()->empty();
  if (found == nullptr || empty_text || empty_list) complain(key, fmt::format("{} needs '{}'", title_, key));
}

std::string TableReader::place(std::string_view key) const {
  const auto* found = table_.get(key);
  return found != nullptr ? place_of(*found) : place_of(table_);
}

std::string TableReader::place_of(const toml::node& node) const {
  const auto& begin = node.source().begin;
  return fmt::format("{}:{}:{}", file_, begin.line, begin.column);
}

void TableReader::complain(std::string_view key, std::string_view text) { problems_.add(place(key), text); }

void TableReader::complain_about_kind(std::string_view key, std::string_view wanted) {
  complain(key, fmt::format("'{}' must be {}", key, wanted));
}

void TableReader::refuse_unknown_keys() {
  for (const auto& [key, value] : table_) {
    if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
    const auto& at = key.source().begin;
    problems_.add(fmt::format("{}:{}:{}", file_, at.line, at.column),
                  fmt::format("unknown key '{}' in {}{}", key.str(), title_, suggest_word(key.str(), asked_)));
  }
}

}  // namespace denrei
