// denrei check photo: whether a photo is served from the CDN as agreed.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/cli/delivery_view.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/config/urls.hpp"
#include "denrei/base/duration.hpp"
#include "denrei/domain/json_text.hpp"
#include "denrei/domain/photo_check.hpp"

namespace denrei {
namespace {

constexpr std::size_t photo_bytes_max = 8u * 1024 * 1024;  // a portrait has 180 KB (seed §1.1); as much as the other commands read
constexpr std::size_t headers_kept = 16u * 1024;           // so that no CORS header is cut off behind long security policies

struct PhotoOptions {
  std::string url;
  std::string origin = "https://voicedrive.example.com";
  std::string output = "human";
  bool is_json = false;
  std::string language;
  std::string timeout = "10s";
  std::string slow = "1s";
  std::size_t bytes_max = photo_bytes_max;
  std::vector<std::string> allow;
  std::string ca_file;
  std::string expect_type;
  std::uint64_t expect_size = 0;  // 0: any
};

struct PhotoOrder {
  PhotoFacts facts;               // as asked for, without answers
  bool is_https = false;
  PhotoExpectation expectation;
  ClientPolicy policy;
  Millis timeout{};
};

Result<Millis> read_length(std::string_view option, const std::string& text) {
  auto length = parse_duration(text);
  if (length && *length <= Millis{0}) return fail(FaultCode::invalid, fmt::format("{} must be more than nothing", option));
  if (!length) return fail(FaultCode::invalid, fmt::format("{}: {}", option, length.error().detail));
  return length;
}

Result<ClientPolicy> make_policy(const PhotoOptions& options) {
  ClientPolicy policy{.ca_file = options.ca_file, .user_agent = "denrei/" DENREI_VERSION, .connections_max = 1,
                      .answer_bytes_max = options.bytes_max, .headers_kept = headers_kept};
  for (const auto& text : options.allow) {
    auto range = parse_cidr(text);
    if (!range) return fail(FaultCode::invalid, fmt::format("--allow: {}", range.error().detail));
    policy.allow.push_back(*range);
  }
  return policy;
}

Result<PhotoOrder> read_order(const PhotoOptions& options) {
  const auto url = parse_url(options.url);
  if (!url || (url->scheme != "https" && url->scheme != "http"))
    return fail(FaultCode::invalid,
                "the URL must be an https one, without user name and fragment, such as https://photos.example.com/employees/EMP-1.jpg");
  const auto timeout = read_length("--timeout", options.timeout);
  if (!timeout) return tl::unexpected(timeout.error());
  const auto slow = read_length("--slow", options.slow);
  if (!slow) return tl::unexpected(slow.error());
  auto policy = make_policy(options);
  if (!policy) return tl::unexpected(policy.error());
  PhotoOrder order{{options.url, options.origin, std::nullopt, std::nullopt}, url->scheme == "https",
                   {options.expect_type, std::nullopt, *slow}, std::move(*policy), *timeout};
  if (options.expect_size > 0) order.expectation.bytes = options.expect_size;
  return order;
}

// --- asking

PhotoAnswer ask(const PhotoRequest& request, const PhotoOrder& order, const CliContext& context) {
  const auto came = context.exchange({.method = request.method, .url = request.url, .headers = request.headers,
                                      .connect_timeout = order.timeout, .timeout = order.timeout}, order.policy);
  PhotoAnswer answer{.status = came.status, .error = came.error, .error_text = came.error_text, .headers = came.headers, .body_bytes = came.body_bytes};
  answer.dns_us = came.dns_us;
  answer.connect_us = came.connect_us;
  answer.tls_us = came.tls_us;
  answer.first_byte_us = came.first_byte_us;
  answer.total_us = came.total_us;
  return answer;
}

// A photo that is not behind https is not asked for, and a server that did not answer is not asked a second time.
void fetch(PhotoOrder& order, const CliContext& context) {
  if (!order.is_https) return;
  const auto requests = photo_check_requests(order.facts.url, order.facts.origin);
  order.facts.photo = ask(requests.photo, order, context);
  if (requests.preflight && order.facts.photo->status != 0) order.facts.preflight = ask(*requests.preflight, order, context);
}

// --- showing

std::string timing_json(const PhotoAnswer& answer) {
  const auto ms = [](std::uint32_t us) { return fmt::format("{:.1f}", static_cast<double>(us) / 1'000.0); };
  JsonObject out;
  out.raw("dnsMs", ms(answer.dns_us)).raw("connectMs", ms(answer.connect_us)).raw("tlsMs", ms(answer.tls_us));
  return out.raw("firstByteMs", ms(answer.first_byte_us)).raw("totalMs", ms(answer.total_us)).take();
}

void print_json(const PhotoFacts& facts, const std::vector<PhotoCheck>& checks, std::ostream& out) {
  std::string list = "[";
  for (const auto& check : checks) {
    JsonObject one;
    one.text("name", check.name).text("title", check.title).text("verdict", photo_verdict_name(check.verdict));
    one.text("expected", check.expected).text("found", check.found).text_if_any("hint", check.hint);
    list += (list.size() > 1 ? "," : "") + one.take();
  }
  JsonObject all(2'048);
  all.text("url", facts.url).text_if_any("origin", facts.origin).text("verdict", photo_verdict_name(worst_of(checks))).raw("checks", list + "]");
  if (facts.photo) all.raw("timing", timing_json(*facts.photo));
  out << all.take() << '\n';
}

std::string mark_of(PhotoVerdict verdict, Language language) {
  const bool ja = language == Language::ja;
  switch (verdict) {
    case PhotoVerdict::ok: return ja ? "合格" : "ok";
    case PhotoVerdict::warning: return ja ? "注意" : "warning";
    case PhotoVerdict::failed: return ja ? "不合格" : "FAILED";
  }
  return {};
}

void print_table(const std::vector<PhotoCheck>& checks, Language language, std::ostream& out) {
  const bool ja = language == Language::ja;
  Rows rows{{ja ? "判定" : "VERDICT", ja ? "項目" : "CHECK", ja ? "実際" : "FOUND", ja ? "期待" : "EXPECTED"}};
  for (const auto& check : checks) rows.push_back({mark_of(check.verdict, language), check.title, check.found, check.expected});
  out << format_table(rows);
  for (const auto& check : checks)
    if (!check.hint.empty()) out << fmt::format("\n{}: {}: {}", mark_of(check.verdict, language), check.title, make_printable(check.hint));
  if (worst_of(checks) != PhotoVerdict::ok) out << '\n';
}

Exit check_photo(const PhotoOptions& options, CliContext& context) {
  auto order = read_order(options);
  if (!order) return complain(context, Exit::usage, order.error().detail);
  fetch(*order, context);
  const auto language = is_japanese(options.language, context) ? Language::ja : Language::en;
  const auto checks = judge_photo(order->facts, order->expectation, language);
  if (options.is_json || options.output == "json") print_json(order->facts, checks, context.out);
  else print_table(checks, language, context.out);
  return worst_of(checks) == PhotoVerdict::failed ? Exit::failed : Exit::done;
}

}  // namespace

void add_check(CLI::App& app, CliContext& context) {
  auto* check = app.add_subcommand("check", "Look at what other systems serve");
  check->require_subcommand(1);
  auto* command = check->add_subcommand("photo", "A photo on the CDN: https, type, size, cache, CORS, load time; "
                                                 "exit 1 when a check fails, 0 with warnings alone");
  auto options = std::make_shared<PhotoOptions>();
  command->add_option("url", options->url, "https://…")->required();
  command->add_option("--origin", options->origin, "The site that shows the photo; empty: CORS is not looked at")->capture_default_str();
  command->add_option("--expect-type", options->expect_type, "The type that was announced (photoMimeType), such as image/jpeg");
  command->add_option("--expect-size", options->expect_size, "The size that was announced (photoFileSize), in bytes");
  command->add_option("--timeout", options->timeout, "For each of the two requests")->capture_default_str();
  command->add_option("--slow", options->slow, "Warn when loading takes longer")->capture_default_str();
  command->add_option("--max-bytes", options->bytes_max, "Read no more than this")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 30))->capture_default_str();
  command->add_option("--allow", options->allow, "Address range (CIDR) that may be connected to though it is not public");
  command->add_option("--ca-file", options->ca_file, "PEM file of the certificates to trust instead of the system's")->check(CLI::ExistingFile);
  command->add_flag("--json", options->is_json, "As -o json");
  add_output_option(*command, options->output);
  add_language_option(*command, options->language);
  on_run(*command, options, context, check_photo);
}

}  // namespace denrei
