// Payload schemas: JSON Schema files compiled once into a checker that lists every violation with its field.
//
// Shape   compile_schema(text, parameters) -> Result<Schema>; schema.check(root) -> violations (empty: valid)
// Words   type, required, properties, additionalProperties (schema form), items, enum, const, minLength, maxLength (code points),
//         minimum, maximum, dependencies (array form), allOf, if/then; our own: "predicate": a name of the table in
//         schema_predicates.cpp (https_url, iso8601, image_type, email, date, date_or_iso8601, starts_with:PREFIX),
//         "hosts": name of a list in `parameters` (an empty list allows every host; a name that is not there is refused).
//         A required string is not empty (protocol §1.9). Unknown keywords (other than $schema, title, description, $id) are refused.
// Order   violations come in the order of the schema file, one a field: the most basic one
// Limits  100 violations are listed; no regular expressions, so hostile input costs linear time
// Errors  invalid, when the schema file itself is wrong
// Source  protocol §2; JSON Schema draft 7
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/domain/json.hpp"

namespace denrei {

enum class Rule : std::uint8_t { required, not_empty, type, one_of, constant, too_short, too_long, too_small, too_large, incomplete_group, predicate, host };

struct Violation {
  std::string field;     // "data.staffId", "items[2].name"; empty for the root
  Rule rule = Rule::type;
  std::string expected;  // what would have been right: "string", "100", "https_url", "success, error"; a bound with a point is no integer's
  friend bool operator==(const Violation&, const Violation&) = default;
};

// The violation in words: for a Japanese dialect ("必須フィールドです") or an English one ("is required").
[[nodiscard]] std::string violation_text_ja(const Violation& v);
[[nodiscard]] std::string violation_text_en(const Violation& v);

using SchemaParameters = std::map<std::string, std::vector<std::string>>;

class Schema {
 public:
  struct Node;
  explicit Schema(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  [[nodiscard]] std::vector<Violation> check(const json::value& body) const;

 private:
  std::shared_ptr<const Node> root_;
};

[[nodiscard]] Result<Schema> compile_schema(std::string_view schema_text, const SchemaParameters& parameters);

}  // namespace denrei
