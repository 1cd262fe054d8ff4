// denrei receive: a receiver for tests and demonstrations, which verifies what comes and fails as it is told.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>

#include "denrei/app/cli/signing.hpp"
#include "denrei/app/config/members.hpp"
#include "denrei/app/receive/receive_server.hpp"
#include "denrei/app/receive/receive_text.hpp"

namespace denrei {
namespace {

constexpr auto footer = R"(Modes: good; slow (answers after --delay); flaky (--fail-rate of the requests get --status, the dice are seeded);
dead (reads and never answers; --refuse: hangs up); limited (429 above --rate); gone (410); redirect (302 to --location);
wrong-certificate (TLS for another name). They can be changed while it runs, from this machine:
  curl -d '{"mode":"flaky","failRate":0.5,"status":503}' http://127.0.0.1:4100/_mode
  (further members: delayMs, rate, retryAfterS, location, refuse); GET /_report gives the report so far.
Order: per path and key, the Denrei-Sequence of first arrivals must rise, whatever they were answered; so must that of first
acceptances (2xx). A number that has not come is counted as missing so far and is no violation.
Exit: 0 order held and no signature was refused, 1 not so, 2 usage, or the port is taken.)";

struct ReceiveOptions {
  SourceOptions source;
  SignatureSpec signature;       // with --scheme
  std::string timestamp_format = "none";
  std::int64_t tolerance_s = 300;
  std::string secret;
  std::string bearer;
  std::string key_pointer;
  std::string identity_pointer;
  std::string dialect;
  std::string listen = "127.0.0.1:4100";
  TlsFiles tls;
  std::string mode = "good";
  std::string delay = "2s";
  std::int64_t retry_after_s = -1;
  Behaviour behaviour;
  std::uint64_t seed = 1;
  std::string record;
  std::uint64_t stop_after = 0;
  bool quiet = false;
  bool allow_late = false;
  std::string output = "human";
};

Result<Source> make_source(const ReceiveOptions& options) {
  Source source{.name = "receive", .dialect = Dialect::employee};
  if (options.signature.scheme.empty()) return source;
  if (options.secret.empty() && options.source.secret_file.empty()) return fail(FaultCode::invalid, "--scheme needs --secret or --secret-file");
  auto spec = options.signature;
  spec.tolerance = std::chrono::seconds{options.tolerance_s};
  const auto format = parse_timestamp_format(options.timestamp_format);
  if (!format) return tl::unexpected(format.error());
  spec.timestamp_format = *format;
  auto completed = complete_signature_spec(std::move(spec));
  if (!completed) return tl::unexpected(completed.error());
  source.signature = std::move(*completed);
  source.secret = options.secret;
  return source;
}

Result<Trust> choose_trust(const ReceiveOptions& options, CliContext& context) {
  const bool named = !options.source.name.empty();
  auto source = named ? choose_source(options.source, context) : make_source(options);
  if (!source) return tl::unexpected(source.error());
  Trust trust{.source = std::move(*source)};
  if (!options.bearer.empty()) trust.source.bearer = options.bearer;
  if (!options.key_pointer.empty()) trust.source.key_pointer = options.key_pointer;
  if (!options.identity_pointer.empty()) trust.source.identity_pointer = options.identity_pointer;
  if (!options.dialect.empty()) {
    const auto dialect = parse_dialect(options.dialect);
    if (!dialect) return tl::unexpected(dialect.error());
    trust.source.dialect = *dialect;
  }
  if (!named && options.signature.scheme.empty()) {
    if (!options.bearer.empty() || !options.source.secret_file.empty())
      return fail(FaultCode::invalid, "--bearer and --secret-file need --source or --scheme");
    return trust;
  }
  auto keys = choose_keys(trust.source, options.source, context);
  if (!keys) return tl::unexpected(keys.error());
  trust.keys = std::move(*keys);
  auto bearer = find_bearer(trust.source, context);
  if (!bearer) return tl::unexpected(bearer.error());
  if (!trust.source.bearer.empty() && !*bearer)
    return fail(FaultCode::not_found, fmt::format("no token: set {0} or {0}_FILE", trust.source.bearer));
  trust.bearer = std::move(*bearer);
  return trust;
}

Result<Behaviour> choose_behaviour(const ReceiveOptions& options) {
  auto behaviour = options.behaviour;
  const auto mode = parse_receive_mode(options.mode);
  if (!mode) return tl::unexpected(mode.error());
  behaviour.mode = *mode;
  const auto delay = parse_duration(options.delay);
  if (!delay) return fail(FaultCode::invalid, "--delay: " + delay.error().detail);
  behaviour.delay = *delay;
  if (options.retry_after_s >= 0) behaviour.retry_after = std::chrono::seconds{options.retry_after_s};
  if (auto checked = check_behaviour(behaviour); !checked) return tl::unexpected(checked.error());
  return behaviour;
}

// Where the line about a request goes: the terminal, a file, both or nowhere.
class Lines {
 public:
  Lines(std::ostream& out, const ReceiveOptions& options) : out_(out), quiet_(options.quiet), json_(options.output == "json") {
    if (!options.record.empty()) record_.open(options.record, std::ios::binary | std::ios::app);
  }
  [[nodiscard]] bool has_opened() const { return record_.good(); }
  [[nodiscard]] bool has_lost_some() const { return record_.is_open() && !record_.good(); }
  void write(const RequestNote& note) {
    if (!quiet_ && !json_) out_ << request_text(note) << '\n' << std::flush;
    if ((quiet_ || !json_) && !record_.is_open()) return;
    const auto line = request_json(note) + '\n';
    if (!quiet_ && json_) out_ << line << std::flush;
    if (record_.is_open()) record_ << line << std::flush;
  }

 private:
  std::ostream& out_;
  bool quiet_;
  bool json_;
  std::ofstream record_;
};

Exit receive(const ReceiveOptions& options, CliContext& context) {
  if (options.tls.certificate.empty() != options.tls.key.empty())
    return complain(context, Exit::usage, "--tls-cert and --tls-key come together");
  const auto listen = parse_endpoint(options.listen);
  if (!listen) return complain(context, Exit::usage, "--listen: " + listen.error().detail);
  auto trust = choose_trust(options, context);
  if (!trust) return complain(context, Exit::usage, trust.error().detail);
  auto behaviour = choose_behaviour(options);
  if (!behaviour) return complain(context, Exit::usage, behaviour.error().detail);
  Lines lines(context.out, options);
  if (!lines.has_opened()) return complain(context, Exit::usage, fmt::format("{}: cannot be written", options.record));
  ReceiveServerOptions server{.listen = *listen, .tls = options.tls, .stop_after = options.stop_after, .now = context.now, .on_listening = {}};
  const auto scheme = trust->keys.empty() ? std::string("nothing") : trust->source.signature.scheme;
  server.on_listening = [&](const std::string& address) {
    const auto protocol = options.tls.certificate.empty() ? "http" : "https";
    context.err << fmt::format("denrei: receiving on {}://{}, mode {}, verifying {}\n", protocol, address, options.mode, scheme) << std::flush;
  };
  MockReceiver receiver(std::move(*trust), std::move(*behaviour), options.seed, [&lines](const RequestNote& note) { lines.write(note); });
  if (const auto ended = run_receive_server(receiver, server); !ended) return complain(context, Exit::usage, ended.error().detail);
  const auto report = receiver.report();
  context.out << (options.output == "json" ? report_json(report) + '\n' : report_text(report)) << std::flush;
  if (lines.has_lost_some()) return complain(context, Exit::failed, fmt::format("{}: could not be written to its end", options.record));
  return has_gone_well(report, options.allow_late) ? Exit::done : Exit::failed;
}

void add_trust_options(CLI::App& command, ReceiveOptions& options) {
  add_config_option(command, options.source.config);
  auto* source = command.add_option("--source", options.source.name, "Verify and answer as this source of the configuration would");
  auto* scheme = command.add_option("--scheme", options.signature.scheme, "Verify by this scheme instead")->excludes(source);
  command.add_option("--signature-header", options.signature.signature_header, "Default: the scheme's")->needs(scheme);
  command.add_option("--timestamp-header", options.signature.timestamp_header, "Default: the scheme's")->needs(scheme);
  command.add_option("--timestamp-format", options.timestamp_format, "unix_s, unix_ms, iso8601 or none, for hmac schemes")
      ->needs(scheme)
      ->capture_default_str();
  command.add_option("--tolerance", options.tolerance_s, "Seconds that a time may be off")
      ->needs(scheme)
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  command.add_option("--secret", options.secret, "Variable with the secret")->needs(scheme);
  command.add_option("--secret-file", options.source.secret_file, "File with the secret, - for standard input");
  command.add_option("--bearer", options.bearer, "Variable with the bearer token (default: the source's)");
  command.add_option("--key-pointer", options.key_pointer, "JSON Pointer to the key (default: the source's)");
  command.add_option("--identity-pointer", options.identity_pointer,
                     "JSON Pointer to the sender's id, for answers that repeat it (default: the source's)");
  command.add_option("--dialect", options.dialect, "What answers look like (default: the source's, or {\"success\":true})");
}

void add_behaviour_options(CLI::App& command, ReceiveOptions& options) {
  command.add_option("--mode", options.mode, fmt::format("{}", fmt::join(receive_mode_names, ", ")))->capture_default_str();
  command.add_option("--fail-rate", options.behaviour.fail_rate, "flaky: share of the requests that fail, 0 to 1")->capture_default_str();
  command.add_option("--status", options.behaviour.status, "flaky: what they are answered")->capture_default_str();
  command.add_option("--delay", options.delay, "slow: time before the answer")->capture_default_str();
  command.add_option("--rate", options.behaviour.rate, "limited: requests a second that are taken")->capture_default_str();
  command.add_option("--retry-after", options.retry_after_s, "limited, flaky: seconds in Retry-After (default: limited 3, flaky none)");
  command.add_option("--location", options.behaviour.location, "redirect: where to")->capture_default_str();
  command.add_flag("--refuse", options.behaviour.refuse, "dead: hang up instead of keeping silent");
  command.add_option("--seed", options.seed, "Of the dice")->capture_default_str();
}

}  // namespace

void add_receive(CLI::App& app, CliContext& context) {
  auto* command = app.add_subcommand("receive", "Receive webhooks for a test or a demonstration: verify, answer or fail, check the order");
  auto options = std::make_shared<ReceiveOptions>();
  command->add_option("--listen", options->listen, "Address and port; port 0 takes a free one")->capture_default_str();
  add_trust_options(*command, *options);
  add_behaviour_options(*command, *options);
  command->add_option("--tls-cert", options->tls.certificate, "Certificate chain (PEM): HTTPS");
  command->add_option("--tls-key", options->tls.key, "Its key (PEM)");
  command->add_option("--record", options->record, "Append one JSON line a request to this file");
  command->add_flag("--quiet", options->quiet, "No line a request");
  command->add_option("--stop-after", options->stop_after, "End after so many answers");
  command->add_flag("--allow-late", options->allow_late,
                    "Late acceptances are no failure: dead letters are sent again, or the order is not kept");
  add_output_option(*command, options->output);
  command->footer(footer);
  command->callback([options, &context] { context.exit_code = static_cast<int>(receive(*options, context)); });
}

}  // namespace denrei
