// denrei send event: sign a body as one of the sources and post it.
#include <fmt/format.h>

#include "denrei/app/cli/sample_event.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/cli/signing.hpp"

namespace denrei {
namespace {

struct SendOptions {
  SourceOptions source;
  SampleEvent sample;
  std::string url = "http://127.0.0.1:4000";
  std::string data;
  std::string timestamp;
  bool dry_run = false;
};

Result<std::string> choose_body(const SendOptions& options, const Source& source, CliContext& context) {
  if (!options.data.empty()) return read_input(options.data, context);
  if (source.effect != Effect::employee)
    return fail(FaultCode::invalid, fmt::format("source '{}' has no sample events; give the body with --data", source.name));
  return make_sample_event(options.sample, context.now());
}

Result<HttpRequest> build_request(const SendOptions& options, const Source& source, CliContext& context) {
  auto url = complete_url(options.url, source);
  if (!url) return tl::unexpected(url.error());
  const auto sender = choose_sender(source, options.source, context);
  if (!sender) return tl::unexpected(sender.error());
  const auto time = read_time(options.timestamp, context);
  if (!time) return tl::unexpected(time.error());
  auto body = choose_body(options, source, context);
  if (!body) return tl::unexpected(body.error());
  return sign_post(*sender, std::move(*url), std::move(*body), *time);
}

void print_request(const HttpRequest& request, std::ostream& out) {
  out << request.method << ' ' << request.url << '\n';
  for (const auto& header : request.headers)
    out << header.name << ": " << (header.name == "Authorization" ? "Bearer ********" : header.value) << '\n';
  out << '\n' << request.body << '\n';
}

Exit send_event(const SendOptions& options, CliContext& context) {
  if (options.source.secret_file == "-" && options.data == "-")
    return complain(context, Exit::usage, "standard input cannot be both the secret and the body");
  const auto source = choose_source(options.source, context);
  if (!source) return complain(context, Exit::usage, source.error().detail);
  const auto request = build_request(options, *source, context);
  if (!request) return complain(context, request.error().code == FaultCode::io ? Exit::failed : Exit::usage, request.error().detail);
  if (options.dry_run) {
    print_request(*request, context.out);
    return Exit::done;
  }
  const auto reply = context.http(*request);
  if (!reply) return complain(context, reply.error().code == FaultCode::invalid ? Exit::usage : Exit::unreachable, reply.error().detail);
  context.out << reply->status << '\n' << make_printable(reply->body) << '\n';
  return reply->status >= 200 && reply->status < 300 ? Exit::done : Exit::failed;
}

void add_sample_options(CLI::App& command, SampleEvent& sample) {
  command.add_option("--type", sample.type, "Sample event: employee.created, employee.photo.updated, employee.photo.deleted")->capture_default_str();
  command.add_option("--staff", sample.staff, "Sample event: staff id");
  command.add_option("--name", sample.name, "Sample event: full name")->capture_default_str();
  command.add_option("--email", sample.email, "Sample event: e-mail address");
  command.add_option("--facility", sample.facility, "Sample event: facility id")->capture_default_str();
  command.add_option("--department", sample.department, "Sample event: department id")->capture_default_str();
  command.add_option("--photo-url", sample.photo_url, "Sample event: photo");
  command.add_option("--reason", sample.reason, "Sample event: why the photo changed or went");
}

}  // namespace

void add_send(CLI::App& app, CliContext& context) {
  auto* send = app.add_subcommand("send", "Send to a server");
  send->require_subcommand(1);
  auto* command = send->add_subcommand("event", "Sign a body as a source's sender and post it; exit 1 when it is refused, 5 when nobody answers");
  auto options = std::make_shared<SendOptions>();
  add_source_options(*command, options->source);
  command->add_option("--url", options->url, "Server, or the full address to post to")->capture_default_str();
  command->add_option("--data", options->data, "File with the body, - for standard input (default: a sample event)");
  command->add_option("--timestamp", options->timestamp, "Sign with this time, as in sign (default: now)");
  command->add_flag("--dry-run", options->dry_run, "Print the request instead of sending it");
  add_sample_options(*command, options->sample);
  command->callback([options, &context] { context.exit_code = static_cast<int>(send_event(*options, context)); });
  add_send_bulk(*send, context);
}

}  // namespace denrei
