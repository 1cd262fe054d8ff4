// The small parsers of the configuration: endpoints, ranges, URLs, durations, suggestions, problems.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/app/config/addresses.hpp"
#include "denrei/app/config/members.hpp"
#include "denrei/app/config/problems.hpp"
#include "denrei/app/config/urls.hpp"

namespace denrei {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(Duration, IsAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), Millis(500));
  EXPECT_EQ(parse_duration("5s"), Millis(5'000));
  EXPECT_EQ(parse_duration("30m"), std::chrono::minutes(30));
  EXPECT_EQ(parse_duration("2h"), std::chrono::hours(2));
  EXPECT_EQ(parse_duration("1d"), std::chrono::hours(24));
  EXPECT_EQ(parse_duration("0s"), Millis(0));
  for (const auto* text : {"", "5", "s", "5 s", "-5s", "-0s", "+5s", "5S", "1m30s", "1.5s", "5sec", "9999999999s", "99999999999999999999s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, IsShownInTheLargestUnitThatLosesNothing) {
  for (const auto* text : {"1ms", "999ms", "1s", "90s", "1m", "61m", "1h", "25h", "1d"}) EXPECT_EQ(show_duration(*parse_duration(text)), text);
  EXPECT_EQ(show_duration(Millis(0)), "0s");
  EXPECT_EQ(show_duration(Millis(60'000)), "1m");
}

TEST(Url, HasItsParts) {
  const auto url = parse_url("https://host.example.com:8443/a/b?x=1");
  ASSERT_TRUE(url) << url.error().detail;
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "host.example.com");
  EXPECT_EQ(url->port, "8443");
  EXPECT_EQ(url->rest, "/a/b?x=1");
  EXPECT_EQ(parse_url("http://[::1]:80")->host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:80")->port, "80");
  EXPECT_EQ(parse_url("https://host")->rest, "");
}

TEST(Url, RefusesWhatReceiversWouldReadDifferently) {
  for (const auto* text : {"", "host", "https:/host", "https://", "https:///path", "https://host:0", "https://host:65536", "https://host:",
                           "https://ho st/", "https://host/a b", "https://host/\n", "https://höst/", "https://host/ä",
                           "https://host\\@other/", "https://[::1", "https://[:::]/", "https://-host/", "https://host/#part", "https://host?#"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Url, SaysWhyItRefusesAPasswordWithoutRepeatingIt) {
  const auto url = parse_url("https://me:hunter2@host/");
  ASSERT_FALSE(url);
  EXPECT_THAT(url.error().detail, HasSubstr("user name or a password"));
  EXPECT_THAT(url.error().detail, Not(HasSubstr("hunter2")));
  EXPECT_TRUE(parse_url("https://host/a@b")) << "an at sign in a path is no user";
}

TEST(Url, MayLeadToAnAddressThatIsNotPublicOnlyWhereAllowed) {
  const auto fault = [](std::string_view text, std::vector<std::string> allow) { return find_post_fault(text, {.allow = allow}); };
  EXPECT_EQ(fault("https://8.8.8.8/", {}), "");
  EXPECT_EQ(fault("https://host.example.com/", {}), "");
  for (const auto* text : {"https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.1.1/", "https://[::1]/", "https://[fd00::1]/"})
    EXPECT_THAT(fault(text, {}), HasSubstr("name it in 'allow'")) << text;
  EXPECT_EQ(fault("https://10.1.2.3/", {"10.0.0.0/8"}), "");
  EXPECT_THAT(fault("https://10.1.2.3/", {"10.2.0.0/16"}), HasSubstr("'allow'"));
  EXPECT_EQ(fault("https://[::1]/", {"::1"}), "");
}

TEST(Url, OfAProxyAndOfAMailServerHaveTheirOwnForms) {
  EXPECT_EQ(find_proxy_fault("http://proxy.example.com:3128"), "");
  for (const auto* text : {"https://proxy:3128", "http://proxy", "proxy:3128", "http://proxy:3128/path", "http://me:pw@proxy:3128"})
    EXPECT_NE(find_proxy_fault(text), "") << text;
  EXPECT_EQ(find_mail_server_fault("smtp://mail.example.com:587"), "");
  EXPECT_EQ(find_mail_server_fault("smtps://mail.example.com"), "");
  for (const auto* text : {"mail.example.com:587", "http://mail:25", "smtp://mail:25/", "smtp://me:pw@mail:25"})
    EXPECT_NE(find_mail_server_fault(text), "") << text;
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
