// Reading URLs. Their grammar is the one that schemas use for https URLs.
#include "denrei/app/config/urls.hpp"

#include <algorithm>

#include "denrei/app/config/addresses.hpp"
#include "denrei/base/cidr.hpp"
#include "denrei/domain/schema_predicates.hpp"

namespace denrei {
namespace {

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string_view strip_brackets(std::string_view host) { return host.starts_with('[') ? host.substr(1, host.size() - 2) : host; }

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const auto wrong = [](const char* what) { return fail(FaultCode::invalid, what); };
  const auto mark = text.find("://");
  if (mark == std::string_view::npos || !is_visible_ascii(text)) return wrong("is not a URL such as https://host/path");
  const auto after = text.substr(mark + 3);
  const auto authority = after.substr(0, after.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return wrong("must not hold a user name or a password");
  if (text.find('#') != std::string_view::npos) return wrong("must not have a fragment (#…)");
  const auto as_https = "https://" + std::string(after);
  const auto host = url_host(as_https);
  if (!host) return wrong("is not a URL such as https://host/path");
  const auto bare = strip_brackets(*host);
  if (bare.size() != host->size() && !is_cidr(bare)) return wrong("has an address in brackets that is none");
  Url url{std::string(text.substr(0, mark)), std::string(bare), {}, std::string(after.substr(authority.size()))};
  if (authority.size() > host->size()) url.port = authority.substr(host->size() + 1);
  return url;
}

bool is_loopback_literal(const Url& url) { return is_loopback(Endpoint{url.host, 0}); }

bool is_covered(const Url& url, const std::vector<std::string>& allow) {
  return std::any_of(allow.begin(), allow.end(), [&](const std::string& range) {
    const auto parsed = parse_cidr(range);
    return parsed && contains(*parsed, url.host);
  });
}

std::string find_post_fault(std::string_view text, const UrlRules& rules) {
  const auto url = parse_url(text);
  if (!url) return url.error().detail;
  if (url->scheme != "https" && url->scheme != "http") return "must start with https://";
  if (url->scheme == "http" && !rules.plain_http) return "must start with https://";
  // Attempts judge the address that a name has then; of an address it is known now.
  if (is_cidr(url->host) && !is_public_address(url->host) && !is_covered(*url, rules.allow))
    return "leads to an address that is not public: name it in 'allow'";
  return {};
}

std::string find_proxy_fault(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return url.error().detail;
  const bool good = url->scheme == "http" && !url->port.empty() && (url->rest.empty() || url->rest == "/");
  return good ? "" : "is not a proxy such as http://proxy.example.com:3128";
}

std::string find_mail_server_fault(std::string_view text) {
  const auto url = parse_url(text);
  if (!url) return url.error().detail;
  const bool good = (url->scheme == "smtp" || url->scheme == "smtps") && url->rest.empty();
  return good ? "" : "is not a mail server such as smtp://mail.example.com:587 or smtps://mail.example.com:465";
}

std::string mask_query(const std::string& url) {
  const auto mark = url.find('?');
  return mark == std::string::npos ? url : url.substr(0, mark + 1) + "********";
}

}  // namespace denrei
