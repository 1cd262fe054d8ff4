// What a mode does to a request.
#include "denrei/app/receive/behaviour.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "denrei/domain/json.hpp"
#include "denrei/domain/json_text.hpp"

namespace denrei {
namespace {

constexpr double rate_min = 0.001, rate_max = 1'000'000;
constexpr Millis delay_max = std::chrono::hours{1};
constexpr std::int64_t retry_after_max_s = 24 * 60 * 60;  // as long as a sender may be told to wait
constexpr std::size_t location_bytes_max = 2'048;

std::optional<double> number_of(const json::value& value) {
  if (const auto* integer = value.if_int64()) return static_cast<double>(*integer);
  const auto* number = value.if_double();
  return number != nullptr ? std::optional(*number) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const json::value& value, std::int64_t most) {
  const auto* integer = value.if_int64();
  return integer != nullptr && *integer >= 0 && *integer <= most ? std::optional(*integer) : std::nullopt;
}

// Puts what is there into `out`; false when there is nothing.
template <class T, class Found>
bool put(const std::optional<Found>& found, T& out) {
  if (found) out = static_cast<T>(*found);
  return found.has_value();
}

bool put_mode(const json::value& value, ReceiveMode& out) {
  const auto* name = value.if_string();
  const auto mode = parse_receive_mode(name != nullptr ? std::string_view(*name) : std::string_view{});
  if (mode) out = *mode;
  return mode.has_value();
}

Result<void> change_member(std::string_view name, const json::value& value, Behaviour& behaviour) {
  bool good = false;
  if (name == "mode") {
    good = put_mode(value, behaviour.mode);
  } else if (name == "failRate") {
    good = put(number_of(value), behaviour.fail_rate);
  } else if (name == "rate") {
    good = put(number_of(value), behaviour.rate);
  } else if (name == "status") {
    good = put(integer_of(value, 999), behaviour.status);
  } else if (name == "delayMs") {
    const auto ms = integer_of(value, delay_max.count());
    good = put(ms ? std::optional(Millis{*ms}) : std::nullopt, behaviour.delay);
  } else if (name == "retryAfterS") {
    const auto s = integer_of(value, retry_after_max_s);
    good = s.has_value();
    if (s) behaviour.retry_after = std::chrono::seconds{*s};
  } else if (name == "location") {
    good = value.is_string();
    if (good) behaviour.location = value.get_string();
  } else if (name == "refuse") {
    good = value.is_bool();
    if (good) behaviour.refuse = value.get_bool();
  } else {
    return fail(FaultCode::invalid, fmt::format("unknown member '{}'; known are mode, failRate, status, delayMs, rate, retryAfterS, location, "
                                                "refuse", name));
  }
  if (!good) return fail(FaultCode::invalid, fmt::format("{} has a value that it cannot have", name));
  return {};
}

}  // namespace

Result<ReceiveMode> parse_receive_mode(std::string_view name) {
  const auto* found = std::find(receive_mode_names.begin(), receive_mode_names.end(), name);
  if (found == receive_mode_names.end())
    return fail(FaultCode::invalid, fmt::format("unknown mode; known are {}", fmt::join(receive_mode_names, ", ")));
  return static_cast<ReceiveMode>(found - receive_mode_names.begin());
}

std::string_view receive_mode_name(ReceiveMode mode) noexcept { return receive_mode_names[static_cast<std::size_t>(mode)]; }

Result<void> check_behaviour(const Behaviour& b) {
  const auto wrong = [](std::string_view what) { return fail(FaultCode::invalid, std::string(what)); };
  if (!(b.fail_rate >= 0 && b.fail_rate <= 1)) return wrong("the fail rate is a number from 0 to 1");
  if (b.status < 200 || b.status > 599) return wrong("the status is a number from 200 to 599");
  if (!(b.rate >= rate_min && b.rate <= rate_max)) return wrong("the rate is a number from 0.001 to 1000000 a second");
  if (b.delay < Millis{0} || b.delay > delay_max) return wrong("the delay is at most 1h");
  if (b.retry_after && (b.retry_after->count() < 0 || b.retry_after->count() > retry_after_max_s)) return wrong("Retry-After is at most 86400");
  const bool printable = std::all_of(b.location.begin(), b.location.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (b.location.empty() || b.location.size() > location_bytes_max || !printable) return wrong("the location is not a URL");
  return {};
}

Result<Behaviour> change_behaviour(const Behaviour& from, std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  const auto* members = (*document)->root().if_object();
  if (members == nullptr || !members->contains("mode")) return fail(FaultCode::invalid, R"(the body is an object such as {"mode":"good"})");
  auto behaviour = from;
  for (const auto& member : *members)
    if (auto changed = change_member(member.key(), member.value(), behaviour); !changed) return tl::unexpected(changed.error());
  if (auto checked = check_behaviour(behaviour); !checked) return tl::unexpected(checked.error());
  return behaviour;
}

std::string behaviour_json(const Behaviour& b) {
  JsonObject out;
  out.text("mode", receive_mode_name(b.mode));
  switch (b.mode) {
    case ReceiveMode::good:
    case ReceiveMode::gone:
    case ReceiveMode::wrong_certificate: break;
    case ReceiveMode::slow: out.number("delayMs", b.delay.count()); break;
    case ReceiveMode::flaky: out.value("failRate", b.fail_rate).number("status", b.status); break;
    case ReceiveMode::dead: out.boolean("refuse", b.refuse); break;
    case ReceiveMode::limited: out.value("rate", b.rate); break;
    case ReceiveMode::redirect: out.text("location", b.location); break;
  }
  if (b.retry_after) out.number("retryAfterS", b.retry_after->count());
  return out.take();
}

void Temper::change(Behaviour behaviour) {
  behaviour_ = std::move(behaviour);
  dice_.seed(seed_);
  // As much at once as a second allows, so that a sender at exactly the rate is never refused.
  bucket_ = TokenBucket(behaviour_.rate, static_cast<std::uint32_t>(std::max(1.0, std::floor(behaviour_.rate))));
}

double Temper::roll() { return static_cast<double>(dice_() >> 11U) * 0x1p-53; }

Reaction Temper::react(WallTime now) {
  switch (behaviour_.mode) {
    case ReceiveMode::good:
    case ReceiveMode::slow:
    case ReceiveMode::wrong_certificate: return Reaction::accept;
    case ReceiveMode::flaky: return roll() < behaviour_.fail_rate ? Reaction::fail : Reaction::accept;
    case ReceiveMode::dead: return behaviour_.refuse ? Reaction::hang_up : Reaction::silence;
    case ReceiveMode::limited: return bucket_.take(now) ? Reaction::accept : Reaction::limit;
    case ReceiveMode::gone: return Reaction::gone;
    case ReceiveMode::redirect: return Reaction::redirect;
  }
  return Reaction::accept;
}

}  // namespace denrei
