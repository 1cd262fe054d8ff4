// The members of one provider, by the kind of its service.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/addresses.hpp"
#include "denrei/app/config/services.hpp"
#include "denrei/app/config/urls.hpp"
#include "denrei/domain/schema_predicates.hpp"

namespace denrei {
namespace {

constexpr std::size_t bucket_bytes_max = 63;  // as S3 has it

// Where it is, and how it may be reached; `may_have` says which of path and query.
struct UrlShape {
  bool path = true;
  bool query = false;
};

void read_url(TableReader& table, UrlShape may_have, Provider& out) {
  table.require("url");
  table.read("url", out.url);
  table.read("plain_http", out.plain_http);
  read_ranges(table, "allow", out.allow);
  read_ca_file(table, "ca_file", out.ca_file);
  if (out.url.empty()) return;
  if (const auto fault = find_post_fault(out.url, {out.plain_http, out.allow}); !fault.empty()) {
    const auto hint = out.url.starts_with("http://") && !out.plain_http ? " (http:// needs 'plain_http = true')" : "";
    return table.complain("url", fmt::format("'url' {}{}", fault, hint));
  }
  const auto rest = parse_url(out.url)->rest;
  if (!may_have.query && rest.find('?') != std::string::npos) table.complain("url", "'url' must not have a query (?…)");
  else if (!may_have.path && !rest.empty() && rest != "/") table.complain("url", "'url' is the endpoint alone, without a path");
}

// ASCII only: an addressee whose server knows no SMTPUTF8 would never hear of an alert.
bool is_mail_address_of_ours(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; }) && find_predicate("email")->holds(text, {});
}

}  // namespace

void check_mail_address(TableReader& table, std::string_view key, const std::string& address) {
  if (!is_mail_address_of_ours(address))
    table.complain(key, fmt::format("'{}' is not an e-mail address such as alerts@hospital.example.com", address));
}

void read_email_provider(TableReader& table, Provider& out) {
  for (const auto* key : {"server", "from"}) table.require(key);
  table.read("server", out.url);
  table.read("starttls", out.starttls);
  table.read("user", out.user);
  read_secret_name(table, "secret", out.secret);
  table.read("from", out.from);
  read_ca_file(table, "ca_file", out.ca_file);
  if (!out.from.empty()) check_mail_address(table, "from", out.from);
  if (out.user.empty() != out.secret.empty()) table.complain("user", "'user' and 'secret' (the password) go together");
  if (out.url.empty()) return;
  if (const auto fault = find_mail_server_fault(out.url); !fault.empty()) return table.complain("server", fmt::format("'server' {}", fault));
  const auto url = *parse_url(out.url);
  const bool in_the_clear = url.scheme == "smtp" && !out.starttls && !is_loopback_literal(url);
  if (in_the_clear && !out.secret.empty()) table.complain("starttls", "without 'starttls' the password would be sent in the clear");
}

void read_storage_provider(TableReader& table, Provider& out) {
  for (const auto* key : {"bucket", "region", "access_key", "secret"}) table.require(key);
  read_url(table, {.path = false}, out);
  table.read("access_key", out.user);
  read_secret_name(table, "secret", out.secret);
  table.read("region", out.region);
  table.read("bucket", out.bucket);
  table.read("path_style", out.path_style);
  if (!consists_of(out.region, "-")) table.complain("region", fmt::format("'{}' is not a region such as ap-northeast-1", out.region));
  if (out.bucket.size() > bucket_bytes_max || !consists_of(out.bucket, "-._"))
    table.complain("bucket", fmt::format("'bucket' must be 1 to {} letters, digits, '-', '.' or '_'", bucket_bytes_max));
}

void read_monitoring_provider(TableReader& table, Provider& out) {
  read_url(table, {.path = true}, out);
  read_secret_name(table, "secret", out.secret);
  table.read("key_header", out.key_header);
  if (!consists_of(out.key_header, "-_")) table.complain("key_header", fmt::format("'{}' is not the name of a header", out.key_header));
  if (!out.key_header.empty() && out.secret.empty()) table.complain("key_header", "'key_header' says where 'secret' goes, but there is none");
}

void read_cdn_provider(TableReader& table, Provider& out) {
  read_url(table, {.path = true, .query = true}, out);
  table.read("origin", out.origin);
  if (!out.origin.empty() && !is_origin(out.origin))
    table.complain("origin", fmt::format("'{}' is not an origin such as https://voicedrive.example.com", out.origin));
}

}  // namespace denrei
