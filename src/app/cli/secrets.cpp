// denrei secrets: which secrets there are and how old, and exchanging those of the secrets directory without a gap.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/rand.h>

#include "denrei/app/cli/listing.hpp"
#include "denrei/app/cli/operations.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/app/config/secret_age.hpp"
#include "denrei/app/config/secret_uses.hpp"
#include "denrei/app/config/secrets_dir.hpp"
#include "denrei/base/duration.hpp"
#include "denrei/base/encoding.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/signature.hpp"

namespace denrei {
namespace {

constexpr std::size_t secret_bytes = 32;                       // as many as SHA-256 has: more adds nothing
constexpr Millis overlap_max = std::chrono::hours{24 * 30};

struct SecretsOptions {
  ConfigOptions config;
  std::string output = "human";
  std::string name;
  std::string overlap = "24h";
  std::string value_from;
  bool init = false;
  bool previous = false;
};

struct Listed {
  const SecretUse* use = nullptr;
  std::optional<FoundSecret> found;
  std::optional<FoundSecret> previous;
  std::optional<WallTime> previous_expired;
  std::string fault;                                           // it is there and cannot be read
};

// --- list

Listed look_up(const SecretUse& use, const SecretUses& uses, WallTime now) {
  Listed out{&use, {}, {}, {}, {}};
  auto found = find_secret(uses.env, use.name);
  if (found) out.found = std::move(*found);
  else out.fault = found.error().detail;
  auto previous = find_secret(uses.env, use.name + previous_suffix);
  if (previous) out.previous = std::move(*previous);
  else out.fault = previous.error().detail;
  const auto until = read_previous_until(uses.folder, use.name);
  if (until && *until && **until <= now && !out.previous) out.previous_expired = *until;
  return out;
}

SecretAge age_record(const Listed& listed) {
  return {listed.use->name, listed.found->origin, listed.found->place == SecretPlace::secrets_dir, listed.found->since};
}

std::vector<std::string> warnings_of(const Listed& listed, WallTime now) {
  std::vector<std::string> out;
  if (!listed.fault.empty()) out.push_back(listed.fault);
  if (!listed.found) {
    const bool is_needed = std::any_of(listed.use->users.begin(), listed.use->users.end(), [](const SecretUser& user) { return !user.is_optional; });
    if (listed.fault.empty() && is_needed) out.emplace_back("missing: the start stops");
    return out;
  }
  if (auto fault = find_secret_fault(listed.found->value.reveal(), listed.use->purpose(), listed.use->allow); !fault.empty()) out.push_back(std::move(fault));
  if (auto warning = age_warning(age_record(listed), now); !warning.empty()) out.push_back(std::move(warning));
  if (listed.found->others_can_read) out.emplace_back("others than its owner can read it: chmod 600");
  if (listed.previous_expired) out.push_back(fmt::format("the previous one has not been accepted since {}", format_iso8601(*listed.previous_expired)));
  return out;
}

std::string users_of(const SecretUse& use) {
  std::vector<std::string> texts;
  for (const auto& user : use.users) texts.push_back(user_text(user));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string age_cell(const Listed& listed, WallTime now) {
  if (!listed.found) return "-";
  const auto age = age_of(age_record(listed), now);
  return age ? fmt::format("{} days", *age / std::chrono::hours{24}) : "unknown";
}

std::string previous_cell(const Listed& listed) {
  if (listed.previous) return listed.previous->until ? "until " + format_iso8601(*listed.previous->until) : "accepted";
  return listed.previous_expired ? "expired" : "-";
}

std::string listed_json(const Listed& listed, WallTime now) {
  const auto list_of = [](const std::vector<std::string>& texts) {
    std::string list = "[";
    for (const auto& text : texts) append_json_string(list.size() > 1 ? list.append(",") : list, text);
    return list + "]";
  };
  std::vector<std::string> users;
  for (const auto& user : listed.use->users) users.push_back(user_text(user));
  JsonObject out;
  out.text("name", listed.use->name).text("purpose", secret_purpose_name(listed.use->purpose()));
  out.text("place", listed.found ? secret_place_name(listed.found->place) : "missing");
  if (listed.found) out.text("origin", listed.found->origin);
  const auto age = listed.found ? age_of(age_record(listed), now) : std::nullopt;
  if (age) out.number("ageSeconds", age->count());
  else out.raw("ageSeconds", "null");
  out.boolean("previous", listed.previous.has_value());
  if (listed.previous && listed.previous->until) out.text("previousUntil", format_iso8601(*listed.previous->until));
  return out.raw("usedBy", list_of(users)).raw("warnings", list_of(warnings_of(listed, now))).take();
}

// Role tokens that nobody has set are no news.
bool is_worth_a_line(const Listed& listed) {
  return listed.found || !listed.fault.empty() || listed.use->users.front().kind != SecretUser::Kind::role;
}

Exit list_secrets(const SecretsOptions& options, CliContext& context) {
  const auto uses = list_secret_uses(config_inputs(options.config, context));
  if (!uses) return complain(context, Exit::usage, uses.error().detail);
  const auto now = context.now();
  Rows rows{{"SECRET", "FROM", "AGE", "PREVIOUS", "USED BY"}};
  std::string json = "[";
  std::vector<std::string> warnings;
  for (const auto& use : uses->secrets) {
    const auto listed = look_up(use, *uses, now);
    if (!is_worth_a_line(listed)) continue;
    rows.push_back({use.name, listed.found ? listed.found->origin : "missing", age_cell(listed, now), previous_cell(listed), users_of(use)});
    json.append(json.size() > 1 ? "," : "").append(listed_json(listed, now));
    for (const auto& warning : warnings_of(listed, now))
      warnings.push_back(warning.starts_with(use.name) ? warning : fmt::format("{}: {}", use.name, warning));
  }
  if (options.output == "json") {
    context.out << JsonObject{}.text("directory", uses->folder.string()).raw("secrets", json + "]").take() << '\n';
    return Exit::done;
  }
  context.out << format_table(rows);
  for (const auto& warning : warnings) context.err << "warning: " << make_printable(warning) << '\n';
  return Exit::done;
}

// --- rotate and revoke

struct Chosen {
  SecretUses uses;
  const SecretUse* use = nullptr;
  SecretsDir dir;
};

OrExit<Chosen> choose(const SecretsOptions& options, CliContext& context) {
  auto uses = list_secret_uses(config_inputs(options.config, context));
  if (!uses) return tl::unexpected(complain(context, Exit::usage, uses.error().detail));
  SecretsDir dir(uses->folder);
  Chosen chosen{std::move(*uses), nullptr, std::move(dir)};
  std::vector<std::string> names;
  for (const auto& use : chosen.uses.secrets) {
    if (use.name == options.name) chosen.use = &use;
    names.push_back(use.name);
  }
  if (chosen.use != nullptr) return chosen;
  return tl::unexpected(complain(context, Exit::not_found,
                                 fmt::format("the configuration names no secret {}{}", make_printable(options.name), suggest_word(options.name, names))));
}

// What to do where the secret does not live in the secrets directory.
std::string elsewhere_text(const std::string& name, const FoundSecret& found) {
  switch (found.place) {
    case SecretPlace::environment:
      return fmt::format("{0} is set in the environment of the process, which goes before the secrets directory. Change it where it is set (unit file, "
                         "compose file, shell), keep the old one in {0}_PREVIOUS, and restart", name);
    case SecretPlace::file:
      return fmt::format("{0} comes from the {1} ({0}_FILE). Write the new one there, keep the old one in the file that {0}_PREVIOUS_FILE names, and "
                         "send SIGHUP", name, found.origin);
    case SecretPlace::credential:
      return fmt::format("{0} is a systemd credential. Change what LoadCredential= names, add one for {0}_PREVIOUS with the old one, and restart the unit", name);
    case SecretPlace::secrets_dir: return {};
  }
  return {};
}

// True: it is in the secrets directory and nothing goes before it. False: it is nowhere. Else why it cannot be changed here.
OrExit<bool> lives_here(const Chosen& chosen, CliContext& context) {
  const auto found = find_secret(chosen.uses.env, chosen.use->name);
  if (!found) return tl::unexpected(complain(context, Exit::failed, found.error().detail));
  if (!*found) return false;
  if ((*found)->place == SecretPlace::secrets_dir) return true;
  return tl::unexpected(complain(context, Exit::failed, elsewhere_text(chosen.use->name, **found)));
}

// A previous one that is set elsewhere would go before the one that a rotation leaves: the sender of the old secret would be refused.
std::string find_overlap_fault(const Chosen& chosen) {
  const auto previous = find_secret(chosen.uses.env, chosen.use->name + previous_suffix);
  if (!previous) return previous.error().detail;
  if (!*previous || (*previous)->place == SecretPlace::secrets_dir) return {};
  return fmt::format("{0}{1} is set elsewhere ({2}) and goes before the one that stays for the overlap: remove it first", chosen.use->name, previous_suffix,
                     (*previous)->origin);
}

Result<std::string> generate(const SecretUse& use) {
  std::array<unsigned char, secret_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return fail(FaultCode::io, "the system gives no random bytes");
  const std::string raw(bytes.begin(), bytes.end());
  return use.is_standard_webhooks() ? "whsec_" + encode_base64(raw) : encode_hex(raw);
}

Result<std::string> read_value(const SecretsOptions& options, CliContext& context) {
  auto text = read_input(options.value_from, context);
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

std::string find_fault(const SecretUse& use, const std::string& value) {
  for (const auto& user : use.users) {
    if (auto fault = find_secret_fault(value, user.purpose, use.allow); !fault.empty()) return fault;
    if (user.scheme.empty()) continue;
    const auto spec = complete_signature_spec({.scheme = user.scheme});
    if (spec && !make_signature_key(*spec, Secret(value))) return fmt::format("is not in the form that scheme {} wants, such as whsec_ and base64", user.scheme);
  }
  return value.find('\n') == std::string::npos ? "" : "has several lines";
}

OrExit<std::string> choose_value(const SecretsOptions& options, const SecretUse& use, CliContext& context) {
  if (options.value_from.empty() && !can_be_generated(use.purpose()))
    return tl::unexpected(complain(context, Exit::usage, fmt::format("{} is a {}, which the other side gives out: hand it in with --value-from FILE, or - for "
                                                                     "standard input", use.name, secret_purpose_name(use.purpose()))));
  auto value = options.value_from.empty() ? generate(use) : read_value(options, context);
  if (!value) return tl::unexpected(complain(context, Exit::failed, value.error().detail));
  if (const auto fault = find_fault(use, *value); !fault.empty()) return tl::unexpected(complain(context, Exit::usage, fmt::format("the new {} {}", use.name, fault)));
  return std::move(*value);
}

// What a rotation means to one user.
std::string consequence(const SecretUser& user, bool overlaps) {
  const auto who = user_text(user);
  switch (user.kind) {
    case SecretUser::Kind::source: return who + (overlaps ? ": accepts both until then; its sender has to change within that time" : ": accepts the new one only");
    case SecretUser::Kind::destination:
      if (user.scheme == "standard_webhooks" && overlaps) return who + ": signs with both until then; its receiver has to change within that time";
      return who + ": uses the new one at once; its receiver has to accept it before you send SIGHUP";
    case SecretUser::Kind::channel:
    case SecretUser::Kind::service: return who + ": uses the new one at once";
    case SecretUser::Kind::role: return who + ": takes the new one only; whoever uses it has to change at once";
  }
  return who;
}

void tell_rotated(const Chosen& chosen, const SecretsOptions& options, Millis overlap, CliContext& context) {
  const auto overlaps = !options.init && overlap > Millis{0};
  context.err << (options.init ? fmt::format("{} is created in {}\n", chosen.use->name, chosen.dir.folder().string())
                  : overlaps   ? fmt::format("{0} is replaced; the old one is {0}_PREVIOUS until {1}\n", chosen.use->name, format_iso8601(context.now() + overlap))
                               : fmt::format("{} is replaced; the old one is gone\n", chosen.use->name));
  if (!options.init)
    for (const auto& user : chosen.use->users) context.err << "  " << make_printable(consequence(user, overlaps)) << '\n';
  context.err << "SIGHUP applies it: systemctl reload denrei, or kill -HUP and the server's process id\n";
}

Exit rotate(const SecretsOptions& options, CliContext& context) {
  const auto overlap = parse_duration(options.overlap);
  if (!overlap || *overlap > overlap_max) return complain(context, Exit::usage, "--overlap must be a duration from 0s to 30d, such as 24h");
  auto chosen = choose(options, context);
  if (!chosen) return chosen.error();
  const auto& use = *chosen->use;
  const auto here = lives_here(*chosen, context);
  if (!here) return here.error();
  if (*here == options.init)
    return complain(context, Exit::failed, options.init ? fmt::format("{} is there already: rotate it without --init", use.name)
                                                        : fmt::format("{} is not set anywhere: --init creates a first one", use.name));
  if (!options.init && *overlap > Millis{0})
    if (const auto fault = find_overlap_fault(*chosen); !fault.empty()) return complain(context, Exit::failed, fault);
  const auto value = choose_value(options, use, context);
  if (!value) return value.error();
  const auto done = options.init ? chosen->dir.create(use.name, *value) : chosen->dir.rotate(use.name, *value, *overlap, context.now());
  if (!done) return complain(context, Exit::failed, done.error().detail);
  if (options.value_from.empty()) context.out << *value << '\n' << std::flush;
  tell_rotated(*chosen, options, *overlap, context);
  return Exit::done;
}

Exit revoke(const SecretsOptions& options, CliContext& context) {
  const auto chosen = choose(options, context);
  if (!chosen) return chosen.error();
  const auto& name = chosen->use->name;
  const auto done = options.previous ? chosen->dir.revoke_previous(name) : chosen->dir.revoke(name);
  if (!done) {
    const auto found = find_secret(chosen->uses.env, options.previous ? name + previous_suffix : name);
    const bool elsewhere = done.error().code == FaultCode::not_found && found && *found && (*found)->place != SecretPlace::secrets_dir;
    if (elsewhere) return complain(context, Exit::failed, fmt::format("{} lives elsewhere ({}): remove it there", name, (*found)->origin));
    return complain(context, done.error().code == FaultCode::not_found ? Exit::not_found : Exit::failed, done.error().detail);
  }
  context.err << fmt::format("{}{} is removed; SIGHUP applies it\n", name, options.previous ? previous_suffix : "");
  if (options.previous) return Exit::done;
  for (const auto& user : chosen->use->users)
    context.err << fmt::format("  {}: {}\n", make_printable(user_text(user)),
                               user.is_optional ? "is off after the next SIGHUP or start" : "cannot run: SIGHUP is refused, and the server goes on with the removed one; to "
                                                                                            "exchange it at once: denrei secrets rotate --overlap 0s");
  return Exit::done;
}

void add_secrets_config(CLI::App& command, SecretsOptions& options) {
  add_config_option(command, options.config);
  command.add_option_function<std::string>("--data-dir", [&options](const std::string& text) { options.config.flags["data-dir"] = text; },
                                           "Instead of DENREI_DATA_DIR or server.data_dir");
  command.footer("The secrets directory is DENREI_SECRETS_DIR, or secrets in the data directory");
}

void add_list_options(CLI::App& command, SecretsOptions& options) {
  add_secrets_config(command, options);
  add_output_option(command, options.output);
  command.add_flag_callback("--json", [&options] { options.output = "json"; }, "As -o json");
}

}  // namespace

void add_secrets(CLI::App& app, CliContext& context) {
  auto* secrets = app.add_subcommand("secrets", "Secrets that the configuration names: where they come from, how old they are, exchanging them");
  auto options = std::make_shared<SecretsOptions>();
  add_list_options(*secrets, *options);
  on_run(*secrets, options, context, list_secrets);
  auto* list = secrets->add_subcommand("list", "All of them, as without a subcommand; never their values");
  add_list_options(*list, *options);
  on_run(*list, options, context, list_secrets);
  auto* turn = secrets->add_subcommand("rotate", "Exchange one of the secrets directory; the new one is printed once, on standard output");
  turn->add_option("name", options->name, "MEDICAL_WEBHOOK_SECRET, …")->required();
  turn->add_option("--overlap", options->overlap, "How long the old one is accepted too; 0s: not at all")->capture_default_str();
  turn->add_option("--value-from", options->value_from, "File with the new one, - for standard input (default: 32 random bytes)");
  turn->add_flag("--init", options->init, "Create the first one");
  add_secrets_config(*turn, *options);
  on_run(*turn, options, context, rotate);
  auto* end = secrets->add_subcommand("revoke", "Remove one from the secrets directory");
  end->add_option("name", options->name, "MEDICAL_WEBHOOK_SECRET, …")->required();
  end->add_flag("--previous", options->previous, "Only the previous one: the overlap ends");
  add_secrets_config(*end, *options);
  on_run(*end, options, context, revoke);
}

}  // namespace denrei
