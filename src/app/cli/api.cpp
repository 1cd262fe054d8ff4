// The API's client.
#include "denrei/app/cli/api.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "denrei/app/cli/options.hpp"
#include "denrei/app/cli/screen.hpp"
#include "denrei/app/config/secrets.hpp"
#include "denrei/domain/retry.hpp"

namespace denrei {
namespace {

constexpr int tries = 3;
constexpr Millis first_wait{1'000};
constexpr Millis wait_max{10'000};
constexpr std::size_t answer_depth_max = 64;     // an event's body of the greatest depth, inside an answer
constexpr std::size_t refusal_bytes_max = 2'000; // a page of an unknown server is not worth a screenful

bool is_worth_repeating(const Result<HttpReply>& reply, bool waits_for_server) {
  return reply ? reply->status == 429 || reply->status >= 500 : waits_for_server && reply.error().code == FaultCode::unavailable;
}

Millis wait_before(int next_try, const Result<HttpReply>& reply, WallTime now) {
  auto wait = first_wait * (next_try - 1);
  if (!reply) return wait;
  for (const auto& header : reply->headers) {
    const Header one{header.name, header.value};
    if (const auto asked = parse_retry_after(find_header({&one, 1}, "retry-after"), now)) wait = std::max(wait, *asked);
  }
  return std::min(wait, wait_max);
}

void pass_time(Millis wait, const CliContext& context) {
  if (context.wait) context.wait(wait);
  else (void)::poll(nullptr, 0, static_cast<int>(wait.count()));
}

std::optional<json::value> parse_answer(std::string_view text) {
  json::parse_options options;
  options.max_depth = answer_depth_max;
  json::error_code error;
  auto root = json::parse(text, error, {}, options);
  return error ? std::nullopt : std::optional(std::move(root));
}

// RFC 9457; empty: whoever answers is not the API that was meant.
std::string problem_detail(std::string_view body) {
  const auto root = parse_answer(body);
  return root ? std::string(find_string(*root, "/detail")) : std::string{};
}

Exit exit_of(int status) {
  switch (status) {
    case 400: return Exit::usage;
    case 401:
    case 403: return Exit::not_allowed;
    case 404: return Exit::not_found;
    default: return Exit::failed;
  }
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

OrExit<Api> Api::make(ApiOptions options, CliContext& context) {
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://"))
    return tl::unexpected(complain(context, Exit::usage, fmt::format("'{}' is not an http or https URL", make_printable(options.url))));
  if (options.url.ends_with('/')) options.url.pop_back();
  auto token = find_secret(context.env, options.token_name);
  if (!token) return tl::unexpected(complain(context, Exit::usage, token.error().detail));
  if (!*token) return tl::unexpected(complain(context, Exit::not_allowed, fmt::format("no token: set {0} or {0}_FILE", options.token_name)));
  return Api(std::move(options), std::move((*token)->value), context);
}

HttpRequest Api::make_request(const char* method, const std::string& target) const {
  HttpRequest request{.method = method, .url = options_.url + target};
  request.headers = {{"Authorization", fmt::format("Bearer {}", token_.reveal())}, {"Accept", "application/json"}};
  return request;
}

OrExit<HttpReply> Api::get(const std::string& target) {
  return ask(make_request("GET", target), true);
}

OrExit<HttpReply> Api::ask(const HttpRequest& request, bool repeats) {
  auto reply = context_->http(request);
  for (int next_try = 2; repeats && next_try <= tries && is_worth_repeating(reply, options_.waits_for_server); ++next_try) {
    pass_time(wait_before(next_try, reply, context_->now()), *context_);
    reply = context_->http(request);
  }
  return take(std::move(reply));
}

OrExit<HttpReply> Api::take(Result<HttpReply> reply) {
  if (!reply) {
    const auto exit = reply.error().code == FaultCode::invalid ? Exit::usage : Exit::unreachable;
    return tl::unexpected(complain(*context_, exit, reply.error().detail));
  }
  if (reply->status == 401 || reply->status == 403) return tl::unexpected(refuse(*reply, {}));
  return std::move(*reply);
}

OrExit<ApiAnswer> Api::read(const std::string& target) {
  auto reply = get(target);
  return reply ? accept(std::move(*reply)) : OrExit<ApiAnswer>(tl::unexpected(reply.error()));
}

OrExit<ApiAnswer> Api::order(const std::string& target, std::string body, const std::string& about) {
  return hand_over("POST", target, std::move(body), about);
}

OrExit<ApiAnswer> Api::put(const std::string& target, std::string body, const std::string& about) {
  return hand_over("PUT", target, std::move(body), about);
}

OrExit<ApiAnswer> Api::hand_over(const char* method, const std::string& target, std::string body, const std::string& about) {
  auto request = make_request(method, target);
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  auto reply = ask(request, options_.repeats_orders);
  return reply ? accept(std::move(*reply), about) : OrExit<ApiAnswer>(tl::unexpected(reply.error()));
}

OrExit<ApiAnswer> Api::accept(HttpReply reply, const std::string& about) {
  if (reply.status < 200 || reply.status > 299) return tl::unexpected(refuse(reply, about));
  auto root = parse_answer(reply.body);
  if (!root || !root->is_object())
    return tl::unexpected(complain(*context_, Exit::failed, fmt::format("{} answers, but with no JSON object", options_.url)));
  return ApiAnswer{std::move(reply.body), std::move(*root)};
}

Exit Api::refuse(const HttpReply& reply, const std::string& about) {
  const auto detail = problem_detail(reply.body);
  if (reply.status == 401 || reply.status == 403)
    return complain(*context_, Exit::not_allowed, fmt::format("the server refuses {} ({}){}{}", options_.token_name, reply.status,
                                                              detail.empty() ? "" : ": ", make_printable(detail)));
  const auto begin = about.empty() ? "" : make_printable(about) + ": ";
  if (!detail.empty()) return complain(*context_, exit_of(reply.status), begin + make_printable(detail));
  // A wrong address must not look like a thing that does not exist.
  if (reply.status == 404)
    return complain(*context_, Exit::failed, fmt::format("{}{} does not know this path (404): is it the right listener?", begin, options_.url));
  const auto said = make_printable(std::string_view(reply.body).substr(0, refusal_bytes_max));
  return complain(*context_, exit_of(reply.status), fmt::format("{}the server answers {}: {}", begin, reply.status, said));
}

}  // namespace denrei
