// The tally's packed state and points: both come back whole, and wrong bytes are faults.
#include <gtest/gtest.h>

#include "denrei/domain/tally.hpp"
#include "unit/sample_tally.hpp"

namespace denrei {
namespace {

samples::CountedAnnouncement busy_one() {
  samples::CountedAnnouncement a;
  a.publish();
  a.view("山田", "12.3");
  a.view("佐藤");
  a.click("看護部");
  a.click("医局");
  a.complete();
  a.hour("2025-10-09T09:00:00Z");
  a.day("2025-10-09T15:00:00Z");
  a.click("看護部");
  return a;
}

TEST(TallyRecord, AStateComesBackWhole) {
  const auto a = busy_one();
  const auto tally = a.tally();
  EXPECT_EQ(encode_tally(tally), a.state);
  EXPECT_EQ(tally.published->title, "【アンケート】職場環境");
  EXPECT_EQ(tally.published->environment, "production");
  EXPECT_EQ(tally.by_department, (DepartmentCounts{{"看護部", 2}, {"医局", 1}}));
  EXPECT_EQ(tally.viewers.size(), 2u);
  EXPECT_EQ(tally.read_ms, 12'300);
  EXPECT_TRUE(tally.changed_since_hour);
  EXPECT_EQ(format_iso8601(tally.hour), "2025-10-09T09:00:00.000Z");
  EXPECT_EQ(format_iso8601(tally.day), "2025-10-09T15:00:00.000Z");
}

TEST(TallyRecord, APointComesBackWhole) {
  const auto a = busy_one();
  const auto point = decode_point(a.lines.at(1).note).value();
  EXPECT_EQ(point.event, "stats.hourly");
  EXPECT_EQ(format_iso8601(point.at), "2025-10-09T09:00:00.000Z");
  EXPECT_EQ(point.figures.delivered, 450);
  EXPECT_EQ(point.figures.actions, 2);
  EXPECT_EQ(point.figures.completions, 1);
  EXPECT_EQ(point.figures.views, 2);
  EXPECT_EQ(point.figures.unique_viewers, 2);
  EXPECT_EQ(point.figures.average_read_time, 12);
  EXPECT_EQ(point.figures.by_department, (DepartmentCounts{{"看護部", 1}, {"医局", 1}}));
  const auto first = decode_point(a.lines.front().note).value();
  EXPECT_EQ(first.event, "stats.updated");
  EXPECT_FALSE(first.figures.unique_viewers || first.figures.average_read_time);
}

TEST(TallyRecord, WrongBytesAreFaults) {
  const auto a = busy_one();
  samples::expect_faults_for_wrong_bytes(a.state, decode_tally);
  samples::expect_faults_for_wrong_bytes(a.lines.at(1).note, decode_point);
}

}  // namespace
}  // namespace denrei
