// Reconciling: what the staff CSV says about people against what a receiver holds.
//
// Shape   compare_person(file, row, record, columns) -> differences; find_extra(file, known ids) -> ids that the CSV has not
// Rules   an empty cell says nothing, so nothing can differ from it. A photo (or its deletion) that is newer at the receiver stands
//         for no difference: the protocol keeps the newer one. Times are equal as instants, numbers as numbers
// Source  protocol §2.1, §3 (bulk load)
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "denrei/app/cli/csv_staff.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {

struct Difference {
  std::size_t line = 0;
  std::string staff_id;
  std::string field;
  std::string expected;
  std::optional<std::string> found;  // nothing: the receiver has no such member
};

// `columns`: numbers in staff_columns.
[[nodiscard]] std::vector<Difference> compare_person(const StaffFile& file, const CsvRow& row, const json::value& record,
                                                     const std::vector<std::size_t>& columns);

// Sorted, each once.
[[nodiscard]] std::vector<std::string> find_extra(const StaffFile& file, std::vector<std::string> known);

// The ids in a CSV with a staffId column, or in a plain list with one a line.
[[nodiscard]] Result<std::vector<std::string>> parse_known_ids(std::string_view bytes);

}  // namespace denrei
