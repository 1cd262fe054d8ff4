// The key file: lines become chunks of eight, the newest thousand stay, and wrong bytes are faults.
#include "denrei/domain/key_file.hpp"

#include <gtest/gtest.h>

#include <map>

#include "denrei/base/assert.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"
#include "unit/sample_events.hpp"

namespace denrei {
namespace {

Line line_at(std::uint64_t position) {
  Line line;
  line.position = position;
  line.id = make_event_id("source", std::to_string(position));
  line.type = "employee.photo.updated";
  line.received_at = from_unix_ms(1'760'000'000'000 + static_cast<std::int64_t>(position));
  if (position % 2 == 0) line.occurred_at = from_unix_ms(1'759'000'000'000);
  line.outcome = static_cast<Outcome>(position % 3);
  if (position % 3 == 0) line.note = std::string("note\0\xff", 6);
  return line;
}

void expect_same(const Line& a, const Line& b) {
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.type, b.type);
  EXPECT_EQ(a.occurred_at, b.occurred_at);
  EXPECT_EQ(a.received_at, b.received_at);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.note, b.note);
}

// What the store would hold: chunks come and go with each commit.
struct Store {
  KeyFile file;
  std::map<std::string, std::string> chunks;
  void add(std::uint64_t position) {
    ChunkChange change;
    add_line(file, "f", line_at(position), change);
    for (auto& [field, packed] : change.full) chunks[field] = packed;
    for (const auto& field : change.dropped) EXPECT_EQ(chunks.erase(field), 1u) << "dropped what was not there";
  }
};

TEST(KeyFile, ComesBackFromItsBytesUnchanged) {
  Store store;
  for (std::uint64_t i = 0; i < 11; ++i) store.add(i);
  store.file.state = std::string("\x01\0state", 7);
  const auto back = open_key_file(encode_key_file(store.file));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->lines, 11u);
  EXPECT_EQ(back->tail, store.file.tail);
  EXPECT_EQ(back->state, store.file.state);
}

TEST(KeyFile, WrongBytesAreFaults) {
  Store store;
  for (std::uint64_t i = 0; i < 3; ++i) store.add(i);
  store.file.state = "state";
  samples::expect_faults_for_wrong_bytes(encode_key_file(store.file), open_key_file);
}

TEST(KeyFile, RefusesATailThatDoesNotFitTheNumberOfLines) {
  Store store;
  store.add(1);
  store.file.lines = 2;
  EXPECT_FALSE(open_key_file(encode_key_file(store.file)).has_value());
}

KeyFile file_with_sequences() {
  Store store;
  for (std::uint64_t i = 0; i < 3; ++i) store.add(i);
  store.file.state = "state";
  store.file.lane_sequences = {{"voicedrive-employee", 7}, {"", 0xfedcba98}, {std::string(limits::destination_name_bytes_max, 'd'), 1}};
  return store.file;
}

TEST(KeyFile, LaneSequencesComeBackUnchanged) {
  const auto file = file_with_sequences();
  const auto bytes = encode_key_file(file);
  EXPECT_EQ(bytes[0], 2);
  EXPECT_EQ(bytes.capacity(), bytes.size());
  const auto back = open_key_file(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->lane_sequences, file.lane_sequences);
  EXPECT_EQ(back->lines, file.lines);
  EXPECT_EQ(back->tail, file.tail);
  EXPECT_EQ(back->state, file.state);
}

TEST(KeyFile, WrongBytesBehindTheStateAreFaults) {
  samples::expect_faults_for_wrong_bytes(encode_key_file(file_with_sequences()), open_key_file);
}

// A key that is delivered nowhere: its file is what it was before there were deliveries, and such files still open.
TEST(KeyFile, WithoutLaneSequencesIsOfTheFirstVersion) {
  Packer packer;
  packer.u8(1).u32(0).text("").text("state");
  const auto file = open_key_file(packer.bytes());
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->state, "state");
  EXPECT_TRUE(file->lane_sequences.empty());
  EXPECT_EQ(encode_key_file(*file), packer.bytes());
}

TEST(KeyFile, HoldsOneSequenceForEachPossibleDestination) {
  KeyFile file;
  for (std::uint32_t i = 0; i < limits::destinations_max; ++i) file.lane_sequences.emplace_back("d" + std::to_string(i), i);
  EXPECT_EQ(open_key_file(encode_key_file(file))->lane_sequences, file.lane_sequences);
  file.lane_sequences.emplace_back("one more", 1);
  EXPECT_THROW((void)encode_key_file(file), Bug);
  file.lane_sequences = {{std::string(limits::destination_name_bytes_max + 1, 'd'), 1}};
  EXPECT_THROW((void)encode_key_file(file), Bug);
}

TEST(KeyFile, LinesComeBackInOrder) {
  KeyFile file;
  ChunkChange change;
  for (std::uint64_t i = 0; i < limits::timeline_chunk_lines - 1; ++i) add_line(file, "f", line_at(i), change);
  EXPECT_TRUE(change.full.empty());
  const auto lines = unpack_lines(file.tail);
  ASSERT_TRUE(lines.has_value());
  ASSERT_EQ(lines->size(), limits::timeline_chunk_lines - 1);
  for (std::uint64_t i = 0; i < lines->size(); ++i) expect_same(lines->at(i), line_at(i));
}

TEST(KeyFile, EighthLineMovesTheChunkOut) {
  KeyFile file;
  ChunkChange change;
  for (std::uint64_t i = 0; i < 16; ++i) add_line(file, "f", line_at(i), change);
  EXPECT_EQ(file.tail, "");
  EXPECT_EQ(file.lines, 16u);
  ASSERT_EQ(change.full.size(), 2u);
  EXPECT_EQ(change.full[0].first, chunk_field("f", 0));
  EXPECT_EQ(change.full[1].first, chunk_field("f", 1));
  expect_same(unpack_lines(change.full[1].second).value().at(0), line_at(8));
  EXPECT_TRUE(change.dropped.empty());
}

TEST(KeyFile, KeepsTheNewestThousandLines) {
  Store store;
  for (std::uint64_t i = 0; i < 3'005; ++i) {
    store.add(i);
    const auto first = first_kept_line(store.file);
    EXPECT_EQ(first, i + 1 > limits::timeline_lines_max ? i + 1 - limits::timeline_lines_max : 0u);
    if (store.file.lines - first > store.file.lines % 8) {
      EXPECT_TRUE(store.chunks.contains(chunk_field("f", first / 8))) << "the first kept line is gone at " << i;
    }
  }
  EXPECT_LE(store.chunks.size(), limits::timeline_lines_max / 8 + 1);
  const auto first = first_kept_line(store.file);
  expect_same(unpack_lines(store.chunks.at(chunk_field("f", first / 8))).value().at(first % 8), line_at(2'005));
}

TEST(KeyFile, PackedLineStartsWithItsLengthAndEventId) {
  KeyFile file;
  ChunkChange change;
  add_line(file, "f", line_at(1), change);
  Unpacker unpacker(file.tail);
  EXPECT_EQ(unpacker.u16(), file.tail.size() - 2);
  EXPECT_EQ(unpacker.raw(16), line_at(1).id.raw());
}

TEST(KeyFile, LineWithoutNoteIsSmall) {
  KeyFile file;
  ChunkChange change;
  add_line(file, "f", line_at(1), change);
  EXPECT_LE(file.tail.size(), 80u);  // a thousand of them per key are what Redis has to hold
}

TEST(KeyFile, RefusesALineThatDoesNotFitItsLengthAndChangesNothing) {
  KeyFile file;
  ChunkChange change;
  auto line = line_at(1);
  line.note.assign(65'535, 'n');
  EXPECT_THROW(add_line(file, "f", line, change), Bug);
  EXPECT_EQ(file.lines, 0u);
  EXPECT_EQ(file.tail, "");
  line.note.resize(65'535 - 47 - line.type.size());
  add_line(file, "f", line, change);
  EXPECT_EQ(unpack_lines(file.tail).value().at(0).note, line.note);
}

TEST(KeyFile, WrongPackedLinesAreFaults) {
  KeyFile file;
  ChunkChange change;
  add_line(file, "f", line_at(1), change);
  for (std::size_t length = 1; length < file.tail.size(); ++length) {
    EXPECT_FALSE(unpack_lines(file.tail.substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(unpack_lines(std::string("\x03\0abc", 5)).has_value());
  EXPECT_TRUE(unpack_lines("").value().empty());
  auto unknown_outcome = file.tail;
  unknown_outcome[2 + 16 + 8 + 8 + 8] = 3;
  EXPECT_FALSE(unpack_lines(unknown_outcome).has_value());
}

TEST(KeyFile, FieldsOfDifferentKeysNeverMeet) {
  EXPECT_EQ(file_field("employee", "E-1"), std::string("employee\0E-1", 12));
  EXPECT_NE(file_field("ab", "c"), file_field("a", "bc"));
  const auto hostile = std::string("k") + std::string("\0\0\0\0\0", 5);
  EXPECT_NE(chunk_field(file_field("f", "k"), 0), file_field("f", "k"));
  EXPECT_NE(chunk_field(file_field("f", hostile), 0), chunk_field(file_field("f", "k"), 0));
  EXPECT_NE(chunk_field("f", 1), chunk_field("f", 256));
}

TEST(Outcome, HasNames) {
  EXPECT_EQ(outcome_name(Outcome::applied), "applied");
  EXPECT_EQ(outcome_name(Outcome::stale), "stale");
  EXPECT_EQ(outcome_name(Outcome::failed), "failed");
  EXPECT_EQ(outcome_name(static_cast<Outcome>(9)), "unknown");
}

}  // namespace
}  // namespace denrei
