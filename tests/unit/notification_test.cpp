// Notifications: the packed record on its way to an inbox.
#include <gtest/gtest.h>

#include "denrei/domain/key_logic.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Notification sample() {
  return {.inbox = "level99", .id = make_event_id("a", "b"), .created_at = from_unix_ms(1'760'000'000'123), .json = R"({"icon":"✅"})"};
}

TEST(Notification, ComesBackFromItsRecordUnchanged) {
  const auto back = decode_notification(encode_notification(sample()));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->inbox, "level99");
  EXPECT_EQ(back->id, sample().id);
  EXPECT_EQ(back->created_at, sample().created_at);
  EXPECT_EQ(back->json, sample().json);
}

TEST(Notification, WrongBytesAreFaults) {
  samples::expect_faults_for_wrong_bytes(encode_notification(sample()), decode_notification);
}

}  // namespace
}  // namespace denrei
