// denrei employee show|timeline: what the server knows about one person.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "denrei/app/cli/screen.hpp"
#include "denrei/app/cli/signing.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

constexpr const char* token_name = "DENREI_READER_TOKEN";

struct EmployeeOptions {
  std::string staff;
  std::string url = "http://127.0.0.1:4000";
  std::string output = "human";
  std::size_t limit = limits::page_default;
  std::string cursor;
};

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string cell(const json::value& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

// The answer's body, or the exit code after having said why there is none.
tl::expected<std::string, Exit> get(const std::string& url, const EmployeeOptions& options, CliContext& context) {
  const auto token = find_secret(context.env, token_name);
  if (!token) return tl::unexpected(complain(context, Exit::usage, token.error().detail));
  if (!*token)
    return tl::unexpected(complain(context, Exit::not_allowed, fmt::format("no token: set {0} or {0}_FILE", token_name)));
  HttpRequest request{.url = url};
  request.headers = {{"Authorization", fmt::format("Bearer {}", (*token)->value.reveal())}, {"Accept", "application/json"}};
  const auto reply = context.http(request);
  if (!reply)
    return tl::unexpected(complain(context, reply.error().code == FaultCode::invalid ? Exit::usage : Exit::unreachable, reply.error().detail));
  switch (reply->status) {
    case 200: return reply->body;
    case 401:
    case 403: return tl::unexpected(complain(context, Exit::not_allowed, fmt::format("the server refuses {} ({})", token_name, reply->status)));
    case 404: return tl::unexpected(complain(context, Exit::not_found, fmt::format("no employee '{}'", make_printable(options.staff))));
    default:
      return tl::unexpected(complain(context, Exit::failed, fmt::format("the server answers {}: {}", reply->status, make_printable(reply->body))));
  }
}

std::string address(const EmployeeOptions& options) {
  const auto base = options.url.ends_with('/') ? options.url.substr(0, options.url.size() - 1) : options.url;
  return fmt::format("{}/api/employees/{}", base, percent_encode(options.staff));
}

void print_record(const json::object& record, std::ostream& out) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : record) rows.push_back({std::string(name), cell(value)});
  out << format_table(rows);
}

Exit show(const EmployeeOptions& options, CliContext& context) {
  const auto body = get(address(options), options, context);
  if (!body) return body.error();
  const auto document = parse_json(*body);
  if (!document || !(*document)->root().is_object()) return complain(context, Exit::failed, "the server's answer is not a JSON object");
  if (options.output == "json") context.out << *body << '\n';
  else print_record((*document)->root().get_object(), context.out);
  return Exit::done;
}

void print_lines(const json::array& lines, std::ostream& out) {
  static constexpr const char* columns[] = {"position", "timestamp", "receivedAt", "eventType", "outcome", "eventId"};
  std::vector<std::vector<std::string>> rows{{"POSITION", "TIMESTAMP", "RECEIVED", "TYPE", "OUTCOME", "EVENT"}};
  for (const auto& line : lines) {
    auto& row = rows.emplace_back();
    for (const auto* column : columns) {
      const auto* value = find(line, std::string("/") + column);
      row.push_back(value == nullptr ? "-" : cell(*value));
    }
  }
  out << format_table(rows);
}

Exit timeline(const EmployeeOptions& options, CliContext& context) {
  auto url = fmt::format("{}/timeline?limit={}", address(options), options.limit);
  if (!options.cursor.empty()) url += "&cursor=" + percent_encode(options.cursor);
  const auto body = get(url, options, context);
  if (!body) return body.error();
  const auto document = parse_json(*body);
  const auto* lines = document ? find((*document)->root(), "/data") : nullptr;
  if (lines == nullptr || !lines->is_array()) return complain(context, Exit::failed, "the server's answer is not a timeline");
  if (options.output == "json") context.out << *body << '\n';
  else print_lines(lines->get_array(), context.out);
  const auto* next = find((*document)->root(), "/next");
  if (next != nullptr && !next->is_null())
    context.err << "more: denrei employee timeline " << make_printable(options.staff) << " --limit " << options.limit << " --cursor "
                << make_printable(cell(*next)) << '\n';
  return Exit::done;
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
  auto* employee = app.add_subcommand("employee", fmt::format("Read about one person; needs {0} or {0}_FILE", token_name));
  employee->require_subcommand(1);
  auto options = std::make_shared<EmployeeOptions>();
  add_view(*employee, "show", "The record as it is now", *options)->callback([options, &context] {
    context.exit_code = static_cast<int>(show(*options, context));
  });
  auto* lines = add_view(*employee, "timeline", "Every accepted event and what it did", *options);
  lines->add_option("--limit", options->limit, "Lines")->check(CLI::Range(std::size_t{1}, limits::page_max))->capture_default_str();
  lines->add_option("--cursor", options->cursor, "Where the page before ended");
  lines->callback([options, &context] { context.exit_code = static_cast<int>(timeline(*options, context)); });
}

}  // namespace denrei
