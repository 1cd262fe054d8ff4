// From a request to an event: where key, type, time and identity come from, and what forbids an event.
#include "denrei/domain/event_making.hpp"

#include <gtest/gtest.h>

#include "denrei/base/hmac.hpp"
#include "denrei/base/limits.hpp"

namespace denrei {
namespace {

const WallTime noon = from_unix_ms(1'760'000'000'000);

Source pointing_source() {
  Source s;
  s.name = "sample";
  s.family = "people";
  s.effect = Effect::employee;
  s.key_pointer = "/data/staffId";
  s.type_pointer = "/eventType";
  s.time_pointer = "/timestamp";
  return s;
}

auto make(const Source& source, std::string body) { return make_event(source, body, parse_json(body).value(), noon); }

// The fields and rules of the violations, one a line.
std::string faults(const Source& source, const std::string& body) {
  const auto made = make(source, body);
  if (made) return "none";
  std::string out;
  for (const auto& v : made.error()) out += v.field + (v.rule == Rule::too_long ? " too long;" : " required;");
  return out;
}

TEST(EventMaking, TakesEverythingFromWhereTheSourceSays) {
  const std::string body = R"({"eventType":"employee.created","timestamp":"2025-10-07T10:30:45+09:00","data":{"staffId":"E1"}})";
  const auto event = make(pointing_source(), body).value();
  EXPECT_EQ(event->key, "E1");
  EXPECT_EQ(event->type, "employee.created");
  EXPECT_EQ(event->family, "people");
  EXPECT_EQ(event->effect, Effect::employee);
  EXPECT_EQ(event->occurred_at, parse_iso8601("2025-10-07T01:30:45Z").value());
  EXPECT_EQ(event->received_at, noon);
  EXPECT_EQ(event->body, body);
  EXPECT_EQ(event->identity, "");
  EXPECT_EQ(event->id, make_event_id("sample", as_view(sha256({body}))));
}

TEST(EventMaking, GivesTheSameBytesTheSameIdAndOthersAnother) {
  const std::string body = R"({"eventType":"a","data":{"staffId":"E1"}})";
  const auto once = make(pointing_source(), body).value(), again = make(pointing_source(), body).value(), spaced = make(pointing_source(), body + " ").value();
  EXPECT_EQ(once->id, again->id);
  EXPECT_NE(once->id, spaced->id);
  EXPECT_NE(once->body_hash, spaced->body_hash);
  auto renamed = pointing_source();
  renamed.name = "other";
  EXPECT_NE(once->id, make(renamed, body).value()->id) << "an id belongs to its source";
}

TEST(EventMaking, BelievesTheSendersIdentityWhereThereIsOne) {
  auto source = pointing_source();
  source.identity_pointer = "/id";
  const auto one = make(source, R"({"id":"N-1","eventType":"a","data":{"staffId":"E1"}})").value();
  const auto other_body = make(source, R"({"id":"N-1","eventType":"b","data":{"staffId":"E2"}})").value();
  EXPECT_EQ(one->identity, "N-1");
  EXPECT_EQ(one->id, other_body->id);
  EXPECT_NE(one->body_hash, other_body->body_hash) << "by which a conflict is found";
  EXPECT_EQ(faults(source, R"({"eventType":"a","data":{"staffId":"E1"}})"), "id required;");
}

TEST(EventMaking, ReadsIntegersAsKeysAndTimes) {
  const auto event = make(pointing_source(), R"({"eventType":"a","timestamp":1760000000,"data":{"staffId":42}})").value();
  EXPECT_EQ(event->key, "42");
  EXPECT_EQ(event->occurred_at, noon);
}

TEST(EventMaking, HasNoTimeRatherThanAWrongOne) {
  for (const auto* time : {R"("yesterday")", "-1", "253402300800", "9223372036854775807", "1.5", "null", "[]", R"("")"}) {
    const auto event = make(pointing_source(), std::string(R"({"eventType":"a","timestamp":)") + time + R"(,"data":{"staffId":"E1"}})");
    EXPECT_FALSE(event.value()->occurred_at.has_value()) << time;
  }
}

TEST(EventMaking, ListsEveryThingThatForbidsAnEvent) {
  const std::string long_key(limits::key_bytes_max + 1, 'k'), long_type(limits::event_type_bytes_max + 1, 't');
  EXPECT_EQ(faults(pointing_source(), "{}"), "data.staffId required;eventType required;");
  EXPECT_EQ(faults(pointing_source(), R"({"eventType":"","data":{"staffId":""}})"), "data.staffId required;eventType required;");
  EXPECT_EQ(faults(pointing_source(), R"({"eventType":true,"data":{"staffId":1.5}})"), "data.staffId required;eventType required;");
  EXPECT_EQ(faults(pointing_source(), R"({"eventType":")" + long_type + R"(","data":{"staffId":")" + long_key + R"("}})"),
            "data.staffId too long;eventType too long;");
  EXPECT_EQ(faults(pointing_source(), "[]"), "data.staffId required;eventType required;");
}

TEST(EventMaking, LeavesTheBodyWhenItMakesNoEvent) {
  std::string body = R"({"eventType":"a"})";
  const auto copy = body;
  ASSERT_FALSE(make_event(pointing_source(), body, parse_json(body).value(), noon).has_value());
  EXPECT_EQ(body, copy);
}

// What people do with the thing that the path names.
Source keyed_source() {
  Source s;
  s.name = "actions";
  s.paths = {"/things/{key}/actions"};
  s.takes_role_token = true;
  s.type_pointer = "/action";
  s.type_prefix = "action.";
  s.identity_pointer = "/actionId";
  s.masked_pointer = "/viewer";
  return s;
}

std::shared_ptr<Event> make_keyed(const std::string& path, std::string body, std::string offered = "once 1") {
  const auto source = keyed_source();
  return make_event(source, body, parse_json(body).value(), noon, {std::move(offered), key_of_path(source, path)}).value();
}

TEST(EventMaking, TakesTheKeyFromThePathAndTheTypeBehindItsPrefix) {
  const auto event = make_keyed("/things/%E7%94%B0/actions", R"({"action":"click","key":"another"})");
  EXPECT_EQ(event->key, "田");
  EXPECT_EQ(event->type, "action.click");
  EXPECT_EQ(event->body, R"({"action":"click","key":"another"})");
  EXPECT_FALSE(key_of_path(keyed_source(), "/things").has_value());
  EXPECT_FALSE(key_of_path(pointing_source(), "/things/1/actions").has_value());
}

TEST(EventMaking, RefusesAKeyInThePathThatIsTooLong) {
  std::string body = R"({"action":"click"})";
  const std::string longest(limits::key_bytes_max, 'k');
  EXPECT_EQ(make_keyed("/things/" + longest + "/actions", body)->key, longest);
  const auto made = make_event(keyed_source(), body, parse_json(body).value(), noon, {"once", longest + "k"});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error(), (std::vector<Violation>{{"key", Rule::too_long, std::to_string(limits::key_bytes_max)}}));
  body = R"({"action":")" + std::string(limits::event_type_bytes_max - 6, 't') + R"("})";
  EXPECT_EQ(make_event(keyed_source(), body, parse_json(body).value(), noon, {"once", "k"}).error().front().field, "action") << "with its prefix";
}

TEST(EventMaking, AnIdentityHoldsForTheKeyOfThePathAlone) {
  const auto click = [](const std::string& thing, const std::string& body, std::string offered = "once") {
    return make_keyed("/things/" + thing + "/actions", body, std::move(offered))->id;
  };
  const auto first = click("A", R"({"action":"click","actionId":"1"})");
  EXPECT_EQ(first, click("A", R"({"action":"view","actionId":"1"})", "key x"));
  EXPECT_NE(first, click("B", R"({"action":"click","actionId":"1"})"));
  EXPECT_EQ(click("A", R"({"action":"click"})", "key x"), click("A", R"({"action":"click"})", "key x"));
  EXPECT_NE(click("A", R"({"action":"click"})", "key x"), click("A", R"({"action":"click"})", "key y")) << "the same bytes are two clicks";
  EXPECT_NE(click("A", R"({"action":"click"})", "key x"), click("B", R"({"action":"click"})", "key x"));
}

TEST(EventMaking, WritesDownAHashInThePlaceOfAPerson) {
  const std::string body = R"({"action":"view","viewer":"EMP-12345","readTimeSeconds":1.5,"more":[1,"二"]})";
  const auto event = make_keyed("/things/A/actions", body), other = make_keyed("/things/B/actions", body);
  EXPECT_EQ(event->body.find("EMP-12345"), std::string::npos);
  EXPECT_EQ(event->json, nullptr) << "nobody may find it there either";
  const auto kept = parse_json(event->body).value();
  const auto mask = std::string(find_string(kept->root(), "/viewer"));
  EXPECT_EQ(mask.size(), 32u);
  EXPECT_EQ(event->body, R"({"action":"view","viewer":")" + mask + R"(","readTimeSeconds":1.5,"more":[1,"二"]})") << "the rest stays as it was";
  EXPECT_EQ(make_keyed("/things/A/actions", body, "later")->body, event->body) << "the same person is known again";
  EXPECT_NE(other->body, event->body) << "but not under another key";
  EXPECT_EQ(make_keyed("/things/A/actions", R"({"action":"view","viewer":""})")->body, R"({"action":"view","viewer":""})");
}

TEST(EventMaking, ASourceOfRolesNeedsNoIdentityInTheBody) {
  auto source = keyed_source();
  source.identity_pointer.clear();
  std::string body = R"({"action":"click"})", same = body;
  const auto one = make_event(source, body, parse_json(body).value(), noon, {"once 1", "A"}).value();
  const auto two = make_event(source, same, parse_json(same).value(), noon, {"once 2", "A"}).value();
  EXPECT_NE(one->id, two->id);
}

TEST(EventMaking, HasOneDailyIdentityAKeyTypeAndDayInTokyo) {
  const auto event = make(pointing_source(), R"({"eventType":"a","data":{"staffId":"E1"}})").value();
  const auto id = [&](const Event& e, std::string_view at) { return once_a_day_id(pointing_source(), e, parse_iso8601(at).value()); };
  const auto base = id(*event, "2025-10-09T00:00:00Z");
  EXPECT_EQ(base, id(*event, "2025-10-09T14:59:59.999Z"));
  EXPECT_NE(base, id(*event, "2025-10-09T15:00:00Z"));
  EXPECT_NE(base, id(*event, "2025-10-08T14:59:59Z"));
  auto other = *event;
  other.key = "E2";
  EXPECT_NE(base, id(other, "2025-10-09T00:00:00Z"));
  other = *event;
  other.type = "b";
  EXPECT_NE(base, id(other, "2025-10-09T00:00:00Z"));
  EXPECT_NE(base, event->id);
}

}  // namespace
}  // namespace denrei
