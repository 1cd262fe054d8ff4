// JSON as text: escaping, shortest numbers, and objects built member by member.
#include "denrei/domain/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

namespace json = boost::json;

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c, bool keep_high_bytes) {
  if (static_cast<unsigned char>(c) >= 0x80) {
    if (keep_high_bytes) out.push_back(c);
    else out.append("\xEF\xBF\xBD");
    return;
  }
  if (static_cast<unsigned char>(c) >= 0x20) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
    return;
  }
  if (c == '\n') out.append("\\n");
  else if (c == '\r') out.append("\\r");
  else if (c == '\t') out.append("\\t");
  else fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
}

// A double stays recognisable as one: 1.0 is not written as 1.
void append_double(std::string& out, double number) {
  const auto start = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  if (out.find_first_of(".e", start) == std::string::npos) out.append(".0");
}

void append_array(std::string& out, const json::array& array) {
  out.push_back('[');
  const auto first = out.size();
  for (const auto& item : array) {
    if (out.size() != first) out.push_back(',');
    append_json(out, item);
  }
  out.push_back(']');
}

void append_object(std::string& out, const json::object& object) {
  out.push_back('{');
  const auto first = out.size();
  for (const auto& member : object) {
    if (out.size() != first) out.push_back(',');
    append_json_string(out, {member.key().data(), member.key().size()});
    out.push_back(':');
    append_json(out, member.value());
  }
  out.push_back('}');
}

}  // namespace

void append_json_string(std::string& out, std::string_view utf8) {
  out.push_back('"');
  const auto* plain_end = std::find_if_not(utf8.begin(), utf8.end(), is_plain);
  out.append(utf8.begin(), plain_end);
  if (plain_end != utf8.end()) {
    const bool keep_high_bytes = is_utf8(utf8);
    std::for_each(plain_end, utf8.end(), [&out, keep_high_bytes](char c) { append_escaped(out, c, keep_high_bytes); });
  }
  out.push_back('"');
}

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out.append("null"); return;
    case json::kind::bool_: out.append(value.get_bool() ? "true" : "false"); return;
    case json::kind::int64: fmt::format_to(std::back_inserter(out), "{}", value.get_int64()); return;
    case json::kind::uint64: fmt::format_to(std::back_inserter(out), "{}", value.get_uint64()); return;
    case json::kind::double_: append_double(out, value.get_double()); return;
    case json::kind::string: append_json_string(out, {value.get_string().data(), value.get_string().size()}); return;
    case json::kind::array: append_array(out, value.get_array()); return;
    case json::kind::object: append_object(out, value.get_object()); return;
  }
}

void JsonObject::name(std::string_view name) {
  out_.push_back(out_.empty() ? '{' : ',');
  append_json_string(out_, name);
  out_.push_back(':');
}

JsonObject& JsonObject::text(std::string_view member, std::string_view value) {
  name(member);
  append_json_string(out_, value);
  return *this;
}

JsonObject& JsonObject::text_if_any(std::string_view member, std::string_view value) {
  return value.empty() ? *this : text(member, value);
}

JsonObject& JsonObject::number(std::string_view member, std::int64_t value) {
  return raw(member, fmt::format_int(value).c_str());
}

JsonObject& JsonObject::boolean(std::string_view member, bool value) { return raw(member, value ? "true" : "false"); }

JsonObject& JsonObject::value(std::string_view member, const boost::json::value& value) {
  name(member);
  append_json(out_, value);
  return *this;
}

JsonObject& JsonObject::raw(std::string_view member, std::string_view json) {
  name(member);
  out_.append(json);
  return *this;
}

std::string JsonObject::take() {
  if (out_.empty()) out_.push_back('{');
  out_.push_back('}');
  return std::move(out_);
}

}  // namespace denrei
