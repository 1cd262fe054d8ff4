// Reading one TOML table: typed getters that say where a wrong value stands; every key that nobody asked for is a mistake.
//
// Shape   reader.read("paths", list); … reader.refuse_unknown_keys()
// Errors  into Problems, with file:line:column; the variable then keeps its value
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

#include "denrei/app/config/problems.hpp"

namespace denrei {

enum class ValueKind : std::uint8_t { text, integer, boolean, texts };

struct IntegerRange {
  std::int64_t min;
  std::int64_t max;
};

struct NumberRange {
  double min;
  double max;
};

class TableReader {
 public:
  // `title` is how messages call the table: "[server]"; `file` is what stands before the line number.
  TableReader(const toml::table& table, std::string title, std::string file, Problems& problems);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
  void read(std::string_view key, std::string& out);
  void read(std::string_view key, bool& out);
  void read(std::string_view key, std::vector<std::string>& out);
  void read_integer(std::string_view key, IntegerRange range, std::int64_t& out);
  void read_number(std::string_view key, NumberRange range, double& out);  // a whole one will do
  // The value as text whatever its kind (lists joined by commas), or nothing when absent or of another kind.
  [[nodiscard]] std::optional<std::string> read_as_text(std::string_view key, ValueKind kind);
  // The value as it is, for tables and arrays of tables; null when absent.
  [[nodiscard]] const toml::node* node(std::string_view key);
  // A problem unless the key is there and not empty.
  void require(std::string_view key);

  // "denrei.toml:12:3" of a key's value, or of the table when the key is absent.
  [[nodiscard]] std::string place(std::string_view key) const;
  [[nodiscard]] std::string place_of(const toml::node& node) const;
  void complain(std::string_view key, std::string_view text);
  void refuse_unknown_keys();
  [[nodiscard]] const std::string& title() const noexcept { return title_; }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  std::optional<std::vector<std::string>> read_texts(std::string_view key);
  void complain_about_kind(std::string_view key, std::string_view wanted);
  const toml::table& table_;
  std::string title_;
  std::string file_;
  Problems& problems_;
  std::vector<std::string> asked_;
};

}  // namespace denrei
