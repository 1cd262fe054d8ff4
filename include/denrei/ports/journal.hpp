// The journal: the durable, ordered log of each partition, its owner and its cursor. Answers come later, in the order asked
// per tag, on the thread that asked; every call is answered exactly once.
//
// Shape   append / read / commit / acquire / release over a LogTag ("p0", "f.level99")
// Units   log ids are "<first seq>-<nonce>"; sequences are dense per tag and start at 1
// Errors  unavailable: nothing is known about what happened; overloaded: the store refuses writes (OOM, MISCONF, NOREPLICAS);
//         fenced, conflict, truncated: see acquire, commit, read. After any of these the caller re-acquires
// Source  redis.md §3–4; design §5; adapters/redis implements it, tests/support/fake_journal too, tests/contract holds both to it
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "denrei/base/ids.hpp"
#include "denrei/base/time.hpp"

namespace denrei {

using LogTag = std::string;
template <class T>
using Done = std::function<void(Result<T>)>;

struct AppendRecord {
  EventId id;                     // what makes a repeat a repeat
  WallTime received_at{};         // kept with the id: a repeat is answered with the first one's time
  std::uint32_t body_hash = 0;    // kept with the id: another body under the same id is a conflict
  std::string record;             // packed, without its length
  bool probe = false;             // only ask whether it is a repeat; append nothing
  std::optional<EventId> once{};  // append only if no event with this second identity was appended in the dedupe window
};

enum class Appended : std::uint8_t { fresh, repeat, probed_new, limited };
struct AppendOutcome {
  Appended what = Appended::fresh;
  std::uint64_t seq = 0;          // fresh
  WallTime received_at{};         // repeat: of the first one
  std::uint32_t body_hash = 0;    // repeat: of the first one
};
struct AppendReply {
  std::string previous;           // last log id before this call
  std::string last;               // last log id after it; equal to `previous` when nothing was fresh
  std::vector<AppendOutcome> outcomes;
};

struct AcquireRequest {
  std::string node;
  bool take_over = false;         // also from another node; otherwise that is a conflict naming the holder
};
struct Acquired {
  std::string token;
  std::string cursor;             // log id up to which everything is applied; "0-0" at the beginning
  std::uint64_t seq = 0;          // last sequence in the log
};

struct LogEntry {
  std::string id;
  std::string blob;               // record batch
};

struct Commit {
  std::string token;
  std::string expected;           // the cursor as we know it
  std::string upto;               // the new cursor
  std::uint64_t trim_below = 0;   // entries wholly below this sequence may go; 0: none
  std::vector<std::pair<std::string, std::string>> states;
  std::vector<std::pair<std::string, std::string>> chunks;
  std::vector<std::string> dropped_chunks;
  std::vector<std::pair<std::string, std::string>> outbox;         // delivery id -> record
  std::vector<std::pair<std::string, std::string>> notifications;  // "<seq>-<n>" -> record, rising
  std::vector<std::pair<std::string, std::int64_t>> counters;
};

class Journal {
 public:
  virtual ~Journal() = default;
  virtual void acquire(const LogTag& tag, AcquireRequest request, Done<Acquired> done) = 0;
  virtual void release(const LogTag& tag, std::string token, Done<void> done) = 0;
  virtual void append(const LogTag& tag, std::vector<AppendRecord> records, WallTime now, Done<AppendReply> done) = 0;
  // Entries after `after`, which must be the cursor or still in the log (else truncated); needs the token (else fenced).
  virtual void read(const LogTag& tag, std::string token, std::string after, std::size_t count, Done<std::vector<LogEntry>> done) = 0;
  virtual void commit(const LogTag& tag, Commit commit, Done<void> done) = 0;
};

}  // namespace denrei
