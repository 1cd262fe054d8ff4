// Events and hostile bytes for the unit tests of the effects.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "denrei/domain/event.hpp"

namespace denrei::samples {

struct EventParts {
  Effect effect = Effect::ledger;
  std::string type;
  std::string body;
  std::string identity = "1";  // the event id follows from it
  std::int64_t received_ms = 1'760'000'000'000;  // 2025-10-09T08:53:20Z
};

// As it comes back from the log: with its bytes and without parsed JSON.
inline Event make_event(const EventParts& parts) {
  Event event;
  event.id = make_event_id("sample", parts.identity);
  event.effect = parts.effect;
  event.source = "sample";
  event.family = "sample";
  event.key = "K-1";
  event.type = parts.type;
  event.received_at = from_unix_ms(parts.received_ms);
  event.body = parts.body;
  return event;
}

// Every shorter prefix and every longer text must be a Fault; one wrong byte anywhere must not crash.
template <class Decode>
void expect_faults_for_wrong_bytes(const std::string& good, Decode decode) {
  ASSERT_TRUE(decode(good).has_value());
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(decode(std::string_view(good).substr(0, length)).has_value()) << "cut to " << length << " of " << good.size();
  EXPECT_FALSE(decode(good + "x").has_value());
  auto other_version = good;
  other_version[0] = static_cast<char>(0x7f);
  EXPECT_FALSE(decode(other_version).has_value());
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto wrong = good;
    wrong[at] = static_cast<char>(wrong[at] ^ 0xff);
    (void)decode(wrong);
  }
}

}  // namespace denrei::samples
