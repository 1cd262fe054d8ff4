// Deliveries, history, audit stream and registers in Redis: over the link of a RedisJournal, so that its commits, the settles
// and their answers keep one order.
//
// Shape   RedisOutbox{journal}; then the ports' calls, on the io_context's thread
// Units   <prefix>:{<tag>}:ob dx dh au (see dn1.lua) and <prefix>:{ctl}:r:<group>; the first cursor of a scan is "0"
// Limits  limits::outbox_page heads a page, fewer or even none where records are large or the hash is sparse; at most 1,000
//         changes, delivered records and audit entries in a settle. History and audit stream are cut by whole nodes: they keep a little more
// Errors  as ports/outbox.hpp and ports/chronicle.hpp; invalid: a settle that breaks dn1's rules; nothing was written then
// Source  redis.md §4d. When the journal goes, calls that are still unanswered are dropped, later ones find the store away
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "denrei/adapters/redis/redis_journal.hpp"
#include "denrei/base/limits.hpp"
#include "denrei/ports/chronicle.hpp"
#include "denrei/ports/outbox.hpp"

namespace denrei {

// How many a partition remembers at least.
struct OutboxKeep {
  std::uint64_t history = limits::history_keep;
  std::uint64_t audit = limits::audit_keep;
};

class RedisOutbox final : public Outbox, public Chronicle, public Registers {
 public:
  explicit RedisOutbox(const RedisJournal& journal, OutboxKeep keep = {});

  void scan(const LogTag& tag, OutboxPart part, std::string cursor, Done<OutboxPage> done) override;
  void fetch(const LogTag& tag, OutboxPart part, std::vector<std::string> ids, Done<Blobs> done) override;
  void settle(const LogTag& tag, Settlement settlement, Done<void> done) override;

  void find_event(const LogTag& tag, const EventId& id, Done<FoundEvent> done) override;
  void delivered(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) override;
  void audit(const LogTag& tag, std::uint64_t before, std::size_t count, Done<Numbered> done) override;

  void all(const std::string& group, Done<std::vector<std::pair<std::string, std::string>>> done) override;
  void put(const std::string& group, std::string name, std::string value, Done<void> done) override;

 private:
  void page(const LogTag& tag, std::string_view stream, std::uint64_t before, std::size_t count, Done<Numbered> done);

  std::shared_ptr<const RedisStore> store_;
  OutboxKeep keep_;
};

}  // namespace denrei
