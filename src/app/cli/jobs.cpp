// denrei jobs: the bulk jobs over dead letters, and following one until it has ended.
#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "denrei/app/cli/bulk_interruption.hpp"
#include "denrei/app/cli/bulk_progress.hpp"
#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/screen.hpp"

namespace denrei {
namespace {

constexpr Millis first_wait{200};    // a small job has ended by then
constexpr Millis ask_every{1'000};

struct JobOptions {
  OperationsOptions operations;
  std::string id;
};

std::string path_of(const std::string& id) { return "/ops/jobs/" + percent_encode(id); }

Exit list_jobs(const JobOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, "/ops/jobs", context);
  if (!answer) return answer.error();
  const Page page{.columns = {{"JOB", {"/id"}}, {"KIND", {"/kind"}}, {"STATE", {"/state"}}, {"STARTED", {"/startedAt"}}, {"ENDED", {"/endedAt"}},
                              {"MATCHING", {"/matching"}}, {"HANDLED", {"/handled"}}, {"DELIVERED", {"/delivered"}}, {"FAILED", {"/failedAgain"}},
                              {"OPEN", {"/outstanding"}}, {"BY", {"/by"}}, {"FILTER", {"/filter"}}},
                  .what = "job since the server was started",
                  .command = next_command("jobs", options.operations),
                  .limit = 0};
  return show_page(*answer, page, options.operations.output, context);
}

Exit show_job(const JobOptions& options, CliContext& context) {
  return show_one(read_operations(options.operations, path_of(options.id), context), options.operations, context);
}

Exit cancel_job(const JobOptions& options, CliContext& context) {
  auto api = open_operations(options.operations, context);
  if (!api) return api.error();
  return show_one(api->order(path_of(options.id) + "/cancel", "{}"), options.operations, context);
}

Exit follow(const JobOptions& options, CliContext& context) { return follow_job(options.id, options.operations, context); }

// --- following

struct JobView {
  std::string state, kind, why;
  std::size_t matching = 0, handled = 0, delivered = 0, failed_again = 0, outstanding = 0;
};

std::size_t count_at(const json::value& root, std::string_view pointer) {
  const auto* value = find(root, pointer);
  return value != nullptr && value->is_int64() && value->get_int64() > 0 ? static_cast<std::size_t>(value->get_int64()) : 0;
}

JobView read_job(const json::value& root) {
  return {.state = std::string(find_string(root, "/state")),
          .kind = std::string(find_string(root, "/kind")),
          .why = std::string(find_string(root, "/why")),
          .matching = count_at(root, "/matching"),
          .handled = count_at(root, "/handled"),
          .delivered = count_at(root, "/delivered"),
          .failed_again = count_at(root, "/failedAgain"),
          .outstanding = count_at(root, "/outstanding")};
}

BulkTally tally_of(const JobView& job) {
  const bool resends = job.kind == "resend";
  BulkTally tally{.rows = job.matching, .sent = resends ? job.delivered : job.handled, .failed = job.failed_again};
  tally.requests = tally.sent + tally.failed;
  tally.open = tally.rows - std::min(tally.rows, tally.requests);
  return tally;
}

std::string describe_end(const std::string& id, const JobView& job) {
  auto text = fmt::format("{} {}: {} of {} {}", id, job.state, job.handled, job.matching, job.kind == "resend" ? "re-sent" : "discarded");
  if (job.kind == "resend") text += fmt::format(", {} delivered, {} failed again", job.delivered, job.failed_again);
  if (job.outstanding > 0) text += fmt::format(", {} still under way", job.outstanding);
  if (!job.why.empty()) text += "; " + job.why;
  return make_printable(text) + '\n';
}

class Following {
 public:
  Following(const std::string& id, const OperationsOptions& options, CliContext& context)
      : id_(id), options_(options), context_(context), progress_(context.err, context.is_err_terminal(), 0, context.now()) {}

  Exit run(Api& api) {
    while (true) {
      const auto answer = api.read(path_of(id_));
      if (!answer) return leave(answer.error());
      const auto job = read_job(answer->root);
      if (job.state != "running") return end(*answer, job);
      show(job);
      if (is_interrupted()) return leave(Exit::interrupted);
      wait();
    }
  }

 private:
  void show(const JobView& job) {
    if (!job.why.empty() && job.why != last_why_) {
      progress_.end();
      (void)complain(context_, Exit::done, make_printable(job.why));
    }
    last_why_ = job.why;
    progress_.update(tally_of(job), context_.now());
  }

  Exit end(const ApiAnswer& answer, const JobView& job) {
    progress_.end();
    context_.out << (options_.is_json() ? answer.text + '\n' : describe_end(id_, job));
    return job.state == "finished" && job.failed_again == 0 ? Exit::done : Exit::failed;
  }

  // What becomes of the job is known only when it does not exist any more.
  Exit leave(Exit exit) {
    progress_.end();
    if (exit != Exit::not_found)
      context_.err << fmt::format("the job goes on without us; to follow it: {}\n", next_command("jobs follow " + quote_for_shell(id_), options_));
    return exit;
  }

  [[nodiscard]] bool is_interrupted() const { return context_.is_interrupted ? context_.is_interrupted() : interruption_.is_raised(); }
  void wait() {
    const auto wait = std::exchange(next_wait_, ask_every);
    context_.wait ? context_.wait(wait) : interruption_.wait(wait);
  }

  const std::string& id_;
  const OperationsOptions& options_;
  CliContext& context_;
  Interruption interruption_;
  BulkProgress progress_;
  std::string last_why_;
  Millis next_wait_ = first_wait;
};

CLI::App& add_one(CLI::App& parent, const char* name, const char* help, JobOptions& options) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("id", options.id, "job_…")->required()->check([](const std::string& text) {
    return text.starts_with("job_") ? std::string() : "'" + text + "' is no job id: job_…";
  });
  add_operations_options(*command, options.operations);
  return *command;
}

}  // namespace

Exit follow_job(const std::string& id, const OperationsOptions& options, CliContext& context) {
  auto api = open_operations(options, context, true);
  return api ? Following(id, options, context).run(*api) : api.error();
}

void add_jobs(CLI::App& app, CliContext& context) {
  auto* jobs = app.add_subcommand("jobs", "Re-sending and discarding in bulk, newest first");
  auto options = std::make_shared<JobOptions>();
  add_operations_options(*jobs, options->operations);
  on_run(*jobs, options, context, list_jobs);
  auto* list = jobs->add_subcommand("list", "All of them, as without a subcommand");
  add_operations_options(*list, options->operations);
  on_run(*list, options, context, list_jobs);
  on_run(add_one(*jobs, "show", "One of them", *options), options, context, show_job);
  on_run(add_one(*jobs, "follow", "Wait until it has ended; Ctrl-C ends only the waiting", *options), options, context, follow);
  on_run(add_one(*jobs, "cancel", "Take nothing more; what is re-sent already goes on", *options), options, context, cancel_job);
}

}  // namespace denrei
