// Packed records: the bytes are fixed for ever, and a short or hostile record never reads past its end.
#include "denrei/base/packing.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace denrei {
namespace {

TEST(Packer, WritesFixedWidthLittleEndian) {
  EXPECT_EQ(Packer{}.u8(1).u16(0x0203).u32(0x04050607).take(), std::string("\x01\x03\x02\x07\x06\x05\x04", 7));
  EXPECT_EQ(Packer{}.u64(1).take(), std::string("\x01\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(Packer{}.i64(-2).take(), std::string("\xfe\xff\xff\xff\xff\xff\xff\xff", 8));
  EXPECT_EQ(Packer{}.text("ab").raw("c").take(), std::string("\x02\0\0\0abc", 7));
}

TEST(Unpacker, ReadsBackWhatWasPacked) {
  const auto bytes = Packer{64}
                         .u8(255)
                         .u16(65'535)
                         .u32(std::numeric_limits<std::uint32_t>::max())
                         .u64(std::numeric_limits<std::uint64_t>::max())
                         .i64(std::numeric_limits<std::int64_t>::min())
                         .text("職員")
                         .text("")
                         .raw("tail")
                         .take();
  Unpacker in{bytes};
  EXPECT_EQ(in.u8(), 255);
  EXPECT_EQ(in.u16(), 65'535);
  EXPECT_EQ(in.u32(), std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(in.u64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(in.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(in.text(), "職員");
  EXPECT_EQ(in.text(), "");
  EXPECT_EQ(in.rest(), "tail");
  EXPECT_FALSE(in.at_end());
  EXPECT_EQ(in.raw(4), "tail");
  EXPECT_TRUE(in.at_end());
  EXPECT_TRUE(in.ok());
}

TEST(Unpacker, IsNotOkForAnyShortenedRecord) {
  const auto bytes = Packer{}.u8(1).u64(2).text("three").u32(4).take();
  const auto read = [](std::string_view record) {
    Unpacker in{record};
    in.u8();
    in.u64();
    in.text();
    in.u32();
    return in.ok();
  };
  EXPECT_TRUE(read(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(read(std::string_view(bytes).substr(0, size))) << size;
}

TEST(Unpacker, GivesNothingMoreAfterItsFirstShortRead) {
  Unpacker in{std::string_view("\x01\x02\x03", 3)};
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0) << "the three bytes that were there belong to the broken number";
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Unpacker, RefusesATextThatIsLongerThanTheRecord) {
  const auto bytes = Packer{}.u32(0xffffffff).raw("abc").take();
  Unpacker in{bytes};
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace denrei
