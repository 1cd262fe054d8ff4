// Predicates: what JSON Schema cannot say about a string, as a table of names, functions and the words for a violation.
//
// Shape   find_predicate("https_url") -> row or null; row.holds(text, argument); url_host(text) -> host of an https URL
// Limits  linear time in the text; an https URL is at most 2048 bytes, an e-mail address 254
// Errors  none; what is malformed does not hold
// Source  RFC 3986 (URL), RFC 1123 (host), RFC 5321 (address lengths), RFC 6838 (media type names), RFC 3339
#pragma once
#include <optional>
#include <string_view>

namespace denrei {

struct Predicate {
  std::string_view name;
  bool takes_argument = false;  // written name:ARGUMENT
  bool (*holds)(std::string_view text, std::string_view argument) = nullptr;
  std::string_view text_ja;     // {} stands for the argument
  std::string_view text_en;
};

[[nodiscard]] const Predicate* find_predicate(std::string_view name) noexcept;

// The host of a well-formed https URL without user information; nothing for any other text.
[[nodiscard]] std::optional<std::string_view> url_host(std::string_view url) noexcept;
[[nodiscard]] bool equal_without_case(std::string_view a, std::string_view b) noexcept;

}  // namespace denrei
