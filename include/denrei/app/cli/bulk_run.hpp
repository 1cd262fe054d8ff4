// A bulk load at work: sends rows at its rate, repeats the failed ones when they are due, and writes everything down first.
//
// Shape   run_bulk(order, state, context) -> how it ended; what became of the rows stands in the state
// Rules   200 is success; 429, 5xx and no answer are tried again by the schedule; whatever else is given up at once, and a 401 ends the
//         run: the next row would be refused like this one. A 429 with Retry-After holds back all rows for that long
// Source  protocol §3 (bulk load), §3.1; employee seed §1.4
#pragma once
#include <string>
#include <vector>

#include "denrei/app/cli/bulk_progress.hpp"
#include "denrei/app/cli/bulk_state.hpp"
#include "denrei/app/cli/csv_staff.hpp"
#include "denrei/app/cli/signing.hpp"

namespace denrei {

struct BulkOrder {
  const StaffFile& file;
  const Sender& sender;
  std::string url;
  double rate = 5;                // requests a second
  std::size_t concurrency = 1;    // requests under way at once
  std::vector<Millis> schedule;   // waits after the 1st, 2nd, … failure
};

struct BulkEnd {
  enum class Kind : std::uint8_t {
    finished,     // every row was sent or given up
    interrupted,  // by the user
    refused,      // a 401
    broken,       // the state cannot be written, or the request cannot be made
  };
  Kind kind = Kind::finished;
  std::string reason;             // refused, broken
};
[[nodiscard]] BulkEnd run_bulk(const BulkOrder& order, BulkState& state, CliContext& context);

[[nodiscard]] BulkTally count_rows(const std::vector<RowState>& rows);

}  // namespace denrei
