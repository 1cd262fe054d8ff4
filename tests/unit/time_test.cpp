// Times: ISO 8601 in and out, and the day in Asia/Tokyo.
#include "denrei/base/time.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

std::int64_t ms_of(std::string_view text) {
  const auto parsed = parse_iso8601(text);
  return parsed ? to_unix_ms(*parsed) : -1;
}

TEST(Iso8601, ReadsZAndOffsets) {
  EXPECT_EQ(ms_of("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ms_of("2025-10-07T10:30:45.123Z"), 1'759'833'045'123);
  EXPECT_EQ(ms_of("2025-10-07T19:30:45.123+09:00"), 1'759'833'045'123);
  EXPECT_EQ(ms_of("2025-10-07T05:00:45.123-05:30"), 1'759'833'045'123);
  EXPECT_EQ(ms_of("2025-10-07T19:30:45.123+0900"), 1'759'833'045'123);
  EXPECT_EQ(ms_of("2025-10-07t10:30:45.123z"), 1'759'833'045'123);
  EXPECT_EQ(ms_of("9999-12-31T23:59:59.999Z"), 253'402'300'799'999);
}

TEST(Iso8601, CutsFractionsToMilliseconds) {
  EXPECT_EQ(ms_of("1970-01-01T00:00:01.5Z"), 1'500);
  EXPECT_EQ(ms_of("1970-01-01T00:00:01.12Z"), 1'120);
  EXPECT_EQ(ms_of("1970-01-01T00:00:01.123999Z"), 1'123);
  EXPECT_EQ(ms_of("1970-01-01T00:00:01.123456789Z"), 1'123);
}

TEST(Iso8601, KnowsTheCalendar) {
  EXPECT_EQ(ms_of("2024-02-29T00:00:00Z"), 1'709'164'800'000);
  EXPECT_EQ(ms_of("2000-02-29T00:00:00Z"), 951'782'400'000);
  for (const auto* text : {"2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2025-04-31T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z",
                           "2025-01-00T00:00:00Z", "2025-01-32T00:00:00Z"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

TEST(Iso8601, RefusesWhatIsNoMoment) {
  for (const auto& text :
       {std::string(), std::string("2025-10-07"), std::string("2025-10-07T10:30:45"), std::string("2025-10-07 10:30:45Z"), std::string("2025-10-07T24:00:00Z"),
        std::string("2025-10-07T10:60:00Z"), std::string("2025-10-07T10:30:61Z"), std::string("2025-10-07T10:30:45.Z"), std::string("2025-10-07T10:30:45+9"),
        std::string("2025-10-07T10:30:45+24:00"), std::string("2025-10-07T10:30:45+09:60"), std::string("2025-10-07T10:30:45Z "),
        std::string(" 2025-10-07T10:30:45Z"), std::string("2025-10-07T10:30:45ZZ"), std::string("-025-10-07T10:30:45Z"), std::string("1969-12-31T23:59:59Z"),
        std::string("12025-10-07T10:30:45Z"), std::string("2025-1-07T10:30:45Z"), std::string("２０２５-10-07T10:30:45Z"), std::string("2025-10-07T10:30:45Z\0", 21),
        std::string("2025-10-07T10:30:45.") + std::string(1'000'000, '1') + "Z", std::string(1'000'000, '2')})
    EXPECT_FALSE(parse_iso8601(text)) << text.substr(0, 60);
}

TEST(Iso8601, WritesMillisecondsAndZ) {
  EXPECT_EQ(format_iso8601(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_iso8601(from_unix_ms(1'759'833'045'007)), "2025-10-07T10:30:45.007Z");
}

TEST(Iso8601, ReadsBackWhatItWrites) {
  for (std::int64_t ms = 0; ms < 253'402'300'799'999; ms += 98'765'432'123) EXPECT_EQ(ms_of(format_iso8601(from_unix_ms(ms))), ms);
}

TEST(TokyoDay, EndsAtFifteenHoursUtc) {
  const auto last = parse_iso8601("2025-10-07T14:59:59.999Z").value();
  const auto first = parse_iso8601("2025-10-07T15:00:00Z").value();
  EXPECT_EQ(tokyo_day(first), tokyo_day(last) + 1);
  EXPECT_EQ(tokyo_day_end(last), first);
  EXPECT_EQ(tokyo_day_end(first), first + std::chrono::hours{24});
  EXPECT_EQ(tokyo_day(from_unix_ms(0)), 0);
}

TEST(TokyoDay, ShowsTheTimeAsTheAlertsWantIt) {
  EXPECT_EQ(format_jst(parse_iso8601("2025-11-20T05:05:30Z").value()), "2025-11-20 14:05:30 JST");
  EXPECT_EQ(format_jst(parse_iso8601("2025-12-31T15:00:00Z").value()), "2026-01-01 00:00:00 JST");
}

}  // namespace
}  // namespace denrei
