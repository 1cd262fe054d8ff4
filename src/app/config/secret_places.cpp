// Looking for secrets. No value of a secret ever enters a message.
#include "denrei/app/config/secret_places.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "denrei/app/config/config_file.hpp"

namespace denrei {
namespace {

constexpr const char* secrets_dir_variable = "DENREI_SECRETS_DIR";

std::optional<std::string> non_empty(const Environment& env, const std::string& name) {
  auto value = env(name);
  return value && !value->empty() ? value : std::nullopt;
}

Result<std::string> read_line_file(const std::filesystem::path& path) {
  auto text = read_small_file(path);
  if (!text) return text;
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

Result<std::optional<FoundSecret>> read_secret_file(const std::filesystem::path& path, std::string origin, SecretPlace place) {
  auto text = read_line_file(path);
  if (!text) return tl::unexpected(text.error());
  FoundSecret found{Secret(std::move(*text)), std::move(origin), place, {}, {}};
  struct stat facts {};
  if (place == SecretPlace::credential || ::stat(path.c_str(), &facts) != 0) return found;
  found.since = from_unix_ms(std::int64_t{facts.st_mtim.tv_sec} * 1'000 + facts.st_mtim.tv_nsec / 1'000'000);
  found.others_can_read = place == SecretPlace::secrets_dir && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  return found;
}

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<std::optional<FoundSecret>> find_in_secrets_dir(const std::filesystem::path& folder, const std::string& name) {
  const auto path = folder / name;
  if (!is_there(path)) return std::nullopt;
  const auto until = name.ends_with(previous_suffix) ? read_previous_until(folder, name.substr(0, name.size() - std::string_view(previous_suffix).size()))
                                                     : Result<std::optional<WallTime>>(std::nullopt);
  if (!until) return tl::unexpected(until.error());
  if (*until && **until <= machine_time()) return std::nullopt;
  auto found = read_secret_file(path, "secrets dir " + path.string(), SecretPlace::secrets_dir);
  if (found && *found) (*found)->until = *until;
  return found;
}

}  // namespace

std::string_view secret_place_name(SecretPlace place) noexcept {
  switch (place) {
    case SecretPlace::environment: return "env";
    case SecretPlace::file: return "file";
    case SecretPlace::credential: return "credential";
    case SecretPlace::secrets_dir: return "secrets dir";
  }
  return {};
}

Result<std::optional<FoundSecret>> find_secret(const Environment& env, const std::string& name) {
  if (auto value = non_empty(env, name)) return FoundSecret{Secret(std::move(*value)), "env " + name, SecretPlace::environment, {}, {}};
  if (const auto path = non_empty(env, name + "_FILE")) return read_secret_file(*path, fmt::format("file {}", *path), SecretPlace::file);
  if (const auto folder = non_empty(env, "CREDENTIALS_DIRECTORY"))
    if (const auto path = std::filesystem::path(*folder) / name; is_there(path))
      return read_secret_file(path, "credential " + name, SecretPlace::credential);
  return find_in_secrets_dir(secrets_dir_of(env), name);
}

std::filesystem::path secrets_dir_of(const Environment& env) {
  if (const auto named = non_empty(env, secrets_dir_variable)) return *named;
  return std::filesystem::path(non_empty(env, "DENREI_DATA_DIR").value_or("./data")) / "secrets";
}

Environment with_secrets_dir(Environment env, const std::filesystem::path& data_dir) {
  const auto folder = non_empty(env, secrets_dir_variable).value_or((data_dir / "secrets").string());
  return [env = std::move(env), folder](const std::string& name) { return name == secrets_dir_variable ? std::optional(folder) : env(name); };
}

Result<std::optional<WallTime>> read_previous_until(const std::filesystem::path& secrets_dir, const std::string& name) {
  const auto path = secrets_dir / (name + previous_suffix + until_suffix);
  if (!is_there(path)) return std::nullopt;
  const auto text = read_line_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto time = parse_iso8601(*text);
  if (!time) return fail(FaultCode::invalid, fmt::format("{}: {}", path.string(), time.error().detail));
  return *time;
}

WallTime machine_time() { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

}  // namespace denrei
