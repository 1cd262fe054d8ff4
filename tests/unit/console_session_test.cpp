// Sessions of the console: good until they say, and only with our signature.
#include "denrei/domain/console_session.hpp"

#include <gtest/gtest.h>

namespace denrei::test {
namespace {

const WallTime now = from_unix_ms(1'760'000'000'000);
const HmacSha256& key() {
  static const HmacSha256 made{std::string_view("the key of this process")};
  return made;
}

TEST(ConsoleSession, IsGoodUntilItsTime) {
  const auto session = make_session(key(), now + session_life);
  EXPECT_TRUE(is_session(key(), session, now));
  EXPECT_TRUE(is_session(key(), session, now + session_life - std::chrono::seconds(1)));
  EXPECT_FALSE(is_session(key(), session, now + session_life));
}

TEST(ConsoleSession, IsNotGoodWhenAnythingInItIsChanged) {
  const auto session = make_session(key(), now + session_life);
  for (std::size_t i = 0; i < session.size(); ++i) {
    auto changed = session;
    changed[i] = changed[i] == '9' ? '8' : '9';
    EXPECT_FALSE(is_session(key(), changed, now)) << i;
  }
  EXPECT_FALSE(is_session(HmacSha256{std::string_view("another process")}, session, now));
  for (const auto* none : {"", ".", "9999999999", "9999999999.", "x.y", "99999999999999999999999.aa"}) EXPECT_FALSE(is_session(key(), none, now)) << none;
}

TEST(ConsoleSession, IsFoundAmongOtherCookies) {
  EXPECT_EQ(find_session("denrei_console=abc"), "abc");
  EXPECT_EQ(find_session("a=b; denrei_console=abc; c=d"), "abc");
  EXPECT_EQ(find_session("denrei_console_x=abc;denrei_console="), "");
  EXPECT_EQ(find_session("xdenrei_console=abc"), "");
  EXPECT_EQ(find_session(""), "");
}

}  // namespace
}  // namespace denrei::test
