// JSON documents: what is accepted, what is refused and how the refusal reads.
#include "denrei/domain/json.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace denrei {
namespace {

std::string refusal_of(std::string_view text) {
  const auto parsed = parse_json(text);
  return parsed ? "accepted" : parsed.error().detail;
}

bool is_accepted(std::string_view text) { return parse_json(text).has_value(); }

std::string nested_arrays(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string nested_objects(std::size_t depth) {
  std::string text = "1";
  for (std::size_t i = 0; i < depth; ++i) text = R"({"a":)" + text + "}";
  return text;
}

TEST(JsonDocument, GivesValuesByPointer) {
  const auto document = parse_json(R"({"data":{"staffId":"EMP-1","n":[1,{"x":"y"}],"a/b":"slash","m~n":"tilde"},"名":"値"})");
  ASSERT_TRUE(document);
  const auto& root = (*document)->root();
  EXPECT_EQ(find_string(root, "/data/staffId"), "EMP-1");
  EXPECT_EQ(find_string(root, "/data/n/1/x"), "y");
  EXPECT_EQ(find_string(root, "/data/a~1b"), "slash");
  EXPECT_EQ(find_string(root, "/data/m~0n"), "tilde");
  EXPECT_EQ(find_string(root, "/名"), "値");
  EXPECT_EQ(find(root, ""), &root);
  ASSERT_NE(find(root, "/data/n/0"), nullptr);
  EXPECT_EQ(find(root, "/data/n/0")->as_int64(), 1);
}

TEST(JsonDocument, GivesNothingForAPointerThatLeadsNowhere) {
  const auto document = parse_json(R"({"data":{"n":[1]},"s":"text"})");
  ASSERT_TRUE(document);
  const auto& root = (*document)->root();
  for (const auto* pointer : {"/x", "/data/x", "/data/n/1", "/data/n/-", "/data/n/01", "/data/n/x", "/s/0", "data", "/s/~2", "/s~",
                              "/data/n/99999999999999999999"})
    EXPECT_EQ(find(root, pointer), nullptr) << pointer;
  EXPECT_EQ(find_string(root, "/data/n/0"), "");
  EXPECT_EQ(find_string(root, "/nowhere"), "");
}

TEST(JsonDocument, KeepsTheDocumentAliveAfterTheBodyIsGone) {
  Result<std::shared_ptr<const JsonDocument>> document;
  {
    std::string body = R"({"long":")" + std::string(10'000, 'x') + R"("})";
    document = parse_json(body);
    std::fill(body.begin(), body.end(), '!');
  }
  ASSERT_TRUE(document);
  EXPECT_EQ(find_string((*document)->root(), "/long"), std::string(10'000, 'x'));
}

TEST(JsonDocument, IsIndependentOfLaterOnes) {
  const auto first = parse_json(R"({"a":"first"})");
  const auto second = parse_json(R"({"a":"second"})");
  EXPECT_FALSE(is_accepted(R"({"a":"third")"));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(find_string((*first)->root(), "/a"), "first");
  EXPECT_EQ(find_string((*second)->root(), "/a"), "second");
}

TEST(JsonDocument, MayBeReadAndReleasedOnAnotherThread) {
  auto document = parse_json(R"({"a":"from here"})");
  ASSERT_TRUE(document);
  std::string seen;
  std::jthread([moved = std::move(*document), &seen] { seen = find_string(moved->root(), "/a"); }).join();
  EXPECT_EQ(seen, "from here");
}

TEST(JsonParser, CountsTheRootAsTheFirstLevel) {
  EXPECT_TRUE(is_accepted(nested_arrays(32)));
  EXPECT_TRUE(is_accepted(nested_objects(32)));
  EXPECT_EQ(refusal_of(nested_arrays(33)).substr(0, 38), "JSON is nested deeper than 32 levels a");
  EXPECT_FALSE(is_accepted(nested_objects(33)));
  EXPECT_FALSE(is_accepted(std::string(1'000'000, '[')));
}

TEST(JsonParser, RefusesNumbersThatItCouldNotKeepExactly) {
  EXPECT_TRUE(is_accepted("[9223372036854775807,-9223372036854775808,0,-0,1.5e300,-1.5E-300]"));
  for (const auto* number : {"9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775809",
                             "100000000000000000000000", "1e400", "-1e400", "1e999999999999", "1.0e+309"}) {
    const auto detail = refusal_of("[" + std::string(number) + "]");
    EXPECT_EQ(detail.substr(0, 19), "number out of range") << number << ": " << detail;
  }
}

TEST(JsonParser, KeepsIntegersAndDoublesApart) {
  const auto document = parse_json("[1,1.0,1e0]");
  ASSERT_TRUE(document);
  const auto& items = (*document)->root().as_array();
  EXPECT_TRUE(items[0].is_int64());
  EXPECT_TRUE(items[1].is_double());
  EXPECT_TRUE(items[2].is_double());
}

TEST(JsonParser, NamesADuplicateKey) {
  EXPECT_EQ(refusal_of(R"({"a":1,"b":{"staffId":1,"x":2,"staffId":1}})"), "duplicate key \"staffId\"");
  EXPECT_EQ(refusal_of(R"({"a":1,"\u0061":2})"), "duplicate key \"a\"");
  EXPECT_EQ(refusal_of(R"([[{"職員":1},{"職員":1,"職員":2}]])"), "duplicate key \"職員\"");
  EXPECT_EQ(refusal_of(R"({"":1,"":2})"), "duplicate key \"\"");
  EXPECT_EQ(refusal_of(R"({"a\nb":1,"a\nb":2})"), "duplicate key \"a?b\"");
  EXPECT_TRUE(is_accepted(R"({"a":{"a":{"a":1}},"A":[{"a":1},{"a":1}]})"));
}

TEST(JsonParser, ShortensALongDuplicateKeyBetweenCharacters) {
  std::string key;
  while (key.size() < 100'000) key += "職";
  const auto detail = refusal_of("{\"" + key + "\":1,\"" + key + "\":2}");
  EXPECT_LT(detail.size(), 100u);
  EXPECT_TRUE(detail.ends_with("職…\"")) << detail;
}

TEST(JsonParser, FindsADuplicateAmongManyKeys) {
  std::string body = "{";
  for (int i = 0; i < 50'000; ++i) body += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_TRUE(is_accepted(body + R"("last":1})"));
  EXPECT_EQ(refusal_of(body + R"("k777":1})"), "duplicate key \"k777\"");
}

TEST(JsonParser, SaysClearlyThatABodyIsEmpty) {
  EXPECT_EQ(refusal_of(""), "empty body: JSON expected");
  EXPECT_EQ(refusal_of("  \n\t "), "not valid JSON: incomplete JSON at byte 5");
}

TEST(JsonParser, SaysWhereTheSyntaxIsWrong) {
  EXPECT_EQ(refusal_of(R"({"a":1} x)"), "not valid JSON: extra data at byte 8");
  EXPECT_EQ(refusal_of(R"({"a":nul})"), "not valid JSON: syntax error at byte 5");
}

class JsonParserRefuses : public testing::TestWithParam<std::string> {};
TEST_P(JsonParserRefuses, BrokenText) { EXPECT_FALSE(is_accepted(GetParam())) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(
    Hostile, JsonParserRefuses,
    testing::Values(R"({"a":1,})", "[1,]", "{a:1}", "{'a':1}", "[01]", "[+1]", "[.5]", "[1.]", "[1e]", "[-]", "[0x1]", "[NaN]", "[Infinity]",
                    "// c\n1", "/* */1", "[1 2]", "{\"a\" 1}", "\"\t\"", "\"\\x\"", "\"\\u12\"", "\"open", "[", "]", "{", "nul", "true false",
                    "\xef\xbb\xbf{}", std::string("{}\0", 3), std::string("\0", 1), std::string("\"a\0b\"", 5), "\"\xff\"", "\"\xc0\xaf\"",
                    "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe3\x81\"", "{\"\xff\":1}", R"("\ud800")", R"("\udc00")",
                    R"("\ud800\u0041")", "\x1f{}", "{}{}", "[]]"));

TEST(JsonParser, AcceptsAnyKindOfRootAndSurroundingBlanks) {
  for (const auto* text : {"null", "true", " 1 ", "\"s\"", "[]", "{}", "\r\n{ }\t\n", R"("\ud83d\ude00")", R"("\u0000")"})
    EXPECT_TRUE(is_accepted(text)) << text;
}

TEST(JsonParser, ReadsABodyOfTheLargestSizeAndRecovers) {
  std::string body = "[";
  while (body.size() < 1'000'000) body += "[],";
  EXPECT_TRUE(is_accepted(body + "1]"));
  EXPECT_FALSE(is_accepted(body));
  EXPECT_TRUE(is_accepted(R"({"a":1})"));
}

}  // namespace
}  // namespace denrei
