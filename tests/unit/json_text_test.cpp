// JSON as text: what is written is JSON, whatever bytes came.
#include "denrei/domain/json_text.hpp"

#include <gtest/gtest.h>

#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string rewritten(std::string_view text) {
  std::string out;
  append_json(out, parse_json(text).value()->root());
  return out;
}

TEST(JsonText, EscapesWhatJsonForbidsInStrings) {
  EXPECT_EQ(quoted("plain"), R"("plain")");
  EXPECT_EQ(quoted(R"(say "hi" \o/)"), R"("say \"hi\" \\o/")");
  EXPECT_EQ(quoted(std::string_view("a\0\n\r\t\x1f", 6)), R"("a\u0000\n\r\t\u001f")");
  EXPECT_EQ(quoted("看護部 ✅"), "\"看護部 ✅\"");
}

TEST(JsonText, ReplacesBytesThatAreNoUtf8) { EXPECT_EQ(quoted("a\xff\"b"), "\"a\xEF\xBF\xBD\\\"b\""); }

TEST(JsonText, WritesEveryKindOfValueInItsPlace) {
  constexpr std::string_view text = R"({"b":[null,true,false,[],{}],"a":{"x\n":"y\""},"n":[-9223372036854775808,0.85,1.0,1e+300,-0.5]})";
  EXPECT_EQ(rewritten(text), text);
}

TEST(JsonText, ObjectsKeepTheOrderOfTheirMembers) {
  EXPECT_EQ(JsonObject{}.take(), "{}");
  EXPECT_EQ(JsonObject{}.text("z", "\"").number("a", -1).boolean("t", true).raw("r", "[1]").text_if_any("gone", "").text_if_any("kept", "k").take(),
            R"({"z":"\"","a":-1,"t":true,"r":[1],"kept":"k"})");
}

TEST(JsonText, NamesAreEscapedToo) { EXPECT_EQ(JsonObject{}.number("a\"b", 1).take(), R"({"a\"b":1})"); }

}  // namespace
}  // namespace denrei
