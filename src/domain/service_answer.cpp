// Judging what outside services answer.
#include "denrei/domain/service_answer.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

constexpr std::size_t text_shown = 200;  // bytes of what the other side says: a line for people

// Text of another machine: no control characters, not too long, never half a character.
std::string shown(std::string_view text) {
  std::string out(text.substr(0, text_shown));
  while (!out.empty() && !is_utf8(out)) out.pop_back();
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  return out;
}

std::string_view element(std::string_view xml, std::string_view name) {
  const auto open = xml.find(fmt::format("<{}>", name));
  if (open == std::string_view::npos) return {};
  const auto from = open + name.size() + 2;
  const auto close = xml.find("</", from);
  return close == std::string_view::npos ? std::string_view{} : xml.substr(from, close - from);
}

bool is_worth_another_try(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

// Of a provider, not of the job: keys, permissions, addresses.
bool is_of_the_provider(int status) { return status == 401 || status == 403 || status == 404 || status == 405 || status / 100 == 3; }

ServiceVerdict no_answer(const ServiceAnswer& answer) {
  const auto outcome = answer.error == AttemptError::blocked ? JobOutcome::refused : JobOutcome::again;
  return {outcome, fmt::format("{}: {}", attempt_error_name(answer.error), shown(answer.error_text))};
}

JobOutcome judge_status(int status) {
  if (status / 100 == 2) return JobOutcome::done;
  if (is_worth_another_try(status)) return JobOutcome::again;
  return is_of_the_provider(status) ? JobOutcome::refused : JobOutcome::bad_job;
}

// 400 and 409 of S3 mean many things; these say nothing against the object.
JobOutcome judge_s3_code(JobOutcome by_status, std::string_view code) {
  constexpr std::array passing{"RequestTimeout", "OperationAborted", "SlowDown", "XAmzContentSHA256Mismatch", "BadDigest", "IncompleteBody"};
  constexpr std::array settings{"AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "InvalidToken", "ExpiredToken", "InvalidBucketName",
                                "IllegalLocationConstraintException", "RequestTimeTooSkewed"};
  if (std::find(passing.begin(), passing.end(), code) != passing.end()) return JobOutcome::again;
  if (std::find(settings.begin(), settings.end(), code) != settings.end()) return JobOutcome::refused;
  return by_status;
}

}  // namespace

ServiceVerdict judge_storage(const ServiceAnswer& answer) {
  if (answer.error != AttemptError::none) return no_answer(answer);
  const auto by_status = judge_status(answer.status);
  if (by_status == JobOutcome::done) return {};
  const auto code = shown(element(answer.body, "Code"));
  const auto message = shown(element(answer.body, "Message"));
  auto why = fmt::format("HTTP {}", answer.status);
  if (!code.empty()) why += " " + code;
  if (!message.empty()) why += ": " + message;
  return {judge_s3_code(by_status, code), std::move(why)};
}

ServiceVerdict judge_monitoring(const ServiceAnswer& answer) {
  if (answer.error != AttemptError::none) return no_answer(answer);
  const auto outcome = judge_status(answer.status);
  if (outcome == JobOutcome::done) return {};
  const auto said = shown(answer.body);
  return {outcome, fmt::format("HTTP {}{}{}", answer.status, said.empty() ? "" : ": ", said)};
}

}  // namespace denrei
