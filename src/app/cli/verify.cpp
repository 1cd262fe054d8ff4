// denrei verify: does this request prove itself, and if not, at which step.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "denrei/app/cli/signing.hpp"

namespace denrei {
namespace {

struct VerifyOptions {
  SourceOptions source;
  std::vector<std::string> headers;
  std::string at;
  std::string output = "human";
  std::string file = "-";
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

Result<std::vector<Header>> parse_headers(const std::vector<std::string>& lines) {
  std::vector<Header> headers;
  for (const auto& line : lines) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) return fail(FaultCode::invalid, fmt::format("'{}' is not 'Name: value'", line));
    headers.push_back({std::string_view(line).substr(0, colon), trim(std::string_view(line).substr(colon + 1))});
  }
  return headers;
}

std::string_view verdict_word(Step::Verdict verdict) {
  switch (verdict) {
    case Step::Verdict::good: return "ok";
    case Step::Verdict::bad: return "FAIL";
    case Step::Verdict::skipped: return "skip";
  }
  return {};
}

void print_steps(const std::vector<Step>& steps, bool verified, const VerifyOptions& options, std::ostream& out) {
  boost::json::array list;
  for (const auto& step : steps) {
    if (options.output == "human") out << fmt::format("{:<4}  {:<9}  {}\n", verdict_word(step.verdict), step.name, step.text);
    list.push_back({{"step", step.name}, {"verdict", verdict_word(step.verdict)}, {"text", step.text}});
  }
  if (options.output == "human") out << (verified ? "verified\n" : "not verified\n");
  else out << boost::json::serialize(boost::json::value{{"verified", verified}, {"steps", std::move(list)}}) << '\n';
}

Exit verify(const VerifyOptions& options, CliContext& context) {
  if (options.source.secret_file == "-" && options.file == "-")
    return complain(context, Exit::usage, "standard input cannot be both the secret and the body");
  const auto source = choose_source(options.source, context);
  if (!source) return complain(context, Exit::usage, source.error().detail);
  const auto keys = choose_keys(*source, options.source, context);
  if (!keys) return complain(context, Exit::usage, keys.error().detail);
  const auto bearer = find_bearer(*source, context);
  if (!bearer) return complain(context, Exit::usage, bearer.error().detail);
  const auto headers = parse_headers(options.headers);
  if (!headers) return complain(context, Exit::usage, "--header: " + headers.error().detail);
  const auto now = read_time(options.at, context);
  if (!now) return complain(context, Exit::usage, "--at: " + now.error().detail);
  const auto body = read_input(options.file, context);
  if (!body) return complain(context, Exit::failed, body.error().detail);
  const auto steps = explain_proof(*source, *keys, *bearer, {*headers, *body, *now});
  const bool verified = std::none_of(steps.begin(), steps.end(), [](const Step& s) { return s.verdict == Step::Verdict::bad; });
  print_steps(steps, verified, options, context.out);
  return verified ? Exit::done : Exit::not_verified;
}

}  // namespace

void add_verify(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("verify", "Check a request's proof and explain each step; exit 7 when it is wrong");
  auto options = std::make_shared<VerifyOptions>();
  add_source_options(*command, options->source);
  command->add_option("-H,--header", options->headers, "A header as received, 'Name: value'; repeatable")->allow_extra_args(false);
  command->add_option("--at", options->at, "The moment of arrival, as in sign --timestamp (default: now)");
  add_output_option(*command, options->output);
  command->add_option("file", options->file, "File with the body, - for standard input")->capture_default_str();
  command->callback([options, &context] { context.exit_code = static_cast<int>(verify(*options, context)); });
}

}  // namespace denrei
