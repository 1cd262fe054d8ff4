// The text of live streams: frames that nothing in them can break, and places that are read back exactly.
#include "denrei/domain/event_stream.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

std::string frame(const StreamFrame& f) {
  std::string out;
  append_frame(out, f);
  return out;
}

TEST(EventStream, WritesAFrame) {
  EXPECT_EQ(frame({"notification", "12-345", R"({"a":1})"}), "event: notification\nid: 12-345\ndata: {\"a\":1}\n\n");
}

TEST(EventStream, LeavesTheIdOutWhenThereIsNone) { EXPECT_EQ(frame({"alert", "", "{}"}), "event: alert\ndata: {}\n\n"); }

TEST(EventStream, GivesEachLineOfTheDataAFieldOfItsOwn) {
  for (const auto* end : {"\n", "\r", "\r\n"})
    EXPECT_EQ(frame({"e", "", std::string("a") + end + "b"}), "event: e\ndata: a\ndata: b\n\n");
  EXPECT_EQ(frame({"e", "", "a\n\nb\n"}), "event: e\ndata: a\ndata: \ndata: b\ndata: \n\n");
  EXPECT_EQ(frame({"e", "", ""}), "event: e\ndata: \n\n");
}

TEST(EventStream, LetsNoNameOrIdBreakOutOfItsField) {
  EXPECT_EQ(frame({"e\ndata: x", "1-2\r\n\r\ndata: y", "z"}), "event: e\nid: 1-2\ndata: z\n\n");
}

TEST(EventStream, WritesCommentsThatReadersPassOver) {
  std::string out;
  append_comment(out, "the end\nof it");
  EXPECT_EQ(out, ": the end\n: of it\n\n");
}

TEST(EventStream, ReadsBackThePlacesThatItWrites) {
  for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{9'999'999'999'999'999'999u / 10}}) {
    const auto text = stream_place_text(seq, "18446744073709551615");
    const auto place = parse_stream_place(text);
    ASSERT_TRUE(place) << text;
    EXPECT_EQ(place->seq, seq);
    EXPECT_EQ(place->nonce, "18446744073709551615");
  }
  EXPECT_EQ(stream_place_text(0, ""), "0-0") << "of a feed that holds nothing";
}

TEST(EventStream, RefusesWhatIsNoPlace) {
  for (const auto* text : {"", "-", "12", "12-", "-12", "a-1", "1-a", "1-2-3", " 1-2", "1-2 ", "+1-2", "1--2", "0x1-2", "1-2\n",
                           "12345678901234567890-1", "1-123456789012345678901"})
    EXPECT_FALSE(parse_stream_place(text)) << text;
}

}  // namespace
}  // namespace denrei
