// Lines of a bulk load's state file, and what each does to its row.
#include <array>
#include <fmt/format.h>

#include "denrei/app/cli/bulk_state.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

using Kind = BulkEntry::Kind;
constexpr std::array<std::string_view, 6> kind_names{"sending", "done", "retry", "failed", "stopped", "again"};  // in the enum's order
constexpr std::int64_t rows_max = 10'000'000;

std::optional<std::int64_t> integer_at(const json::value& root, std::string_view pointer) {
  const auto* value = find(root, pointer);
  return value != nullptr && value->is_int64() ? std::optional(value->get_int64()) : std::nullopt;
}

std::optional<Kind> find_kind(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i)
    if (name == kind_names[i]) return static_cast<Kind>(i);
  return std::nullopt;
}

// A time that must be there for this kind, or need not.
bool read_time_at(const json::value& root, std::string_view pointer, bool needed, WallTime& out) {
  const auto text = find_string(root, pointer);
  if (text.empty()) return !needed;
  const auto time = parse_iso8601(text);
  if (time) out = *time;
  return time.has_value();
}

void end_attempt(RowState& row, const BulkEntry& entry) {
  ++row.attempts;
  ++row.round_attempts;
  row.status = entry.status;
  row.error = entry.error;
}

}  // namespace

std::string format_entry(const BulkEntry& entry) {
  JsonObject line(192);
  line.text("is", kind_names.at(static_cast<std::size_t>(entry.kind))).number("row", static_cast<std::int64_t>(entry.row) + 1);
  if (entry.kind == Kind::sending) line.text("bodyTime", format_iso8601(entry.body_time));
  if (entry.kind == Kind::retry) line.text("due", format_iso8601(entry.due));
  if (entry.status != 0) line.number("status", entry.status);
  if (entry.repeat) line.boolean("repeat", true);
  return line.text_if_any("error", entry.error).text("at", format_iso8601(entry.at)).take();
}

Result<BulkEntry> parse_entry(std::string_view line) {
  const auto document = parse_json(line);
  if (!document) return tl::unexpected(document.error());
  const auto& root = (*document)->root();
  const auto kind = find_kind(find_string(root, "/is"));
  const auto row = integer_at(root, "/row");
  if (!kind || !row || *row < 1 || *row > rows_max) return fail(FaultCode::invalid, "is not an entry of a state file");
  BulkEntry entry{.kind = *kind, .row = static_cast<std::size_t>(*row - 1)};
  const bool times = read_time_at(root, "/at", true, entry.at) && read_time_at(root, "/bodyTime", *kind == Kind::sending, entry.body_time) &&
                     read_time_at(root, "/due", *kind == Kind::retry, entry.due);
  if (!times) return fail(FaultCode::invalid, "has no readable time");
  entry.status = static_cast<int>(integer_at(root, "/status").value_or(0));
  const auto* repeat = find(root, "/repeat");
  entry.repeat = repeat != nullptr && repeat->is_bool() && repeat->get_bool();
  entry.error = find_string(root, "/error");
  return entry;
}

void apply_entry(RowState& row, const BulkEntry& entry) {
  row.at = entry.at;
  switch (entry.kind) {
    case Kind::sending:
      row.stage = RowStage::sending;
      row.body_time = entry.body_time;
      return;
    case Kind::done:
      end_attempt(row, entry);
      row.stage = RowStage::sent;
      row.repeat = entry.repeat;
      return;
    case Kind::retry:
      end_attempt(row, entry);
      row.stage = RowStage::waiting;
      row.due = entry.due;
      return;
    case Kind::failed:
      end_attempt(row, entry);
      row.stage = RowStage::failed;
      return;
    case Kind::stopped:
      row.status = entry.status;
      row.error = entry.error;
      return;
    case Kind::again:
      row.stage = RowStage::waiting;
      row.due = entry.at;
      row.round_attempts = 0;
      return;
  }
}

}  // namespace denrei
