// Reading and writing CSV.
#include "denrei/app/cli/csv.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace denrei {
namespace {

class CsvReader {
 public:
  CsvReader(std::string_view text, const CsvLimits& limits) : text_(text), limits_(limits) {}

  CsvTable read() {
    const auto rows_max = limits_.rows_max + 1;
    while (!at_end() && table_.rows.size() <= rows_max) read_row();
    if (table_.rows.size() > rows_max) {
      const auto line = table_.rows.back().line;
      table_.rows.pop_back();
      complain(line, 0, fmt::format("more than {} rows", limits_.rows_max));
    }
    return std::move(table_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool at_break() const { return text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }
  [[nodiscard]] bool at_separator() const { return at_end() || text_[at_] == ',' || at_break(); }

  void complain(std::size_t line, std::size_t column, std::string text) { table_.problems.add({line, column, std::move(text)}); }

  void read_row() {
    CsvRow row{.line = line_};
    while (true) {
      row.cells.push_back(read_cell(row.cells.size() + 1));
      if (at_end() || text_[at_] != ',') break;
      ++at_;
    }
    skip_break();
    if (std::any_of(row.cells.begin(), row.cells.end(), [](const std::string& cell) { return !cell.empty(); }))
      table_.rows.push_back(std::move(row));
  }

  void skip_break() {
    if (at_end()) return;
    at_ += text_[at_] == '\r' ? 2u : 1u;
    ++line_;
  }

  std::string read_cell(std::size_t column) {
    const auto line = line_;
    auto cell = !at_end() && text_[at_] == '"' ? read_quoted(column) : read_plain(column);
    if (cell.size() <= limits_.cell_bytes_max) return cell;
    complain(line, column, fmt::format("holds {} bytes, at most {} are allowed", cell.size(), limits_.cell_bytes_max));
    return "-";  // not empty: it is there, only too large
  }

  std::string read_plain(std::size_t column) {
    const auto from = at_;
    while (!at_separator() && text_[at_] != '"' && text_[at_] != '\r') ++at_;
    if (at_separator()) return std::string(text_.substr(from, at_ - from));
    complain(line_, column,
             text_[at_] == '"' ? R"(a quotation mark inside a cell without quotes; write "…" around the cell and the mark twice)"
                               : "a carriage return that no line feed follows");
    while (!at_separator()) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  std::string read_quoted(std::size_t column) {
    const auto opened = line_;
    std::string cell;
    ++at_;
    while (true) {
      const auto quote = std::min(text_.find('"', at_), text_.size());
      const auto part = text_.substr(at_, quote - at_);
      cell += part;
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      at_ = quote;
      if (at_end()) {
        complain(opened, column, "the quotation mark at its beginning is never closed");
        return cell;
      }
      ++at_;
      if (at_end() || text_[at_] != '"') break;
      cell += '"';
      ++at_;
    }
    if (!at_separator()) complain(line_, column, "something follows the closing quotation mark");
    while (!at_separator()) ++at_;
    return cell;
  }

  std::string_view text_;
  const CsvLimits& limits_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  CsvTable table_;
};

std::string quote_cell(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace

void CsvProblems::add(CsvProblem problem) {
  if (listed_.size() < listed_max) listed_.push_back(std::move(problem));
  else ++unlisted_;
}

std::vector<CsvProblem> CsvProblems::sorted() const {
  auto problems = listed_;
  std::stable_sort(problems.begin(), problems.end(), [](const CsvProblem& a, const CsvProblem& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return problems;
}

CsvTable parse_csv(std::string_view utf8, const CsvLimits& limits) { return CsvReader(utf8, limits).read(); }

void append_csv_row(std::string& out, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    out += quote_cell(cells[i]);
  }
  out += "\r\n";
}

}  // namespace denrei
