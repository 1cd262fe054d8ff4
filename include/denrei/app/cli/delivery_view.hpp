// A delivery as a person reads it: where it is, why, and every attempt.
//
// Units   timing of attempts in milliseconds; the answer counts each phase from the attempt's start, the table shows how long it took
// Rules   why a delivery is where it is, is said in Japanese with --lang ja, or when LC_ALL, LC_MESSAGES or LANG begins with ja
#pragma once
#include <string>
#include <string_view>

#include "denrei/app/cli/operations.hpp"

namespace denrei {

void add_language_option(CLI::App& app, std::string& language);  // --lang
[[nodiscard]] bool is_japanese(const std::string& language, const CliContext& context);  // empty: by the environment
// The member of an answer that says why, in that language; empty: by the environment.
[[nodiscard]] std::string find_why(const json::value& answer, const std::string& language, const CliContext& context);

// dlv_ and 32 hex digits, or the exit code.
[[nodiscard]] OrExit<void> check_delivery_id(const std::string& id, CliContext& context);

// Empty when there is none.
[[nodiscard]] const json::array& find_history(const json::value& delivery);
// The status, the error where there is one, or both.
[[nodiscard]] std::string result_cell(const json::value& attempt);
enum class AttemptDetail : std::uint8_t { brief, full };  // full: where the time went, and what the error was
[[nodiscard]] Rows make_attempt_rows(const json::array& history, AttemptDetail detail);

// Every member, why, the attempts, the body that is sent.
struct DeliveryOptions {
  OperationsOptions operations;
  std::string id;
  std::string language;
};
[[nodiscard]] Exit show_delivery(const std::string& path, const DeliveryOptions& options, CliContext& context);

// Columns of a list of deliveries.
[[nodiscard]] Columns delivery_columns();

}  // namespace denrei
