// Bulletins: what an account of level 99 reads of an analytics notification.
#include "denrei/domain/bulletin.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Event bulletin(std::string_view type, std::string_view more = {}, std::string_view timestamp = "1728450000") {
  auto event = samples::make_event(
      {.effect = Effect::bulletin, .type = std::string(type),
       .body = fmt::format(R"({{"type":"{}","title":"完了","message":"期間\n342件","timestamp":{},"source":"medical-staff-system","accountLevel":99,"notificationId":"analytics-1"{}{}}})",
                           type, timestamp, more.empty() ? "" : ",", more)});
  event.identity = "analytics-1";
  return event;
}

Decision decide(const Event& event) { return make_key_logic(Effect::bulletin, "analytics-1", "").value()->decide(event); }

TEST(Bulletin, GoesToEveryAccountOfLevel99) {
  const auto event = bulletin("success");
  const auto decision = decide(event);
  EXPECT_EQ(decision.outcome, Outcome::applied);
  ASSERT_EQ(decision.notifications.size(), 1u);
  EXPECT_EQ(decision.notifications[0].inbox, "level99");
  EXPECT_EQ(decision.notifications[0].id, event.id);
  EXPECT_EQ(decision.notifications[0].created_at, event.received_at);
  EXPECT_EQ(decision.notifications[0].json,
            R"({"notificationId":"analytics-1","type":"success","icon":"✅","priority":"normal","title":"完了","message":"期間\n342件",)"
            R"("timestamp":"2024-10-09T05:00:00.000Z","source":"medical-staff-system","receivedAt":"2025-10-09T08:53:20.000Z","accountLevel":99})");
}

TEST(Bulletin, DetailsAreHandedOnUntouched) {
  const auto json = decide(bulletin("info", R"("details":{"sentiment":{"confidence":0.85},"x":[1.0,"ん"]})")).notifications.at(0).json;
  EXPECT_NE(json.find(R"("details":{"sentiment":{"confidence":0.85},"x":[1.0,"ん"]},)"), std::string::npos) << json;
}

TEST(Bulletin, TypeDecidesIconAndPriority) {
  EXPECT_EQ(bulletin_icon("success"), "\xE2\x9C\x85");
  EXPECT_EQ(bulletin_icon("error"), "\xE2\x9D\x8C");
  EXPECT_EQ(bulletin_icon("warning"), "\xE2\x9A\xA0\xEF\xB8\x8F");
  EXPECT_EQ(bulletin_icon("info"), "\xE2\x84\xB9\xEF\xB8\x8F");
  EXPECT_EQ(bulletin_icon("other"), bulletin_icon("info"));
  EXPECT_NE(decide(bulletin("error")).notifications.at(0).json.find(R"("priority":"high")"), std::string::npos);
  EXPECT_NE(decide(bulletin("warning")).notifications.at(0).json.find(R"("priority":"normal")"), std::string::npos);
}

TEST(Bulletin, TimesOutsideTheCalendarAreHandedOnAsTheyCame) {
  for (const auto* wild : {"9223372036854775807", "-9223372036854775808", "253402300800", "-1", "\"soon\""}) {
    const auto json = decide(bulletin("info", {}, wild)).notifications.at(0).json;
    EXPECT_NE(json.find(fmt::format(R"("timestamp":{},)", wild)), std::string::npos) << json;
  }
  EXPECT_NE(decide(bulletin("info", {}, "253402300799")).notifications.at(0).json.find("9999-12-31T23:59:59.000Z"), std::string::npos);
}

TEST(Bulletin, WithoutAnIdentityTheBodyNamesItself) {
  auto event = bulletin("info");
  event.identity.clear();
  EXPECT_TRUE(decide(event).notifications.at(0).json.starts_with(R"({"notificationId":"analytics-1",)"));
}

TEST(Bulletin, CountsInItsState) {
  auto logic = make_key_logic(Effect::bulletin, "analytics-1", "").value();
  (void)logic->decide(bulletin("info"));
  auto awake = make_key_logic(Effect::bulletin, "analytics-1", logic->encode_state()).value();
  (void)awake->decide(bulletin("info"));
  EXPECT_EQ(awake->encode_state(), std::string("\x01\x02\0\0\0\0\0\0\0", 9));
}

}  // namespace
}  // namespace denrei
