// The file of one key: its packed state and its timeline. What a key's actor reads when it wakes and writes with each commit.
//
// Shape   open_key_file(bytes) -> Result<KeyFile>; add_line(file, key, line) -> chunks that became full or fell off the end;
//         encode_key_file(file) -> bytes for the `states` shelf
// Limits  1,000 newest lines, in chunks of 8; the last, unfinished chunk travels inside the file; destinations_max lane sequences
// Errors  invalid: not a file of a known version
// Source  design §5; docs/decisions/0004 (why chunks of eight)
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "denrei/base/ids.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

enum class Outcome : std::uint8_t { applied = 0, stale = 1, failed = 2 };
[[nodiscard]] std::string_view outcome_name(Outcome outcome) noexcept;

// One accepted event in the life of its key.
struct Line {
  std::uint64_t position = 0;  // the event's sequence number in its partition: rising, not dense
  EventId id;
  std::string type;
  std::optional<WallTime> occurred_at;
  WallTime received_at{};
  Outcome outcome = Outcome::applied;
  std::string note;            // announcement: the packed figures of this point of the series; else empty
};

// How many deliveries each destination has had from one key: kept in the key's file, so that it is exact.
using LaneSequences = std::vector<std::pair<std::string, std::uint32_t>>;  // destination -> last number given

struct KeyFile {
  std::uint32_t lines = 0;     // ever written
  std::string tail;            // packed lines of the unfinished chunk
  std::string state;           // packed state, the effect's own format; empty: unknown key
  LaneSequences lane_sequences;  // empty: nothing of this key has been delivered to anybody
};

struct ChunkChange {
  std::vector<std::pair<std::string, std::string>> full;  // field of the `timeline` shelf, packed lines
  std::vector<std::string> dropped;                       // fields that hold lines beyond the limit
};

[[nodiscard]] Result<KeyFile> open_key_file(std::string_view bytes);
[[nodiscard]] std::string encode_key_file(const KeyFile& file);
void add_line(KeyFile& file, std::string_view file_field, const Line& line, ChunkChange& change);

// The field of a key in the `states` shelf: "<family>\0<key>"; and of its n-th chunk in the `timeline` shelf.
[[nodiscard]] std::string file_field(std::string_view family, std::string_view key);
[[nodiscard]] std::string chunk_field(std::string_view file_field, std::uint32_t chunk);
// Packed lines start with u16 length and the 16 raw bytes of the event id (dn1.lua relies on it when a chunk is dropped).
[[nodiscard]] Result<std::vector<Line>> unpack_lines(std::string_view packed);

// Which chunks hold the lines [from, from + count), and where the first kept line is.
[[nodiscard]] std::uint32_t first_kept_line(const KeyFile& file) noexcept;

}  // namespace denrei
