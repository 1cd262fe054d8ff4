// What sign, verify and send share: a source by name and its secrets.
#pragma once
#include <string>
#include <vector>

#include "denrei/app/cli/options.hpp"
#include "denrei/domain/schema.hpp"

namespace denrei {

struct SourceOptions {
  ConfigOptions config;
  std::string name;
  std::string secret_file;  // empty: as the server finds it; "-": standard input
};
void add_source_options(CLI::App& app, SourceOptions& options);

[[nodiscard]] Result<Source> choose_source(const SourceOptions& options, const CliContext& context);
// The current secret's key and, where there is one, the previous one's. Never empty.
[[nodiscard]] Result<std::vector<HmacSha256>> choose_keys(const Source& source, const SourceOptions& options, CliContext& context);
// The bearer token of the source, or nothing when it is not set.
[[nodiscard]] Result<std::optional<Secret>> find_bearer(const Source& source, const CliContext& context);
// The schema that the server checks this source's bodies by.
[[nodiscard]] Result<Schema> load_schema(const Source& source, const SourceOptions& options, const CliContext& context);
// A URL without a path gets the source's own.
[[nodiscard]] Result<std::string> complete_url(const std::string& url, const Source& source);

// Who sends as a source: the source, its current key and, where it wants one, its token.
struct Sender {
  Source source;
  HmacSha256 key;
  std::optional<Secret> bearer;
};
[[nodiscard]] Result<Sender> choose_sender(const Source& source, const SourceOptions& options, CliContext& context);
// A POST of the body, signed with that time.
[[nodiscard]] HttpRequest sign_post(const Sender& sender, std::string url, std::string body, WallTime now);

// One judgement of `verify`, in the order in which the server judges.
struct Step {
  enum class Verdict : std::uint8_t { good, bad, skipped };
  Verdict verdict = Verdict::good;
  std::string name;  // "bearer", "signature", "time"
  std::string text;
};
struct Proof {
  Headers headers;
  std::string_view body;
  WallTime now{};
};
[[nodiscard]] std::vector<Step> explain_proof(const Source& source, std::span<const HmacSha256> keys, const std::optional<Secret>& bearer,
                                              const Proof& proof);

// The commands; each is added by add_client_commands.
void add_check_config(CLI::App& app, CliContext& context);
void add_sign(CLI::App& app, CliContext& context);
void add_verify(CLI::App& app, CliContext& context);
void add_send(CLI::App& app, CliContext& context);
void add_employee(CLI::App& app, CliContext& context);
void add_send_bulk(CLI::App& send, CliContext& context);
void add_reconcile(CLI::App& app, CliContext& context);
void add_receive(CLI::App& app, CliContext& context);

}  // namespace denrei
