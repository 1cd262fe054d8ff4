// The key file: packed lines in chunks of eight, and what happens when a chunk is full or too old.
#include "denrei/domain/key_file.hpp"

#include <array>
#include <limits>

#include "denrei/base/assert.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/base/packing.hpp"

namespace denrei {
namespace {

constexpr std::uint8_t version_without_sequences = 1;  // most keys are delivered nowhere: their files stay as small as they can be
constexpr std::uint8_t version_with_sequences = 2;
constexpr std::uint32_t chunk_lines = limits::timeline_chunk_lines;
constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t line_fixed_bytes = 16 + 8 + 8 + 8 + 1 + 2 + 4;  // what follows the length, without type and note
constexpr std::size_t line_bytes_max = std::numeric_limits<std::uint16_t>::max();
constexpr std::array<std::string_view, 3> outcome_names{"applied", "stale", "failed"};

void append_line(std::string& packed, const Line& line) {
  const auto length = line_fixed_bytes + line.type.size() + line.note.size();
  DENREI_ASSERT(length <= line_bytes_max);
  Packer packer(2 + length);
  packer.u16(static_cast<std::uint16_t>(length)).raw(line.id.raw()).u64(line.position);
  packer.i64(to_unix_ms(line.received_at)).i64(line.occurred_at ? to_unix_ms(*line.occurred_at) : no_time);
  packer.u8(static_cast<std::uint8_t>(line.outcome)).u16(static_cast<std::uint16_t>(line.type.size())).raw(line.type);
  packed.append(packer.text(line.note).bytes());
}

Result<Line> unpack_line(std::string_view packed) {
  Unpacker unpacker(packed);
  const auto id = unpacker.raw(16);
  if (!unpacker.ok()) return fail(FaultCode::invalid, "a timeline line is cut short");
  Line line;
  line.id = event_id_from_raw(id);
  line.position = unpacker.u64();
  line.received_at = from_unix_ms(unpacker.i64());
  if (const auto occurred = unpacker.i64(); occurred != no_time) line.occurred_at = from_unix_ms(occurred);
  const auto outcome = unpacker.u8();
  line.type = unpacker.raw(unpacker.u16());
  line.note = unpacker.text();
  if (!unpacker.ok() || !unpacker.at_end() || outcome >= outcome_names.size())
    return fail(FaultCode::invalid, "a timeline line of no known form");
  line.outcome = static_cast<Outcome>(outcome);
  return line;
}

std::size_t sequences_bytes(const LaneSequences& sequences) {
  std::size_t bytes = sequences.empty() ? 0 : 1;
  for (const auto& [destination, number] : sequences) bytes += 1 + destination.size() + sizeof number;
  return bytes;
}

void append_sequences(Packer& packer, const LaneSequences& sequences) {
  if (sequences.empty()) return;
  DENREI_ASSERT(sequences.size() <= limits::destinations_max);
  packer.u8(static_cast<std::uint8_t>(sequences.size()));
  for (const auto& [destination, number] : sequences) {
    DENREI_ASSERT(destination.size() <= limits::destination_name_bytes_max);
    packer.u8(static_cast<std::uint8_t>(destination.size())).raw(destination).u32(number);
  }
}

LaneSequences read_sequences(Unpacker& unpacker) {
  LaneSequences sequences(unpacker.u8());
  for (auto& [destination, number] : sequences) {
    destination = unpacker.raw(unpacker.u8());
    number = unpacker.u32();
  }
  return sequences;
}

// How many lines there are, without reading them; nothing when the last one is cut short.
std::optional<std::uint32_t> count_lines(std::string_view packed) {
  std::uint32_t count = 0;
  for (Unpacker unpacker(packed); !unpacker.at_end(); ++count) {
    (void)unpacker.raw(unpacker.u16());
    if (!unpacker.ok()) return std::nullopt;
  }
  return count;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
  const auto index = static_cast<std::size_t>(outcome);
  return index < outcome_names.size() ? outcome_names[index] : std::string_view("unknown");
}

Result<KeyFile> open_key_file(std::string_view bytes) {
  Unpacker unpacker(bytes);
  const auto version = unpacker.u8();
  if (version != version_without_sequences && version != version_with_sequences)
    return fail(FaultCode::invalid, "not a key file of a known version");
  KeyFile file;
  file.lines = unpacker.u32();
  file.tail = unpacker.text();
  file.state = unpacker.text();
  if (version == version_with_sequences) file.lane_sequences = read_sequences(unpacker);
  if (!unpacker.ok() || !unpacker.at_end()) return fail(FaultCode::invalid, "a key file of the wrong length");
  if (count_lines(file.tail) != file.lines % chunk_lines)
    return fail(FaultCode::invalid, "a key file whose unfinished chunk does not fit its number of lines");
  return file;
}

std::string encode_key_file(const KeyFile& file) {
  const auto version = file.lane_sequences.empty() ? version_without_sequences : version_with_sequences;
  Packer packer(1 + 4 + 4 + file.tail.size() + 4 + file.state.size() + sequences_bytes(file.lane_sequences));
  packer.u8(version).u32(file.lines).text(file.tail).text(file.state);
  append_sequences(packer, file.lane_sequences);
  return packer.take();
}

void add_line(KeyFile& file, std::string_view file_field, const Line& line, ChunkChange& change) {
  append_line(file.tail, line);  // throws before it has changed anything
  ++file.lines;
  if (file.lines % chunk_lines != 0) return;
  change.full.emplace_back(chunk_field(file_field, file.lines / chunk_lines - 1), std::move(file.tail));
  file.tail.clear();
  // One chunk came; the one that now lies wholly below the kept lines goes.
  if (const auto first_chunk = first_kept_line(file) / chunk_lines; first_chunk > 0)
    change.dropped.push_back(chunk_field(file_field, first_chunk - 1));
}

std::string file_field(std::string_view family, std::string_view key) {
  std::string field;
  field.reserve(family.size() + 1 + key.size());
  return field.append(family).append(1, '\0').append(key);
}

// The number has a fixed width at the end, so no key, whatever its bytes, shares a field with another.
std::string chunk_field(std::string_view file_field, std::uint32_t chunk) {
  Packer packer(file_field.size() + 5);
  return packer.raw(file_field).u8(0).u32(chunk).take();
}

Result<std::vector<Line>> unpack_lines(std::string_view packed) {
  std::vector<Line> lines;
  for (Unpacker unpacker(packed); !unpacker.at_end();) {
    const auto one = unpacker.raw(unpacker.u16());
    if (!unpacker.ok()) return fail(FaultCode::invalid, "packed lines end inside a line");
    auto line = unpack_line(one);
    if (!line) return tl::unexpected(std::move(line.error()));
    lines.push_back(std::move(*line));
  }
  return lines;
}

std::uint32_t first_kept_line(const KeyFile& file) noexcept {
  return file.lines > limits::timeline_lines_max ? file.lines - limits::timeline_lines_max : 0;
}

}  // namespace denrei
