// denrei employee show|timeline: what the server knows about one person.
#include <fmt/format.h>

#include "denrei/app/cli/listing.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/cli/signing.hpp"

namespace denrei {
namespace {

struct EmployeeOptions {
  std::string staff;
  std::string url = "http://127.0.0.1:4000";
  std::string output = "human";
  PageOptions page;
};

OrExit<ApiAnswer> ask(const EmployeeOptions& options, const std::string& rest, CliContext& context) {
  auto api = Api::make({.url = options.url, .token_name = reader_token_name}, context);
  if (!api) return tl::unexpected(api.error());
  auto reply = api->get(fmt::format("/api/employees/{}{}", percent_encode(options.staff), rest));
  if (!reply) return tl::unexpected(reply.error());
  if (reply->status == 404)
    return tl::unexpected(complain(context, Exit::not_found, fmt::format("no employee '{}'", make_printable(options.staff))));
  return api->accept(std::move(*reply));
}

Exit show(const EmployeeOptions& options, CliContext& context) {
  const auto answer = ask(options, "", context);
  if (!answer) return answer.error();
  if (options.output == "json") context.out << answer->text << '\n';
  else context.out << format_table(make_record(answer->root.get_object()));
  return Exit::done;
}

Exit show_timeline(const EmployeeOptions& options, CliContext& context) {
  const auto answer = ask(options, "/timeline" + page_query({}, options.page), context);
  if (!answer) return answer.error();
  const Page page{
      .columns = {{"POSITION", {"/position"}}, {"TIMESTAMP", {"/timestamp"}}, {"RECEIVED", {"/receivedAt"}}, {"TYPE", {"/eventType"}},
                  {"OUTCOME", {"/outcome"}}, {"EVENT", {"/eventId"}}},
      .what = "event",
      .command = "denrei employee timeline " + quote_for_shell(options.staff),
      .limit = options.page.limit,
  };
  return show_page(*answer, page, options.output, context);
}

CLI::App* add_view(CLI::App& parent, const std::string& name, const std::string& help, EmployeeOptions& options) {
  auto* command = parent.add_subcommand(name, help);
  command->add_option("staff", options.staff, "Staff id")->required();
  command->add_option("--url", options.url, "Server")->capture_default_str();
  add_output_option(*command, options.output);
  return command;
}

}  // namespace

void add_employee(CLI::App& app, CliContext& context) {
  auto* employee = app.add_subcommand("employee", fmt::format("Read about one person; needs {0} or {0}_FILE", reader_token_name));
  employee->require_subcommand(1);
  auto options = std::make_shared<EmployeeOptions>();
  on_run(*add_view(*employee, "show", "The record as it is now", *options), options, context, show);
  auto* timeline = add_view(*employee, "timeline", "Every accepted event and what it did", *options);
  add_page_options(*timeline, options->page);
  on_run(*timeline, options, context, show_timeline);
}

}  // namespace denrei
