// Reports of a bulk load.
#include "denrei/app/cli/bulk_report.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t failures_shown_max = 20;  // on the screen; the result CSV has all of them

std::string_view end_name(BulkEnd::Kind kind) {
  switch (kind) {
    case BulkEnd::Kind::finished: return "finished";
    case BulkEnd::Kind::interrupted: return "interrupted";
    case BulkEnd::Kind::refused: return "refused";
    case BulkEnd::Kind::broken: return "broken";
  }
  return {};
}

std::string list_failures(const BulkSummary& summary) {
  std::vector<std::vector<std::string>> table;
  for (std::size_t i = 0; i < summary.rows.size() && table.size() < failures_shown_max; ++i) {
    if (summary.rows[i].stage != RowStage::failed) continue;
    const auto& row = summary.file.rows[i];
    table.push_back({fmt::format("  line {}", row.line), std::string(summary.file.staff_id(row)), summary.rows[i].error});
  }
  return format_table(table);
}

}  // namespace

std::string_view result_word(const RowState& row) {
  switch (row.stage) {
    case RowStage::sent: return row.repeat ? "repeat" : "sent";
    case RowStage::failed: return "failed";
    case RowStage::open:
    case RowStage::sending:
    case RowStage::waiting: return "open";
  }
  return {};
}

std::string make_result_csv(const StaffFile& file, const std::vector<RowState>& rows) {
  std::string out = "\xEF\xBB\xBF";
  append_csv_row(out, {"line", "staffId", "result", "status", "attempts", "error", "at"});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const bool touched = row.stage != RowStage::open;
    append_csv_row(out, {std::to_string(file.rows[i].line), std::string(file.staff_id(file.rows[i])), std::string(result_word(row)),
                         row.status != 0 ? std::to_string(row.status) : "", std::to_string(row.attempts), row.error,
                         touched ? format_iso8601(row.at) : ""});
  }
  return out;
}

Result<void> write_result(const std::string& path, const std::string& text) {
  const auto draft = path + ".new";
  std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
  stream << text << std::flush;
  if (!stream) return fail(FaultCode::io, fmt::format("{}: cannot be written: {}", draft, std::strerror(errno)));
  stream.close();
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  return error ? fail(FaultCode::io, fmt::format("{}: cannot be written: {}", path, error.message())) : Result<void>{};
}

std::string describe_summary(const BulkSummary& summary) {
  const auto tally = count_rows(summary.rows);
  auto text = fmt::format("{} rows: {} sent", tally.rows, tally.sent);
  if (tally.repeats > 0) text += fmt::format(" ({} of them the receiver knew already)", tally.repeats);
  text += fmt::format(", {} failed", tally.failed);
  if (tally.open + tally.waiting > 0) text += fmt::format(", {} open", tally.open + tally.waiting);
  text += fmt::format("; this run took {}\n", format_length(summary.took));
  text += list_failures(summary);
  if (tally.failed > failures_shown_max) text += fmt::format("  and {} more\n", tally.failed - failures_shown_max);
  return text + fmt::format("result of each row: {}\n", summary.result_path);
}

std::string summary_json(const BulkSummary& summary) {
  const auto tally = count_rows(summary.rows);
  const auto count = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  return JsonObject{}
      .text("end", end_name(summary.end.kind))
      .text_if_any("reason", summary.end.reason)
      .number("rows", count(tally.rows))
      .number("sent", count(tally.sent))
      .number("repeats", count(tally.repeats))
      .number("failed", count(tally.failed))
      .number("open", count(tally.open + tally.waiting))
      .number("tookMs", summary.took.count())
      .text("result", summary.result_path)
      .text("state", summary.state_path)
      .take();
}

}  // namespace denrei
