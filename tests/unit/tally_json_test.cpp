// The tally as JSON: what goes out keeps the receiver's contract, and a reader's view holds all that sending it again needs.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <fstream>
#include <iterator>

#include "denrei/domain/schema.hpp"
#include "denrei/domain/tally.hpp"
#include "unit/sample_tally.hpp"

namespace denrei {
namespace {

Schema receivers_schema() {
  std::ifstream file(DENREI_ROOT "/config/schemas/announcement-stats.json");
  return compile_schema(std::string(std::istreambuf_iterator<char>(file), {}), {}).value();
}

TEST(TallyJson, EverythingThatGoesOutKeepsTheReceiversContract) {
  samples::CountedAnnouncement a;
  a.id = "ann \"1\"";
  a.click();
  a.publish();
  a.click("看護部\\\"");
  a.view("x", "0");
  a.complete();
  a.hour("2025-10-09T09:00:00Z");
  a.day("2025-10-09T15:00:00Z");
  ASSERT_EQ(a.emissions.size(), 5u);
  const auto schema = receivers_schema();
  for (const auto& emission : a.emissions) {
    const auto body = parse_json(emission.body).value();
    EXPECT_TRUE(schema.check(body->root()).empty()) << emission.body;
    EXPECT_EQ(find_string(body->root(), "/event"), emission.type);
    EXPECT_EQ(find_string(body->root(), "/announcement/id"), a.id);
  }
}

TEST(TallyJson, AReaderSeesTheFiguresAndTheSeries) {
  samples::CountedAnnouncement a;
  a.publish();
  a.click("医局");
  a.hear("announcement.published", "[]");  // failed: a line without a point
  a.hour("2025-10-09T09:00:00Z");
  EXPECT_EQ(tally_json(a.id, a.state, a.lines).value(),
            R"({"id":"ann_1","announcement":{"id":"ann_1","title":"【アンケート】職場環境","category":"survey","priority":"medium",)"
            R"("publishedAt":"2025-10-07T09:00:00.000Z"},"environment":"production",)"
            R"("stats":{"delivered":450,"actions":1,"completions":0,"details":{"viewCount":0,"actionsByDepartment":{"医局":1}}},"series":[)"
            R"({"event":"stats.updated","timestamp":"2025-10-09T08:53:20.000Z","stats":{"delivered":450,"actions":0,"completions":0,"details":{"viewCount":0}}},)"
            R"({"event":"stats.hourly","timestamp":"2025-10-09T09:00:00.000Z","stats":{"delivered":450,"actions":1,"completions":0,"details":{"viewCount":0,"actionsByDepartment":{"医局":1}}}}]})");
}

TEST(TallyJson, AnItemOfTheSeriesMakesThePayloadThatWentOut) {
  samples::CountedAnnouncement a;
  a.publish();
  a.view("x", "7");
  a.click("医局");
  a.hour("2025-10-09T09:00:00Z");
  const auto sent = a.emissions.back().body;
  a.click("看護部");
  a.day("2025-10-09T15:00:00Z");
  const auto shown = a.shown();
  const auto& series = find(shown->root(), "/series")->as_array();
  ASSERT_EQ(series.size(), 3u);
  EXPECT_EQ(stats_payload(shown->root(), series[1]).value(), sent);
  EXPECT_EQ(stats_payload(shown->root(), series[2]).value(), a.emissions.back().body);
}

TEST(TallyJson, AnAnnouncementThatIsNotKnownYetHasFiguresAndNoPayload) {
  samples::CountedAnnouncement a;
  a.click();
  const auto shown = a.shown();
  EXPECT_TRUE(find(shown->root(), "/announcement")->is_null());
  EXPECT_EQ(find(shown->root(), "/stats/actions")->as_int64(), 1);
  EXPECT_EQ(stats_payload(shown->root(), shown->root()).error().code, FaultCode::invalid);
  a.publish();
  EXPECT_EQ(stats_payload(a.shown()->root(), parse_json("{}").value()->root()).error().code, FaultCode::invalid);
}

TEST(TallyJson, WhatCannotBeReadIsAFault) {
  samples::CountedAnnouncement a;
  EXPECT_EQ(tally_json("ann_1", "", {}).error().code, FaultCode::not_found);
  EXPECT_EQ(tally_json("ann_1", "garbage", {}).error().code, FaultCode::invalid);
  a.publish();
  a.lines.front().note = "\x01nonsense";
  EXPECT_FALSE(tally_json(a.id, a.state, a.lines).has_value());
}

}  // namespace
}  // namespace denrei
