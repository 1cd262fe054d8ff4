// JSON parsing: Boost.JSON's parser with our own handler, so that range, depth and duplicate keys are judged on the way.
#include "denrei/domain/json.hpp"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <optional>

#include "denrei/base/limits.hpp"
#include "denrei/domain/json_duplicates.hpp"

namespace denrei {
namespace {

using boost::system::error_code;

// Above this a parser is made for the one body, so that a thread does not keep the memory of its largest body for ever.
constexpr std::size_t reusable_body_bytes_max = 64 * 1024;

json::parse_options strict_options() {
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  return options;
}

// Builds the values and counts the members of all objects: a tree that holds fewer has lost a duplicate.
struct TreeHandler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  std::size_t members = 0;
  bool out_of_range = false;

  bool refuse_number(error_code& ec) {
    out_of_range = true;
    ec = json::error::not_number;
    return false;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t count, error_code&) {
    members += count;
    stack.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t count, error_code&) {
    stack.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_key(json::string_view s, std::size_t, error_code&) {
    stack.push_key(s);
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, error_code&) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, error_code&) {
    stack.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t, json::string_view, error_code& ec) { return refuse_number(ec); }
  // An integer too long for 64 bits arrives here as a rounded double: its text has neither point nor exponent.
  bool on_double(double d, json::string_view text, error_code& ec) {
    if (d - d != 0.0 || text.find_first_of(".eE") == json::string_view::npos) return refuse_number(ec);
    stack.push_double(d);
    return true;
  }
  bool on_bool(bool b, error_code&) {
    stack.push_bool(b);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, error_code&) { return false; }
  bool on_comment(json::string_view, error_code&) { return false; }
};

using TreeParser = json::basic_parser<TreeHandler>;

std::size_t count_members(const json::value& v) noexcept {
  std::size_t count = 0;
  if (const auto* object = v.if_object()) {
    count = object->size();
    for (const auto& member : *object) {
      if (member.value().is_structured()) count += count_members(member.value());
    }
  } else if (const auto* array = v.if_array()) {
    for (const auto& item : *array) {
      if (item.is_structured()) count += count_members(item);
    }
  }
  return count;
}

Fault explain(error_code ec, bool out_of_range, std::size_t at) {
  if (ec == json::error::too_deep)
    return {FaultCode::invalid, fmt::format("JSON is nested deeper than {} levels at byte {}", limits::json_depth_max, at)};
  if (out_of_range || ec == json::error::exponent_overflow)
    return {FaultCode::invalid, fmt::format("number out of range near byte {} (64-bit integers and finite doubles)", at)};
  return {FaultCode::invalid, fmt::format("not valid JSON: {} at byte {}", ec.message(), at)};
}

// Parses into `memory`; what is wrong, if anything, comes back as a fault.
Result<json::value> parse_tree(TreeParser& parser, std::string_view text, json::monotonic_resource& memory) {
  auto& handler = parser.handler();
  parser.reset();
  handler.stack.reset(&memory);
  handler.members = 0;
  handler.out_of_range = false;
  error_code ec;
  const auto used = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && used < text.size()) ec = json::error::extra_data;
  if (ec) {
    handler.stack.reset();  // its values point into memory that goes away with the document
    return tl::unexpected(explain(ec, handler.out_of_range, used));
  }
  auto root = handler.stack.release();
  if (count_members(root) != handler.members)
    return fail(FaultCode::invalid, fmt::format("duplicate key \"{}\"", find_duplicate_key(text)));
  return root;
}

TreeParser& parser_of_this_thread() {
  thread_local TreeParser parser{strict_options()};
  return parser;
}

}  // namespace

namespace {

const json::value* child(const json::value& parent, std::string_view segment) noexcept {
  if (const auto* object = parent.if_object()) return object->if_contains({segment.data(), segment.size()});
  const auto* array = parent.if_array();
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
  const bool is_index = error == std::errc{} && end == segment.data() + segment.size() && (segment == "0" || segment.front() != '0');
  return array != nullptr && is_index ? array->if_contains(index) : nullptr;
}

}  // namespace

Result<std::shared_ptr<const JsonDocument>> parse_json(std::string_view text) {
  if (text.empty()) return fail(FaultCode::invalid, "empty body: JSON expected");
  // Not make_shared: that would first fill the document's block with zeros.
  auto document = std::make_shared_for_overwrite<JsonDocument>();
  std::optional<TreeParser> single_use;
  auto& parser = text.size() <= reusable_body_bytes_max ? parser_of_this_thread() : single_use.emplace(strict_options());
  auto root = parse_tree(parser, text, document->memory_);
  if (!root) return tl::unexpected(std::move(root.error()));
  // Assignment would copy into the default memory; a value keeps its memory only when it is constructed by moving.
  std::destroy_at(&document->root_);
  std::construct_at(&document->root_, std::move(*root));
  return document;
}

// By hand: Boost's find_pointer() unescapes and reports as it goes, which costs six times as much, and the hot path asks
// twenty times an event.
const json::value* find(const json::value& root, std::string_view pointer) noexcept {
  if (pointer.find('~') != std::string_view::npos) {
    error_code ec;
    return root.find_pointer({pointer.data(), pointer.size()}, ec);
  }
  const json::value* at = &root;
  while (!pointer.empty() && at != nullptr) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const auto segment = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(segment.size());
    at = child(*at, segment);
  }
  return at;
}

std::string_view find_string(const json::value& root, std::string_view pointer) noexcept {
  const auto* value = find(root, pointer);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

}  // namespace denrei
