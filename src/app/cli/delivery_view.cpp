// Showing a delivery and its attempts.
#include "denrei/app/cli/delivery_view.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "denrei/app/cli/screen.hpp"
#include "denrei/domain/delivery.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

std::string cell_at(const json::value& root, std::string_view pointer) {
  const auto* value = find(root, pointer);
  return value == nullptr ? "-" : cell_of(*value);
}

// Phases of an attempt, which are told as times since its start.
class Phases {
 public:
  explicit Phases(const json::value& attempt) : attempt_(attempt) {}
  std::string next(std::string_view pointer) {
    const auto at = time_at(pointer);
    if (!at) return "-";
    return fmt::format("{:.1f}", std::max(0.0, *at - std::exchange(last_, *at)));
  }
  [[nodiscard]] std::string whole() const {
    const auto at = time_at("/timing/totalMs");
    return at ? fmt::format("{:.1f}", *at) : "-";
  }

 private:
  [[nodiscard]] std::optional<double> time_at(std::string_view pointer) const {
    const auto* value = find(attempt_, pointer);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  }
  const json::value& attempt_;
  double last_ = 0;
};

std::string body_text(const json::value& body) {
  if (body.is_string()) return std::string(body.get_string());
  std::string text;
  append_json(text, body);
  return text;
}

void print_delivery(const json::value& delivery, const std::string& why, std::ostream& out) {
  auto record = make_record(delivery.get_object(), {"history", "body", "why", "whyJa"});
  if (!why.empty()) record.push_back({"why", why});
  out << format_table(record);
  const auto& history = find_history(delivery);
  if (!history.empty()) out << '\n' << format_table(make_attempt_rows(history, AttemptDetail::full));
  if (const auto* body = find(delivery, "/body"); body != nullptr) out << "\nbody\n" << make_printable(body_text(*body)) << '\n';
}

}  // namespace

bool is_japanese(const std::string& language, const CliContext& context) {
  if (!language.empty()) return language == "ja";
  for (const auto* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const auto value = context.env(name); value && !value->empty()) return value->starts_with("ja");
  return false;
}

void add_language_option(CLI::App& app, std::string& language) {
  app.add_option("--lang", language, "en or ja (default: as LC_ALL, LC_MESSAGES or LANG says)")->check(CLI::IsMember({"en", "ja"}));
}

std::string find_why(const json::value& answer, const std::string& language, const CliContext& context) {
  return std::string(find_string(answer, is_japanese(language, context) ? "/whyJa" : "/why"));
}

OrExit<void> check_delivery_id(const std::string& id, CliContext& context) {
  if (parse_delivery_id(id)) return {};
  return tl::unexpected(complain(context, Exit::usage, fmt::format("'{}' is no delivery id: dlv_ and 32 hex digits", make_printable(id))));
}

const json::array& find_history(const json::value& delivery) {
  static const json::array none;
  const auto* history = find(delivery, "/history");
  return history != nullptr && history->is_array() ? history->get_array() : none;
}

std::string result_cell(const json::value& attempt) {
  const auto status = cell_at(attempt, "/status");
  const auto error = find_string(attempt, "/error");
  if (error.empty()) return status;
  return status == "-" ? std::string(error) : fmt::format("{} {}", status, error);
}

Rows make_attempt_rows(const json::array& history, AttemptDetail detail) {
  const bool full = detail == AttemptDetail::full;
  Rows rows{full ? Rows::value_type{"#", "STARTED", "RESULT", "DNS ms", "CONNECT ms", "TLS ms", "WAIT ms", "TOTAL ms", "NEXT", "ERROR"}
                 : Rows::value_type{"#", "STARTED", "RESULT", "TOTAL ms", "NEXT"}};
  static constexpr std::array phase_pointers{"/timing/dnsMs", "/timing/connectMs", "/timing/tlsMs", "/timing/firstByteMs"};
  for (const auto& attempt : history) {
    auto& row = rows.emplace_back(Rows::value_type{cell_at(attempt, "/number"), cell_at(attempt, "/startedAt"), result_cell(attempt)});
    Phases phases(attempt);
    if (full)
      for (const auto* pointer : phase_pointers) row.push_back(phases.next(pointer));
    row.push_back(phases.whole());
    row.push_back(cell_at(attempt, "/nextAt"));
    if (full) row.push_back(cell_at(attempt, "/errorText"));
  }
  return rows;
}

Exit show_delivery(const std::string& path, const DeliveryOptions& options, CliContext& context) {
  if (const auto checked = check_delivery_id(options.id, context); !checked) return checked.error();
  const auto answer = read_operations(options.operations, path + percent_encode(options.id), context);
  if (!answer) return answer.error();
  if (options.operations.is_json()) context.out << answer->text << '\n';
  else print_delivery(answer->root, find_why(answer->root, options.language, context), context.out);
  return Exit::done;
}

Columns delivery_columns() {
  return {{"DELIVERY", {"/id"}}, {"DESTINATION", {"/destination"}}, {"TYPE", {"/type"}}, {"KEY", {"/key"}}, {"STATE", {"/state"}},
          {"REASON", {"/reason"}}, {"ATTEMPTS", {"/attempts"}}, {"LAST", {"/lastStatus", "/lastError"}}, {"RECEIVED", {"/receivedAt"}},
          {"DUE/ENDED", {"/endedAt", "/due"}}, {"EVENT", {"/eventId"}}};
}

}  // namespace denrei
