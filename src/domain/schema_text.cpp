// Violations in words, Japanese and English.
#include <fmt/format.h>

#include "denrei/domain/schema.hpp"
#include "denrei/domain/schema_predicates.hpp"

namespace denrei {
namespace {

enum class Language { japanese, english };

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

std::string_view type_name_ja(std::string_view type) {
  if (type == "string") return "文字列";
  if (type == "integer") return "整数";
  if (type == "number") return "数値";
  if (type == "boolean") return "true または false";
  if (type == "object") return "オブジェクト";
  if (type == "array") return "配列";
  return type;
}

std::string type_text_ja(std::string_view types) {
  std::string out;
  while (!types.empty()) {
    const auto comma = types.find(", ");
    if (!out.empty()) out += "または";
    out += type_name_ja(types.substr(0, comma));
    types.remove_prefix(comma == std::string_view::npos ? types.size() : comma + 2);
  }
  return out + "で指定してください";
}

std::string type_text_en(std::string_view types) {
  const bool vowel = !types.empty() && std::string_view("aeiou").find(types.front()) != std::string_view::npos;
  return fmt::format("must be {} {}", vowel ? "an" : "a", replace_all(std::string(types), ", ", " or "));
}

// The bound of an integer is written without a point (schema.cpp), that of any other number with one.
bool is_whole(std::string_view bound) { return bound.find_first_of(".e") == std::string_view::npos; }

std::string predicate_text(std::string_view expected, Language language) {
  const auto colon = expected.find(':');
  const auto* row = find_predicate(expected.substr(0, colon));
  if (row == nullptr) return fmt::format("{}", expected);
  const auto argument = colon == std::string_view::npos ? std::string_view{} : expected.substr(colon + 1);
  return replace_all(std::string(language == Language::japanese ? row->text_ja : row->text_en), "{}", argument);
}

}  // namespace

std::string violation_text_ja(const Violation& v) {
  const auto* number = is_whole(v.expected) ? "整数" : "数値";
  switch (v.rule) {
    case Rule::required: return "必須フィールドです";
    case Rule::not_empty: return "空にすることはできません";
    case Rule::type: return type_text_ja(v.expected);
    case Rule::one_of: return fmt::format("次のいずれかを指定してください: {}", v.expected);
    case Rule::constant: return fmt::format("「{}」を指定してください", v.expected);
    case Rule::too_short: return fmt::format("{}文字以上で指定してください", v.expected);
    case Rule::too_long: return fmt::format("{}文字以内で指定してください", v.expected);
    case Rule::too_small: return fmt::format("{}以上の{}で指定してください", v.expected, number);
    case Rule::too_large: return fmt::format("{}以下の{}で指定してください", v.expected, number);
    case Rule::incomplete_group: return fmt::format("{} を指定する場合は必須です", v.expected);
    case Rule::predicate: return predicate_text(v.expected, Language::japanese);
    case Rule::host: return fmt::format("許可されたホストの URL を指定してください: {}", v.expected);
  }
  return "値が正しくありません";
}

std::string violation_text_en(const Violation& v) {
  const auto* number = is_whole(v.expected) ? "an integer" : "a number";
  switch (v.rule) {
    case Rule::required: return "is required";
    case Rule::not_empty: return "must not be empty";
    case Rule::type: return type_text_en(v.expected);
    case Rule::one_of: return fmt::format("must be one of: {}", v.expected);
    case Rule::constant: return fmt::format("must be {}", v.expected);
    case Rule::too_short: return fmt::format("must have at least {} characters", v.expected);
    case Rule::too_long: return fmt::format("must have at most {} characters", v.expected);
    case Rule::too_small: return fmt::format("must be {} of at least {}", number, v.expected);
    case Rule::too_large: return fmt::format("must be {} of at most {}", number, v.expected);
    case Rule::incomplete_group: return fmt::format("is required when {} is given", v.expected);
    case Rule::predicate: return predicate_text(v.expected, Language::english);
    case Rule::host: return fmt::format("must be a URL on one of these hosts: {}", v.expected);
  }
  return "is not valid";
}

}  // namespace denrei
