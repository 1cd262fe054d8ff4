// What a secret is for, and what is good enough for that.
//
// Shape   find_secret_fault(text, purpose, allow) -> what is wrong, as the end of a sentence that begins with its name; empty: nothing
// Limits  signing secrets have at least 32 characters (protocol §1.3), bearer and role tokens at least 16
// Rules   a text never holds the value
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace denrei {

inline constexpr std::size_t signing_secret_characters_min = 32;
inline constexpr std::size_t token_characters_min = 16;

enum class SecretPurpose : std::uint8_t { signing, token, slack_url, password, api_key };
[[nodiscard]] std::string_view secret_purpose_name(SecretPurpose purpose) noexcept;
// Whether we may choose it ourselves; the others come from whoever runs the other side.
[[nodiscard]] bool can_be_generated(SecretPurpose purpose) noexcept;

// `allow` are the private addresses that a Slack URL may name.
[[nodiscard]] std::string find_secret_fault(std::string_view text, SecretPurpose purpose, const std::vector<std::string>& allow = {});

}  // namespace denrei
