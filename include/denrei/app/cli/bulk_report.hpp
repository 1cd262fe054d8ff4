// What a bulk load says at its end: the result CSV, and the summary for people or programs.
#pragma once
#include <string>
#include <vector>

#include "denrei/app/cli/bulk_run.hpp"

namespace denrei {

// "sent", "repeat" (the receiver knew it already), "failed"; "open" when the run ended before it was known.
[[nodiscard]] std::string_view result_word(const RowState& row);

// UTF-8 with BOM, as Excel wants it: line, staffId, result, status, attempts, error, at.
[[nodiscard]] std::string make_result_csv(const StaffFile& file, const std::vector<RowState>& rows);
// Whole or not at all: written beside it, then renamed.
[[nodiscard]] Result<void> write_result(const std::string& path, const std::string& text);

struct BulkSummary {
  const StaffFile& file;
  const std::vector<RowState>& rows;
  const BulkEnd& end;
  std::string result_path;
  std::string state_path;
  Millis took{};
};
[[nodiscard]] std::string describe_summary(const BulkSummary& summary);
[[nodiscard]] std::string summary_json(const BulkSummary& summary);

}  // namespace denrei
