// Hex, base64 and UTF-8, with the published examples and with hostile text.
#include "denrei/base/encoding.hpp"

#include <gtest/gtest.h>

#include <array>

namespace denrei {
namespace {

bool is_hex_of(std::string_view text, std::size_t count) {
  std::array<unsigned char, 64> out{};
  return decode_hex(text, out.data(), count);
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  const std::string bytes("\x00\x01\x7f\x80\xff", 5);
  EXPECT_EQ(encode_hex(bytes), "00017f80ff");
  EXPECT_EQ(encode_hex(""), "");
  std::array<unsigned char, 5> out{};
  for (const auto* text : {"00017f80ff", "00017F80FF"}) {
    ASSERT_TRUE(decode_hex(text, out.data(), out.size()));
    EXPECT_EQ(std::string(out.begin(), out.end()), bytes);
  }
}

TEST(Hex, RefusesEverythingElse) {
  EXPECT_TRUE(is_hex_of("", 0));
  EXPECT_TRUE(is_hex_of("ab", 1));
  for (const auto& text : {std::string(), std::string("a"), std::string("abc"), std::string("abcd"), std::string("g0"), std::string("0g"), std::string(" a"),
                           std::string("a\0", 2), std::string("\xff\xff"), std::string("0x"), std::string("/0"), std::string(":0"), std::string("@0"),
                           std::string("`0")})
    EXPECT_FALSE(is_hex_of(text, 1)) << text;
}

TEST(Hex, ReadsBackEveryByte) {
  for (int b = 0; b < 256; ++b) {
    unsigned char out = 0;
    ASSERT_TRUE(decode_hex(encode_hex(std::string(1, static_cast<char>(b))), &out, 1));
    EXPECT_EQ(out, b);
  }
}

TEST(Base64, AgreesWithTheExamplesOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> examples{{"", ""},           {"f", "Zg=="},     {"fo", "Zm8="},        {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(encode_base64(bytes), text);
    const auto back = decode_base64(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(*back, bytes);
  }
}

TEST(Base64, ReadsBackEveryByte) {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes.push_back(static_cast<char>(b));
  for (std::size_t size = 0; size <= bytes.size(); ++size) EXPECT_EQ(decode_base64(encode_base64(bytes.substr(0, size))).value(), bytes.substr(0, size));
}

TEST(Base64, RefusesWhatIsNotTheStandardAlphabetWithPadding) {
  for (const auto& text : {std::string("Zg"), std::string("Zg="), std::string("Zg==="), std::string("Z==="), std::string("===="), std::string("Zm9v\n"),
                           std::string("Zm 9"), std::string("-_-_"), std::string("Zg==Zg=="), std::string("=Zg="), std::string("Zm9\0", 4),
                           std::string("Zm9\xff"), std::string("Zm9v====")})
    EXPECT_FALSE(decode_base64(text)) << text;
}

TEST(Utf8, AcceptsEveryLengthAtItsBounds) {
  for (const auto* text : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf", "職員😀"})
    EXPECT_TRUE(is_utf8(text)) << text;
  EXPECT_TRUE(is_utf8(std::string(1, '\0')));
}

TEST(Utf8, RefusesOverlongSurrogateTruncatedAndStrayBytes) {
  for (const auto* text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
                           "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "a\xc2z", "\xe3\x81\x82\xe3\x81"})
    EXPECT_FALSE(is_utf8(text));
}

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(count_code_points(""), 0u);
  EXPECT_EQ(count_code_points("abc"), 3u);
  EXPECT_EQ(count_code_points("職員"), 2u);
  EXPECT_EQ(count_code_points("😀a"), 2u);
  EXPECT_EQ(count_code_points("e\u0301"), 2u) << "code points, not what a reader sees as one letter";
}

}  // namespace
}  // namespace denrei
