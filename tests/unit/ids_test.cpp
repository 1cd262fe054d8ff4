// Event ids: equal for equal identities, and text that reads back.
#include "denrei/base/ids.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

#include "denrei/base/assert.hpp"

namespace denrei {
namespace {

TEST(EventId, IsTheSameForTheSameIdentityForEver) {
  // SHA-256("analytics" 0 "analytics-1728450000-abc123xyz"), first half; computed with Python's hashlib.
  EXPECT_EQ(make_event_id("analytics", "analytics-1728450000-abc123xyz").text(), "evt_6fa3b576ad51e1219ad1fa3d6f75b71e");
}

TEST(EventId, DiffersBySourceAndByIdentity) {
  const auto id = make_event_id("source", "identity");
  EXPECT_NE(id, make_event_id("source", "identitz"));
  EXPECT_NE(id, make_event_id("sourcf", "identity"));
  EXPECT_NE(make_event_id("a", "bc"), make_event_id("ab", "c")) << "where the source ends is part of the identity";
}

TEST(EventId, ReadsBackItsText) {
  const auto id = make_event_id("source", "identity");
  EXPECT_EQ(parse_event_id(id.text()).value(), id);
  EXPECT_EQ(event_id_from_raw(id.raw()), id);
  EXPECT_EQ(id.hex().size(), 32u);
}

TEST(EventId, RefusesOtherText) {
  const auto text = make_event_id("s", "i").text();
  for (const auto& wrong : {std::string(), std::string("evt_"), text.substr(1), text.substr(0, 35), text + "0", "EVT_" + text.substr(4), "evt_" + std::string(32, 'g'),
                            " " + text, text.substr(0, 35) + std::string(1, '\0'), std::string(1'000'000, 'a')})
    EXPECT_FALSE(parse_event_id(wrong)) << wrong.substr(0, 50);
}

TEST(EventId, CannotBeMadeOfAnotherNumberOfBytes) {
  EXPECT_THROW((void)event_id_from_raw("too short"), Bug);
  EXPECT_THROW((void)event_id_from_raw(std::string(17, 'x')), Bug);
}

TEST(EventId, SpreadsInHashTables) {
  std::unordered_set<std::size_t> hashes;
  for (int i = 0; i < 1'000; ++i) hashes.insert(std::hash<EventId>{}(make_event_id("source", std::to_string(i))));
  EXPECT_EQ(hashes.size(), 1'000u);
}

}  // namespace
}  // namespace denrei
