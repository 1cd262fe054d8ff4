// denrei export audit|dead-letters|list|show: copies in the object storage.
#include <fmt/format.h>

#include "denrei/app/cli/bulk_interruption.hpp"
#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/screen.hpp"

namespace denrei {
namespace {

constexpr Millis first_wait{200};    // a small export is stored by then
constexpr Millis ask_every{1'000};

struct ExportOptions {
  OperationsOptions operations;
  std::string what;                  // begin
  std::string since, until;
  bool wait = false;
  std::string id;                    // show
};

std::string path_of(const std::string& id) { return "/ops/exports/" + percent_encode(id); }

// A table with one line a member; the keys of the objects below it, to be copied.
Exit show(const ApiAnswer& answer, const ExportOptions& options, CliContext& context) {
  if (options.operations.is_json()) {
    context.out << answer.text << '\n';
    return Exit::done;
  }
  context.out << format_table(make_record(answer.root.get_object(), {"keys"}));
  const auto* keys = find(answer.root, "/keys");
  if (keys != nullptr && keys->is_array())
    for (const auto& key : keys->get_array()) context.out << make_printable(cell_of(key)) << '\n';
  return Exit::done;
}

Exit show_export(const ExportOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, path_of(options.id), context);
  return answer ? show(*answer, options, context) : answer.error();
}

Exit list_exports(const ExportOptions& options, CliContext& context) {
  const auto answer = read_operations(options.operations, "/ops/exports", context);
  if (!answer) return answer.error();
  const Page page{.columns = {{"EXPORT", {"/id"}}, {"WHAT", {"/what"}}, {"STATE", {"/state"}}, {"STARTED", {"/startedAt"}}, {"ENDED", {"/endedAt"}},
                              {"ENTRIES", {"/entries"}}, {"OBJECTS", {"/objects"}}, {"BYTES", {"/bytes"}}, {"PROVIDER", {"/provider"}},
                              {"BY", {"/by"}}, {"WHY", {"/why"}}},
                  .what = "export since the server was started",
                  .command = next_command("export list", options.operations),
                  .limit = 0};
  return show_page(*answer, page, options.operations.output, context);
}

// --- beginning one

Exit leave_alone(const std::string& id, const ExportOptions& options, CliContext& context, Exit exit) {
  context.err << fmt::format("the export goes on without us; to look at it: {}\n", next_command("export show " + quote_for_shell(id), options.operations));
  return exit;
}

// Ctrl-C ends the waiting and not the export.
Exit wait_for(Api& api, const std::string& id, const ExportOptions& options, CliContext& context) {
  const Interruption interruption;
  for (auto wait = first_wait;; wait = ask_every) {
    const auto answer = api.read(path_of(id));
    if (!answer) return answer.error() == Exit::not_found ? answer.error() : leave_alone(id, options, context, answer.error());
    const auto state = find_string(answer->root, "/state");
    if (state == "finished" || state == "failed") {
      (void)show(*answer, options, context);
      return state == "finished" ? Exit::done : complain(context, Exit::failed, make_printable(find_string(answer->root, "/why")));
    }
    if (context.is_interrupted ? context.is_interrupted() : interruption.is_raised()) return leave_alone(id, options, context, Exit::interrupted);
    context.wait ? context.wait(wait) : interruption.wait(wait);
  }
}

Exit begin_export(const ExportOptions& options, CliContext& context) {
  auto since = read_moment_option("--since", options.since, context);
  if (!since) return since.error();
  auto until = read_moment_option("--until", options.until, context);
  if (!until) return until.error();
  auto api = open_operations(options.operations, context, options.wait);
  if (!api) return api.error();
  const auto body = Members{}.add("what", options.what).add("since", std::move(*since)).add("until", std::move(*until)).json();
  const auto answer = api->order("/ops/exports", body);
  if (!answer) return answer.error();
  const std::string id(find_string(answer->root, "/id"));
  if (options.wait) return wait_for(*api, id, options, context);
  (void)show(*answer, options, context);
  return leave_alone(id, options, context, Exit::done);
}

void add_beginning(CLI::App& parent, const char* what, const char* help, CliContext& context) {
  auto* command = parent.add_subcommand(what, help);
  auto options = std::make_shared<ExportOptions>(ExportOptions{.what = what});
  command->add_option("--since", options->since, "From then on: a time, or 2h for two hours ago");
  command->add_option("--until", options->until, "Up to then, likewise");
  command->add_flag("--wait", options->wait, "Until it is stored; exit 1 when it failed. Ctrl-C ends only the waiting");
  add_operations_options(*command, options->operations);
  on_run(*command, options, context, begin_export);
}

}  // namespace

void add_export(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("export", "Copies in the object storage, as JSON Lines");
  command->require_subcommand(1);
  add_beginning(*command, "audit", "The audit, oldest first", context);
  add_beginning(*command, "dead-letters", "The dead letters with every attempt", context);
  auto options = std::make_shared<ExportOptions>();
  auto* list = command->add_subcommand("list", "Exports since the server was started, newest first");
  add_operations_options(*list, options->operations);
  on_run(*list, options, context, list_exports);
  auto* one = command->add_subcommand("show", "One of them, with the keys of its objects");
  one->add_option("id", options->id, "exp_…")->required();
  add_operations_options(*one, options->operations);
  on_run(*one, options, context, show_export);
}

}  // namespace denrei
