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

TEST(PublicAddress, IsOneThatIsRoutedEverywhere) {
  for (const auto* text : {"8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
                           "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
                           "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
                           "168.63.129.15", "2606:4700::1111", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2a00:1450::1", "3ffe::1", "2620:4f::1"})
    EXPECT_TRUE(is_public_address(text)) << text;
}

TEST(PublicAddress, IsNoneOfTheBlocksSetAside) {
  for (const auto* text : {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
                           "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192",
                           "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7",
                           "203.0.113.255", "224.0.0.1", "239.255.255.255", "240.0.0.0", "255.255.255.255", "168.63.129.16", "100.100.100.200",
                           "::", "::1", "::2", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "100::1",
                           "2001::1", "2001:2::1", "2001:10::1", "2001:1ff:ffff::", "2001:db8::1", "3fff::1", "3fff:fff::1", "5f00::1", "4000::1"})
    EXPECT_FALSE(is_public_address(text)) << text;
}

TEST(PublicAddress, LooksAtTheIpv4AddressInsideAnIpv6One) {
  for (const auto* text : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) EXPECT_TRUE(is_public_address(text)) << text;
  for (const auto* text : {"::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::1", "2002:a9fe:a9fe::",
                           "::127.0.0.1", "::8.8.8.8", "64:ff9b:1::8.8.8.8", "::ffff:0:8.8.8.8"})
    EXPECT_FALSE(is_public_address(text)) << text;
}

TEST(PublicAddress, IsNothingThatIsNoAddress) {
  for (const auto* text : {"", "localhost", "8.8.8.8:80", "[2606:4700::1]", "8.8.8", "08.8.8.8", "2606:4700::1%eth0", "8.8.8.8 "})
    EXPECT_FALSE(is_public_address(text)) << text;
}

}  // namespace
}  // namespace denrei
