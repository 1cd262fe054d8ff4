// The journal and the shelf in Redis: keys, function calls and their answers over one RedisLink.
//
// Shape   RedisJournal{io, {.url = "unix:///…", .on_state = …}}; then the ports' calls, on the io_context's thread
// Units   layout 1: <prefix>:{<tag>}:m log d0 d1 st tl rp ob ntf sx dx dh au and <prefix>:{ctl}:cfg
// Limits  limits::append_events_max records in a call; 64 MiB unanswered; limits::redis_deadline for an answer
// Errors  as ports/journal.hpp; a URL that cannot be read shows as a store that is down, and why
// Source  redis.md §3–4. When the object goes, calls that are still unanswered are dropped unanswered
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "denrei/base/limits.hpp"
#include "denrei/ports/journal.hpp"
#include "denrei/ports/shelf.hpp"

namespace boost::asio {
class io_context;
}

namespace denrei {

struct RedisStore;

struct RedisOptions {
  std::string url;
  std::string prefix = "dn";
  std::chrono::milliseconds dedupe_window = std::chrono::hours(72);
  std::function<void(bool up, std::string why)> on_state{};       // each change, and each new reason for being down
  std::function<void(const std::string&)> on_warning{};           // at each connecting: what could be safer
  std::chrono::milliseconds deadline = limits::redis_deadline;
};

class RedisJournal final : public Journal, public Shelf {
 public:
  RedisJournal(boost::asio::io_context& io, RedisOptions options);
  ~RedisJournal() override;
  RedisJournal(const RedisJournal&) = delete;
  RedisJournal& operator=(const RedisJournal&) = delete;

  // The number of partitions of this store: `partitions_wanted` if it is new, else what it was created with.
  void open_layout(unsigned partitions_wanted, Done<unsigned> done);
  [[nodiscard]] bool is_up() const noexcept;
  // For the adapters beside this one that speak to the same Redis; stops with this journal.
  [[nodiscard]] std::shared_ptr<const RedisStore> store() const noexcept;

  void acquire(const LogTag& tag, AcquireRequest request, Done<Acquired> done) override;
  void release(const LogTag& tag, std::string token, Done<void> done) override;
  void append(const LogTag& tag, std::vector<AppendRecord> records, WallTime now, Done<AppendReply> done) override;
  void read(const LogTag& tag, std::string token, std::string after, std::size_t count, Done<std::vector<LogEntry>> done) override;
  void commit(const LogTag& tag, Commit commit, Done<void> done) override;

  void look(const LogTag& tag, ShelfName shelf, std::vector<std::string> fields, Done<Blobs> done) override;
  void fields(const LogTag& tag, ShelfName shelf, FieldsQuery query, Done<FieldsPage> done) override;
  void pending_notifications(const LogTag& tag, Done<std::vector<std::pair<std::string, std::string>>> done) override;
  void forget_notifications(const LogTag& tag, std::vector<std::string> ids, Done<void> done) override;
  void newest(const LogTag& tag, NewestQuery query, Done<std::vector<LogEntry>> done) override;

 private:
  std::shared_ptr<RedisStore> store_;
  std::chrono::milliseconds dedupe_window_;
};

}  // namespace denrei
