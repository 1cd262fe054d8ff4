// Address ranges: which addresses they hold, in both families, and what is no range.
#include "denrei/base/cidr.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

bool holds(std::string_view range, std::string_view address) { return contains(parse_cidr(range).value(), address); }

TEST(Cidr, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(holds("203.0.113.0/24", "203.0.113.255"));
  EXPECT_FALSE(holds("203.0.113.0/24", "203.0.114.0"));
  EXPECT_TRUE(holds("10.0.0.0/9", "10.127.255.255"));
  EXPECT_FALSE(holds("10.0.0.0/9", "10.128.0.0"));
  EXPECT_TRUE(holds("192.0.2.7", "192.0.2.7")) << "an address is a range of one";
  EXPECT_FALSE(holds("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(holds("192.0.2.130/31", "192.0.2.131"));
  EXPECT_FALSE(holds("192.0.2.130/31", "192.0.2.132"));
}

TEST(Cidr, IgnoresTheBitsBehindThePrefix) { EXPECT_TRUE(holds("203.0.113.77/24", "203.0.113.1")); }

TEST(Cidr, KnowsIpv6) {
  EXPECT_TRUE(holds("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(holds("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(holds("::1", "0:0:0:0:0:0:0:1"));
  EXPECT_TRUE(holds("fe80::/10", "febf::1"));
  EXPECT_FALSE(holds("fe80::/10", "fec0::1"));
}

TEST(Cidr, TakesAMappedAddressForWhatItIs) {
  EXPECT_TRUE(holds("203.0.113.0/24", "::ffff:203.0.113.9"));
  EXPECT_TRUE(holds("::ffff:203.0.113.0/120", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1")) << "every IPv4 address is not every address";
  EXPECT_TRUE(holds("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(holds("::/0", "8.8.8.8"));
}

TEST(Cidr, RefusesWhatIsNoRange) {
  for (const auto* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8", "10.0.0/8", "256.0.0.1", "::/129", "a.b.c.d",
                           " 10.0.0.1", "10.0.0.1 ", "::1%lo", "[::1]", "10.0.0.0/8/8", "10.0.0.0/99999999999999999999"}) {
    const auto parsed = parse_cidr(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, FaultCode::invalid);
    EXPECT_NE(parsed.error().detail.find(text), std::string::npos);
  }
}

TEST(Cidr, HoldsNothingThatIsNoAddress) {
  for (const auto* text : {"", "unknown", "203.0.113.9:80", "203.0.113.9, 10.0.0.1", "_hidden"}) EXPECT_FALSE(holds("::/0", text)) << text;
}

TEST(Cidr, AsksManyRanges) {
  const std::vector<Cidr> ranges{parse_cidr("10.0.0.0/8").value(), parse_cidr("::1").value()};
  EXPECT_TRUE(any_contains(ranges, "10.1.2.3"));
  EXPECT_TRUE(any_contains(ranges, "::1"));
  EXPECT_FALSE(any_contains(ranges, "11.0.0.1"));
  EXPECT_FALSE(any_contains({}, "10.1.2.3"));
}

}  // namespace
}  // namespace denrei
