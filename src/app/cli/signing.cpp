// A source by name, and its secrets for commands.
#include "denrei/app/cli/signing.hpp"

#include <fmt/format.h>

#include "denrei/app/config/config_file.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/app/config/sources.hpp"
#include "denrei/base/ids.hpp"

namespace denrei {
namespace {

Result<HmacSha256> key_of(const Source& source, const Secret& secret) {
  auto key = make_signature_key(source.signature, secret);
  if (!key) return fail(FaultCode::invalid, fmt::format("the secret is not in the form that scheme {} wants", source.signature.scheme));
  return key;
}

Result<Secret> read_secret_input(const std::string& file, CliContext& context) {
  auto text = read_input(file, context);
  if (!text) return tl::unexpected(text.error());
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return fail(FaultCode::invalid, fmt::format("{}: holds no secret", file));
  return Secret(std::move(*text));
}

Result<std::vector<HmacSha256>> single_key(const Source& source, const Secret& secret) {
  auto key = key_of(source, secret);
  if (!key) return tl::unexpected(key.error());
  std::vector<HmacSha256> keys;
  keys.push_back(std::move(*key));
  return keys;
}

}  // namespace

void add_source_options(CLI::App& app, SourceOptions& options) {
  add_config_option(app, options.config);
  app.add_option("--source", options.name, "Name of the source in the configuration")->required();
  app.add_option("--secret-file", options.secret_file, "File with the secret, - for standard input (default: as the server finds it)");
}

Result<Source> choose_source(const SourceOptions& options, const CliContext& context) {
  auto sources = load_sources(config_inputs(options.config, context));
  if (!sources) return tl::unexpected(sources.error());
  std::vector<std::string> names;
  for (auto& source : *sources) {
    if (source.name == options.name) return std::move(source);
    names.push_back(source.name);
  }
  return fail(FaultCode::not_found, fmt::format("no source '{}'{}", options.name, suggest_word(options.name, names)));
}

Result<std::vector<HmacSha256>> choose_keys(const Source& source, const SourceOptions& options, CliContext& context) {
  if (!options.secret_file.empty()) {
    const auto secret = read_secret_input(options.secret_file, context);
    return secret ? single_key(source, *secret) : Result<std::vector<HmacSha256>>(tl::unexpected(secret.error()));
  }
  const auto current = find_secret(context.env, source.secret);
  if (!current) return tl::unexpected(current.error());
  if (!*current)
    return fail(FaultCode::not_found, fmt::format("no secret: set {0} or {0}_FILE, or give --secret-file", source.secret));
  auto keys = single_key(source, (*current)->value);
  const auto previous = find_secret(context.env, source.secret + "_PREVIOUS");
  if (!keys || !previous || !*previous) return keys;
  if (auto key = key_of(source, (*previous)->value)) keys->push_back(std::move(*key));
  return keys;
}

Result<std::optional<Secret>> find_bearer(const Source& source, const CliContext& context) {
  if (source.bearer.empty()) return std::nullopt;
  const auto found = find_secret(context.env, source.bearer);
  if (!found) return tl::unexpected(found.error());
  return *found ? std::optional((*found)->value) : std::nullopt;
}

Result<Schema> load_schema(const Source& source, const SourceOptions& options, const CliContext& context) {
  const auto inputs = config_inputs(options.config, context);
  const auto file = open_config_file(inputs);
  if (!file) return tl::unexpected(file.error());
  Problems problems;
  ConfigDraft draft;
  apply_settings(*file, inputs, draft, problems);
  const auto text = find_schema(source.schema, *file, draft.schema_dir);
  if (!text) return tl::unexpected(text.error());
  return compile_schema(text->text, {{"photo_hosts", source.photo_hosts}});
}

Result<std::string> complete_url(const std::string& url, const Source& source) {
  const auto authority = url.starts_with("https://") ? 8u : url.starts_with("http://") ? 7u : 0u;
  if (authority == 0 || url.size() == authority) return fail(FaultCode::invalid, fmt::format("'{}' is not an http or https URL", url));
  const auto slash = url.find_first_of("/?#", authority);
  if (slash == std::string::npos) return url + source.paths.front();
  return slash + 1 == url.size() && url[slash] == '/' ? url.substr(0, slash) + source.paths.front() : url;
}

Result<Sender> choose_sender(const Source& source, const SourceOptions& options, CliContext& context) {
  auto keys = choose_keys(source, options, context);
  if (!keys) return tl::unexpected(keys.error());
  auto bearer = find_bearer(source, context);
  if (!bearer) return tl::unexpected(bearer.error());
  if (!source.bearer.empty() && !*bearer) return fail(FaultCode::not_found, fmt::format("no token: set {0} or {0}_FILE", source.bearer));
  return Sender{source, std::move(keys->front()), std::move(*bearer)};
}

HttpRequest sign_post(const Sender& sender, std::string url, std::string body, WallTime now) {
  const auto& source = sender.source;
  HttpRequest request{.method = "POST", .url = std::move(url)};
  request.headers = sign_request(source.signature, sender.key, now, make_event_id(source.name, body).text(), body);
  request.headers.push_back({"Content-Type", "application/json"});
  if (sender.bearer) request.headers.push_back({"Authorization", fmt::format("Bearer {}", sender.bearer->reveal())});
  request.body = std::move(body);
  return request;
}

}  // namespace denrei
