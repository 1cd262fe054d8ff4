// Comparing people.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <fmt/format.h>
#include <unordered_set>

#include "denrei/app/cli/reconcile.hpp"
#include "denrei/base/time.hpp"

namespace denrei {
namespace {

constexpr CsvLimits known_limits{.rows_max = 1'000'000, .cell_bytes_max = 4 * 1024};
constexpr auto first_photo_column = static_cast<std::size_t>(Staff::photo_url);  // they stand last

// The receiver's photo, or its deletion, is newer than what the CSV says.
bool is_photo_newer(std::string_view expected_time, const json::value& record) {
  const auto expected = parse_iso8601(expected_time);
  if (!expected) return false;
  for (const auto* pointer : {"/photoUpdatedAt", "/photoDeletion/photoDeletedAt"})
    if (const auto held = parse_iso8601(find_string(record, pointer)); held && *held > *expected) return true;
  return false;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool means_the_same(const StaffColumn& column, std::string_view expected, std::string_view found) {
  if (expected == found) return true;
  if (column.integer) {
    const auto number = parse_integer(expected);
    return number && number == parse_integer(found);
  }
  const auto time = parse_iso8601(expected);
  const auto other = parse_iso8601(found);
  return time && other && *time == *other;
}

}  // namespace

std::vector<Difference> compare_person(const StaffFile& file, const CsvRow& row, const json::value& record,
                                       const std::vector<std::size_t>& columns) {
  std::vector<Difference> differences;
  const bool photo_newer = is_photo_newer(file.cell(row, static_cast<std::size_t>(Staff::photo_updated_at)), record);
  for (const auto column : columns) {
    const auto& meaning = staff_columns.at(column);
    const auto expected = file.cell(row, column);
    if (expected.empty() || (photo_newer && column >= first_photo_column)) continue;
    const auto* value = find(record, fmt::format("/{}", meaning.name));
    std::optional<std::string> found;
    if (value != nullptr && !value->is_null()) found = value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
    if (found && means_the_same(meaning, expected, *found)) continue;
    differences.push_back({row.line, std::string(file.staff_id(row)), std::string(meaning.name), std::string(expected), std::move(found)});
  }
  return differences;
}

std::vector<std::string> find_extra(const StaffFile& file, std::vector<std::string> known) {
  std::unordered_set<std::string_view> ours;
  for (const auto& row : file.rows) ours.insert(file.staff_id(row));
  std::erase_if(known, [&](const std::string& id) { return id.empty() || ours.contains(id); });
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

Result<std::vector<std::string>> parse_known_ids(std::string_view bytes) {
  const auto text = decode_spreadsheet(bytes);
  if (!text) return tl::unexpected(text.error());
  const auto table = parse_csv(text->utf8, known_limits);
  if (!table.problems.empty()) {
    const auto problem = table.problems.sorted().front();
    return fail(FaultCode::invalid, fmt::format("line {}: {}", problem.line, problem.text));
  }
  std::vector<std::string> ids;
  if (table.rows.empty()) return ids;
  const auto& header = table.rows.front().cells;
  const auto titled = std::find_if(header.begin(), header.end(), [](const std::string& name) {
    return find_staff_column(name) == static_cast<std::size_t>(Staff::id);
  });
  if (titled == header.end() && header.size() > 1)
    return fail(FaultCode::invalid, "line 1: no column is called staffId, and it is not a plain list of ids");
  const auto place = titled == header.end() ? 0 : static_cast<std::size_t>(titled - header.begin());
  for (std::size_t i = titled == header.end() ? 0 : 1; i < table.rows.size(); ++i)
    if (place < table.rows[i].cells.size()) ids.push_back(table.rows[i].cells[place]);
  return ids;
}

}  // namespace denrei
