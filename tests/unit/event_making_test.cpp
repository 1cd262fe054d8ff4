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
