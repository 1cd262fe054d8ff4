// Checking a body against a compiled schema: one quick pass that answers yes or no, and a second that lists what is wrong.
#include "denrei/domain/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json/serialize.hpp>

#include "denrei/base/encoding.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/schema_node.hpp"

namespace denrei {
namespace {

using Node = Schema::Node;

constexpr std::size_t path_part_bytes_max = 128;   // a hostile member name must not fill the answer
constexpr std::size_t linear_members_max = 64;     // above this an object's own hash table is quicker

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

// Where a value stands, as a chain through the callers' frames: free as long as nobody asks for its text.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;
  std::size_t index = 0;
  bool is_item = false;
};

void append_path(const Place& place, std::string& out) {
  if (place.parent == nullptr) return;
  append_path(*place.parent, out);
  if (place.is_item) {
    out += fmt::format("[{}]", place.index);
    return;
  }
  if (!out.empty()) out += '.';
  auto shown = std::min(place.name.size(), path_part_bytes_max);
  while (shown > 0 && shown < place.name.size() && (static_cast<unsigned char>(place.name[shown]) & 0xc0) == 0x80) --shown;
  out += place.name.substr(0, shown);
}

std::uint8_t type_bit(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null: return type_null;
    case json::kind::bool_: return type_boolean;
    case json::kind::int64: return type_integer;
    case json::kind::uint64: return type_fraction;  // beyond int64: a number, but none of our integers
    case json::kind::double_: return type_fraction;
    case json::kind::string: return type_string;
    case json::kind::array: return type_array;
    case json::kind::object: return type_object;
  }
  return 0;
}

double as_double(const json::value& number) {
  if (const auto* i = number.if_int64()) return static_cast<double>(*i);
  if (const auto* u = number.if_uint64()) return static_cast<double>(*u);
  return number.get_double();
}

bool is_less(const json::value& a, const json::value& b) {
  if (a.is_int64() && b.is_int64()) return a.get_int64() < b.get_int64();
  return as_double(a) < as_double(b);
}

// Looks from where the last member was found: senders write members in one order, mostly that of the schema.
class MemberFinder {
 public:
  explicit MemberFinder(const json::object& object) : object_(object) {}
  const json::value* find(std::string_view name) {
    const auto count = object_.size();
    if (count > linear_members_max) return object_.if_contains({name.data(), name.size()});
    const auto* members = object_.begin();
    for (std::size_t tried = 0; tried < count; ++tried) {
      const auto& member = members[next_];
      next_ = next_ + 1 == count ? 0 : next_ + 1;
      if (view(member.key()) == name) return &member.value();
    }
    return nullptr;
  }

 private:
  const json::object& object_;
  std::size_t next_ = 0;
};

std::string bound_text(const Node& node, const json::value& bound) {
  const bool whole = (node.types & (type_integer | type_fraction)) == type_integer && bound.is_int64();
  return whole ? fmt::format("{}", bound.get_int64()) : fmt::format("{:#}", as_double(bound));
}

std::string allowed_text(const Node& node) {
  std::vector<std::string> texts;
  for (const auto& v : node.allowed) texts.push_back(v.is_string() ? std::string(view(v.get_string())) : json::serialize(v));
  return fmt::format("{}", fmt::join(texts, ", "));
}

// Answers whether a value keeps its rules. Without a list it stops at the first violation and allocates nothing.
class Check {
 public:
  explicit Check(std::vector<Violation>* list) : list_(list) {}

  bool value(const Node& node, const json::value& v, const Place& at) {
    if (node.types != 0 && (node.types & type_bit(v)) == 0)
      return wrong(at, Rule::type, [&] { return node.types_expected; });
    bool good = allowed(node, v, at);
    if (!good) return false;  // what is not in the list needs no further complaint
    if (const auto* text = v.if_string()) good = string(node, view(*text), at);
    else if (v.is_number()) good = number(node, v, at);
    else if (const auto* object = v.if_object()) good = members(node, *object, at);
    else if (const auto* array = v.if_array()) good = items(node, *array, at);
    return combined(node, v, at, good);
  }

 private:
  bool done() const { return list_ == nullptr || list_->size() >= limits::violations_listed_max; }

  template <class Expected>
  bool wrong(const Place& at, Rule rule, Expected expected) {
    if (done()) return false;
    std::string field;
    append_path(at, field);
    // One line a field: the first complaint is the most basic one.
    const bool known = std::any_of(list_->begin(), list_->end(), [&](const Violation& v) { return v.field == field; });
    if (!known) list_->push_back({std::move(field), rule, expected()});
    return false;
  }

  bool allowed(const Node& node, const json::value& v, const Place& at) {
    if (node.allowed.empty() || std::find(node.allowed.begin(), node.allowed.end(), v) != node.allowed.end()) return true;
    return wrong(at, node.allowed_is_constant ? Rule::constant : Rule::one_of, [&] { return allowed_text(node); });
  }

  bool string(const Node& node, std::string_view text, const Place& at) {
    // Code points are counted only where the number of bytes does not decide: a code point has one to four bytes.
    if (text.size() / 4 < node.min_length && count_code_points(text) < node.min_length)
      return wrong(at, Rule::too_short, [&] { return fmt::format("{}", node.min_length); });
    if (text.size() > node.max_length && count_code_points(text) > node.max_length)
      return wrong(at, Rule::too_long, [&] { return fmt::format("{}", node.max_length); });
    if (!node.hosts.empty()) return host(node, text, at);
    return node.predicate == nullptr || node.predicate->holds(text, node.predicate_argument) || wrong_predicate(node, at);
  }

  bool wrong_predicate(const Node& node, const Place& at) {
    return wrong(at, Rule::predicate, [&] {
      return std::string(node.predicate->name) + (node.predicate->takes_argument ? ":" + node.predicate_argument : "");
    });
  }

  // Stands for the predicate https_url too, which `hosts` needs: reading the URL once is enough.
  bool host(const Node& node, std::string_view text, const Place& at) {
    const auto found = url_host(text);
    if (!found) return wrong_predicate(node, at);
    const auto same = [&](const std::string& h) { return h == *found || equal_without_case(h, *found); };
    if (std::any_of(node.hosts.begin(), node.hosts.end(), same)) return true;
    return wrong(at, Rule::host, [&] { return fmt::format("{}", fmt::join(node.hosts, ", ")); });
  }

  bool number(const Node& node, const json::value& v, const Place& at) {
    if (!node.minimum.is_null() && is_less(v, node.minimum))
      return wrong(at, Rule::too_small, [&] { return bound_text(node, node.minimum); });
    if (!node.maximum.is_null() && is_less(node.maximum, v))
      return wrong(at, Rule::too_large, [&] { return bound_text(node, node.maximum); });
    return true;
  }

  bool members(const Node& node, const json::object& object, const Place& at) {
    bool good = true;
    MemberFinder finder{object};
    std::uint64_t present = 0;
    for (std::size_t i = 0; i < node.properties.size(); ++i) {
      const auto& property = node.properties[i];
      const auto* v = finder.find(property.name);
      if (v != nullptr && i < Node::grouped_members_max) present |= std::uint64_t{1} << i;
      good = member(property, v, Place{&at, property.name}) && good;
      if (!good && done()) return false;
    }
    for (const auto& group : node.groups) good = whole(node, group, present, at) && good;
    if (node.additional) good = additional(node, object, at) && good;
    return good;
  }

  bool member(const Node::Property& property, const json::value* v, const Place& at) {
    if (v == nullptr) return !property.required || wrong(at, Rule::required, [] { return std::string(); });
    const bool may_be_text = !property.rules || property.rules->types == 0 || (property.rules->types & type_string) != 0;
    if (property.required && may_be_text && v->is_string() && v->get_string().empty())
      return wrong(at, Rule::not_empty, [] { return std::string(); });
    return !property.rules || value(*property.rules, *v, at);
  }

  bool whole(const Node& node, const Node::Group& group, std::uint64_t present, const Place& at) {
    if ((present & group.present) == 0 || (present & group.needed) == group.needed) return true;
    const auto& name = node.properties[static_cast<std::size_t>(std::countr_zero(group.present))].name;
    for (std::size_t i = 0; i < std::min(node.properties.size(), Node::grouped_members_max); ++i) {
      if (((group.needed & ~present) >> i & 1) != 0)
        (void)wrong(Place{&at, node.properties[i].name}, Rule::incomplete_group, [&] { return name; });
    }
    return false;
  }

  bool additional(const Node& node, const json::object& object, const Place& at) {
    bool good = true;
    for (const auto& member : object) {
      const auto named = [&](const Node::Property& p) { return p.rules && p.name == view(member.key()); };
      if (std::any_of(node.properties.begin(), node.properties.end(), named)) continue;
      good = value(*node.additional, member.value(), Place{&at, view(member.key())}) && good;
      if (!good && done()) return false;
    }
    return good;
  }

  bool items(const Node& node, const json::array& array, const Place& at) {
    bool good = true;
    for (std::size_t i = 0; node.items && i < array.size(); ++i) {
      good = value(*node.items, array[i], Place{&at, {}, i, true}) && good;
      if (!good && done()) return false;
    }
    return good;
  }

  bool combined(const Node& node, const json::value& v, const Place& at, bool good) {
    for (const auto& part : node.all_of) {
      if (!good && done()) return false;
      good = value(part, v, at) && good;
    }
    if (node.condition && (good || !done()) && Check{nullptr}.value(*node.condition, v, at))
      good = value(*node.consequence, v, at) && good;
    return good;
  }

  std::vector<Violation>* list_;
};

}  // namespace

std::vector<Violation> Schema::check(const json::value& body) const {
  std::vector<Violation> list;
  if (!Check{nullptr}.value(*root_, body, Place{})) (void)Check{&list}.value(*root_, body, Place{});
  return list;
}

}  // namespace denrei
