// Deliveries: the packed record, what of it is cut, the id and the lane.
#include "denrei/domain/delivery.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "denrei/base/assert.hpp"
#include "denrei/base/limits.hpp"
#include "unit/sample_deliveries.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

using samples::full_delivery;

std::size_t head_end(const std::string& record) {
  return 2u + static_cast<unsigned char>(record[0]) + 256u * static_cast<unsigned char>(record[1]);
}

TEST(Delivery, ComesBackFromItsRecordUnchanged) {
  const auto delivery = full_delivery();
  const auto back = decode_delivery(encode_delivery(delivery));
  ASSERT_TRUE(back.has_value());
  samples::expect_same_head(delivery.head, back->head);
  ASSERT_EQ(back->attempts.size(), 2u);
  samples::expect_same_attempt(delivery.attempts[0], back->attempts[0]);
  samples::expect_same_attempt(delivery.attempts[1], back->attempts[1]);
  EXPECT_EQ(back->body, delivery.body);
}

TEST(Delivery, KeepsEachFlagApart) {
  for (int bits = 0; bits < 8; ++bits) {
    auto delivery = full_delivery();
    delivery.head.waits_for_batch = (bits & 1) != 0;
    delivery.head.blocks_lane = (bits & 2) != 0;
    delivery.head.alert_due = (bits & 4) != 0;
    samples::expect_same_head(delivery.head, decode_delivery(encode_delivery(delivery))->head);
  }
}

TEST(Delivery, NewOneComesBackUnchanged) {
  Delivery delivery;
  delivery.body = "{}";
  const auto back = decode_delivery(encode_delivery(delivery));
  ASSERT_TRUE(back.has_value());
  samples::expect_same_head(delivery.head, back->head);
  EXPECT_TRUE(back->attempts.empty());
  EXPECT_EQ(back->body, "{}");
}

TEST(Delivery, RecordIsOneExactAllocation) {
  const auto record = encode_delivery(full_delivery());
  EXPECT_EQ(record.capacity(), record.size());
  auto young = full_delivery();
  young.attempts.clear();
  const auto texts = young.head.destination.size() + young.head.route.size() + young.head.source.size() + young.head.family.size() +
                     young.head.key.size() + young.head.type.size() + young.body.size();
  EXPECT_LE(encode_delivery(young).size(), texts + 112);  // a hundred thousand of them are what Redis has to hold
}

TEST(Delivery, DeliveredOneIsKeptWithoutItsBody) {
  const auto delivery = full_delivery();
  const auto record = encode_delivered(delivery);
  EXPECT_EQ(record.size(), encode_delivery(delivery).size() - delivery.body.size());
  const auto back = decode_delivery(record);
  ASSERT_TRUE(back.has_value());
  samples::expect_same_head(delivery.head, back->head);
  EXPECT_EQ(back->attempts.size(), 2u);
  EXPECT_EQ(back->body, "");
}

TEST(Delivery, HeadIsReadFromARecordThatIsCutAnywhereBehindIt) {
  const auto delivery = full_delivery();
  const auto record = encode_delivery(delivery);
  const auto end = head_end(record);
  ASSERT_LT(end, record.size());
  for (std::size_t length = 0; length <= record.size(); ++length) {
    const auto head = decode_delivery_head(std::string_view(record).substr(0, length));
    ASSERT_EQ(head.has_value(), length >= end) << length;
    if (head) samples::expect_same_head(delivery.head, *head);
  }
}

TEST(Delivery, WrongBytesAreFaults) {
  const auto record = encode_delivery(full_delivery());
  samples::expect_faults_for_wrong_bytes(record, decode_delivery);
  auto other_version = record;
  other_version[2] = 2;
  EXPECT_FALSE(decode_delivery(other_version).has_value());
  EXPECT_FALSE(decode_delivery_head(other_version).has_value());
}

TEST(Delivery, UnknownFlagsErrorsAndReasonsAreFaults) {
  const auto record = encode_delivery(full_delivery());
  const std::array<std::pair<std::size_t, char>, 3> wrong{{{3, 8}, {4, 9}, {5, 5}}};
  for (const auto& [at, value] : wrong) {
    auto bad = record;
    bad[at] = value;
    EXPECT_FALSE(decode_delivery_head(bad).has_value()) << at;
    bad[at] = static_cast<char>(value - 1);
    EXPECT_TRUE(decode_delivery_head(bad).has_value()) << at;
  }
  auto bad_attempt = record;
  bad_attempt[head_end(record) + 1 + 4 + 2] = 9;
  EXPECT_FALSE(decode_delivery(bad_attempt).has_value());
}

// Exact copies on the heap, so that a sanitizer sees every byte that is read behind the end.
TEST(Delivery, HostileBytesNeverCrash) {
  std::mt19937 dice(20251120);
  const auto record = encode_delivery(full_delivery());
  for (int round = 0; round < 20'000; ++round) {
    std::vector<char> bytes(record.begin(), record.end());
    for (auto flips = 1 + dice() % 4; flips > 0; --flips) bytes[dice() % bytes.size()] = static_cast<char>(dice());
    bytes.resize(dice() % 3 == 0 ? dice() % bytes.size() : bytes.size());
    bytes.shrink_to_fit();
    const std::string_view hostile(bytes.data(), bytes.size());
    const auto delivery = decode_delivery(hostile);
    const auto head = decode_delivery_head(hostile);
    if (!delivery) continue;
    ASSERT_TRUE(head.has_value());
    samples::expect_same_head(delivery->head, *head);
    EXPECT_TRUE(decode_delivery(encode_delivery(*delivery)).has_value());
  }
}

TEST(Delivery, KeepsTheNewestAttempts) {
  auto delivery = full_delivery();
  delivery.attempts.clear();
  for (std::uint32_t i = 1; i <= limits::attempts_kept_max + 3; ++i) delivery.attempts.push_back(samples::refused_attempt(i));
  const auto back = decode_delivery(encode_delivery(delivery));
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->attempts.size(), limits::attempts_kept_max);
  EXPECT_EQ(back->attempts.front().number, 4u);
  EXPECT_EQ(back->attempts.back().number, limits::attempts_kept_max + 3);
}

TEST(Delivery, KeepsTheHeadOfALongAnswer) {
  auto delivery = full_delivery();
  auto& attempt = delivery.attempts[0];
  attempt.answer_body.assign(limits::answer_body_kept, 'b').append("x");
  attempt.answer_headers.assign(limits::answer_headers_kept, 'h').append("x");
  attempt.error_text.assign(limits::attempt_text_kept, 'e').append("x");
  attempt.address.assign(70'000, 'a');
  const auto record = encode_delivery(delivery);
  EXPECT_EQ(record.capacity(), record.size());
  const auto back = decode_delivery(record);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->attempts[0].answer_body, std::string(limits::answer_body_kept, 'b'));
  EXPECT_EQ(back->attempts[0].answer_headers, std::string(limits::answer_headers_kept, 'h'));
  EXPECT_EQ(back->attempts[0].error_text, std::string(limits::attempt_text_kept, 'e'));
  EXPECT_EQ(back->attempts[0].address.size(), limits::attempt_text_kept);
  EXPECT_EQ(back->attempts[1].number, 9u);
}

TEST(Delivery, StatusThatIsNoneIsKeptAsNone) {
  auto delivery = full_delivery();
  for (const int status : {-1, 1'000, 70'000}) {
    delivery.head.last_status = status;
    EXPECT_EQ(decode_delivery(encode_delivery(delivery))->head.last_status, 0) << status;
  }
}

TEST(Delivery, HeadThatDoesNotFitItsLengthIsABug) {
  auto delivery = full_delivery();
  delivery.head.key.assign(65'536, 'k');
  EXPECT_THROW((void)encode_delivery(delivery), Bug);
}

TEST(DeliveryId, IsTheSameForEver) {
  // Written down from an independent SHA-256: another answer would send every pending delivery under a new webhook-id.
  EXPECT_EQ(make_delivery_id(make_event_id("employee", "1"), "voicedrive-employee", "employee-out").text(),
            "dlv_317154158956f5dea902a184c5dc4667");
}

TEST(DeliveryId, DiffersByEventDestinationAndRoute) {
  const auto event = make_event_id("s", "1");
  const std::set<DeliveryId> ids{make_delivery_id(event, "ab", "c"), make_delivery_id(event, "a", "bc"), make_delivery_id(event, "ab", "d"),
                                 make_delivery_id(make_event_id("s", "2"), "ab", "c")};
  EXPECT_EQ(ids.size(), 4u);
}

TEST(DeliveryId, ComesBackFromItsText) {
  const auto id = full_delivery().head.id;
  EXPECT_EQ(parse_delivery_id(id.text()), id);
  EXPECT_FALSE(parse_delivery_id(id.text().substr(1)).has_value());
  EXPECT_FALSE(parse_delivery_id(id.text() + "0").has_value());
  EXPECT_FALSE(parse_delivery_id(id.hash.text()).has_value());
  EXPECT_FALSE(parse_delivery_id("").has_value());
}

DeliveryHead head_of(std::string family, std::string key) {
  DeliveryHead head;
  head.family = std::move(family);
  head.key = std::move(key);
  return head;
}

TEST(Lane, IsSharedByOneKeyWhateverTheDelivery) {
  auto a = full_delivery().head;
  auto b = a;
  b.id = make_delivery_id(a.event, "elsewhere", "r");
  b.seq = 99;
  b.destination = "elsewhere";
  EXPECT_EQ(lane_of(3, a, LaneOrder::fifo_skip), lane_of(3, b, LaneOrder::fifo_skip));
  EXPECT_EQ(lane_of(3, a, LaneOrder::fifo_skip), lane_of(3, a, LaneOrder::fifo_block));
}

TEST(Lane, SeparatesKeysAndFamilies) {
  EXPECT_NE(lane_of(0, head_of("f", "a"), LaneOrder::fifo_skip), lane_of(0, head_of("f", "b"), LaneOrder::fifo_skip));
  EXPECT_NE(lane_of(0, head_of("ab", "c"), LaneOrder::fifo_skip), lane_of(0, head_of("a", "bc"), LaneOrder::fifo_skip));
}

TEST(Lane, IsTheDeliveryItselfWhereThereIsNoOrder) {
  auto a = full_delivery().head;
  auto b = a;
  b.id = make_delivery_id(make_event_id("s", "2"), "d", "r");
  EXPECT_NE(lane_of(3, a, LaneOrder::unordered), lane_of(3, b, LaneOrder::unordered));
  b.id = a.id;
  b.key = "other";
  EXPECT_EQ(lane_of(3, a, LaneOrder::unordered), lane_of(3, b, LaneOrder::unordered));
}

TEST(Lane, CarriesItsPartitionInTheUpperBits) {
  const auto head = full_delivery().head;
  for (const auto order : {LaneOrder::fifo_skip, LaneOrder::fifo_block, LaneOrder::unordered}) {
    EXPECT_EQ(lane_of(0xabcd, head, order) >> 48, 0xabcdu);
    EXPECT_EQ(lane_of(0xabcd, head, order) << 16, lane_of(0, head, order) << 16);
  }
}

TEST(Lane, SpreadsKeysThatAreNearlyAlike) {
  constexpr int keys = 20'000;
  std::set<std::uint64_t> lanes;
  std::vector<int> upper(64), lower(64);
  for (int i = 0; i < keys; ++i) {
    const auto lane = lane_of(1, head_of("staff", "EMP-" + std::to_string(i)), LaneOrder::fifo_skip);
    lanes.insert(lane);
    ++upper[lane >> 42 & 63];
    ++lower[lane & 63];
  }
  EXPECT_EQ(lanes.size(), std::size_t{keys});
  for (const auto* counts : {&upper, &lower})
    for (const int count : *counts) EXPECT_NEAR(count, keys / 64, 90) << "five standard deviations";
}

TEST(DeadReason, HasNames) {
  EXPECT_EQ(dead_reason_name(DeadReason::alive), "alive");
  EXPECT_EQ(dead_reason_name(DeadReason::exhausted), "exhausted");
  EXPECT_EQ(dead_reason_name(DeadReason::given_up), "given_up");
  EXPECT_EQ(dead_reason_name(DeadReason::pending_limit), "pending_limit");
  EXPECT_EQ(dead_reason_name(DeadReason::superseded), "superseded");
  EXPECT_EQ(dead_reason_name(static_cast<DeadReason>(9)), "unknown");
}

}  // namespace
}  // namespace denrei
