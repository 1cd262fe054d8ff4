// The staff CSV: which of its columns says what about a person, and its rows.
//
// Shape   read_staff_file(path) -> StaffFile with everything that is wrong in `problems`; file.cell(row, column) -> text
// Words   column: one of `staff_columns`, by its number there; place: where it stands in this file
// Limits  100,000 rows (a region's hospitals), 16 MiB, 4 KiB a cell: more is not a list of staff
// Errors  a file that cannot be read or decoded is a Fault; what is wrong with header and rows is a problem
// Source  employee seed §1.4, §4.2; protocol §2.1
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "denrei/app/cli/csv.hpp"

namespace denrei {

struct StaffColumn {
  std::string_view name;      // also the member of the event's data
  std::string_view japanese;  // the other name that the header may use
  bool required = false;
  bool integer = false;
};

inline constexpr std::array staff_columns{
    StaffColumn{"staffId", "職員ID", true},          StaffColumn{"fullName", "氏名", true},
    StaffColumn{"email", "メールアドレス", true},    StaffColumn{"facilityId", "施設ID", true},
    StaffColumn{"departmentId", "部署ID", true},     StaffColumn{"position", "役職"},
    StaffColumn{"authLevel", "権限レベル", false, true}, StaffColumn{"employmentStatus", "雇用状態"},
    StaffColumn{"hiredAt", "入職日"},                StaffColumn{"profilePhotoUrl", "写真URL"},
    StaffColumn{"photoUpdatedAt", "写真更新日時"},   StaffColumn{"photoMimeType", "写真MIMEタイプ"},
    StaffColumn{"photoFileSize", "写真サイズ", false, true}};

// Numbers of the columns that the code names.
enum class Staff : std::uint8_t { id = 0, photo_url = 9, photo_updated_at = 10 };

// The column of that name, English or Japanese; full-width letters count as their ASCII ones.
[[nodiscard]] std::optional<std::size_t> find_staff_column(std::string_view name);
// "; did you mean '職員ID'?", or nothing.
[[nodiscard]] std::string suggest_staff_column(std::string_view name);

// A cell in a message: in quotes, harmless for a terminal, and not too long.
[[nodiscard]] std::string quote_for_message(std::string_view cell);

struct StaffFile {
  std::string name;
  std::string sha256;                       // of the file, hexadecimal
  std::string_view encoding;
  std::vector<std::string> header;          // as written
  std::array<std::optional<std::size_t>, staff_columns.size()> places;
  std::vector<CsvRow> rows;                 // without the header, each as wide as it
  CsvProblems problems;

  // Empty when the file has no such column.
  [[nodiscard]] std::string_view cell(const CsvRow& row, std::size_t column) const;
  [[nodiscard]] std::string_view staff_id(const CsvRow& row) const { return cell(row, static_cast<std::size_t>(Staff::id)); }
  void complain(const CsvRow& row, std::size_t column, std::string text);
};

// Checks the shape: header, widths, a staffId in every row and none twice. What an event wants of the values is checked elsewhere.
[[nodiscard]] Result<StaffFile> read_staff_file(const std::string& path);

// "staff.csv:17: column 3 (email): is required", one a line; then how many were not listed.
[[nodiscard]] std::string format_problems(const StaffFile& file);
// {"problems":[{"line":17,"column":3,"name":"email","text":"is required"}],"unlisted":0}
[[nodiscard]] std::string problems_json(const StaffFile& file);

}  // namespace denrei
