// Announcements: the newest timestamp gives the latest figures, and every event enters the series.
#include "denrei/domain/announcement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fmt/format.h>

#include "denrei/base/limits.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Event stats(std::string identity, std::string_view timestamp, int actions, std::string_view details = {}) {
  return samples::make_event(
      {.effect = Effect::announcement, .type = "stats.updated",
       .body = fmt::format(R"({{"event":"stats.updated","timestamp":"{}","announcement":{{"id":"ann_1","title":"意識調査","category":"survey","priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z"}},"stats":{{"delivered":450,"actions":{},"completions":189{}{}}}}})",
                           timestamp, actions, details.empty() ? "" : R"(,"details":)", details),
       .identity = std::move(identity)});
}

// An announcement whose actor sleeps after every event; the series is what its timeline would hold.
struct Board {
  std::string state;
  std::vector<Line> series;
  Outcome hear(const Event& event) {
    auto logic = make_key_logic(Effect::announcement, "ann_1", state).value();
    const auto decision = logic->decide(event);
    EXPECT_TRUE(decision.notifications.empty());
    state = logic->encode_state();
    Line line;
    line.received_at = event.received_at;
    line.note = decision.note;
    series.push_back(line);
    return decision.outcome;
  }
  std::string shown() const { return announcement_json("ann_1", state, series).value(); }
};

constexpr std::string_view departments = R"({"viewCount":380,"actionsByDepartment":{"看護部":120,"医局":50}})";

TEST(Announcement, ShowsLatestFiguresDepartmentsAndSeries) {
  Board board;
  EXPECT_EQ(board.hear(stats("1", "2025-10-07T10:30:45.123Z", 235, departments)), Outcome::applied);
  EXPECT_EQ(board.shown(),
            R"({"id":"ann_1","title":"意識調査","category":"survey","priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z",)"
            R"("latest":{"event":"stats.updated","timestamp":"2025-10-07T10:30:45.123Z","delivered":450,"actions":235,"completions":189,)"
            R"("details":{"viewCount":380,"actionsByDepartment":{"看護部":120,"医局":50}}},"byDepartment":{"看護部":120,"医局":50},)"
            R"("series":[{"event":"stats.updated","timestamp":"2025-10-07T10:30:45.123Z","delivered":450,"actions":235,"completions":189,"receivedAt":"2025-10-09T08:53:20.000Z"}]})");
}

TEST(Announcement, OlderFiguresAreStaleButEnterTheSeries) {
  Board board;
  board.hear(stats("1", "2025-10-07T12:00:00Z", 300));
  const auto before = board.state;
  EXPECT_EQ(board.hear(stats("2", "2025-10-07T11:00:00Z", 200)), Outcome::stale);
  EXPECT_EQ(board.state, before);
  const auto shown = parse_json(board.shown()).value();
  EXPECT_EQ(find(shown->root(), "/latest/actions")->as_int64(), 300);
  EXPECT_EQ(find(shown->root(), "/series/1/actions")->as_int64(), 200);
}

TEST(Announcement, FiguresWithoutDepartmentsKeepThoseThatAreKnown) {
  Board board;
  board.hear(stats("1", "2025-10-07T10:00:00Z", 1, departments));
  EXPECT_EQ(board.hear(stats("2", "2025-10-07T11:00:00Z", 2)), Outcome::applied);
  const auto shown = parse_json(board.shown()).value();
  EXPECT_EQ(find(shown->root(), "/byDepartment/医局")->as_int64(), 50);
  EXPECT_EQ(find(shown->root(), "/latest/details"), nullptr);
}

TEST(Announcement, EndsTheSameInWhateverOrderEventsArrive) {
  const std::vector<Event> events{
      stats("a", "2025-10-07T10:00:00Z", 1, departments),
      stats("b", "2025-10-07T12:00:00Z", 2),
      stats("c", "2025-10-07T21:00:00+09:00", 3),  // the same moment as b
      stats("d", "2025-10-07T11:00:00Z", 4, R"({"actionsByDepartment":{"事務部":7}})"),
      stats("e", "2025-10-07T11:00:00.000Z", 5, R"({"actionsByDepartment":{"医局":9}})")};
  const auto expected_actions = events[1].id < events[2].id ? 3 : 2;
  const auto* expected_department = events[3].id < events[4].id ? "/byDepartment/医局" : "/byDepartment/事務部";
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::string first_state;
  do {
    Board board;
    for (const auto i : order) board.hear(events[i]);
    if (first_state.empty()) first_state = board.state;
    ASSERT_EQ(board.state, first_state);
    ASSERT_EQ(board.series.size(), 5u);
  } while (std::next_permutation(order.begin(), order.end()));
  const auto shown = parse_json(announcement_json("ann_1", first_state, {}).value()).value();
  EXPECT_EQ(find(shown->root(), "/latest/actions")->as_int64(), expected_actions);
  EXPECT_NE(find(shown->root(), expected_department), nullptr);
}

TEST(Announcement, NoteOfALineIsSmallAndComesBack) {
  Board board;
  board.hear(stats("1", "2025-10-07T10:30:45.123Z", 235));
  const auto& note = board.series[0].note;
  EXPECT_LE(note.size(), 100u);
  const auto figures = decode_figures(note).value();
  EXPECT_EQ(figures.event, "stats.updated");
  EXPECT_EQ(figures.timestamp, "2025-10-07T10:30:45.123Z");
  EXPECT_EQ(figures.delivered, 450);
  EXPECT_EQ(figures.actions, 235);
  EXPECT_EQ(figures.completions, 189);
  samples::expect_faults_for_wrong_bytes(note, decode_figures);
}

TEST(Announcement, FiguresThatCannotBeReadFailAndLeaveNoPoint) {
  Board board;
  EXPECT_EQ(board.hear(stats("1", "some day", 1)), Outcome::failed);
  EXPECT_EQ(board.hear(stats("2", "2025-10-07T10:00:00." + std::string(200, '0') + "Z", 1)), Outcome::failed);
  EXPECT_EQ(board.hear(samples::make_event({.effect = Effect::announcement, .body = R"({"timestamp":"2025-10-07T10:00:00Z","stats":{"delivered":"1"}})"})), Outcome::failed);
  EXPECT_EQ(board.state, "");
  for (const auto& line : board.series) EXPECT_EQ(line.note, "");
  EXPECT_EQ(announcement_json("ann_1", board.state, {}).error().code, FaultCode::not_found);
  board.hear(stats("4", "2025-10-07T10:00:00Z", 1));
  EXPECT_EQ(find(parse_json(board.shown()).value()->root(), "/series/1"), nullptr);
}

TEST(Announcement, KeepsABoundedNumberOfDepartments) {
  std::string counts;
  for (std::size_t i = 0; i < departments_max + 5; ++i) counts += fmt::format(R"({}"d{}":{})", i == 0 ? "" : ",", i, i);
  Board board;
  EXPECT_EQ(board.hear(stats("1", "2025-10-07T10:00:00Z", 1, R"({"actionsByDepartment":{)" + counts + "}}")), Outcome::applied);
  EXPECT_EQ(decode_announcement(board.state).value().by_department.size(), departments_max);
}

TEST(Announcement, DepartmentNamesAreEscapedAndOddCountsLeftOut) {
  Board board;
  board.hear(stats("1", "2025-10-07T10:00:00Z", 1, R"({"actionsByDepartment":{"a\"b":1,"odd":"x","half":0.5}})"));
  const auto shown = board.shown();
  EXPECT_NE(shown.find(R"("byDepartment":{"a\"b":1},)"), std::string::npos) << shown;
  board.hear(stats("2", "2025-10-07T11:00:00Z", 1, R"({"actionsByDepartment":[1]})"));
  EXPECT_NE(board.shown().find(R"("byDepartment":{"a\"b":1},)"), std::string::npos);
}

TEST(Announcement, WrongBytesAreFaults) {
  Board board;
  board.hear(stats("1", "2025-10-07T10:30:45.123Z", 235, departments));
  samples::expect_faults_for_wrong_bytes(board.state, decode_announcement);
  board.series[0].note = "\x01nonsense";
  EXPECT_FALSE(announcement_json("ann_1", board.state, board.series).has_value());
  EXPECT_EQ(announcement_json("ann_1", "garbage", {}).error().code, FaultCode::invalid);
}

}  // namespace
}  // namespace denrei
