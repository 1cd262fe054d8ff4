// The operator's page and its sessions.
#include "denrei/actors/console.hpp"

#include <fmt/format.h>

#include "archive_answers.hpp"
#include "denrei/actors/replies.hpp"
#include "denrei/actors/supervised.hpp"
#include "denrei/domain/console_session.hpp"
#include "denrei/domain/json.hpp"
#include "denrei/domain/request_head.hpp"

namespace denrei {
namespace {

constexpr std::string_view root = "/console";
constexpr std::string_view session_path = "/console/session";
// Nothing from elsewhere, and nobody else's frame: a hospital's network is closed, and a click must be meant for us.
constexpr std::string_view page_headers =
    "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-cache\r\n";

class ConsoleAtWork final : public Supervised<Console::base> {
 public:
  ConsoleAtWork(caf::actor_config& config, ActorMeter& own_meter, ConsoleOptions options)
      : Supervised(config, own_meter), options_(std::move(options)) {}

  behavior_type make_behavior() override {
    return {[this](const Serve& order) { say(order, answer(order)); }};
  }

 private:
  void restart_state() override {}

  Answer answer(const Serve& order) {
    const auto& request = *order.request;
    const auto path = path_of(request.target);
    if (path == session_path) return answer_session(order);
    if (request.method != "GET" && request.method != "HEAD") return problem(405, "Method Not Allowed", "this path takes GET", "Allow: GET, HEAD\r\n");
    // Not for HEAD: whatever only looks at a link must not use it up.
    const bool is_root = path == root || path == "/console/";
    if (is_root && request.method == "GET" && has_query(request.target, "token")) return take_one_time_token(query_value(request.target, "token").value_or(""));
    return find_file(path);
  }

  Answer find_file(std::string_view path) const {
    auto name = path.substr(root.size());
    if (name.starts_with('/')) name.remove_prefix(1);
    const auto at = options_.files.find(name.empty() ? std::string_view("index.html") : name);
    if (at == options_.files.end()) return problem(404, "Not Found", "the console has no such file");
    return {200, std::string(at->second.body), std::string(page_headers), at->second.content_type};
  }

  // It is gone after its first use: it may stand in a terminal's or a browser's history.
  Answer take_one_time_token(std::string_view token) {
    const bool fits = !options_.one_time_token.empty() && equal_in_constant_time(token, options_.one_time_token.reveal());
    if (!fits)
      return problem(401, "Unauthorized", "this one-time token is wrong or has been used; open /console and sign in with the operator's token");
    options_.one_time_token = Secret{};
    return {303, {}, fresh_cookie() + "Location: /console\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"};
  }

  Answer answer_session(const Serve& order) const {
    const auto& request = *order.request;
    if (request.method == "DELETE") return {204, {}, cookie("", 0)};
    if (request.method != "POST") return problem(405, "Method Not Allowed", "this path takes POST and DELETE", "Allow: POST, DELETE\r\n");
    const auto body = parse_json(request.body);
    if (!body) return problem(400, "Bad Request", "the body must be {\"token\": \"…\"}");
    const auto token = find_string((*body)->root(), "/token");
    if (!is_authorized(*order.site, Role::op, fmt::format("Bearer {}", token)))
      return problem(401, "Unauthorized", "this is not the token of an operator (DENREI_OPERATOR_TOKEN or DENREI_ADMIN_TOKEN)");
    return {204, {}, fresh_cookie()};
  }

  [[nodiscard]] std::string fresh_cookie() const {
    return cookie(make_session(*options_.key, options_.clock() + session_life), std::chrono::seconds(session_life).count());
  }

  static std::string cookie(std::string_view value, long seconds) {
    return fmt::format("Set-Cookie: {}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict\r\n", session_cookie, value, seconds);
  }

  static void say(const Serve& order, Answer answer) {
    Reply reply{order.request, std::move(answer)};
    reply.site = order.site;
    say_reply(std::move(reply));
  }

  ConsoleOptions options_;
};

}  // namespace

Console spawn_console(const Stage& stage, ActorMeter& meter, ConsoleOptions options) {
  return spawn_on<ConsoleAtWork>(stage, meter, std::move(options));
}

}  // namespace denrei
