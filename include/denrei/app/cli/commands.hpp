// Client commands of the command line: everything that does not run the server.
//
// Shape   add_client_commands(app, context); run_command_line(app, argc, argv, context) -> exit code
// Exit    0 done, 1 refused or failed, 2 usage or configuration, 4 not allowed, 5 not reachable, 6 not found, 7 not verified,
//         130 interrupted
// Rules   data to `out`, everything else to `err`; secrets come from the environment, a file or `in`, never from an argument
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>

#include "denrei/adapters/curl/parallel_http.hpp"
#include "denrei/adapters/curl/single_exchange.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

enum class Exit : std::uint8_t {
  done = 0, failed = 1, usage = 2, not_allowed = 4, unreachable = 5, not_found = 6, not_verified = 7, interrupted = 130,
};

// The world of a command; tests pass their own.
struct CliContext {
  std::ostream& out;
  std::ostream& err;
  std::function<std::optional<std::string>(const std::string&)> env;
  int exit_code = 0;
  std::istream& in = std::cin;
  std::function<WallTime()> now = [] { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); };
  std::function<Result<HttpReply>(const HttpRequest&)> http = &send_http;
  // Several requests at a time; its waits end early when the descriptor becomes readable.
  std::function<std::unique_ptr<ParallelHttp>(int wake_descriptor)> parallel_http = &make_parallel_http;
  std::function<void(Millis)> wait = {};       // empty: time passes by itself, and Ctrl-C ends a wait early
  std::function<bool()> is_interrupted = {};   // empty: when Ctrl-C has been pressed
  std::function<bool()> is_err_terminal = [] { return isatty(STDERR_FILENO) == 1; };
  std::function<bool()> is_in_terminal = [] { return isatty(STDIN_FILENO) == 1; };
  std::function<Exchange(const OutboundRequest&, const ClientPolicy&)> exchange = &exchange_once;  // measured, with an address guard
};

// The context must outlive the parsing of `app`; each command puts its exit code there.
void add_client_commands(CLI::App& app, CliContext& context);

// Parses and runs; CLI11's own error codes become 2, help and version 0.
[[nodiscard]] int run_command_line(CLI::App& app, int argc, const char* const* argv, CliContext& context);

}  // namespace denrei
