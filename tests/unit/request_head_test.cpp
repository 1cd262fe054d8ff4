// Reading the head of a request: paths, queries, media types, tokens, request ids.
#include "denrei/domain/request_head.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

TEST(RequestHead, FindsThePathOfATarget) {
  EXPECT_EQ(path_of("/a/b?x=1"), "/a/b");
  EXPECT_EQ(path_of("/a#f?x"), "/a");
  EXPECT_EQ(path_of("/a"), "/a");
  EXPECT_EQ(path_of("?x"), "");
  EXPECT_EQ(path_of(""), "");
}

TEST(RequestHead, FindsTheFirstParameterOfAName) {
  EXPECT_EQ(query_value("/a?x=1&y=2&x=3", "x"), "1");
  EXPECT_EQ(query_value("/a?x=1&y=2", "y"), "2");
  EXPECT_EQ(query_value("/a?xx=1&x=2", "x"), "2");
  EXPECT_EQ(query_value("/a?x=%E7%94%B0", "x"), "田");
  EXPECT_EQ(query_value("/a?x=a=b", "x"), "a=b");
  EXPECT_EQ(query_value("/a?x", "x"), "");
  EXPECT_EQ(query_value("/a", "x"), "") << "empty when there is none";
  EXPECT_FALSE(query_value("/a?x=%zz", "x").has_value()) << "nothing when its coding is broken";
  EXPECT_TRUE(has_query("/a?x", "x"));
  EXPECT_TRUE(has_query("/a?&&x=", "x"));
  EXPECT_FALSE(has_query("/a?y=x", "x"));
  EXPECT_FALSE(has_query("/x", "x"));
}

TEST(RequestHead, DecodesPercentCoding) {
  EXPECT_EQ(decode_percent("a%20b%2fc%2F"), "a b/c/");
  EXPECT_EQ(decode_percent("a+b"), "a+b") << "a plus is no blank in a path";
  EXPECT_EQ(decode_percent("%00")->size(), 1u);
  for (const auto* broken : {"%", "%1", "a%2", "%g0", "%0g", "%%20", "% 1"}) EXPECT_FALSE(decode_percent(broken).has_value()) << broken;
}

TEST(RequestHead, SplitsAPathBeforeItDecodes) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(path_segments("/api/employees/EMP-1/timeline"), (Segments{"api", "employees", "EMP-1", "timeline"}));
  EXPECT_EQ(path_segments("/a%2Fb/c"), (Segments{"a/b", "c"}));
  EXPECT_EQ(path_segments("/"), Segments{""});
  EXPECT_EQ(path_segments("/a/"), (Segments{"a", ""}));
  EXPECT_EQ(path_segments("//a"), (Segments{"", "a"}));
  for (const auto* broken : {"", "a", "*", "/a/%z", "http://h/a"}) EXPECT_FALSE(path_segments(broken).has_value()) << broken;
}

TEST(RequestHead, FindsTheKeyInAPath) {
  EXPECT_TRUE(has_key_segment("/api/a/{key}/b"));
  EXPECT_FALSE(has_key_segment("/api/a/key/b"));
  EXPECT_EQ(key_in_path("/a/{key}/b", "/a/x/b"), "x");
  EXPECT_EQ(key_in_path("/a/{key}", "/a/x"), "x");
  EXPECT_EQ(key_in_path("/a/{key}/b", "/a/x%2Fy%20z/b"), "x/y z");
  EXPECT_EQ(key_in_path("/a/{key}", "/a/%E7%94%B0"), "田");
  EXPECT_EQ(key_in_path("/a/{key}", "/a/{key}"), "{key}");
  for (const auto* other : {"/a//b", "/a/x", "/a/x/b/", "/a/x/b/c", "/a/x/y/b", "/A/x/b", "/a/x%2", "/", "", "/a/b", "/a/x/bb", "/a/%FF/b", "/a/%00/b"})
    EXPECT_FALSE(key_in_path("/a/{key}/b", other).has_value()) << other;
  EXPECT_FALSE(key_in_path("/a", "/a").has_value());
}

TEST(RequestHead, KnowsJsonInUtf8) {
  for (const auto* yes : {"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json; charset=UTF-8",
                          "application/json ; Charset=\"utf-8\"", "application/json; charset=utf8", "application/json; v=1; charset=utf-8",
                          "application/json;", "application/json; v"})
    EXPECT_TRUE(is_json_media_type(yes)) << yes;
  for (const auto* no : {"", "text/json", "application/jsonx", "application/json; charset=shift_jis", "application/json; charset=",
                         "application/json; charset=utf-8; charset=latin1", "application/json, text/plain", "application/problem+json", ";"})
    EXPECT_FALSE(is_json_media_type(no)) << no;
}

TEST(RequestHead, FindsABearerToken) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bEARER  abc "), "abc");
  for (const auto* none : {"", "Bearer", "Bearer ", "Bearer    ", "Basic abc", "Bearerabc", "abc"}) EXPECT_EQ(bearer_token(none), "") << none;
}

TEST(RequestHead, EchoesOnlySaneRequestIds) {
  EXPECT_TRUE(is_sane_request_id("a"));
  EXPECT_TRUE(is_sane_request_id("AZaz09._-"));
  EXPECT_TRUE(is_sane_request_id(std::string(128, 'a')));
  EXPECT_FALSE(is_sane_request_id(std::string(129, 'a')));
  for (const auto* no : {"", " ", "a b", "a\r\nX: y", "é", "a/b", "{}"}) EXPECT_FALSE(is_sane_request_id(no)) << no;
  EXPECT_FALSE(is_sane_request_id(std::string_view("a\0b", 3)));
}

TEST(RequestHead, ComparesNamesWithoutCase) {
  EXPECT_TRUE(equal_ignoring_case("X-Request-ID", "x-request-id"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("[", "{")) << "only letters have cases";
  EXPECT_TRUE(equal_ignoring_case("", ""));
}

}  // namespace
}  // namespace denrei
