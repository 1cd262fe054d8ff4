// The state file of a bulk load: what has become of each row, so that a run that was interrupted goes on where it was.
//
// Shape   BulkState::open(path, load) -> state; state.record(entry) writes, syncs and then applies; state.rows()[i] is what is known
// File    JSON lines, only ever appended. The first names the load; then one before each request (its body's time, from which the
//         same bytes can be made again) and one after it. A last line without a line break was being written and does not count
// Limits  one run at a time (flock)
// Errors  conflict: another file, address or source than the state is of; overloaded: another run is at work; io: disk
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "denrei/base/result.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

// What a state belongs to; a row's number means nothing in another file.
struct BulkLoad {
  std::string csv_sha256;
  std::size_t rows = 0;
  std::string source;
  std::string url;
  friend bool operator==(const BulkLoad&, const BulkLoad&) = default;
};

enum class RowStage : std::uint8_t { open, sending, waiting, sent, failed };

struct RowState {
  RowStage stage = RowStage::open;
  bool repeat = false;               // sent: the receiver knew it already
  std::uint32_t attempts = 0;        // that have ended
  std::uint32_t round_attempts = 0;  // since it was last given up
  int status = 0;                    // of the last answer; 0: none
  std::optional<WallTime> body_time; // from its first request on
  WallTime due{};                    // waiting
  WallTime at{};                     // of the last entry
  std::string error;
};

// One line of the file, and one change of a row.
struct BulkEntry {
  enum class Kind : std::uint8_t {
    sending,  // a request is about to leave
    done,
    retry,    // failed, to be repeated at `due`
    failed,   // given up
    stopped,  // refused in a way that ended the run; the row is as unfinished as before
    again,    // given up before, to be tried again
  };
  Kind kind = Kind::sending;
  std::size_t row = 0;               // from 0
  WallTime at{};
  WallTime body_time{};              // sending
  WallTime due{};                    // retry
  int status = 0;
  bool repeat = false;               // done
  std::string error;
};
[[nodiscard]] std::string format_entry(const BulkEntry& entry);
[[nodiscard]] Result<BulkEntry> parse_entry(std::string_view line);
void apply_entry(RowState& row, const BulkEntry& entry);

class BulkState {
 public:
  BulkState(BulkState&&) noexcept;
  BulkState& operator=(BulkState&&) noexcept;
  ~BulkState();
  [[nodiscard]] static Result<BulkState> open(const std::string& path, const BulkLoad& load, WallTime now);
  // The row has changed when this succeeds, and only then.
  [[nodiscard]] Result<void> record(const BulkEntry& entry);
  [[nodiscard]] const std::vector<RowState>& rows() const noexcept { return rows_; }
  [[nodiscard]] bool is_resumed() const noexcept { return resumed_; }

 private:
  class File;
  BulkState(std::unique_ptr<File> file, std::size_t rows);
  Result<void> read_lines(const std::string& path, const BulkLoad& load);

  std::unique_ptr<File> file_;
  std::vector<RowState> rows_;
  bool resumed_ = false;
};

}  // namespace denrei
