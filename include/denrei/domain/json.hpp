// JSON as this contract wants it: strict, bounded, and kept with the event so that nobody parses it twice.
//
// Shape   parse_json(body) -> Result<shared_ptr<const JsonDocument>>; find(doc.root(), "/data/staffId") -> value or null
// Limits  depth 32 (the root counts as 1); integers fit int64, other numbers are finite doubles; UTF-8 is checked
// Errors  invalid, with what is wrong and where: bad syntax, duplicate key (named), number out of range, too deep
// Source  protocol §1.8; RFC 8259; JSON Pointer RFC 6901
#pragma once
#include <boost/json/value.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <memory>
#include <string_view>

#include "denrei/base/result.hpp"

namespace denrei {

namespace json = boost::json;

// Owns the memory that the values live in; small bodies need no second allocation.
class JsonDocument {
 public:
  JsonDocument() = default;
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;
  [[nodiscard]] const json::value& root() const noexcept { return root_; }

 private:
  friend Result<std::shared_ptr<const JsonDocument>> parse_json(std::string_view);
  unsigned char first_block_[3072];
  json::monotonic_resource memory_{first_block_, sizeof first_block_};
  json::value root_;
};

[[nodiscard]] Result<std::shared_ptr<const JsonDocument>> parse_json(std::string_view text);

// The value at a JSON Pointer, or null when there is none. An empty pointer is the root.
[[nodiscard]] const json::value* find(const json::value& root, std::string_view pointer) noexcept;
// The string at a JSON Pointer, or an empty view when there is none or it is no string.
[[nodiscard]] std::string_view find_string(const json::value& root, std::string_view pointer) noexcept;

}  // namespace denrei
