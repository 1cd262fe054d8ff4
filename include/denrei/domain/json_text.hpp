// JSON as text under construction: quoted strings, values and objects, appended to a string. Reading JSON lives in json.hpp.
//
// Shape   JsonObject{}.text("id", id).number("count", n).take() -> {"id":"…","count":1}; append_json(out, value)
// Limits  a value is at most as deep as parse_json allows, so the recursion is bounded
// Errors  none; bytes that are no UTF-8 become U+FFFD, so that the result is always JSON
// Source  RFC 8259 §7; numbers in their shortest form that reads back as the same value
#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace denrei {

void append_json_string(std::string& out, std::string_view utf8);
void append_json(std::string& out, const boost::json::value& value);

// Members stand in the order in which they were added.
class JsonObject {
 public:
  explicit JsonObject(std::size_t reserve_bytes = 256) { out_.reserve(reserve_bytes); }
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& text_if_any(std::string_view name, std::string_view value);  // an empty one is left out
  JsonObject& number(std::string_view name, std::int64_t value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& value(std::string_view name, const boost::json::value& value);
  JsonObject& raw(std::string_view name, std::string_view json);           // already JSON
  [[nodiscard]] std::string take();

 private:
  void name(std::string_view name);
  std::string out_;
};

}  // namespace denrei
