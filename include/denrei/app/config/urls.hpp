// URLs in configuration: where events and alerts are sent to, mail servers, proxies. Nothing is resolved here.
//
// Shape   parse_url("https://host:8443/path?x") -> Result<Url>; find_post_fault(text, rules) -> what is wrong, or nothing
// Limits  2048 bytes of ASCII; no user name or password, no fragment
// Errors  invalid; the text is never repeated, because a URL may hold a password or a token
// Source  RFC 3986
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "denrei/base/result.hpp"

namespace denrei {

struct Url {
  std::string scheme;  // "https"
  std::string host;    // a name or an address, without brackets
  std::string port;    // empty: the scheme's
  std::string rest;    // path and query as written
};
[[nodiscard]] Result<Url> parse_url(std::string_view text);

[[nodiscard]] bool is_loopback_literal(const Url& url);
// Whether `allow` (CIDR) has the address that this URL is written with.
[[nodiscard]] bool is_covered(const Url& url, const std::vector<std::string>& allow);

struct UrlRules {
  bool plain_http = false;                // http:// is allowed
  const std::vector<std::string>& allow;  // CIDR of private addresses that may be connected to
};
// What is wrong with an address that is posted to, as the end of a sentence that names it; empty: nothing.
[[nodiscard]] std::string find_post_fault(std::string_view text, const UrlRules& rules);
[[nodiscard]] std::string find_proxy_fault(std::string_view text);        // http://host:port
[[nodiscard]] std::string find_mail_server_fault(std::string_view text);  // smtp://host[:port] or smtps://host[:port]

// "https://host/path?********": what follows the question mark may be a token.
[[nodiscard]] std::string mask_query(const std::string& url);

}  // namespace denrei
