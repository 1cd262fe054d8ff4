// denrei reconcile: the staff CSV against what a receiver holds. Missing, different, extra.
#include "denrei/app/cli/reconcile.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "denrei/app/cli/api.hpp"
#include "denrei/app/cli/bulk_progress.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/cli/signing.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr std::size_t answer_bytes_shown = 300;    // a page of an unknown server is not worth a screenful
constexpr std::size_t listed_ids_max = 1'000'000;  // ten times what a CSV may hold

struct ReconcileOptions {
  std::string file;
  std::string url;
  std::string known;
  std::vector<std::string> fields;
  std::string output = "human";
};

// Who is known there: nothing, with the reason, when nobody can say.
struct Extras {
  std::optional<std::vector<std::string>> ids;
  std::string unknown_because;
};

struct Findings {
  std::size_t rows = 0;
  std::size_t same = 0;
  std::vector<Difference> missing;    // without field
  std::vector<Difference> different;
  Extras extras;

  [[nodiscard]] bool none() const { return missing.empty() && different.empty() && (!extras.ids || extras.ids->empty()); }
};

tl::unexpected<Exit> stop(CliContext& context, Exit exit, std::string_view text) { return tl::unexpected(complain(context, exit, text)); }

OrExit<std::vector<std::size_t>> choose_columns(const StaffFile& file, const ReconcileOptions& options, CliContext& context) {
  std::vector<std::size_t> columns;
  if (options.fields.empty())
    for (std::size_t column = 1; column < staff_columns.size(); ++column)
      if (file.places[column]) columns.push_back(column);
  for (const auto& name : options.fields) {
    const auto column = find_staff_column(name);
    if (!column)
      return stop(context, Exit::usage,
                  fmt::format("--fields: '{}' is no field of a person{}", make_printable(name), suggest_staff_column(name)));
    if (!file.places[*column])
      return stop(context, Exit::usage, fmt::format("--fields: {} has no column {}", file.name, staff_columns[*column].name));
    if (*column > 0) columns.push_back(*column);
  }
  return columns;
}

// --- asking the receiver

std::string describe(const HttpReply& reply) {
  return fmt::format("the receiver answers {}: {}", reply.status, make_printable(std::string_view(reply.body).substr(0, answer_bytes_shown)));
}

OrExit<void> compare_one(const StaffFile& file, const CsvRow& row, const std::vector<std::size_t>& columns, const HttpReply& reply,
                         CliContext& context, Findings& findings) {
  if (reply.status == 404) {
    findings.missing.push_back({.line = row.line, .staff_id = std::string(file.staff_id(row))});
    return {};
  }
  const auto document = parse_json(reply.body);
  if (reply.status != 200 || !document || !(*document)->root().is_object())
    return stop(context, Exit::unreachable, fmt::format("line {}: {}", row.line, describe(reply)));
  auto differences = compare_person(file, row, (*document)->root(), columns);
  if (differences.empty()) ++findings.same;
  std::move(differences.begin(), differences.end(), std::back_inserter(findings.different));
  return {};
}

OrExit<void> compare_all(const StaffFile& file, const std::vector<std::size_t>& columns, Api& receiver, CliContext& context,
                         Findings& findings) {
  BulkProgress progress(context.err, context.is_err_terminal(), 0, context.now());
  BulkTally tally{.rows = file.rows.size(), .open = file.rows.size()};
  findings.rows = file.rows.size();
  OrExit<void> compared;
  for (const auto& row : file.rows) {
    const auto reply = receiver.get("/api/employees/" + percent_encode(file.staff_id(row)));
    compared = reply ? compare_one(file, row, columns, *reply, context, findings) : tl::unexpected(reply.error());
    if (!compared) break;
    --tally.open;
    ++tally.sent;
    ++tally.requests;
    progress.update(tally, context.now());
  }
  progress.end();
  return compared;
}

// Adds a page's ids; gives the next page's cursor, or nothing after the last.
Result<std::optional<std::string>> take_page(const std::string& body, std::vector<std::string>& ids) {
  const auto document = parse_json(body);
  const auto* data = document ? find((*document)->root(), "/data") : nullptr;
  if (data == nullptr || !data->is_array()) return fail(FaultCode::invalid, "the receiver's list of employees is none");
  for (const auto& item : data->get_array()) ids.emplace_back(find_string(item, "/staffId"));
  const auto* next = find((*document)->root(), "/next");
  if (next == nullptr || next->is_null()) return std::nullopt;
  if (next->is_string()) return std::string(next->get_string());
  return next->is_int64() ? std::optional(std::to_string(next->get_int64())) : std::nullopt;
}

OrExit<Extras> list_extras(const StaffFile& file, Api& receiver, CliContext& context) {
  std::vector<std::string> ids;
  std::string cursor;
  while (true) {
    const auto from = cursor.empty() ? "" : "&cursor=" + percent_encode(cursor);
    const auto reply = receiver.get(fmt::format("/api/employees?limit={}{}", limits::page_max, from));
    if (!reply) return tl::unexpected(reply.error());
    if (reply->status == 404 || reply->status == 405)
      return Extras{std::nullopt, fmt::format("the receiver has no list of employees ({}); give one with --known", reply->status)};
    if (reply->status != 200)
      return stop(context, Exit::unreachable, describe(*reply));
    const auto before = ids.size();
    const auto next = take_page(reply->body, ids);
    if (!next) return stop(context, Exit::unreachable, next.error().detail);
    if (!*next) return Extras{find_extra(file, std::move(ids)), {}};
    if (ids.size() > listed_ids_max || ids.size() == before || **next == cursor)
      return stop(context, Exit::unreachable, fmt::format("the receiver's list of employees does not end ({} so far)", ids.size()));
    cursor = **next;
  }
}

OrExit<Extras> find_extras(const StaffFile& file, const ReconcileOptions& options, Api& receiver, CliContext& context) {
  if (options.known.empty()) return list_extras(file, receiver, context);
  const auto bytes = read_input(options.known, context);
  if (!bytes) return stop(context, Exit::usage, bytes.error().detail);
  auto ids = parse_known_ids(*bytes);
  if (!ids) return stop(context, Exit::usage, fmt::format("{}: {}", options.known, ids.error().detail));
  return Extras{find_extra(file, std::move(*ids)), {}};
}

// --- the report

void print_findings(const Findings& findings, const std::string& source, std::ostream& out) {
  std::vector<std::vector<std::string>> table{{"FINDING", "LINE", "STAFF", "FIELD", "EXPECTED", "FOUND"}};
  for (const auto& m : findings.missing) table.push_back({"missing", std::to_string(m.line), m.staff_id, "-", "-", "-"});
  for (const auto& d : findings.different)
    table.push_back({"different", std::to_string(d.line), d.staff_id, d.field, d.expected, d.found.value_or("-")});
  if (findings.extras.ids)
    for (const auto& id : *findings.extras.ids) table.push_back({"extra", "-", id, "-", "-", "-"});
  if (table.size() > 1) out << format_table(table) << '\n';
  const auto extra = findings.extras.ids ? fmt::format("{} extra", findings.extras.ids->size()) : std::string("extra ones not determined");
  out << fmt::format("{}: {} people; {} the same, {} missing, {} different, {}\n", source, findings.rows, findings.same, findings.missing.size(),
                     findings.rows - findings.same - findings.missing.size(), extra);
  if (!findings.extras.ids) out << "extra people could not be determined: " << findings.extras.unknown_because << '\n';
}

std::string findings_json(const Findings& findings) {
  std::vector<std::string> missing;
  for (const auto& m : findings.missing)
    missing.push_back(JsonObject{}.number("line", static_cast<std::int64_t>(m.line)).text("staffId", m.staff_id).take());
  std::vector<std::string> different;
  for (const auto& d : findings.different) {
    JsonObject item;
    item.number("line", static_cast<std::int64_t>(d.line)).text("staffId", d.staff_id).text("field", d.field).text("expected", d.expected);
    if (d.found) item.text("found", *d.found);
    else item.raw("found", "null");
    different.push_back(item.take());
  }
  std::string extra = "null";
  if (findings.extras.ids) {
    std::vector<std::string> ids(findings.extras.ids->size());
    std::transform(findings.extras.ids->begin(), findings.extras.ids->end(), ids.begin(), [](const std::string& id) {
      std::string text;
      append_json_string(text, id);
      return text;
    });
    extra = fmt::format("[{}]", fmt::join(ids, ","));
  }
  return JsonObject{}
      .number("rows", static_cast<std::int64_t>(findings.rows))
      .number("same", static_cast<std::int64_t>(findings.same))
      .raw("missing", fmt::format("[{}]", fmt::join(missing, ",")))
      .raw("different", fmt::format("[{}]", fmt::join(different, ",")))
      .raw("extra", extra)
      .text_if_any("extraUnknownBecause", findings.extras.unknown_because)
      .take();
}

Exit reconcile(const ReconcileOptions& options, CliContext& context) {
  const auto file = read_staff_file(options.file);
  if (!file) return complain(context, file.error().code == FaultCode::io ? Exit::failed : Exit::usage, file.error().detail);
  if (!file->problems.empty()) {
    context.err << format_problems(*file);
    return complain(context, Exit::usage, "the CSV must be in order before it can be compared");
  }
  const auto columns = choose_columns(*file, options, context);
  if (!columns) return columns.error();
  auto receiver = Api::make({.url = options.url, .token_name = reader_token_name, .waits_for_server = true}, context);
  if (!receiver) return receiver.error();
  Findings findings;
  auto extras = find_extras(*file, options, *receiver, context);  // first: a list that cannot be read is known at once
  if (!extras) return extras.error();
  findings.extras = std::move(*extras);
  if (const auto compared = compare_all(*file, *columns, *receiver, context, findings); !compared) return compared.error();
  if (options.output == "json") context.out << findings_json(findings) << '\n';
  else print_findings(findings, file->name, context.out);
  return findings.none() ? Exit::done : Exit::failed;
}

}  // namespace

void add_reconcile(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("reconcile", fmt::format("Compare a CSV of staff with what a receiver holds; needs {0} or {0}_FILE; exit 1 when "
                                                              "they differ", reader_token_name));
  auto options = std::make_shared<ReconcileOptions>();
  command->add_option("file", options->file, "CSV file as for send bulk")->required();
  command->add_option("--against", options->url, "The receiver")->required();
  command->add_option("--fields", options->fields, "Fields to compare, such as fullName,email (default: all that the CSV has)")->delimiter(',');
  command->add_option("--known", options->known, "CSV or list of the staff ids that the receiver has, to find extra ones");
  add_output_option(*command, options->output);
  command->callback([options, &context] { context.exit_code = static_cast<int>(reconcile(*options, context)); });
}

}  // namespace denrei
