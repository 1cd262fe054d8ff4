// Reading a schema file: every keyword is a row of a table; a misspelt one stops the start instead of being ignored.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "denrei/domain/schema.hpp"
#include "denrei/domain/schema_node.hpp"

namespace denrei {
namespace {

using Node = Schema::Node;

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

struct TypeName {
  std::string_view name;
  std::uint8_t bits;
};
constexpr std::array type_names{
    TypeName{"string", type_string},   TypeName{"integer", type_integer},
    TypeName{"number", type_integer | type_fraction}, TypeName{"boolean", type_boolean},
    TypeName{"object", type_object},   TypeName{"array", type_array},
    TypeName{"null", type_null},
};

// Walks a schema once. The first problem is kept with its place; later ones would only follow from it.
class Compiler {
 public:
  explicit Compiler(const SchemaParameters& parameters) : parameters_(parameters) {}

  Node compile(const json::value& schema, const std::string& at) {
    Node node;
    const auto* object = schema.if_object();
    if (object == nullptr) {
      complain(at, "a schema is an object");
      return node;
    }
    for (const auto& member : *object) keyword(view(member.key()), member.value(), node, at);
    // Last, because groups are kept as positions in the finished list of properties.
    if (const auto* dependencies = object->if_contains("dependencies")) group_properties(*dependencies, node, at + "/dependencies");
    if ((node.condition == nullptr) != (node.consequence == nullptr)) complain(at, "if and then need each other");
    if (!node.hosts.empty() && (node.predicate == nullptr || node.predicate->name != "https_url"))
      complain(at, "hosts needs \"predicate\": \"https_url\"");
    return node;
  }

  const std::string& problem() const { return problem_; }

 private:
  using Reader = void (Compiler::*)(const json::value&, Node&, const std::string&);
  struct Keyword {
    std::string_view name;
    Reader read;
  };
  static const std::array<Keyword, 21> keywords;

  void complain(const std::string& at, std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("schema at {}: {}", at.empty() ? "/" : at, what);
  }

  void keyword(std::string_view name, const json::value& v, Node& node, const std::string& at) {
    const auto* row = std::find_if(keywords.begin(), keywords.end(), [&](const Keyword& k) { return k.name == name; });
    if (row == keywords.end()) return complain(at, fmt::format("unknown keyword \"{}\"", name));
    (this->*row->read)(v, node, at + "/" + std::string(name));
  }

  void read_remark(const json::value& v, Node&, const std::string& at) {
    if (!v.is_string()) complain(at, "must be a string");
  }

  void read_type(const json::value& v, Node& node, const std::string& at) {
    for (const auto& name : strings(v, at)) {
      const auto* row = std::find_if(type_names.begin(), type_names.end(), [&](const TypeName& t) { return t.name == name; });
      if (row == type_names.end()) return complain(at, fmt::format("unknown type \"{}\"", name));
      node.types |= row->bits;
      node.types_expected += (node.types_expected.empty() ? "" : ", ") + name;
    }
  }

  void read_required(const json::value& v, Node& node, const std::string& at) {
    for (const auto& name : strings(v, at)) property(node, name).required = true;
  }

  void read_properties(const json::value& v, Node& node, const std::string& at) {
    const auto* object = v.if_object();
    if (object == nullptr) return complain(at, "must be an object");
    // Document order of `properties` decides the order of violations, even where `required` stands first.
    auto named_before = std::exchange(node.properties, {});
    for (const auto& member : *object) {
      const std::string name(view(member.key()));
      property(node, name).rules = std::make_unique<Node>(compile(member.value(), at + "/" + name));
    }
    for (const auto& p : named_before) property(node, p.name).required |= p.required;
  }

  void read_additional(const json::value& v, Node& node, const std::string& at) { node.additional = child(v, at); }
  void read_items(const json::value& v, Node& node, const std::string& at) { node.items = child(v, at); }
  void read_if(const json::value& v, Node& node, const std::string& at) { node.condition = child(v, at); }
  void read_then(const json::value& v, Node& node, const std::string& at) { node.consequence = child(v, at); }

  void read_all_of(const json::value& v, Node& node, const std::string& at) {
    const auto* list = v.if_array();
    if (list == nullptr || list->empty()) return complain(at, "must be a list of schemas");
    for (std::size_t i = 0; i < list->size(); ++i) node.all_of.push_back(compile((*list)[i], fmt::format("{}/{}", at, i)));
  }

  void read_enum(const json::value& v, Node& node, const std::string& at) {
    const auto* list = v.if_array();
    if (list == nullptr || list->empty()) return complain(at, "must be a list of values");
    for (const auto& item : *list) allow(item, node, at);
  }

  void read_const(const json::value& v, Node& node, const std::string& at) {
    if (!node.allowed.empty()) return complain(at, "const and enum exclude each other");
    allow(v, node, at);
    node.allowed_is_constant = true;
  }

  void read_min_length(const json::value& v, Node& node, const std::string& at) { node.min_length = length(v, at); }
  void read_max_length(const json::value& v, Node& node, const std::string& at) { node.max_length = length(v, at); }
  void read_minimum(const json::value& v, Node& node, const std::string& at) { node.minimum = bound(v, at); }
  void read_maximum(const json::value& v, Node& node, const std::string& at) { node.maximum = bound(v, at); }

  void read_dependencies(const json::value& v, Node& node, const std::string& at) {
    const auto* object = v.if_object();
    if (object == nullptr) return complain(at, "must be an object");
    for (const auto& member : *object) {
      if (!member.value().is_array()) return complain(at, "only lists of member names are supported");
      (void)property(node, std::string(view(member.key())));
      for (const auto& name : strings(member.value(), at)) (void)property(node, name);
    }
  }

  void group_properties(const json::value& dependencies, Node& node, const std::string& at) {
    if (!problem_.empty()) return;
    for (const auto& member : dependencies.as_object()) {
      Node::Group group{property_bit(node, std::string(view(member.key())), at), 0};
      for (const auto& name : strings(member.value(), at)) group.needed |= property_bit(node, name, at);
      node.groups.push_back(group);
    }
  }

  std::uint64_t property_bit(const Node& node, const std::string& name, const std::string& at) {
    const auto found = std::find_if(node.properties.begin(), node.properties.end(), [&](const auto& p) { return p.name == name; });
    const auto position = static_cast<std::size_t>(found - node.properties.begin());
    if (position < Node::grouped_members_max) return std::uint64_t{1} << position;
    complain(at, fmt::format("\"{}\" is not among the first {} members", name, Node::grouped_members_max));
    return 0;
  }

  void read_predicate(const json::value& v, Node& node, const std::string& at) {
    const auto* text = v.if_string();
    if (text == nullptr) return complain(at, "must be a string");
    const auto colon = view(*text).find(':');
    node.predicate = find_predicate(view(*text).substr(0, colon));
    if (node.predicate == nullptr) return complain(at, fmt::format("unknown predicate \"{}\"", view(*text)));
    if (colon != std::string_view::npos) node.predicate_argument = view(*text).substr(colon + 1);
    if (node.predicate->takes_argument == node.predicate_argument.empty())
      complain(at, fmt::format("\"{}\" takes {} argument", node.predicate->name, node.predicate->takes_argument ? "an" : "no"));
  }

  void read_hosts(const json::value& v, Node& node, const std::string& at) {
    const auto* name = v.if_string();
    if (name == nullptr) return complain(at, "must be the name of a list");
    const auto list = parameters_.find(std::string(view(*name)));
    if (list == parameters_.end()) return complain(at, fmt::format("there is no list \"{}\"", view(*name)));
    node.hosts = list->second;
  }

  void allow(const json::value& v, Node& node, const std::string& at) {
    if (v.is_structured() || v.is_double()) return complain(at, "only strings, integers, true, false and null can be listed");
    node.allowed.emplace_back(v, json::storage_ptr{});  // a plain copy would stay in the document's memory
  }

  std::unique_ptr<Node> child(const json::value& v, const std::string& at) { return std::make_unique<Node>(compile(v, at)); }

  static Node::Property& property(Node& node, const std::string& name) {
    for (auto& p : node.properties) {
      if (p.name == name) return p;
    }
    return node.properties.emplace_back(Node::Property{name, false, nullptr});
  }

  // A string or a list of strings.
  std::vector<std::string> strings(const json::value& v, const std::string& at) {
    std::vector<std::string> out;
    if (const auto* one = v.if_string()) return {std::string(view(*one))};
    const auto* list = v.if_array();
    if (list == nullptr) complain(at, "must be a list of strings");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      const auto* text = (*list)[i].if_string();
      if (text == nullptr) complain(at, "must be a list of strings");
      else out.emplace_back(view(*text));
    }
    return out;
  }

  std::size_t length(const json::value& v, const std::string& at) {
    const auto* number = v.if_int64();
    if (number == nullptr || *number < 0) complain(at, "must be an integer of at least 0");
    return number == nullptr ? 0 : static_cast<std::size_t>(*number);
  }

  json::value bound(const json::value& v, const std::string& at) {
    if (!v.is_number()) complain(at, "must be a number");
    return v.is_number() ? json::value(v, json::storage_ptr{}) : json::value{};
  }

  const SchemaParameters& parameters_;
  std::string problem_;
};

const std::array<Compiler::Keyword, 21> Compiler::keywords{{
    {"$schema", &Compiler::read_remark},
    {"$id", &Compiler::read_remark},
    {"title", &Compiler::read_remark},
    {"description", &Compiler::read_remark},
    {"type", &Compiler::read_type},
    {"required", &Compiler::read_required},
    {"properties", &Compiler::read_properties},
    {"additionalProperties", &Compiler::read_additional},
    {"items", &Compiler::read_items},
    {"enum", &Compiler::read_enum},
    {"const", &Compiler::read_const},
    {"minLength", &Compiler::read_min_length},
    {"maxLength", &Compiler::read_max_length},
    {"minimum", &Compiler::read_minimum},
    {"maximum", &Compiler::read_maximum},
    {"dependencies", &Compiler::read_dependencies},
    {"allOf", &Compiler::read_all_of},
    {"if", &Compiler::read_if},
    {"then", &Compiler::read_then},
    {"predicate", &Compiler::read_predicate},
    {"hosts", &Compiler::read_hosts},
}};

}  // namespace

Result<Schema> compile_schema(std::string_view schema_text, const SchemaParameters& parameters) {
  const auto document = parse_json(schema_text);
  if (!document) return fail(FaultCode::invalid, "schema: " + document.error().detail);
  Compiler compiler{parameters};
  auto root = std::make_shared<Node>(compiler.compile((*document)->root(), ""));
  if (!compiler.problem().empty()) return fail(FaultCode::invalid, compiler.problem());
  return Schema{std::move(root)};
}

}  // namespace denrei
