// A world for the operators' commands: a server made of answers by request line, a clock that only waiting moves, a terminal or none.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fmt/format.h>
#include <map>
#include <sstream>

#include "denrei/app/cli/commands.hpp"
#include "denrei/domain/delivery.hpp"
#include "denrei/domain/json.hpp"
#include "sample_deliveries.hpp"

namespace denrei {

class OperatorWorld : public ::testing::Test {
 protected:
  static constexpr std::size_t requests_max = 50;
  static constexpr const char* ops = "http://127.0.0.1:4001";

  int run(std::vector<std::string> arguments, const std::string& input = {}) {
    out_.str("");
    err_.str("");
    requests_.clear();
    std::istringstream in(input);
    CliContext context{.out = out_, .err = err_, .env = {}, .in = in};
    context.env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    };
    context.now = [this] { return now_; };
    context.wait = [this](Millis wait) { now_ += wait; };
    context.is_interrupted = [this] { return now_ >= interrupted_at_; };
    context.is_err_terminal = context.is_in_terminal = [this] { return on_terminal_; };
    context.http = [this](const HttpRequest& request) { return reply_to(request); };
    if (exchange_) context.exchange = exchange_;
    CLI::App app{"test"};
    app.require_subcommand(1);
    add_client_commands(app, context);
    arguments.insert(arguments.begin(), "denrei");
    std::vector<const char*> argv;
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return run_command_line(app, static_cast<int>(argv.size()), argv.data(), context);
  }

  // What "GET http://…" gets; the last one given is given again and again.
  void answer(const std::string& line, Result<HttpReply> reply) { answers_[line].push_back(std::move(reply)); }
  void answer(const std::string& line, std::string body) { answer(line, HttpReply{200, std::move(body)}); }
  void refuse(const std::string& line, int status, std::string_view detail) {
    answer(line, HttpReply{status, fmt::format(R"({{"type":"about:blank","title":"x","status":{},"detail":"{}"}})", status, detail)});
  }

  [[nodiscard]] std::vector<std::string> lines_asked() const {
    std::vector<std::string> lines;
    for (const auto& request : requests_) lines.push_back(request.method + " " + request.url);
    return lines;
  }
  [[nodiscard]] std::string out() const { return out_.str(); }
  [[nodiscard]] std::string err() const { return err_.str(); }
  [[nodiscard]] static std::string list(const std::string& items, const std::string& rest = R"("next":null)") {
    return R"({"data":[)" + items + "]," + rest + "}";
  }

  // One with everything in it, but with a key that can stand in a table.
  [[nodiscard]] static Delivery sample() {
    auto delivery = samples::full_delivery();
    delivery.head.key = "職員 1";
    delivery.head.attempts = 2;
    return delivery;
  }
  // A JSON object with more members at its end.
  [[nodiscard]] static std::string with(std::string object, const std::string& members) {
    return object.replace(object.size() - 1, 1, "," + members + "}");
  }

  const std::string id_ = sample().head.id.text();
  std::map<std::string, std::string> environment_{{"DENREI_OPERATOR_TOKEN", "token-of-an-operator"}};
  WallTime now_ = parse_iso8601("2025-11-20T05:00:00Z").value();
  WallTime interrupted_at_ = WallTime::max();
  bool on_terminal_ = false;
  std::vector<HttpRequest> requests_;
  std::function<Exchange(const OutboundRequest&, const ClientPolicy&)> exchange_;

 private:
  Result<HttpReply> reply_to(const HttpRequest& request) {
    requests_.push_back(request);
    if (requests_.size() > requests_max) return fail(FaultCode::invalid, "asked again and again");  // a broken loop has an end here
    const auto at = answers_.find(request.method + " " + request.url);
    if (at == answers_.end()) return HttpReply{404, "nobody expected " + request.method + " " + request.url};
    auto reply = at->second.front();
    if (at->second.size() > 1) at->second.pop_front();
    return reply;
  }

  std::map<std::string, std::deque<Result<HttpReply>>> answers_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace denrei
