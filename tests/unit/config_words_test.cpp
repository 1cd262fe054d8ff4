// The small parsers of the configuration: endpoints, ranges, suggestions, problems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/app/config/addresses.hpp"
#include "denrei/app/config/problems.hpp"

namespace denrei {
namespace {

using ::testing::EndsWith;

TEST(Endpoint, TakesAddressesInAllTheirForms) {
  EXPECT_EQ(parse_endpoint("0.0.0.0:80")->address, "0.0.0.0");
  EXPECT_EQ(parse_endpoint(":80")->address, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("localhost:80")->address, "127.0.0.1");
  EXPECT_EQ(parse_endpoint("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_endpoint("[::1]:80")->port, 80);
}

TEST(Endpoint, RefusesEverythingElse) {
  for (const auto* text : {"", ":", "80", "1.2.3:80", "::1:80", "[1.2.3.4]:80", "[::1]", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1",
                           "1.2.3.4:80x", "example.com:80", "[]:80", "1.2.3.4: 80"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}

TEST(Cidr, IsAnAddressWithAFittingLength) {
  for (const auto* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "2001:db8::/32", "::1", "::/128"}) EXPECT_TRUE(is_cidr(text)) << text;
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "a.b.c.d"})
    EXPECT_FALSE(is_cidr(text)) << text;
}

TEST(Suggestion, FindsTheNearWordAndKeepsQuietAboutFarOnes) {
  EXPECT_EQ(edit_distance("listen", "lisetn"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(suggest_word("urll", {"url", "prefix"}), "; did you mean 'url'?");
  EXPECT_EQ(suggest_word("wholly-different", {"url", "prefix"}), "; known are: url, prefix");
  EXPECT_EQ(suggest_word(std::string(1'000'000, 'x'), std::vector<std::string>(20, "y")), "");
}

TEST(Problems, ListsAHundredAndCountsTheRest) {
  Problems problems;
  for (int i = 0; i < 105; ++i) problems.add("here", "wrong");
  EXPECT_EQ(problems.count(), 105u);
  EXPECT_THAT(problems.fault().detail, EndsWith("here: wrong\nand 5 more"));
}

}  // namespace
}  // namespace denrei
