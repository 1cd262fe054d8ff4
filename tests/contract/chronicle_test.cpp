// The port's promises about what has happened: numbered history and audit stream, and events found by their id.
#include <random>

#include "contract/outbox_param.hpp"
#include "denrei/domain/event.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;

class ChronicleContract : public OutboxTest {
 protected:
  // Settles n delivered records with one audit entry, named after their numbers.
  void deliver(std::size_t n) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < n; ++i) texts.push_back("delivered " + std::to_string(++delivered_));
    ASSERT_TRUE(settle({token(), {}, texts, {"audit " + std::to_string(++audits_)}}));
  }
  static Numbered numbered(std::uint64_t from, std::uint64_t to) {  // downwards
    Numbered out;
    for (auto n = from; n >= to && n > 0; --n) out.emplace_back(n, "delivered " + std::to_string(n));
    return out;
  }
  std::uint64_t delivered_ = 0, audits_ = 0;
};
DENREI_FOR_EACH_JOURNAL(ChronicleContract);

TEST_P(ChronicleContract, NumbersFromOneAndGivesTheNewestFirst) {
  EXPECT_TRUE(delivered(0, 10)->empty());
  deliver(3);
  deliver(1);
  deliver(2);
  EXPECT_EQ(delivered(0, 10).value(), numbered(6, 1));
  EXPECT_EQ(audit(0, 10).value(), (Numbered{{3, "audit 3"}, {2, "audit 2"}, {1, "audit 1"}}));
}

TEST_P(ChronicleContract, PagesBeginBeforeAnyNumber) {
  for (const std::size_t n : {3u, 1u, 5u, 2u, 7u}) deliver(n);
  for (std::uint64_t before = 1; before <= 19; ++before)
    for (std::size_t count = 0; count <= 19; ++count) {
      const auto from = before - 1;
      const auto to = from >= count ? from - count + 1 : 1;
      ASSERT_EQ(delivered(before, count).value(), count == 0 ? Numbered{} : numbered(from, to)) << before << " " << count;
    }
  EXPECT_EQ(delivered(1'000'000, 2).value(), numbered(18, 17)) << "behind the newest is from the newest";
  EXPECT_EQ(delivered(UINT64_MAX, 2).value(), numbered(18, 17));
}

TEST_P(ChronicleContract, OnePageMaySpanManyCalls) {
  for (std::size_t i = 0; i < 39; ++i) deliver(1);
  EXPECT_EQ(delivered(0, 39).value(), numbered(39, 1));
  EXPECT_EQ(delivered(0, 1'000).value(), numbered(39, 1));
  EXPECT_EQ(delivered(38, 35).value(), numbered(37, 3));
}

TEST_P(ChronicleContract, ForgetsTheOldestAndNeverWhatItMustKeep) {
  for (std::size_t i = 0; i < 500; ++i) {
    deliver(1 + i % 4);
    const auto kept = delivered(0, 10'000).value();
    ASSERT_EQ(kept, numbered(delivered_, delivered_ + 1 - kept.size()));
    ASSERT_GE(kept.size(), std::min(delivered_, rig_history_keep));
  }
  EXPECT_LT(delivered(0, 10'000)->size(), 500u);
  EXPECT_GE(audit(0, 10'000)->size(), rig_audit_keep);
  EXPECT_LT(audit(0, 10'000)->size(), 500u);
  EXPECT_EQ(audit(0, 1).value(), (Numbered{{500, "audit 500"}}));
  EXPECT_TRUE(delivered(2, 10)->empty()) << "forgotten";
}

TEST_P(ChronicleContract, HistoryAndAuditAreEachTheirOwn) {
  ASSERT_TRUE(settle({token(), {}, {}, {"only audit"}}));
  ASSERT_TRUE(settle({token(), {}, {"only delivered"}, {}}));
  EXPECT_EQ(delivered(0, 10).value(), (Numbered{{1, "only delivered"}}));
  EXPECT_EQ(audit(0, 10).value(), (Numbered{{1, "only audit"}}));
}

TEST_P(ChronicleContract, TakesAnyBytes) {
  const std::vector<std::string> texts{"", std::string("\0\r\n\xff", 4), std::string(100'000, 'x'), ""};
  ASSERT_TRUE(settle({token(), {}, texts, {texts[1]}}));
  EXPECT_EQ(delivered(0, 10).value(), (Numbered{{4, texts[3]}, {3, texts[2]}, {2, texts[1]}, {1, texts[0]}}));
  EXPECT_EQ(audit(0, 10)->front().second, texts[1]);
}

TEST_P(ChronicleContract, NumbersGoOnWithTheNextOwner) {
  deliver(2);
  const auto next = acquire("beta", true)->token;
  ASSERT_TRUE(settle({next, {}, {"delivered 3"}, {}}));
  EXPECT_EQ(delivered(0, 10).value(), numbered(3, 1));
}

TEST_P(ChronicleContract, IsAwayWithTheStore) {
  deliver(1);
  rig_->cut();
  EXPECT_EQ(fault_of(delivered(0, 1)), FaultCode::unavailable);
  EXPECT_EQ(fault_of(audit(0, 1)), FaultCode::unavailable);
  EXPECT_EQ(fault_of(find(make_event_id("test", "a"))), FaultCode::unavailable);
  rig_->mend();
  EXPECT_EQ(delivered(0, 1)->size(), 1u);
}

// --- events by their id

Event event(std::string_view identity, WallTime received_at = noon, std::string body = "{}") {
  return {.id = make_event_id("test", identity), .source = "test", .family = "test", .key = "k", .type = "t",
          .received_at = received_at, .body = std::move(body)};
}
AppendRecord record_of(const Event& e) { return {.id = e.id, .received_at = e.received_at, .body_hash = 7, .record = encode_event(e)}; }

class FindingEvents : public OutboxTest {
 protected:
  std::string append_events(const std::vector<Event>& events) {
    std::vector<AppendRecord> records;
    for (const auto& e : events) records.push_back(record_of(e));
    return append(std::move(records)).value().last;
  }
  void expect_found(const Event& e, std::uint64_t seq) {
    const auto found = find(e.id).value();
    EXPECT_TRUE(found.known);
    EXPECT_EQ(found.received_at, e.received_at);
    ASSERT_EQ(found.seq, seq);
    EXPECT_EQ(found.record, encode_event(e));
  }
};
DENREI_FOR_EACH_JOURNAL(FindingEvents);

TEST_P(FindingEvents, KnowsNothingOfWhatNeverCame) {
  EXPECT_FALSE(find(make_event_id("test", "a"))->known);
  append_events({event("a")});
  static_cast<void>(append({probe("b")}));
  EXPECT_FALSE(find(make_event_id("test", "b"))->known) << "only asked about";
}

TEST_P(FindingEvents, FindsEachRecordOfABatchWithItsSequence) {
  const std::vector<Event> events{event("a"), event("b", noon + 1ms, std::string(5'000, 'b')), event("c", noon + 2ms)};
  append_events({event("first")});
  append_events(events);
  expect_found(event("first"), 1);
  for (std::size_t i = 0; i < events.size(); ++i) expect_found(events[i], i + 2);
}

TEST_P(FindingEvents, FindsEventsAmongManyThatCameNearlyInOrder) {
  std::minstd_rand dice(7);
  std::vector<std::pair<Event, std::uint64_t>> all;
  std::uint64_t seq = 0;
  for (int batch_number = 0; batch_number < 600; ++batch_number) {
    std::vector<Event> events;
    for (std::size_t n = 1 + dice() % 4; n > 0; --n) {
      const auto jitter = std::chrono::milliseconds(dice() % 100);  // entries are 10 ms apart: some ten of them overlap
      events.push_back(event("e" + std::to_string(++seq), noon + batch_number * 10ms + jitter));
      all.emplace_back(events.back(), seq);
    }
    append_events(events);
  }
  for (std::size_t i = 0; i < all.size(); i += 13) expect_found(all[i].first, all[i].second);
  expect_found(all.front().first, 1);
  expect_found(all.back().first, seq);
}

TEST_P(FindingEvents, FindsEventsThatCameInTheSameMillisecond) {
  for (int i = 0; i < 30; ++i) append_events({event("e" + std::to_string(i))});
  for (int i = 0; i < 30; ++i) expect_found(event("e" + std::to_string(i)), static_cast<std::uint64_t>(i) + 1);
}

TEST_P(FindingEvents, IsNotMisledByAnIdInsideABody) {
  const auto wanted = event("wanted", noon + 1s);
  append_events({event("quotes it", noon, "{" + std::string(wanted.id.raw()) + "}")});
  append_events({event("quotes it too", noon + 1s, std::string(wanted.id.raw())), wanted});
  expect_found(wanted, 3);
}

TEST_P(FindingEvents, StillKnowsWhatTheLogHasForgotten) {
  std::string last;
  for (int i = 0; i < 450; ++i) last = append_events({event("e" + std::to_string(i), noon + i * 1s)});
  ASSERT_TRUE(commit({.token = acquire()->token, .expected = "0-0", .upto = last, .trim_below = 300}));
  const auto forgotten = find(make_event_id("test", "e5")).value();
  EXPECT_TRUE(forgotten.known);
  EXPECT_EQ(forgotten.received_at, noon + 5s);
  EXPECT_EQ(forgotten.seq, 0u);
  EXPECT_TRUE(forgotten.record.empty());
  expect_found(event("e449", noon + 449s), 450);
  expect_found(event("e300", noon + 300s), 301);
}

TEST_P(FindingEvents, FindsWhatCameInBothDedupeGenerations) {
  append_events({event("old")});
  static_cast<void>(append({record_of(event("new", noon + 96h))}, noon + 96h));
  expect_found(event("old"), 1);
  expect_found(event("new", noon + 96h), 2);
}

TEST_P(FindingEvents, KnowsRecordsThatAreNoEvents) {
  static_cast<void>(append({record("short", "x"), record("long", std::string(100, 'y'))}));
  EXPECT_TRUE(find(make_event_id("test", "long"))->known);
  EXPECT_EQ(find(make_event_id("test", "long"))->seq, 0u);
}

}  // namespace
}  // namespace denrei::test
