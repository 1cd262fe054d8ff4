// Where secrets come from: the environment, a file that it names, systemd's credentials, the secrets directory. The first that has it.
//
// Shape   find_secret(env, "NAME") -> the secret and its origin, or nothing
// Places  NAME; the file in NAME_FILE; $CREDENTIALS_DIRECTORY/NAME; $DENREI_SECRETS_DIR/NAME (default <data dir>/secrets), which
//         `denrei secrets` writes. One line break at the end of a file is cut
// Rules   beside NAME_PREVIOUS of the secrets directory may stand NAME_PREVIOUS.until, an ISO 8601 time: from then on it is not there
// Limits  a file has at most 1 MiB
// Errors  io, invalid: names and places, never the value
#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "denrei/base/result.hpp"
#include "denrei/base/secret.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

enum class SecretPlace : std::uint8_t { environment, file, credential, secrets_dir };
[[nodiscard]] std::string_view secret_place_name(SecretPlace place) noexcept;  // "env", "file", "credential", "secrets dir"

struct FoundSecret {
  Secret value;
  std::string origin;                   // "env NAME", "file /run/secrets/name", "credential NAME", "secrets dir /…/NAME"
  SecretPlace place = SecretPlace::environment;
  std::optional<WallTime> since;        // when the file was written; systemd writes credentials anew with each start, so they have none
  std::optional<WallTime> until;        // of a previous one in the secrets directory: when it stops being accepted
  bool others_can_read = false;         // a file of the secrets directory that more than its owner may read
};
[[nodiscard]] Result<std::optional<FoundSecret>> find_secret(const Environment& env, const std::string& name);

// DENREI_SECRETS_DIR, else "secrets" in DENREI_DATA_DIR or ./data.
[[nodiscard]] std::filesystem::path secrets_dir_of(const Environment& env);
// The same environment, but for the secrets directory, which is that of this data directory unless the environment names one.
[[nodiscard]] Environment with_secrets_dir(Environment env, const std::filesystem::path& data_dir);

inline constexpr const char* previous_suffix = "_PREVIOUS";
inline constexpr const char* until_suffix = ".until";
// When NAME_PREVIOUS of the secrets directory stops, or has stopped, being accepted; nothing: there is no such time.
[[nodiscard]] Result<std::optional<WallTime>> read_previous_until(const std::filesystem::path& secrets_dir, const std::string& name);

[[nodiscard]] WallTime machine_time();

}  // namespace denrei
