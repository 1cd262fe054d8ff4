// denrei sign: the headers that prove a body.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "denrei/app/cli/signing.hpp"
#include "denrei/base/ids.hpp"

namespace denrei {
namespace {

struct SignOptions {
  SourceOptions source;
  std::string timestamp;
  std::string id;
  std::string output = "human";
  std::string file = "-";
};

void print_headers(const std::vector<OwnedHeader>& headers, const std::string& output, std::ostream& out) {
  if (output == "json") {
    boost::json::object object;
    for (const auto& header : headers) object[header.name] = header.value;
    out << boost::json::serialize(object) << '\n';
    return;
  }
  for (const auto& header : headers) out << header.name << ": " << header.value << '\n';
}

Exit sign(const SignOptions& options, CliContext& context) {
  if (options.source.secret_file == "-" && options.file == "-")
    return complain(context, Exit::usage, "standard input cannot be both the secret and the body");
  const auto source = choose_source(options.source, context);
  if (!source) return complain(context, Exit::usage, source.error().detail);
  const auto keys = choose_keys(*source, options.source, context);
  if (!keys) return complain(context, Exit::usage, keys.error().detail);
  const auto time = read_time(options.timestamp, context);
  if (!time) return complain(context, Exit::usage, "--timestamp: " + time.error().detail);
  const auto body = read_input(options.file, context);
  if (!body) return complain(context, Exit::failed, body.error().detail);
  const auto id = options.id.empty() ? make_event_id(source->name, *body).text() : options.id;
  print_headers(sign_request(source->signature, keys->front(), *time, id, *body), options.output, context.out);
  if (!source->bearer.empty()) context.err << "note: this source also wants Authorization: Bearer with " << source->bearer << '\n';
  return Exit::done;
}

}  // namespace

void add_sign(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("sign", "Print the headers that prove a body, one a line; for curl: denrei sign … FILE | curl -H @- …");
  auto options = std::make_shared<SignOptions>();
  add_source_options(*command, options->source);
  command->add_option("--timestamp", options->timestamp, "ISO 8601, Unix seconds or milliseconds (default: now)");
  command->add_option("--id", options->id, "Message id, for schemes that sign one (default: made from the body)");
  add_output_option(*command, options->output);
  command->add_option("file", options->file, "File with the body, - for standard input")->capture_default_str();
  command->callback([options, &context] { context.exit_code = static_cast<int>(sign(*options, context)); });
}

}  // namespace denrei
