// denrei send bulk: a CSV of staff as employee.created events, at a steady rate, resumable, with a report.
#include <fmt/format.h>

#include "denrei/app/cli/bulk_events.hpp"
#include "denrei/app/cli/bulk_report.hpp"
#include "denrei/app/cli/bulk_run.hpp"
#include "denrei/app/config/members.hpp"
#include "denrei/app/config/urls.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr double rate_min = 0.01;
constexpr double rate_max = 10'000;
constexpr std::size_t concurrency_max = 64;

struct BulkOptions {
  SourceOptions source{.name = "employee"};
  std::string file;
  std::string url;
  double rate = 5;                  // as the receiver was promised
  std::size_t concurrency = 1;
  std::string schedule = "1m,5m";
  std::string state;
  std::string result;
  std::string output = "human";
  bool dry_run = false;
  bool retry_failed = false;

  [[nodiscard]] std::string state_path() const { return state.empty() ? file + ".denrei-state" : state; }
  [[nodiscard]] std::string result_path() const { return result.empty() ? file + ".result.csv" : result; }
};

Result<std::vector<Millis>> parse_schedule(std::string_view text) {
  std::vector<Millis> waits;
  if (text == "none") return waits;
  while (true) {
    const auto comma = text.find(',');
    const auto wait = parse_duration(text.substr(0, comma));
    if (!wait) return tl::unexpected(wait.error());
    if (*wait > limits::retry_delay_max) return fail(FaultCode::invalid, "a wait is at most 24h");
    waits.push_back(*wait);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (waits.size() >= limits::attempts_max) return fail(FaultCode::invalid, fmt::format("at most {} waits", limits::attempts_max - 1));
  return waits;
}

// Everything that is known before anything is sent.
struct Prepared {
  StaffFile file;
  Source source;
  std::string url;
  std::vector<Millis> schedule;
};

Result<Prepared> prepare(const BulkOptions& options, CliContext& context) {
  if (options.file == "-") return fail(FaultCode::invalid, "a bulk load needs a file: its state stands beside it");
  if (options.state_path() == options.file || options.result_path() == options.file || options.state_path() == options.result_path())
    return fail(FaultCode::invalid, "the CSV, --state and --result must be three files");
  auto source = choose_source(options.source, context);
  if (!source) return tl::unexpected(source.error());
  if (source->effect != Effect::employee)
    return fail(FaultCode::invalid, fmt::format("source '{}' takes no employee events, and a bulk load sends nothing else", source->name));
  auto url = complete_url(options.url, *source);
  if (!url) return fail(FaultCode::invalid, "--url: " + url.error().detail);
  auto schedule = parse_schedule(options.schedule);
  if (!schedule) return fail(FaultCode::invalid, "--schedule: " + schedule.error().detail);
  const auto schema = load_schema(*source, options.source, context);
  if (!schema) return tl::unexpected(schema.error());
  auto file = read_staff_file(options.file);
  if (!file) return tl::unexpected(file.error());
  check_events(*file, *source, *schema, context.now());
  return Prepared{std::move(*file), std::move(*source), std::move(*url), std::move(*schedule)};
}

void print_problems(const StaffFile& file, const BulkOptions& options, CliContext& context) {
  context.err << format_problems(file);
  (void)complain(context, Exit::usage, fmt::format("{}: nothing was sent; mistakes: {}", file.name, file.problems.count()));
  if (options.output == "json") context.out << problems_json(file) << '\n';
}

void print_plan(const Prepared& prepared, const BulkOptions& options, CliContext& context) {
  const auto rows = prepared.file.rows.size();
  const Millis length{static_cast<std::int64_t>(static_cast<double>(rows) * 1000 / options.rate)};
  if (options.output == "json") {
    context.out << JsonObject{}
                       .text("end", "dry-run")
                       .number("rows", static_cast<std::int64_t>(rows))
                       .number("wouldTakeMs", length.count())
                       .text("encoding", prepared.file.encoding)
                       .text("url", prepared.url)
                       .take()
                << '\n';
    return;
  }
  context.out << fmt::format("{} rows ({}) are in order; at {:g}/s sending them to {} takes {}\n", rows, prepared.file.encoding, options.rate,
                             prepared.url, format_length(length))
              << "the first one: " << make_created_body(prepared.file, prepared.file.rows.front(), context.now()) << "\nnothing was sent\n";
}

Exit exit_of(const BulkEnd& end, const BulkTally& tally) {
  switch (end.kind) {
    case BulkEnd::Kind::finished: return tally.failed > 0 ? Exit::failed : Exit::done;
    case BulkEnd::Kind::interrupted: return Exit::interrupted;
    case BulkEnd::Kind::refused: return Exit::not_allowed;
    case BulkEnd::Kind::broken: return Exit::failed;
  }
  return Exit::failed;
}

// Why it ended early, and what to do next; nothing when all has been sent.
std::string advise(const BulkEnd& end, const BulkTally& tally, const std::string& secret) {
  switch (end.kind) {
    case BulkEnd::Kind::finished:
      return tally.failed == 0 ? "" : "when the cause is mended, --retry-failed sends the failed rows again, and no others";
    case BulkEnd::Kind::interrupted: return "interrupted; the same command goes on from here";
    case BulkEnd::Kind::refused:
      return fmt::format("stopped: the receiver does not believe us ({}). The secret in {} is not the receiver's, or a clock is wrong: "
                         "every other row would be refused too. When that is mended, the same command goes on from here",
                         end.reason, secret);
    case BulkEnd::Kind::broken: return fmt::format("stopped: {}. The same command goes on from here", end.reason);
  }
  return {};
}

Exit report(const Prepared& prepared, const BulkOptions& options, const BulkState& state, const BulkEnd& end, Millis took,
            CliContext& context) {
  const BulkSummary summary{prepared.file, state.rows(), end, options.result_path(), options.state_path(), took};
  const auto tally = count_rows(state.rows());
  auto exit = exit_of(end, tally);
  if (const auto written = write_result(summary.result_path, make_result_csv(prepared.file, state.rows())); !written) {
    (void)complain(context, Exit::failed, written.error().detail);
    if (exit == Exit::done) exit = Exit::failed;
  }
  context.err << describe_summary(summary);
  const auto& secret = options.source.secret_file.empty() ? prepared.source.secret : options.source.secret_file;
  if (const auto advice = advise(end, tally, secret); !advice.empty()) (void)complain(context, exit, advice);
  if (options.output == "json") context.out << summary_json(summary) << '\n';
  return exit;
}

Result<void> reopen_failed(BulkState& state, WallTime now) {
  for (std::size_t row = 0; row < state.rows().size(); ++row) {
    if (state.rows()[row].stage != RowStage::failed) continue;
    if (auto written = state.record({.kind = BulkEntry::Kind::again, .row = row, .at = now}); !written) return written;
  }
  return {};
}

Exit complain_of_state(const Fault& fault, const BulkOptions& options, CliContext& context) {
  (void)complain(context, Exit::usage, fault.detail);
  if (fault.code == FaultCode::conflict)
    (void)complain(context, Exit::usage, fmt::format("to begin anew, move {} away or name another one with --state", options.state_path()));
  return fault.code == FaultCode::io ? Exit::failed : Exit::usage;
}

Exit send(const Prepared& prepared, const BulkOptions& options, CliContext& context) {
  const auto sender = choose_sender(prepared.source, options.source, context);
  if (!sender) return complain(context, Exit::usage, sender.error().detail);
  const auto started = context.now();
  const BulkLoad load{prepared.file.sha256, prepared.file.rows.size(), prepared.source.name, prepared.url};
  auto state = BulkState::open(options.state_path(), load, started);
  if (!state) return complain_of_state(state.error(), options, context);
  if (options.retry_failed)
    if (auto reopened = reopen_failed(*state, started); !reopened) return complain_of_state(reopened.error(), options, context);
  const auto before = count_rows(state->rows());
  const bool over = before.sent + before.failed == before.rows;
  if (over && before.failed == 0) context.err << "everything has been sent; nothing is left to do\n";
  else if (state->is_resumed())
    context.err << fmt::format("going on: {} of {} rows have been sent, {} were given up\n", before.sent, before.rows, before.failed);
  const auto end = run_bulk({prepared.file, *sender, prepared.url, options.rate, options.concurrency, prepared.schedule}, *state, context);
  return report(prepared, options, *state, end, context.now() - started, context);
}

bool is_readable_on_the_way(const std::string& text) {
  const auto url = parse_url(text);
  return url && url->scheme == "http" && url->host != "localhost" && !is_loopback_literal(*url);
}

Exit send_bulk(const BulkOptions& options, CliContext& context) {
  const auto prepared = prepare(options, context);
  if (!prepared) return complain(context, prepared.error().code == FaultCode::io ? Exit::failed : Exit::usage, prepared.error().detail);
  if (!prepared->file.problems.empty()) {
    print_problems(prepared->file, options, context);
    return Exit::usage;
  }
  if (is_readable_on_the_way(prepared->url)) context.err << "note: without https everybody on the way can read what is sent\n";
  if (!options.dry_run) return send(*prepared, options, context);
  print_plan(*prepared, options, context);
  return Exit::done;
}

}  // namespace

void add_send_bulk(CLI::App& send_command, CliContext& context) {
  auto* command = send_command.add_subcommand("bulk", "Send a CSV of staff as employee.created events; exit 1 when rows failed, "
                                                      "4 when the secret is wrong, 130 when interrupted (the same command goes on)");
  auto options = std::make_shared<BulkOptions>();
  add_source_options(*command, options->source);
  command->get_option("--source")->required(false)->capture_default_str();
  command->add_option("file", options->file, "CSV file, UTF-8 or CP932, with a header row")->required();
  command->add_option("--url", options->url, "Server, or the full address to post to")->required();
  command->add_option("--rate", options->rate, "Requests a second")->check(CLI::Range(rate_min, rate_max))->capture_default_str();
  command->add_option("--concurrency", options->concurrency, "Requests under way at once")
      ->check(CLI::Range(std::size_t{1}, concurrency_max))->capture_default_str();
  command->add_option("--schedule", options->schedule, "Waits after each failure, such as 1m,5m; none: one attempt a row")->capture_default_str();
  command->add_option("--state", options->state, "Where to write down what was sent (default: FILE.denrei-state)");
  command->add_option("--result", options->result, "Where to write the result of each row (default: FILE.result.csv)");
  command->add_flag("--dry-run", options->dry_run, "Check every row and send nothing");
  command->add_flag("--retry-failed", options->retry_failed, "Send rows again that an earlier run gave up");
  add_output_option(*command, options->output);
  command->callback([options, &context] { context.exit_code = static_cast<int>(send_bulk(*options, context)); });
}

}  // namespace denrei
