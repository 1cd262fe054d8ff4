// HMAC-SHA256 and SHA-256 against the published vectors.
#include "denrei/base/hmac.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "denrei/base/encoding.hpp"

namespace denrei {
namespace {

std::string hex_hmac(std::string_view key, std::string_view data) { return encode_hex(as_view(HmacSha256{key}.sign({data}))); }
std::string hex_sha(std::initializer_list<std::string_view> parts) { return encode_hex(as_view(sha256(parts))); }

TEST(HmacSha256, AgreesWithRfc4231) {
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting.push_back(c);
  const std::string long_key(131, '\xaa');
  EXPECT_EQ(hex_hmac(std::string(20, '\x0b'), "Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_hmac("Jefe", "what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_hmac(std::string(20, '\xaa'), std::string(50, '\xdd')), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex_hmac(counting, std::string(50, '\xcd')), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hex_hmac(std::string(20, '\x0c'), "Test With Truncation").substr(0, 32), "a3b6167473100ee06e0c796c2955552b");
  EXPECT_EQ(hex_hmac(long_key, "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex_hmac(long_key, "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before "
                               "being used by the HMAC algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(HmacSha256, HashesPartsAsIfJoined) {
  const HmacSha256 key{std::string_view{"key"}};
  EXPECT_EQ(key.sign({"v0:", "1531420618", ":", "body"}), key.sign({"v0:1531420618:body"}));
  EXPECT_EQ(key.sign({"", "", "x", ""}), key.sign({"x"}));
  EXPECT_EQ(key.sign({}), key.sign({""}));
}

TEST(HmacSha256, SignsAgainAndAgainUnderItsOwnKey) {
  HmacSha256 a{std::string_view{"a"}};
  const HmacSha256 b{std::string_view{"b"}};
  const auto first = a.sign({"text"});
  EXPECT_NE(b.sign({"text"}), first);
  EXPECT_EQ(a.sign({"text"}), first);
  const HmacSha256 moved{std::move(a)};
  EXPECT_EQ(moved.sign({"text"}), first);
}

TEST(HmacSha256, TakesAnEmptyKeyForAKey) {
  EXPECT_EQ(hex_hmac("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacSha256, TakesTheBytesOfASecret) {
  EXPECT_EQ(HmacSha256{Secret{"key"}}.sign({"x"}), HmacSha256{std::string_view{"key"}}.sign({"x"}));
}

TEST(Sha256, AgreesWithFips180) {
  EXPECT_EQ(hex_sha({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_sha({"abc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_sha({"a", "", "bc"}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_sha({"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"}), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(EqualInConstantTime, ComparesLengthAndBytes) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
  EXPECT_FALSE(equal_in_constant_time("abc", std::string_view("abc\0", 4)));
  EXPECT_FALSE(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace denrei
