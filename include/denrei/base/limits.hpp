// Every limit of Denrei with its unit and its reason. A container without a name here has no business growing.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace denrei::limits {

using namespace std::chrono_literals;

// --- reading from sockets
inline constexpr std::size_t header_bytes_max = 16 * 1024;      // room for tracing headers; more is an attack
inline constexpr std::size_t body_bytes_max = 1024 * 1024;      // protocol §1.4 default
inline constexpr std::size_t header_fields_max = 100;           // as most servers
inline constexpr std::size_t connections_max = 12'000;          // 10,000 idle senders and room for operators
inline constexpr std::size_t connections_per_address_max = 4'000;
inline constexpr std::chrono::seconds header_timeout = 10s;     // from the first byte to the end of the header
inline constexpr std::chrono::seconds body_timeout = 30s;       // as long as our senders wait for us
inline constexpr std::chrono::seconds idle_timeout = 75s;       // longer than common load balancers (60 s)
inline constexpr std::chrono::seconds answer_timeout = 10s;     // then the overload answer: nobody waits for a stuck store
inline constexpr std::size_t pipeline_bytes_max = 256 * 1024;   // read ahead of the request being answered

// --- admission
inline constexpr std::size_t requests_in_flight_max = 8'192;    // a thread: 8 MiB of average bodies, 0.2 s of work
inline constexpr std::size_t bytes_in_flight_max = 64u * 1024 * 1024;
inline constexpr std::size_t addresses_tracked_max = 10'000;    // failure budgets kept per address
inline constexpr std::uint32_t failures_per_address_per_minute = 3'000;  // above: 429 before any hashing

// --- JSON
inline constexpr std::size_t json_depth_max = 32;               // protocol §1.8; the root counts as 1
inline constexpr std::size_t violations_listed_max = 100;       // a hostile body must not make a huge answer
inline constexpr std::size_t key_bytes_max = 256;               // staffId, caseNumber …: becomes a field name in Redis
inline constexpr std::size_t event_type_bytes_max = 128;

// --- log and partitions
inline constexpr std::size_t append_events_max = 256;           // events in one append (redis.md §3: a 200-event call holds Redis 1.3 ms)
inline constexpr std::size_t append_bytes_max = 256 * 1024;
inline constexpr std::size_t flushes_in_flight_max = 2;
inline constexpr std::size_t partition_window_events = 4'096;   // handed over and not yet committed; more stays in the log
inline constexpr std::size_t partition_window_bytes = 64u * 1024 * 1024;  // the same in bytes of bodies
inline constexpr std::size_t commit_bytes_max = 8u * 1024 * 1024;  // bodies or files that one commit is made of; far below what a link carries
inline constexpr std::uint64_t log_keep_min = 512;              // applied events that stay even when the store is full
inline constexpr std::size_t commit_keys_max = 1'000;           // Lua's unpack takes about 7,900 values
inline constexpr std::size_t live_keys_max = 20'000;            // live key actors of one partition (about 1.5 KiB each)
inline constexpr std::chrono::seconds key_idle = 60s;           // then the key's actor sleeps to Redis
inline constexpr std::size_t reads_waiting_max = 10'000;        // reading requests that wait for a commit

// --- timeline and inboxes
inline constexpr std::uint32_t timeline_lines_max = 1'000;      // newest lines kept per key
inline constexpr std::uint32_t timeline_chunk_lines = 8;        // lines in one packed chunk (docs/decisions/0004)
inline constexpr std::size_t inbox_tail_max = 20'000;           // newest notifications of an inbox held in memory: as many as feed_keep
inline constexpr std::size_t inbox_tail_bytes_max = 32u * 1024 * 1024;  // and their bytes: one may be as large as a body
inline constexpr std::uint64_t feed_keep = 20'000;             // notifications that an inbox keeps in the store
inline constexpr std::uint64_t feed_trim_every = 1'000;        // new ones between two trimmings
inline constexpr std::size_t feed_page_entries = 256;          // of a feed that is read at start; each holds up to append_events_max
inline constexpr std::size_t feed_page_bytes = 2u * 1024 * 1024;  // the same in bytes: an actor reads them without holding its loop long
inline constexpr std::size_t feed_reset_items = 100;           // a stream whose place nobody knows any more begins with so many
inline constexpr std::size_t mark_stretches_max = 1'000;       // of one reader: 16 KiB that each of its orders writes anew
inline constexpr std::size_t mark_readers_max = 1'000;         // readers of an inbox who have marks
inline constexpr std::size_t reader_name_bytes_max = 64;
inline constexpr std::size_t page_max = 1'000;
inline constexpr std::size_t page_default = 100;

// --- live streams
inline constexpr std::size_t streams_max = 2'000;               // readers that look on at once, of all listeners; about 3 KiB each while idle, 20 over TLS
inline constexpr std::size_t stream_buffer_max = 256 * 1024;    // bytes that wait for one reader behind those being written; more: it is too slow
inline constexpr std::size_t stream_socket_bytes = 128 * 1024;  // the kernel's share of it, which would grow to several MiB a reader
inline constexpr std::chrono::seconds stream_stall_max = 30s;   // a reader that takes nothing for so long while something waits is gone
inline constexpr std::chrono::seconds stream_heartbeat = 15s;   // below every common proxy's idle time-out
inline constexpr std::size_t stream_portion = 64;               // streams written to in one turn of a loop: about 0.5 ms of writes
inline constexpr std::size_t stream_beginning_bytes_max = 1024 * 1024;  // what was missed, or a snapshot; who missed more is reset
inline constexpr std::size_t stream_waiting_bytes_max = 256 * 1024;     // of one topic, not yet dealt out; then it is dealt out without pauses
inline constexpr std::size_t stream_waiting_pieces_max = 64;            // the same in pieces: readers that join between two events divide them
inline constexpr std::chrono::milliseconds stream_round_pause = 50ms;   // between two writes to one stream: bursts go out together

// --- delivery
inline constexpr std::size_t destinations_max = 255;            // their numbers are counted by one byte in each key's file
inline constexpr std::size_t destination_name_bytes_max = 64;   // it stands in each key's file and in each delivery
inline constexpr std::size_t attempts_kept_max = 20;            // of a delivery; older ones are forgotten first
inline constexpr std::size_t answer_body_kept = 4 * 1024;       // protocol §3
inline constexpr std::size_t answer_headers_kept = 2 * 1024;
inline constexpr std::size_t attempt_text_kept = 512;           // an error's text or an address: one line for a person
inline constexpr std::size_t answer_body_max = 64 * 1024;       // more is no answer to a webhook
inline constexpr std::size_t attempts_max = 20;                 // of a round
inline constexpr std::chrono::hours retry_delay_max = 24h;
inline constexpr std::size_t payload_window_bytes = 16u * 1024 * 1024;  // payloads that a destination holds; the rest is fetched when due
inline constexpr std::size_t settle_changes_max = 256;          // as an append: one call must not hold Redis long
inline constexpr std::size_t settle_bytes_max = 4u * 1024 * 1024;
inline constexpr std::size_t outbox_page = 1'000;               // heads of one scan call
inline constexpr std::uint64_t history_keep = 20'000;           // delivered ones that a partition remembers (about 0.5 KB each)
inline constexpr std::uint64_t audit_keep = 1'000'000;
inline constexpr std::size_t alerts_waiting_max = 1'000;
inline constexpr std::chrono::seconds alert_window = 60s;
inline constexpr std::size_t jobs_kept = 100;
inline constexpr std::size_t job_outstanding_max = 1'000;       // re-sent and not yet ended: a job must not fill the lanes
inline constexpr std::chrono::seconds drain_attempts_for = 5s;  // then attempts under way are given up; they are repeated after the next start

// --- outside services
inline constexpr std::size_t depot_objects_max = 64;            // objects that wait for the object storage; exports hand over one at a time
inline constexpr std::size_t depot_bytes_max = 64u * 1024 * 1024;  // and their bytes: a dozen full objects
inline constexpr std::size_t export_object_bytes = 5u * 1024 * 1024;  // of an export's object; a part of S3 is at least as large, a slow line takes it in a minute
inline constexpr std::size_t exports_waiting_max = 8;           // behind the one under way
inline constexpr std::size_t traced_lines_max = 8'192;          // log lines that wait to become spans (about 5 MB)
inline constexpr std::size_t spans_per_push = 512;              // 0.3 MB of JSON, about 5 ms of a loop's time
inline constexpr std::size_t pushes_unwritten_max = 64;         // pushes on their way to the disk; a disk that is slower loses the newest

// --- Redis
inline constexpr std::chrono::milliseconds redis_deadline = 5s; // then the connection is given up
inline constexpr std::chrono::milliseconds redis_retry_first = 50ms;
inline constexpr std::chrono::milliseconds redis_retry_max = 2s;
inline constexpr std::size_t redis_pending_bytes_max = 64u * 1024 * 1024;

}  // namespace denrei::limits
