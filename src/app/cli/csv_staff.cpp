// Reading the staff CSV: its header in two languages, and the shape of its rows.
#include "denrei/app/cli/csv_staff.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <unordered_map>

#include "denrei/app/cli/screen.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/base/hmac.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;
constexpr CsvLimits csv_limits{.rows_max = 100'000, .cell_bytes_max = 4 * 1024};
constexpr std::size_t quoted_bytes_max = 100;  // of a cell, in a message

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail(FaultCode::io, fmt::format("{}: is a directory", path));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return fail(FaultCode::io, fmt::format("{}: cannot be read", path));
  std::string bytes(file_bytes_max + 1, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (stream.bad()) return fail(FaultCode::io, fmt::format("{}: cannot be read", path));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (bytes.size() > file_bytes_max) return fail(FaultCode::invalid, fmt::format("{}: is larger than {} bytes", path, file_bytes_max));
  return bytes;
}

// Blanks around it go, and U+FF01–U+FF5E (what a Japanese keyboard makes of ASCII) becomes U+0021–U+007E.
std::string normal_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = [&](std::size_t at) { return at < name.size() ? static_cast<unsigned char>(name[at]) : 0u; };
    const auto code = byte(i) == 0xEF ? (byte(i) & 0x0Fu) << 12 | (byte(i + 1) & 0x3Fu) << 6 | (byte(i + 2) & 0x3Fu) : 0u;
    if (code >= 0xFF01 && code <= 0xFF5E) {
      out += static_cast<char>(code - 0xFF01 + 0x21);
      i += 2;
    } else {
      out += name[i];
    }
  }
  const auto first = out.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? std::string{} : out.substr(first, out.find_last_not_of(" \t\r\n") - first + 1);
}

void read_header(StaffFile& file, const CsvRow& row) {
  file.header = row.cells;
  for (std::size_t place = 0; place < row.cells.size(); ++place) {
    const auto& name = row.cells[place];
    const auto column = find_staff_column(name);
    const auto complain = [&](std::string text) { file.problems.add({row.line, place + 1, std::move(text)}); };
    if (!column) complain(name.empty() ? "has no name" : fmt::format("is not a column of the staff file{}", suggest_staff_column(name)));
    else if (file.places[*column]) complain(fmt::format("says the same as column {}", *file.places[*column] + 1));
    else file.places[*column] = place;
  }
  for (std::size_t column = 0; column < staff_columns.size(); ++column)
    if (staff_columns[column].required && !file.places[column])
      file.problems.add({row.line, 0, fmt::format("the column {} ({}) is missing", staff_columns[column].name, staff_columns[column].japanese)});
}

void check_widths(StaffFile& file) {
  for (auto& row : file.rows) {
    if (row.cells.size() != file.header.size())
      file.problems.add({row.line, 0, fmt::format("has {} cells, the header has {}", row.cells.size(), file.header.size())});
    row.cells.resize(file.header.size());
  }
}

// Nothing later can tell two people of one id apart, so it is checked before anything else is.
void check_ids(StaffFile& file) {
  std::unordered_map<std::string_view, std::size_t> lines;
  constexpr auto id = static_cast<std::size_t>(Staff::id);
  for (const auto& row : file.rows) {
    const auto staff = file.staff_id(row);
    if (staff.empty()) {
      file.complain(row, id, "is required");
      continue;
    }
    const auto [first, is_new] = lines.emplace(staff, row.line);
    if (!is_new) file.complain(row, id, fmt::format("{} stands in line {} already", quote_for_message(staff), first->second));
  }
}

}  // namespace

std::optional<std::size_t> find_staff_column(std::string_view name) {
  const auto wanted = normal_name(name);
  for (std::size_t column = 0; column < staff_columns.size(); ++column)
    if (wanted == staff_columns[column].name || wanted == staff_columns[column].japanese) return column;
  return std::nullopt;
}

std::string suggest_staff_column(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& column : staff_columns) known.insert(known.end(), {std::string(column.name), std::string(column.japanese)});
  return suggest_word(normal_name(name), known);
}

std::string quote_for_message(std::string_view cell) {
  auto end = std::min(cell.size(), quoted_bytes_max);
  while (end < cell.size() && end > 0 && (static_cast<unsigned char>(cell[end]) & 0xC0) == 0x80) --end;
  return fmt::format("'{}{}'", make_printable(cell.substr(0, end)), end < cell.size() ? "…" : "");
}

std::string_view StaffFile::cell(const CsvRow& row, std::size_t column) const {
  return places[column] ? std::string_view(row.cells[*places[column]]) : std::string_view{};
}

void StaffFile::complain(const CsvRow& row, std::size_t column, std::string text) {
  const auto place = places[column];
  problems.add({row.line, place ? *place + 1 : 0,
                place ? std::move(text) : fmt::format("{} {}", staff_columns[column].name, text)});
}

Result<StaffFile> read_staff_file(const std::string& path) {
  const auto bytes = read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto text = decode_spreadsheet(*bytes);
  if (!text) return fail(text.error().code, fmt::format("{}: {}", path, text.error().detail));
  auto table = parse_csv(text->utf8, csv_limits);
  StaffFile file{.name = path, .sha256 = encode_hex(as_view(sha256({*bytes}))), .encoding = text->encoding};
  file.problems = std::move(table.problems);
  if (table.rows.empty()) {
    file.problems.add({1, 0, "the file has no header row"});
    return file;
  }
  read_header(file, table.rows.front());
  file.rows.assign(std::make_move_iterator(table.rows.begin() + 1), std::make_move_iterator(table.rows.end()));
  if (file.rows.empty()) file.problems.add({table.rows.front().line, 0, "no row follows the header"});
  check_widths(file);
  if (file.places[static_cast<std::size_t>(Staff::id)]) check_ids(file);
  return file;
}

std::string format_problems(const StaffFile& file) {
  std::string out;
  const auto problems = file.problems.sorted();
  for (const auto& problem : problems) {
    out += fmt::format("{}:{}: ", file.name, problem.line);
    if (problem.column > 0 && problem.column <= file.header.size())
      out += fmt::format("column {} ({}): ", problem.column, make_printable(file.header[problem.column - 1]));
    else if (problem.column > 0) out += fmt::format("column {}: ", problem.column);
    out += problem.text + '\n';
  }
  if (const auto more = file.problems.count() - problems.size(); more > 0) out += fmt::format("and {} more\n", more);
  return out;
}

std::string problems_json(const StaffFile& file) {
  std::string list;
  const auto problems = file.problems.sorted();
  for (const auto& problem : problems) {
    JsonObject item;
    item.number("line", static_cast<std::int64_t>(problem.line));
    if (problem.column > 0) item.number("column", static_cast<std::int64_t>(problem.column));
    if (problem.column > 0 && problem.column <= file.header.size()) item.text("name", file.header[problem.column - 1]);
    list += (list.empty() ? "" : ",") + item.text("text", problem.text).take();
  }
  return JsonObject{}
      .raw("problems", fmt::format("[{}]", list))
      .number("unlisted", static_cast<std::int64_t>(file.problems.count() - problems.size()))
      .take();
}

}  // namespace denrei
