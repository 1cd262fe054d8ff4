// Bodies of a bulk load, and the receiver's judgement of them before it is asked.
#include "denrei/app/cli/bulk_events.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <set>

#include "denrei/domain/event_making.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view wide_blank = "\u3000";

void add_member(JsonObject& data, const StaffColumn& column, std::string_view cell) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (column.integer && error == std::errc{} && end == cell.data() + cell.size()) data.number(column.name, number);
  else data.text(column.name, cell);
}

// Whether the violation is about what stands in the cell, so that repeating it helps.
bool is_about_content(Rule rule) {
  switch (rule) {
    case Rule::type:
    case Rule::one_of:
    case Rule::constant:
    case Rule::too_small:
    case Rule::too_large:
    case Rule::predicate:
    case Rule::host: return true;
    case Rule::required:
    case Rule::not_empty:
    case Rule::too_short:
    case Rule::too_long:
    case Rule::incomplete_group: return false;
  }
  return false;
}

class EventCheck {
 public:
  EventCheck(StaffFile& file, const Source& source, const Schema& schema, WallTime now)
      : file_(file), source_(source), schema_(schema), now_(now) {
    for (const auto& problem : file.problems.sorted())
      if (problem.column == 0) broken_lines_.insert(problem.line);
  }

  void check() {
    for (const auto& row : file_.rows) {
      if (broken_lines_.contains(row.line)) continue;  // its cells do not stand under their names
      check_blanks(row);
      check_body(row);
    }
  }

 private:
  // Two ids that look alike would be two people.
  void check_blanks(const CsvRow& row) {
    for (std::size_t column = 0; column < staff_columns.size(); ++column) {
      const auto cell = file_.cell(row, column);
      if (!staff_columns[column].required || staff_columns[column].name == "fullName" || cell.empty()) continue;
      const bool surrounded = blanks.find(cell.front()) != blanks.npos || blanks.find(cell.back()) != blanks.npos ||
                              cell.starts_with(wide_blank) || cell.ends_with(wide_blank);
      if (surrounded) file_.complain(row, column, fmt::format("must not begin or end with a blank, is {}", quote_for_message(cell)));
    }
  }

  void check_body(const CsvRow& row) {
    auto body = make_created_body(file_, row, now_);
    if (body.size() > source_.body_bytes_max)
      return complain_of_row(row, fmt::format("its event has {} bytes, at most {} are taken", body.size(), source_.body_bytes_max));
    auto document = parse_json(body);
    if (!document) return complain_of_row(row, document.error().detail);
    const auto violations = schema_.check((*document)->root());
    for (const auto& violation : violations) complain_of(row, violation);
    if (!violations.empty()) return;
    const auto event = make_event(source_, body, *document, now_);
    if (event) return;
    for (const auto& violation : event.error()) complain_of(row, violation);
  }

  void complain_of_row(const CsvRow& row, std::string text) { file_.problems.add({row.line, 0, std::move(text)}); }

  void complain_of(const CsvRow& row, const Violation& violation) {
    const auto text = violation_text_en(violation);
    const std::string_view field = violation.field;
    const auto column = field.starts_with("data.") ? find_staff_column(field.substr(5)) : std::nullopt;
    if (!column) return complain_of_row(row, fmt::format("{} {}", violation.field, text));
    const auto cell = file_.cell(row, *column);
    const bool said_already = cell.empty() && (*column == static_cast<std::size_t>(Staff::id) ||
                                               (staff_columns[*column].required && !file_.places[*column]));
    if (said_already) return;
    const bool show = is_about_content(violation.rule) && !cell.empty();
    file_.complain(row, *column, show ? fmt::format("{}, is {}", text, quote_for_message(cell)) : text);
  }

  StaffFile& file_;
  const Source& source_;
  const Schema& schema_;
  WallTime now_;
  std::set<std::size_t> broken_lines_;
};

}  // namespace

std::string make_created_body(const StaffFile& file, const CsvRow& row, WallTime time) {
  JsonObject data;
  for (std::size_t column = 0; column < staff_columns.size(); ++column)
    if (const auto cell = file.cell(row, column); !cell.empty()) add_member(data, staff_columns[column], cell);
  return JsonObject(512).text("eventType", created_type).text("timestamp", format_iso8601(time)).raw("data", data.take()).take();
}

void check_events(StaffFile& file, const Source& source, const Schema& schema, WallTime now) {
  EventCheck(file, source, schema, now).check();
}

}  // namespace denrei
