// The employee record: created is an upsert, the newest photo state wins, and the order of arrival does not matter for it.
#include "denrei/domain/employee.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fmt/format.h>

#include "unit/sample_events.hpp"

namespace denrei {
namespace {

using samples::make_event;

std::string group(std::string_view url, std::string_view at) {
  return fmt::format(R"("profilePhotoUrl":"https://p/{}","photoUpdatedAt":"{}","photoMimeType":"image/jpeg","photoFileSize":180000)", url, at);
}

struct Sent {
  std::string identity;
  std::int64_t received_ms = 1'760'000'000'000;
};

Event created(const Sent& sent, std::string_view more = {}) {
  return make_event({.effect = Effect::employee, .type = "employee.created",
                     .body = fmt::format(R"({{"data":{{"staffId":"E-1","fullName":"山田太郎","email":"y@h.example","facilityId":"obara","departmentId":"n5"{}{}}}}})",
                                         more.empty() ? "" : ",", more),
                     .identity = sent.identity, .received_ms = sent.received_ms});
}

Event photo(const Sent& sent, std::string_view url, std::string_view at) {
  return make_event({.effect = Effect::employee, .type = "employee.photo.updated",
                     .body = fmt::format(R"({{"data":{{"staffId":"E-1",{},"updateReason":"annual_update"}}}})", group(url, at)),
                     .identity = sent.identity, .received_ms = sent.received_ms});
}

Event deleted(const Sent& sent, std::string_view at) {
  return make_event({.effect = Effect::employee, .type = "employee.photo.deleted",
                     .body = fmt::format(R"({{"data":{{"staffId":"E-1","deletionReason":"user_request","photoDeletedAt":"{}"}}}})", at),
                     .identity = sent.identity, .received_ms = sent.received_ms});
}

// A person whose actor sleeps after every event, so that the packed state is always on the way.
struct Person {
  std::string state;
  Outcome hear(const Event& event) {
    auto logic = make_key_logic(Effect::employee, "E-1", state).value();
    const auto decision = logic->decide(event);
    EXPECT_EQ(decision.note, "");
    EXPECT_TRUE(decision.notifications.empty());
    state = logic->encode_state();
    return decision.outcome;
  }
  std::shared_ptr<const JsonDocument> shown() const { return parse_json(employee_json("E-1", state).value()).value(); }
  std::string show(std::string_view pointer) const { return std::string(find_string(shown()->root(), pointer)); }
  bool has(std::string_view pointer) const { return find(shown()->root(), pointer) != nullptr; }
};

TEST(Employee, CreatedShowsEverythingThatWasSent) {
  Person person;
  EXPECT_EQ(person.hear(created({.identity = "1"}, R"("position":"看護師","authLevel":3,"employmentStatus":"active","hiredAt":"2025-04-01T00:00:00Z",)" +
                                                       group("1.jpg", "2025-04-01T09:00:00Z"))),
            Outcome::applied);
  EXPECT_EQ(employee_json("E-1", person.state).value(),
            R"({"staffId":"E-1","complete":true,"fullName":"山田太郎","email":"y@h.example","facilityId":"obara","departmentId":"n5","position":"看護師",)"
            R"("authLevel":3,"employmentStatus":"active","hiredAt":"2025-04-01T00:00:00Z","profilePhotoUrl":"https://p/1.jpg",)"
            R"("photoUpdatedAt":"2025-04-01T09:00:00Z","photoMimeType":"image/jpeg","photoFileSize":180000,)"
            R"("createdAt":"2025-10-09T08:53:20.000Z","updatedAt":"2025-10-09T08:53:20.000Z","version":1})");
}

TEST(Employee, LeavesOutWhatIsNotKnown) {
  Person person;
  person.hear(created({.identity = "1"}));
  EXPECT_EQ(employee_json("E-1", person.state).value(),
            R"({"staffId":"E-1","complete":true,"fullName":"山田太郎","email":"y@h.example","facilityId":"obara","departmentId":"n5",)"
            R"("createdAt":"2025-10-09T08:53:20.000Z","updatedAt":"2025-10-09T08:53:20.000Z","version":1})");
}

TEST(Employee, CreatedAgainUpdatesAndKeepsWhatItDoesNotSay) {
  Person person;
  person.hear(created({.identity = "1"}, R"("position":"看護師","authLevel":3)"));
  EXPECT_EQ(person.hear(created({.identity = "2", .received_ms = 1'760'000'001'000}, R"("authLevel":0)")), Outcome::applied);
  EXPECT_EQ(person.show("/position"), "看護師");
  EXPECT_EQ(find(person.shown()->root(), "/authLevel")->as_int64(), 0);
  EXPECT_EQ(person.show("/createdAt"), "2025-10-09T08:53:20.000Z");
  EXPECT_EQ(person.show("/updatedAt"), "2025-10-09T08:53:21.000Z");
  EXPECT_EQ(find(person.shown()->root(), "/version")->as_int64(), 2);
}

TEST(Employee, CreatedWithAnOlderPhotoKeepsTheNewerOneAndAppliesTheRest) {
  Person person;
  person.hear(photo({.identity = "1"}, "new", "2025-11-01T00:00:00Z"));
  EXPECT_EQ(person.hear(created({.identity = "2"}, group("old", "2024-06-15T09:00:00Z"))), Outcome::applied);
  EXPECT_EQ(person.show("/profilePhotoUrl"), "https://p/new");
  EXPECT_EQ(person.show("/updateReason"), "annual_update");
  EXPECT_EQ(person.show("/fullName"), "山田太郎");
}

TEST(Employee, CreatedWithAnOlderPhotoKeepsTheTombstone) {
  Person person;
  person.hear(deleted({.identity = "1"}, "2025-11-01T00:00:00Z"));
  EXPECT_EQ(person.hear(created({.identity = "2"}, group("old", "2024-06-15T09:00:00Z"))), Outcome::applied);
  EXPECT_FALSE(person.has("/profilePhotoUrl"));
  EXPECT_EQ(person.show("/photoDeletion/reason"), "user_request");
}

TEST(Employee, CreatedWithoutAPhotoLeavesThePhoto) {
  Person person;
  person.hear(created({.identity = "1"}, group("1.jpg", "2025-04-01T09:00:00Z")));
  person.hear(created({.identity = "2"}));
  EXPECT_EQ(person.show("/profilePhotoUrl"), "https://p/1.jpg");
}

TEST(Employee, CreatedWithANewerPhotoTakesIt) {
  Person person;
  person.hear(photo({.identity = "1"}, "old", "2025-04-01T09:00:00Z"));
  person.hear(created({.identity = "2"}, group("new", "2025-04-01T09:00:00.001Z") + R"(,"updateReason":"ours to ignore")"));
  EXPECT_EQ(person.show("/profilePhotoUrl"), "https://p/new");
  EXPECT_FALSE(person.has("/updateReason"));
}

TEST(Employee, OlderPhotoIsStaleAndChangesNothing) {
  Person person;
  person.hear(photo({.identity = "1"}, "new", "2025-11-01T00:00:00Z"));
  const auto before = person.state;
  EXPECT_EQ(person.hear(photo({.identity = "2"}, "old", "2025-10-31T23:59:59Z")), Outcome::stale);
  EXPECT_EQ(person.hear(deleted({.identity = "3"}, "2025-11-01T08:59:59+09:00")), Outcome::stale);
  EXPECT_EQ(person.state, before);
}

TEST(Employee, DeletingLeavesATombstoneAndANewerPhotoEndsIt) {
  Person person;
  person.hear(photo({.identity = "1"}, "1.jpg", "2025-11-11T11:00:00Z"));
  EXPECT_EQ(person.hear(deleted({.identity = "2"}, "2025-11-11T14:00:00Z")), Outcome::applied);
  EXPECT_EQ(person.show("/photoDeletion/photoDeletedAt"), "2025-11-11T14:00:00Z");
  EXPECT_FALSE(person.has("/photoMimeType"));
  EXPECT_EQ(person.hear(photo({.identity = "3"}, "old", "2025-11-11T13:00:00Z")), Outcome::stale);
  EXPECT_EQ(person.hear(photo({.identity = "4"}, "2.jpg", "2025-11-11T15:00:00Z")), Outcome::applied);
  EXPECT_FALSE(person.has("/photoDeletion"));
  EXPECT_EQ(person.show("/profilePhotoUrl"), "https://p/2.jpg");
}

TEST(Employee, PhotoOfAnUnknownPersonOpensARecordThatCreatedCompletes) {
  Person person;
  EXPECT_EQ(person.hear(deleted({.identity = "1"}, "2025-11-11T14:00:00Z")), Outcome::applied);
  EXPECT_FALSE(find(person.shown()->root(), "/complete")->as_bool());
  EXPECT_FALSE(person.has("/fullName"));
  person.hear(created({.identity = "2"}));
  EXPECT_TRUE(find(person.shown()->root(), "/complete")->as_bool());
  EXPECT_TRUE(person.has("/photoDeletion"));
}

TEST(Employee, PhotoStateIsTheSameInWhateverOrderEventsArrive) {
  std::vector<Event> events;
  events.push_back(photo({.identity = "a"}, "a", "2025-11-11T10:00:00Z"));
  events.push_back(photo({.identity = "b"}, "b", "2025-11-11T12:00:00Z"));
  events.push_back(photo({.identity = "c"}, "c", "2025-11-11T21:00:00+09:00"));  // the same moment as b
  events.push_back(deleted({.identity = "d"}, "2025-11-11T12:00:00Z"));          // and again
  events.push_back(created({.identity = "e"}, group("e", "2025-11-11T12:00:00Z")));
  events.push_back(deleted({.identity = "f"}, "2025-11-11T11:00:00Z"));
  const auto winner = std::max_element(events.begin() + 1, events.begin() + 5, [](const Event& a, const Event& b) { return a.id < b.id; })->id;
  std::vector<std::size_t> order{0, 1, 2, 3, 4, 5};
  std::size_t permutations = 0;
  do {
    Person person;
    for (const auto i : order) person.hear(events[i]);
    const auto employee = decode_employee(person.state).value();
    const auto* held = std::get_if<Photo>(&employee.photo);
    const auto* tombstone = std::get_if<PhotoTombstone>(&employee.photo);
    ASSERT_TRUE(held != nullptr || tombstone != nullptr);
    const auto since = held != nullptr ? held->since : tombstone->since;
    ASSERT_EQ(since.by, winner);
    ASSERT_EQ(format_iso8601(since.at), "2025-11-11T12:00:00.000Z");
    ++permutations;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(permutations, 720u);
}

TEST(Employee, EventsThatCannotBeReadFailAndChangeNothing) {
  Person person;
  person.hear(photo({.identity = "1"}, "1.jpg", "2025-11-11T11:00:00Z"));
  const auto before = person.state;
  EXPECT_EQ(person.hear(photo({.identity = "2"}, "x", "yesterday")), Outcome::failed);
  EXPECT_EQ(person.hear(deleted({.identity = "3"}, "")), Outcome::failed);
  EXPECT_EQ(person.hear(created({.identity = "4"}, group("x", "soon"))), Outcome::failed);
  EXPECT_EQ(person.hear(created({.identity = "5"}, R"("photoFileSize":1)")), Outcome::failed);
  EXPECT_EQ(person.hear(make_event({.effect = Effect::employee, .type = "employee.promoted", .body = R"({"data":{}})"})), Outcome::failed);
  EXPECT_EQ(person.state, before);
}

TEST(Employee, OnlyFailedEventsLeaveNobody) {
  Person person;
  person.hear(deleted({.identity = "1"}, "never"));
  EXPECT_EQ(person.state, "");
  const auto shown = employee_json("E-1", person.state);
  ASSERT_FALSE(shown.has_value());
  EXPECT_EQ(shown.error().code, FaultCode::not_found);
}

TEST(Employee, ShownStaffIdIsEscaped) {
  Person person;
  person.hear(created({.identity = "1"}));
  const auto text = employee_json("E\"\n", person.state).value();
  EXPECT_EQ(find_string(parse_json(text).value()->root(), "/staffId"), "E\"\n");
}

TEST(Employee, WrongBytesAreFaults) {
  for (const auto& event : {created({.identity = "1"}, R"("authLevel":3)"), photo({.identity = "2"}, "1.jpg", "2025-11-11T11:00:00Z"),
                            deleted({.identity = "3"}, "2025-11-11T11:00:00Z")}) {
    Person person;
    person.hear(event);
    samples::expect_faults_for_wrong_bytes(person.state, decode_employee);
  }
}

TEST(Employee, WrongStateIsAFaultForTheReader) {
  const auto shown = employee_json("E-1", "\x01garbage");
  ASSERT_FALSE(shown.has_value());
  EXPECT_EQ(shown.error().code, FaultCode::invalid);
}

TEST(Employee, OrdinaryRecordIsSmall) {
  Person person;
  person.hear(created({.identity = "1"}, R"("position":"看護師","authLevel":3,)" + group("1.jpg", "2025-04-01T09:00:00Z")));
  EXPECT_LE(person.state.size(), 400u);
}

}  // namespace
}  // namespace denrei
