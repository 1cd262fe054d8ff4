// load: signs employee events, drives a webhook endpoint on this machine with them, and prints what it measured as JSON.
//
// Exit    0 measured; 1 the run failed; 2 the command line or the environment is wrong
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <span>
#include <string_view>

#include "support/employee_events.hpp"
#include "support/load_run.hpp"
#include "support/options.hpp"

namespace denrei::bench {
namespace {

// Two runs against one server must not send the same event, or the second would measure repeats.
std::string draw_run_name() {
  std::random_device dice;
  return fmt::format("{:08x}", dice());
}

int measure(const LoadOptions& options) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto events = sign_employee_events(options, now, draw_run_name());
  const auto figures = LoadRun(options, events).run();
  if (!figures) {
    fmt::print(stderr, "load: {}\n", figures.error().detail);
    return 1;
  }
  if (figures->ran_out)
    fmt::print(stderr, "load: the {} signed events ran out: {:.2f} s of {:.2f} s measured; give more --events\n", events.count(),
               figures->window_s, options.seconds);
  fmt::print("{}\n", to_json(options, events, *figures));
  return 0;
}

int run(std::span<char*> arguments) {
  if (arguments.size() == 1 && std::string_view(arguments[0]) == "--help") {
    fmt::print("{}", load_usage);
    return 0;
  }
  const auto options = parse_options(arguments, std::getenv("MEDICAL_WEBHOOK_SECRET"));
  if (!options) {
    fmt::print(stderr, "load: {}\n\n{}", options.error().detail, load_usage);
    return 2;
  }
  return measure(*options);
}

}  // namespace
}  // namespace denrei::bench

int main(int count, char** arguments) {
  try {
    return denrei::bench::run(std::span(arguments, static_cast<std::size_t>(count)).subspan(1));
  } catch (const std::exception& e) {
    fmt::print(stderr, "load: {}\n", e.what());
    return 1;
  }
}
