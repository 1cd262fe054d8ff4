// Judging secrets. No value of a secret ever enters a message.
#include "denrei/app/config/secret_purpose.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/urls.hpp"
#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

std::size_t count_characters(std::string_view text) { return is_utf8(text) ? count_code_points(text) : text.size(); }

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

std::string find_length_fault(std::string_view text, std::string_view what, std::size_t least) {
  const auto length = count_characters(text);
  return length >= least ? "" : fmt::format("has {} characters, a {} needs at least {}", length, what, least);
}

}  // namespace

std::string_view secret_purpose_name(SecretPurpose purpose) noexcept {
  switch (purpose) {
    case SecretPurpose::signing: return "signing secret";
    case SecretPurpose::token: return "token";
    case SecretPurpose::slack_url: return "Slack URL";
    case SecretPurpose::password: return "password";
    case SecretPurpose::api_key: return "API key";
  }
  return {};
}

bool can_be_generated(SecretPurpose purpose) noexcept { return purpose == SecretPurpose::signing || purpose == SecretPurpose::token; }

std::string find_secret_fault(std::string_view text, SecretPurpose purpose, const std::vector<std::string>& allow) {
  switch (purpose) {
    case SecretPurpose::signing: return find_length_fault(text, "signing secret", signing_secret_characters_min);
    case SecretPurpose::token:
      if (auto fault = find_length_fault(text, "token", token_characters_min); !fault.empty()) return fault;
      return is_visible_ascii(text) ? "" : "holds blanks or characters that an Authorization header cannot carry";
    case SecretPurpose::slack_url: {
      // Plain HTTP is for a receiver on this very machine, and only where `allow` names its address.
      const auto url = parse_url(text);
      return find_post_fault(text, {.plain_http = url && is_loopback_literal(*url), .allow = allow});
    }
    case SecretPurpose::password: return has_control(text) || text.empty() ? "is empty or holds control characters" : "";
    case SecretPurpose::api_key: return is_visible_ascii(text) && !text.empty() ? "" : "is empty or holds blanks or characters that a header cannot carry";
  }
  return {};
}

}  // namespace denrei
