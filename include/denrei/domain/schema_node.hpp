// One compiled rule set of a schema: what schema_compile.cpp builds and schema.cpp walks. Nobody else needs it.
#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "denrei/domain/schema.hpp"
#include "denrei/domain/schema_predicates.hpp"

namespace denrei {

// JSON types as bits, so that one test answers "is it one of these".
enum TypeBit : std::uint8_t {
  type_null = 1,
  type_boolean = 2,
  type_integer = 4,
  type_fraction = 8,
  type_string = 16,
  type_array = 32,
  type_object = 64,
};

struct Schema::Node {
  struct Property {
    std::string name;
    bool required = false;
    std::unique_ptr<Node> rules;  // null: named by `required` only
  };
  struct Group {  // bits of `properties`: where `present` stands, all of `needed` must stand too
    std::uint64_t present = 0;
    std::uint64_t needed = 0;
  };
  static constexpr std::size_t grouped_members_max = 64;

  std::uint8_t types = 0;        // TypeBits; 0: any type
  std::string types_expected;    // "string", "string, null"
  std::vector<json::value> allowed;
  bool allowed_is_constant = false;
  std::size_t min_length = 0;    // code points
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  json::value minimum;           // a number, or null for none
  json::value maximum;
  const Predicate* predicate = nullptr;
  std::string predicate_argument;
  std::vector<std::string> hosts;  // lower case; empty: every host
  std::vector<Property> properties;
  std::unique_ptr<Node> additional;  // for members that `properties` does not name
  std::unique_ptr<Node> items;
  std::vector<Group> groups;
  std::vector<Node> all_of;
  std::unique_ptr<Node> condition;  // if
  std::unique_ptr<Node> consequence;  // then
};

}  // namespace denrei
