// The tally: what counts, what goes out at once, by the hour and by the day, and that its times only rise.
#include "denrei/domain/tally.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "denrei/domain/announcement.hpp"
#include "unit/sample_tally.hpp"

namespace denrei {
namespace {

using samples::CountedAnnouncement;

std::string time_of(const std::shared_ptr<const JsonDocument>& body) { return std::string(find_string(body->root(), "/timestamp")); }

TEST(Tally, AClickGoesOutAtOnceWithAllFigures) {
  CountedAnnouncement a;
  a.publish();
  a.view("山田", "44.4");
  a.view("佐藤", "45");
  a.view("山田");
  a.click("看護部");
  a.complete();
  ASSERT_EQ(a.click("医局"), Outcome::applied);
  EXPECT_EQ(a.emissions.back().type, "stats.updated");
  EXPECT_EQ(a.emissions.back().body,
            R"({"event":"stats.updated","timestamp":"2025-10-09T08:53:20.003Z","announcement":{"id":"ann_1","title":"【アンケート】職場環境",)"
            R"("category":"survey","priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z"},"stats":{"delivered":450,"actions":2,)"
            R"("completions":1,"details":{"viewCount":3,"uniqueViewers":2,"averageReadTime":45,"actionsByDepartment":{"看護部":1,"医局":1}}},)"
            R"("metadata":{"source":"voicedrive","version":"1.0.0","environment":"production"}})");
}

TEST(Tally, ViewsAreCountedInSilence) {
  CountedAnnouncement a;
  a.publish();
  EXPECT_EQ(a.view("山田"), Outcome::applied);
  EXPECT_TRUE(a.emissions.empty());
  a.complete();
  ASSERT_EQ(a.emissions.size(), 1u) << "a completion goes out";
  EXPECT_EQ(find(a.last()->root(), "/stats/details/viewCount")->as_int64(), 1);
}

TEST(Tally, WhatComesBeforeTheAnnouncementGoesOutWithIt) {
  CountedAnnouncement a;
  a.click("看護部");
  a.hour("2025-10-09T09:00:00Z");
  EXPECT_TRUE(a.emissions.empty()) << "nobody knows its title yet";
  a.publish();
  ASSERT_EQ(a.emissions.size(), 1u);
  EXPECT_EQ(find(a.last()->root(), "/stats/actions")->as_int64(), 1);
  a.hour("2025-10-09T10:00:00Z");
  ASSERT_EQ(a.emissions.size(), 2u) << "the hour that had to be silent is made good";
}

TEST(Tally, AnAnnouncementWithoutCountsGoesOutOnlyByTheClock) {
  CountedAnnouncement a;
  a.publish();
  EXPECT_TRUE(a.emissions.empty());
  a.hour("2025-10-09T09:00:00Z");
  EXPECT_EQ(a.emissions.back().type, "stats.hourly");
}

TEST(Tally, ALaterAnnouncementReplacesTheEarlier) {
  CountedAnnouncement a;
  a.publish();
  a.click();
  a.publish(R"({"title":"訂正","category":"other","priority":"low","publishedAt":"2025-10-08T00:00:00Z","delivered":460,"environment":"staging"})");
  ASSERT_EQ(a.emissions.size(), 2u);
  EXPECT_EQ(find_string(a.last()->root(), "/announcement/title"), "訂正");
  EXPECT_EQ(find_string(a.last()->root(), "/metadata/environment"), "staging");
  EXPECT_EQ(find(a.last()->root(), "/stats/delivered")->as_int64(), 460);
  a.publish(R"({"title":"訂正","category":"other","priority":"low","publishedAt":"2025-10-08T00:00:00Z","delivered":460,"environment":"staging"})");
  EXPECT_EQ(a.emissions.size(), 2u) << "it says nothing new";
}

TEST(Tally, TimesRiseWhateverTheClockSays) {
  CountedAnnouncement a;
  a.publish();
  a.click();
  const auto first = time_of(a.last());
  a.click();
  const auto same_millisecond = time_of(a.last());
  a.now -= std::chrono::seconds{10};
  a.click();
  const auto clock_set_back = time_of(a.last());
  EXPECT_LT(first, same_millisecond);
  EXPECT_LT(same_millisecond, clock_set_back);
  a.now += std::chrono::minutes{1};
  a.click();
  EXPECT_EQ(time_of(a.last()), format_iso8601(a.now)) << "the real time again, as soon as it is ahead";
}

TEST(Tally, AClickAfterTheHourIsNewerThanItsFigures) {
  CountedAnnouncement a;
  a.publish();
  a.now = parse_iso8601("2025-10-09T09:00:00.010Z").value();
  a.hour("2025-10-09T09:00:00Z");
  EXPECT_EQ(time_of(a.last()), "2025-10-09T09:00:00.000Z");
  a.now = parse_iso8601("2025-10-09T08:59:59.990Z").value();  // was received before, and is decided after
  a.click();
  EXPECT_EQ(time_of(a.last()), "2025-10-09T09:00:00.001Z");
}

TEST(Tally, ABoundaryAheadOfItsTimeDoesNotDragTheTimesAlong) {
  CountedAnnouncement a;
  a.publish();
  a.hour("2099-01-01T00:00:00Z");
  a.now += std::chrono::seconds{1};
  a.click();
  EXPECT_EQ(time_of(a.last()), format_iso8601(a.now));
}

TEST(Tally, HourlyFiguresComeOnlyAfterAChange) {
  CountedAnnouncement a;
  a.publish();
  a.click();
  a.hour("2025-10-09T09:00:00Z");
  a.hour("2025-10-09T10:00:00Z");
  EXPECT_EQ(a.emissions.size(), 2u);
  a.view("山田");
  a.hour("2025-10-09T11:00:00Z");
  EXPECT_EQ(a.emissions.size(), 3u) << "a view is a change";
  EXPECT_EQ(a.hour("2025-10-09T11:00:00Z"), Outcome::stale);
  a.click();
  EXPECT_EQ(a.hour("2025-10-09T10:30:00Z"), Outcome::stale);
  EXPECT_EQ(a.emissions.size(), 4u) << "the click, and no boundary that is over";
  EXPECT_EQ(a.lines.size(), 3u) << "published, two hours";
}

TEST(Tally, AClockThatRanAheadHoldsUpNoLaterFigures) {
  CountedAnnouncement a;
  a.publish();
  a.now = parse_iso8601("2099-01-01T00:00:01Z").value();  // for a moment
  a.hour("2099-01-01T00:00:00Z");
  a.day("2098-12-31T15:00:00Z");
  EXPECT_EQ(a.emissions.size(), 1u) << "the hour; so long after the last change there is no day";
  a.now = parse_iso8601("2025-10-09T15:00:00.010Z").value();
  a.click();
  EXPECT_EQ(a.hour("2025-10-09T15:00:00Z"), Outcome::applied);
  EXPECT_EQ(time_of(a.last()), "2025-10-09T15:00:00.000Z");
  EXPECT_EQ(a.day("2025-10-09T15:00:00Z"), Outcome::applied);
  EXPECT_EQ(a.emissions.back().type, "stats.daily");
  EXPECT_EQ(a.emissions.size(), 4u);
  EXPECT_EQ(a.hour("2025-10-09T15:00:00Z"), Outcome::stale) << "from then on as ever";
  EXPECT_EQ(a.day("2025-10-08T15:00:00Z"), Outcome::stale);
}

TEST(Tally, AClockThatRanAheadKeepsNoDailyFiguresAlive) {
  CountedAnnouncement a;
  a.publish();
  a.now = parse_iso8601("2099-01-01T00:00:01Z").value();
  a.click();
  a.now = parse_iso8601("2025-10-10T15:00:01Z").value();
  a.day("2025-10-10T15:00:00Z");
  EXPECT_EQ(a.emissions.size(), 2u);
  a.now = parse_iso8601("2025-11-10T15:00:01Z").value();
  a.day("2025-11-10T15:00:00Z");
  EXPECT_EQ(a.emissions.size(), 2u) << "thirty days after it was noticed";
}

TEST(Tally, AClockThatIsSetBackALittleRepeatsNothing) {
  CountedAnnouncement a;
  a.publish();
  a.now = parse_iso8601("2025-10-09T10:00:01Z").value();
  a.hour("2025-10-09T10:00:00Z");
  a.now = parse_iso8601("2025-10-09T09:59:00Z").value();
  a.click();
  EXPECT_EQ(a.hour("2025-10-09T09:00:00Z"), Outcome::stale);
}

TEST(Tally, DailyFiguresComeForThirtyDaysAfterTheLastChange) {
  CountedAnnouncement a;
  a.publish();
  a.click();
  for (int day = 10; day <= 12; ++day) a.day(fmt::format("2025-10-{}T00:00:00+09:00", day));
  EXPECT_EQ(a.emissions.size(), 4u) << "whether or not anything changed";
  EXPECT_EQ(a.emissions.back().type, "stats.daily");
  EXPECT_EQ(time_of(a.last()), "2025-10-11T15:00:00.000Z") << "midnight in Tokyo";
  a.day("2025-11-08T08:53:20Z");
  EXPECT_EQ(a.emissions.size(), 5u);
  a.day("2025-11-09T15:00:00Z");
  EXPECT_EQ(a.emissions.size(), 5u);
  EXPECT_EQ(a.lines.size(), 5u) << "a day without figures leaves no line";
  a.now = parse_iso8601("2025-11-10T00:00:00Z").value();
  a.view("山田");
  a.day("2025-11-10T15:00:00Z");
  EXPECT_EQ(a.emissions.size(), 6u) << "until something happens again";
}

TEST(Tally, ViewersAreToldApartUpToALimit) {
  CountedAnnouncement a;
  a.publish();
  a.view("EMP-0");
  auto crowd = a.tally();
  for (std::uint64_t i = 1; crowd.viewers.size() < viewers_max - 1; ++i) crowd.viewers.push_back(crowd.viewers.front() + i);
  std::sort(crowd.viewers.begin(), crowd.viewers.end());
  crowd.views = static_cast<std::int64_t>(viewers_max) - 1;
  a.state = encode_tally(crowd);
  a.view("the last one");
  a.view("EMP-0");
  a.click();
  EXPECT_EQ(find(a.last()->root(), "/stats/details/uniqueViewers")->as_int64(), static_cast<std::int64_t>(viewers_max));
  const auto bytes = a.state.size();
  a.view("one more");
  a.view("EMP-0");
  a.click();
  EXPECT_EQ(find(a.last()->root(), "/stats/details/uniqueViewers"), nullptr) << "a number that is not sure is not sent";
  EXPECT_EQ(find(a.last()->root(), "/stats/details/viewCount")->as_int64(), static_cast<std::int64_t>(viewers_max) + 3);
  EXPECT_LT(a.state.size(), bytes / 10) << "and nobody needs the viewers any more";
}

TEST(Tally, NobodyIsNamedInWhatIsKeptOrSent) {
  CountedAnnouncement a, b;
  b.id = "ann_2";
  for (auto* one : {&a, &b}) {
    one->publish();
    one->view("EMP-12345", "30");
    one->click();
    for (const auto& text : {one->state, one->emissions.back().body}) EXPECT_EQ(text.find("EMP-12345"), std::string::npos);
  }
  EXPECT_NE(a.tally().viewers, b.tally().viewers) << "nor can one person be followed from one announcement to another";
}

TEST(Tally, ReadTimesThatCannotBeAreLeftOut) {
  CountedAnnouncement a;
  a.publish();
  for (const auto* seconds : {"10", "11.5", "86400.001", "1e300", "-1", "\"9\"", "null"}) a.view("x", seconds);
  a.click();
  EXPECT_EQ(find(a.last()->root(), "/stats/details/averageReadTime")->as_int64(), 11) << "10.75, rounded";
  EXPECT_EQ(a.tally().reads, 2);
  CountedAnnouncement none;
  none.publish();
  none.click();
  EXPECT_EQ(find(none.last()->root(), "/stats/details/averageReadTime"), nullptr);
}

TEST(Tally, DepartmentsAreBoundedAndTheirClicksNeverLost) {
  for (const auto& [width, most] : {std::pair<std::size_t, std::size_t>{4, departments_max}, {400, departments_bytes_max / (400 + 4 + 8)}}) {
    CountedAnnouncement a;
    a.publish();
    auto many = a.tally();
    for (std::size_t i = 0; i < most - 1; ++i) many.by_department.emplace_back(fmt::format("{:0>{}}", i, width), 1);
    many.actions = static_cast<std::int64_t>(most) - 1;
    a.state = encode_tally(many);
    for (std::size_t i = most - 1; i < most + 3; ++i) a.click(fmt::format("{:0>{}}", i, width));
    a.click(fmt::format("{:0>{}}", 0, width));
    const auto tally = a.tally();
    EXPECT_EQ(tally.by_department.size(), most) << width;
    EXPECT_EQ(tally.by_department.front().second, 2);
    EXPECT_EQ(tally.actions, static_cast<std::int64_t>(most) + 4);
    a.hour("2025-10-09T09:00:00Z");
    EXPECT_LT(a.lines.back().note.size(), 60'000u) << "a timeline's line has 64 KiB";
  }
}

TEST(Tally, BodiesThatAreNoneFailAndChangeNothing) {
  CountedAnnouncement a;
  a.publish();
  a.click();
  const auto before = a.state;
  for (const auto* type : {"announcement.published", "action.click", "action.view", "action.completion", "tally.hour", "tally.day"})
    for (const auto* body : {"", "{", "null", "1", "[]"}) EXPECT_EQ(a.hear(type, body), Outcome::failed) << type << ' ' << body;
  EXPECT_EQ(a.hear("action.like", "{}"), Outcome::failed);
  EXPECT_EQ(a.hour("some day"), Outcome::failed);
  EXPECT_EQ(a.hear("tally.day", "{}"), Outcome::failed);
  for (const auto& [member, odd] : {std::pair<std::string, std::string>{"\"survey\"", "\"poll\""}, {"\"medium\"", "1"}, {"450", "-1"}, {"450", "4.5"},
                                    {"2025-10-07T09:00:00.000Z", "yesterday"}, {"【アンケート】職場環境", ""}, {"{", R"({"environment":"moon",)"},
                                    {"【アンケート】職場環境", std::string(title_bytes_max + 1, 'x')}}) {
    std::string body(samples::notice_body);
    EXPECT_EQ(a.publish(body.replace(body.find(member), member.size(), odd)), Outcome::failed) << odd;
  }
  EXPECT_EQ(a.state, before);
  EXPECT_EQ(a.emissions.size(), 1u);
}

TEST(Tally, TheClockAloneMakesNoAnnouncement) {
  CountedAnnouncement a;
  a.hour("2025-10-09T09:00:00Z");
  a.day("2025-10-09T15:00:00Z");
  EXPECT_EQ(a.state, "");
  EXPECT_TRUE(a.lines.empty());
}

}  // namespace
}  // namespace denrei
