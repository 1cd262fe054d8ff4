// Shown values: what `denrei check-config` prints of a table's members, each with the place, or the default, that it came from.
//
// Shape   ShownValues shown(config, "source.employee", table); shown.add("scheme", "hmac_body"); an empty value is left out
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/app/config.hpp"
#include "denrei/app/config/table_reader.hpp"

namespace denrei {

class ShownValues {
 public:
  ShownValues(Config& config, std::string prefix, const TableReader& table);
  void add(std::string_view key, std::string value);
  void add_flag(std::string_view key, bool value) { add(key, value ? "true" : "false"); }
  void add_number(std::string_view key, std::uint64_t value) { add(key, std::to_string(value)); }
  void add_list(std::string_view key, const std::vector<std::string>& values);
  void add_from(std::string_view key, std::string value, std::string origin);

 private:
  Config& config_;
  std::string prefix_;
  const TableReader& table_;
};

[[nodiscard]] std::string timestamp_format_text(TimestampFormat format);

}  // namespace denrei
