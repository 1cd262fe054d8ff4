// Events: the packed record, record batches and the partition of a key.
#include "denrei/domain/event.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "denrei/base/packing.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Event full_event() {
  auto event = samples::make_event({.effect = Effect::bulletin, .type = "error", .body = R"({"a":[1,"二"]})"});
  event.identity = "analytics-1";
  event.occurred_at = from_unix_ms(1'728'450'000'000);
  event.body_hash = 0xdeadbeef;
  event.key = std::string("k\0y", 3);
  return event;
}

void expect_same(const Event& a, const Event& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.effect, b.effect);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.family, b.family);
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.occurred_at, b.occurred_at);
  EXPECT_EQ(a.received_at, b.received_at);
  EXPECT_EQ(a.body_hash, b.body_hash);
  EXPECT_EQ(a.body, b.body);
}

TEST(Event, ComesBackFromItsRecordUnchanged) {
  const auto event = full_event();
  const auto back = decode_event(encode_event(event));
  ASSERT_TRUE(back.has_value());
  expect_same(event, *back);
  EXPECT_EQ(back->json, nullptr);
}

TEST(Event, KeepsThatTheBodyHadNoTimeOfItsOwn) {
  const auto back = decode_event(encode_event(samples::make_event({})));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->occurred_at, std::nullopt);
}

TEST(Event, KeepsTimesAtTheEdgeOfTheirRange) {
  auto event = full_event();
  event.occurred_at = from_unix_ms(-1);
  event.received_at = from_unix_ms(std::numeric_limits<std::int64_t>::max());
  const auto back = decode_event(encode_event(event));
  ASSERT_TRUE(back.has_value());
  expect_same(event, *back);
}

TEST(Event, RecordIsOneExactAllocation) {
  const auto record = encode_event(full_event());
  EXPECT_EQ(record.capacity(), record.size());
  EXPECT_EQ(record[0], 1);
}

TEST(Event, WrongBytesAreFaults) {
  samples::expect_faults_for_wrong_bytes(encode_event(full_event()), decode_event);
}

TEST(Event, RefusesAnEffectFromTheFuture) {
  auto record = encode_event(full_event());
  record[1] = 6;
  EXPECT_FALSE(decode_event(record).has_value());
}

TEST(Event, ParsesItsBodyOnlyWhenItMust) {
  auto event = full_event();
  const auto parsed = json_of(event);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(find_string((*parsed)->root(), "/a/1"), "二");
  event.json = *parsed;
  EXPECT_EQ(*json_of(event), *parsed);
}

TEST(Event, BodyThatIsNoJsonIsAFault) {
  EXPECT_FALSE(json_of(samples::make_event({.body = "{"})).has_value());
}

TEST(Event, EffectsHaveNamesBothWays) {
  for (const auto effect : {Effect::ledger, Effect::employee, Effect::acknowledgement, Effect::bulletin, Effect::announcement, Effect::tally})
    EXPECT_EQ(parse_effect(effect_name(effect)), effect);
  EXPECT_EQ(effect_name(Effect::announcement), "announcement");
  EXPECT_EQ(effect_name(static_cast<Effect>(9)), "unknown");
  EXPECT_FALSE(parse_effect("Employee").has_value());
  EXPECT_FALSE(parse_effect("").has_value());
}

std::string batch_of(std::initializer_list<std::string_view> records) {
  Packer packer;
  for (const auto record : records) packer.text(record);
  return packer.take();
}

TEST(RecordBatch, GivesItsEventsInOrder) {
  const auto first = samples::make_event({.identity = "1"});
  const auto second = samples::make_event({.identity = "2"});
  const auto events = decode_batch(batch_of({encode_event(first), encode_event(second)}));
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 2u);
  expect_same(first, *events->at(0));
  expect_same(second, *events->at(1));
}

TEST(RecordBatch, MayBeEmpty) { EXPECT_TRUE(decode_batch("").value().empty()); }

TEST(RecordBatch, CutAnywhereInsideARecordIsAFault) {
  const auto record = encode_event(full_event());
  const auto batch = batch_of({record, record});
  for (std::size_t length = 1; length < batch.size(); ++length)
    EXPECT_EQ(decode_batch(batch.substr(0, length)).has_value(), length == record.size() + 4) << length;
  EXPECT_FALSE(decode_batch(batch_of({record, "nonsense"})).has_value());
  EXPECT_FALSE(decode_batch("\xff\xff\xff\xff" "abc").has_value());
}

TEST(Partition, IsTheSameForEver) {
  // Written down from an independent FNV-1a: another answer would lose every key of every existing store.
  EXPECT_EQ(partition_of("employee", "EMP-2025-001", 64), 34u);
  EXPECT_EQ(partition_of("a", "", 0x7fffffff), 1038029796u);
}

TEST(Partition, SeparatesFamilyFromKey) {
  EXPECT_NE(partition_of("ab", "c", 0x7fffffff), partition_of("a", "bc", 0x7fffffff));
}

TEST(Partition, IsBelowTheirNumberAndUsesThemAll) {
  std::set<std::uint32_t> used;
  for (int i = 0; i < 2000; ++i) used.insert(partition_of("employee", "EMP-" + std::to_string(i), 16));
  EXPECT_EQ(used.size(), 16u);
  EXPECT_EQ(*used.rbegin(), 15u);
  EXPECT_EQ(partition_of("employee", "EMP-1", 0), 0u);
}

}  // namespace
}  // namespace denrei
