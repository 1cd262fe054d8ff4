// Members that several tables share: names, pointers, words of an enum, address ranges, durations, numbers. Each read and checked.
//
// Shape   read_name(table, "name", out); tables_of(file, "source", 100, problems) -> one reader for each [[source]]
// Units   durations are texts: "500ms", "5s", "1m", "2h", "1d"
// Errors  through the table, with file:line:column; the variable then keeps its value or is checked no further
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/app/config/config_file.hpp"
#include "denrei/app/config/table_reader.hpp"
#include "denrei/base/duration.hpp"

namespace denrei {

inline constexpr std::size_t name_bytes_max = 64;

// Every [[name]] of the file, in its order.
[[nodiscard]] std::vector<TableReader> tables_of(const ConfigFile& file, const std::string& name, std::size_t count_max,
                                                 Problems& problems);

// Where a name was used first; a second use is a mistake.
using Seen = std::map<std::string, std::string>;
void refuse_repeat(std::string_view what, const std::string& value, TableReader& table, std::string_view key, Seen& seen);

// Letters, digits and `others`; an empty text consists of anything.
[[nodiscard]] bool consists_of(std::string_view text, std::string_view others);
void read_name(TableReader& table, std::string_view key, std::string& out);
// The name of a variable. Anything else is probably the value itself: it is not repeated, and `out` becomes empty.
void read_secret_name(TableReader& table, std::string_view key, std::string& out);
void read_url_name(TableReader& table, std::string_view key, std::string& out);

[[nodiscard]] bool is_pointer(std::string_view text);  // RFC 6901
void read_pointer(TableReader& table, std::string_view key, std::string& out);
void read_ranges(TableReader& table, std::string_view key, std::vector<std::string>& out);
// A file of PEM certificates that can be read now.
void read_ca_file(TableReader& table, std::string_view key, std::string& out);

template <class Value>
void read_named(TableReader& table, std::string_view key, Result<Value> (*parse)(std::string_view), Value& out) {
  std::string name;
  table.read(key, name);
  if (name.empty()) return;
  if (const auto value = parse(name)) out = *value;
  else table.complain(key, value.error().detail);
}

template <class Whole>
void read_count(TableReader& table, std::string_view key, IntegerRange range, Whole& out) {
  auto value = static_cast<std::int64_t>(out);
  table.read_integer(key, range, value);
  out = static_cast<Whole>(value);
}

struct DurationRange {
  Millis min;
  Millis max;
};
void read_duration(TableReader& table, std::string_view key, DurationRange range, Millis& out);
void read_durations(TableReader& table, std::string_view key, DurationRange range, std::vector<Millis>& out);

}  // namespace denrei
