// Which secrets a configuration names, and who uses each: read from the tables, whether or not any secret is there.
//
// Shape   list_secret_uses(inputs) -> every name once, in the order of first use; roles' tokens last, as far as they are found
// Errors  invalid: what load_config would say of the tables
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "denrei/app/config.hpp"
#include "denrei/app/config/secret_places.hpp"
#include "denrei/app/config/secret_purpose.hpp"

namespace denrei {

struct SecretUser {
  enum class Kind : std::uint8_t { source, destination, channel, service, role };
  Kind kind = Kind::source;
  std::string name;
  SecretPurpose purpose = SecretPurpose::signing;
  bool is_optional = false;              // without it: off; else the start stops
  std::string scheme;                    // where it signs
};
[[nodiscard]] std::string user_text(const SecretUser& user);  // "source analytics"

struct SecretUse {
  std::string name;                      // "MEDICAL_WEBHOOK_SECRET"
  std::vector<SecretUser> users;         // at least one
  std::vector<std::string> allow;        // of a Slack URL
  [[nodiscard]] SecretPurpose purpose() const { return users.front().purpose; }
  [[nodiscard]] bool is_standard_webhooks() const;  // somebody wants whsec_ and base64
};

struct SecretUses {
  std::vector<SecretUse> secrets;
  Environment env;                       // in which they are found
  std::filesystem::path folder;          // the secrets directory
};
[[nodiscard]] Result<SecretUses> list_secret_uses(const ConfigInputs& inputs);

}  // namespace denrei
