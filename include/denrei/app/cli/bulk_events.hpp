// The events of a bulk load: one employee.created for each row of the staff CSV.
//
// Shape   make_created_body(file, row, time) -> the same bytes for the same arguments, always; check_events(file, …) adds to its problems
// Errors  everything that the receiver would refuse, with line and column; and ids that begin or end with a blank
// Source  employee seed §1.4; protocol §2.1
#pragma once
#include <string>

#include "denrei/app/cli/csv_staff.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/schema.hpp"
#include "denrei/domain/source.hpp"

namespace denrei {

inline constexpr std::string_view created_type = "employee.created";

// Empty cells are absent members. A number that is none is left as text, so that the schema can say what is wrong with it.
[[nodiscard]] std::string make_created_body(const StaffFile& file, const CsvRow& row, WallTime time);

void check_events(StaffFile& file, const Source& source, const Schema& schema, WallTime now);

}  // namespace denrei
