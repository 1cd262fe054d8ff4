// Key logic: every effect has one, and the ledger counts.
#include "denrei/domain/key_logic.hpp"

#include <gtest/gtest.h>

#include "unit/sample_events.hpp"

namespace denrei {
namespace {

constexpr Effect every_effect[] = {Effect::ledger,   Effect::employee,     Effect::acknowledgement,
                                   Effect::bulletin, Effect::announcement, Effect::tally};

TEST(KeyLogic, UnknownKeyHasNoState) {
  for (const auto effect : every_effect) EXPECT_EQ(make_key_logic(effect, "K", "").value()->encode_state(), "") << effect_name(effect);
}

TEST(KeyLogic, WrongStateIsAFaultForEveryEffect) {
  for (const auto effect : every_effect) {
    EXPECT_FALSE(make_key_logic(effect, "K", "\x7f" "nonsense").has_value()) << effect_name(effect);
    EXPECT_FALSE(make_key_logic(effect, "K", "\x01").has_value()) << effect_name(effect);
  }
  EXPECT_FALSE(make_key_logic(static_cast<Effect>(77), "K", "").has_value());
}

TEST(KeyLogic, OddBodiesNeverCrashAndNeverLeaveState) {
  for (const auto effect : {Effect::employee, Effect::acknowledgement, Effect::bulletin, Effect::announcement, Effect::tally})
    for (const auto* body : {"", "{", "null", "1", "\"text\"", "[]", "[{}]"}) {
      auto logic = make_key_logic(effect, "K", "").value();
      const auto decision = logic->decide(samples::make_event({.effect = effect, .type = "employee.photo.updated", .body = body}));
      EXPECT_EQ(decision.outcome, Outcome::failed) << effect_name(effect) << ' ' << body;
      EXPECT_TRUE(decision.notifications.empty());
      EXPECT_EQ(logic->encode_state(), "");
    }
}

TEST(Ledger, AppliesAndCountsAnything) {
  std::string state;
  for (int i = 0; i < 3; ++i) {
    auto logic = make_key_logic(Effect::ledger, "K", state).value();
    const auto decision = logic->decide(samples::make_event({.type = "whatever", .body = "not even JSON"}));
    EXPECT_EQ(decision.outcome, Outcome::applied);
    EXPECT_EQ(decision.note, "");
    EXPECT_TRUE(decision.notifications.empty());
    state = logic->encode_state();
  }
  EXPECT_EQ(state, std::string("\x01\x03\0\0\0\0\0\0\0", 9));
}

TEST(Ledger, WrongBytesAreFaults) {
  auto logic = make_key_logic(Effect::ledger, "K", "").value();
  (void)logic->decide(samples::make_event({}));
  const auto good = logic->encode_state();
  for (std::size_t length = 1; length < good.size(); ++length)
    EXPECT_FALSE(make_key_logic(Effect::ledger, "K", good.substr(0, length)).has_value());
  EXPECT_FALSE(make_key_logic(Effect::ledger, "K", good + "x").has_value());
}

}  // namespace
}  // namespace denrei
