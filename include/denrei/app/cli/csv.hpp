// CSV: a spreadsheet's bytes to rows of UTF-8 cells, with every mistake and where it stands.
//
// Shape   decode_spreadsheet(bytes) -> UTF-8 text; parse_csv(text, limits) -> rows and problems; append_csv_row(out, cells)
// Words   a line is what an editor counts, from 1; a row may span several and is called by its first; columns count from 1
// Limits  given by the caller; 1,000 problems are kept, the rest is counted
// Errors  a text in no known encoding is a Fault that names the line; everything else is a problem and the reading goes on
// Source  RFC 4180 (CRLF or LF, quotes, line breaks in quotes); CP932 is what Excel writes in Japan
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

struct DecodedText {
  std::string utf8;
  std::string_view encoding;  // "UTF-8", "UTF-8 with BOM" or "CP932"
};
// UTF-8 where it is valid, else CP932. A file that is UTF-8 but for a few lines is not guessed to be CP932.
[[nodiscard]] Result<DecodedText> decode_spreadsheet(std::string_view bytes);

struct CsvProblem {
  std::size_t line = 0;
  std::size_t column = 0;  // 0: the row as a whole
  std::string text;
};

class CsvProblems {
 public:
  static constexpr std::size_t listed_max = 1'000;  // more than anybody reads before mending the file
  void add(CsvProblem problem);
  // In the order of the file.
  [[nodiscard]] std::vector<CsvProblem> sorted() const;
  [[nodiscard]] bool empty() const noexcept { return listed_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return listed_.size() + unlisted_; }

 private:
  std::vector<CsvProblem> listed_;
  std::size_t unlisted_ = 0;
};

struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> cells;
};

struct CsvLimits {
  std::size_t rows_max = 0;  // below the header
  std::size_t cell_bytes_max = 0;
};

// Rows that are empty in every cell are left out: spreadsheets append them.
struct CsvTable {
  std::vector<CsvRow> rows;
  CsvProblems problems;
};
[[nodiscard]] CsvTable parse_csv(std::string_view utf8, const CsvLimits& limits);

// One row with CRLF; cells are quoted where they need it.
void append_csv_row(std::string& out, const std::vector<std::string>& cells);

}  // namespace denrei
