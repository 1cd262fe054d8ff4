// How a destination is delivered to: what counts as success, what is tried again and when, and how much at once.
#include <algorithm>
#include <fmt/format.h>

#include "denrei/app/config/destination_reader.hpp"
#include "denrei/app/config/members.hpp"

namespace denrei {
namespace {

constexpr std::size_t patterns_max = 100;
constexpr DurationRange retry_wait{Millis{1}, limits::retry_delay_max};
constexpr DurationRange round_wait{std::chrono::seconds{1}, limits::retry_delay_max};
constexpr DurationRange exchange{Millis{10}, std::chrono::minutes{10}};  // longer than any receiver thinks, and it holds a connection
constexpr DurationRange breaker_pause{Millis{100}, std::chrono::hours{1}};
constexpr NumberRange rates{0.001, 100'000};     // one in a quarter of an hour; more than one machine signs
constexpr IntegerRange rounds{1, 100};
constexpr IntegerRange bursts{1, 100'000};
constexpr IntegerRange concurrencies{1, 1'000};  // connections to one receiver
constexpr IntegerRange failures{0, 1'000'000};
constexpr IntegerRange kept{1, 10'000'000};      // a few KB each in the store

bool is_answer(const OutcomePattern& pattern) {
  return pattern.kind == OutcomePattern::Kind::status || pattern.kind == OutcomePattern::Kind::status_class;
}

void read_patterns(TableReader& table, std::string_view key, OutcomePatterns& out) {
  if (!table.has(key)) {
    (void)table.node(key);
    return;
  }
  std::vector<std::string> texts;
  table.read(key, texts);
  if (texts.size() > patterns_max) table.complain(key, fmt::format("'{}' has more than {} patterns", key, patterns_max));
  out.clear();
  for (const auto& text : texts) {
    const auto pattern = parse_outcome_pattern(text);
    if (pattern) out.push_back(*pattern);
    else table.complain(key, fmt::format("'{}': {}", key, pattern.error().detail));
  }
}

// A failure without an answer says nothing about what the receiver wants.
void read_answer_patterns(TableReader& table, std::string_view key, OutcomePatterns& out) {
  read_patterns(table, key, out);
  for (const auto& pattern : out)
    if (!is_answer(pattern))
      table.complain(key, fmt::format("'{}' takes statuses such as \"200\" or \"2xx\", not \"{}\"", key, outcome_pattern_text(pattern)));
}

void read_outcomes(TableReader& table, Destination& out) {
  read_answer_patterns(table, "success", out.success);
  if (table.has("success")) table.require("success");
  read_pointer(table, "success_pointer", out.success_pointer);
  read_patterns(table, "retry_on", out.retry_on);
  read_patterns(table, "give_up_on", out.give_up_on);
  read_answer_patterns(table, "disable_on", out.disable_on);
}

void read_retries(TableReader& table, Destination& out) {
  if (!table.has("schedule"))
    table.complain("schedule",
                   fmt::format("{} needs 'schedule', such as [\"1m\", \"5m\", \"30m\"]; [] is one attempt and no more", table.title()));
  read_durations(table, "schedule", retry_wait, out.schedule);
  if (out.schedule.size() >= limits::attempts_max)
    table.complain("schedule", fmt::format("'schedule' has {} waits, at most {} are allowed", out.schedule.size(), limits::attempts_max - 1));
  read_count(table, "rounds", rounds, out.rounds);
  read_duration(table, "round_wait", round_wait, out.round_wait);
  table.read_number("jitter", {0, 1}, out.jitter);
  read_duration(table, "retry_after_max", retry_wait, out.retry_after_max);
}

// Connecting is a part of the whole: a short time-out shortens it, unless both were asked for.
void read_timeouts(TableReader& table, Destination& out) {
  read_duration(table, "timeout", exchange, out.timeout);
  out.connect_timeout = std::min(out.connect_timeout, out.timeout);
  read_duration(table, "connect_timeout", exchange, out.connect_timeout);
  if (out.connect_timeout > out.timeout)
    table.complain("connect_timeout", fmt::format("'connect_timeout' is {}, but 'timeout' ends the attempt after {}",
                                                  show_duration(out.connect_timeout), show_duration(out.timeout)));
}

void read_pace(TableReader& table, Destination& out) {
  table.read_number("rate", rates, out.rate);
  read_count(table, "burst", bursts, out.burst);
  if (table.has("burst") && !table.has("rate")) table.complain("burst", "'burst' means nothing without 'rate'");
  read_count(table, "concurrency", concurrencies, out.concurrency);
  read_named(table, "order", &parse_lane_order, out.order);
  read_count(table, "breaker_failures", failures, out.breaker_failures);
  read_duration(table, "breaker_open", breaker_pause, out.breaker_open);
  read_count(table, "pending_max", kept, out.pending_max);
  read_count(table, "dead_max", kept, out.dead_max);
}

}  // namespace

void read_delivery_policy(TableReader& table, Destination& destination) {
  read_outcomes(table, destination);
  read_retries(table, destination);
  read_timeouts(table, destination);
  read_pace(table, destination);
}

}  // namespace denrei
