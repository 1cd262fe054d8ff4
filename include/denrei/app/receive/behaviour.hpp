// Behaviour of the mock receiver towards requests that prove themselves: good, or one of the ways in which receivers fail.
//
// Shape   Temper temper(behaviour, seed); temper.react(now) -> Reaction; change_behaviour(old, R"({"mode":"flaky"})") -> new
// Units   fail_rate from 0 to 1; rate in accepted requests a second
// Rules   the same seed and the same requests give the same failures; a change of behaviour begins the dice anew
// Errors  invalid: an unknown mode or member, or a value out of its range
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"
#include "denrei/domain/token_bucket.hpp"

namespace denrei {

enum class ReceiveMode : std::uint8_t {
  good,
  slow,               // answers after a delay
  flaky,              // a share of the requests fails
  dead,               // reads the request and never answers, or hangs up
  limited,            // 429 above a rate
  gone,               // 410
  wrong_certificate,  // TLS with a certificate of another name
  redirect,           // 302
};
inline constexpr std::array<std::string_view, 8> receive_mode_names{"good",    "slow", "flaky",             "dead",
                                                                    "limited", "gone", "wrong-certificate", "redirect"};
[[nodiscard]] Result<ReceiveMode> parse_receive_mode(std::string_view name);
[[nodiscard]] std::string_view receive_mode_name(ReceiveMode mode) noexcept;

struct Behaviour {
  ReceiveMode mode = ReceiveMode::good;
  double fail_rate = 0.2;                                // flaky
  int status = 500;                                      // flaky
  Millis delay{2'000};                                   // slow
  double rate = 5;                                       // limited
  std::optional<std::chrono::seconds> retry_after;       // limited (3 s unless given); flaky says it only when given
  std::string location = "http://127.0.0.1:1/";          // redirect
  bool refuse = false;                                   // dead: hangs up
};
[[nodiscard]] Result<void> check_behaviour(const Behaviour& behaviour);
// The body of POST /_mode: mode, and where wanted failRate, status, delayMs, rate, retryAfterS, location, refuse.
[[nodiscard]] Result<Behaviour> change_behaviour(const Behaviour& from, std::string_view json);
[[nodiscard]] std::string behaviour_json(const Behaviour& behaviour);

enum class Reaction : std::uint8_t { accept, fail, limit, gone, redirect, silence, hang_up };

class Temper {
 public:
  Temper(Behaviour behaviour, std::uint64_t seed) : seed_(seed) { change(std::move(behaviour)); }
  [[nodiscard]] const Behaviour& behaviour() const noexcept { return behaviour_; }
  void change(Behaviour behaviour);
  [[nodiscard]] Reaction react(WallTime now);

 private:
  [[nodiscard]] double roll();  // from 0, below 1

  std::uint64_t seed_;
  Behaviour behaviour_;
  std::mt19937_64 dice_;
  TokenBucket bucket_;
};

}  // namespace denrei
