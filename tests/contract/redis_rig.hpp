// A private redis-server and a RedisJournal connected to it, on an event loop that the test drives.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "contract/journal_rig.hpp"
#include "contract/raw_redis.hpp"
#include "denrei/adapters/redis/redis_journal.hpp"
#include "denrei/adapters/redis/redis_outbox.hpp"
#include "denrei/adapters/redis/redis_server.hpp"

namespace denrei::test {

class RedisRig final : public JournalRig {
 public:
  RedisRig();
  Journal& journal() override { return *journal_; }
  Shelf& shelf() override { return *journal_; }
  Outbox& outbox() override { return *outbox_; }
  Chronicle& chronicle() override { return *outbox_; }
  Registers& registers() override { return *outbox_; }
  void run_until(const std::function<bool()>& condition) override;
  void set_full(bool full) override;
  void cut() override;
  void mend() override;
  void lose_newest(const LogTag& tag, std::size_t entries) override;

  // A second journal beside the first, or in its place.
  [[nodiscard]] std::unique_ptr<RedisJournal> connect(RedisOptions options);
  void reconnect(RedisOptions options);
  [[nodiscard]] RedisJournal& redis_journal() { return *journal_; }
  [[nodiscard]] RedisServer& server() { return *server_; }
  [[nodiscard]] RawRedis raw() const { return RawRedis((directory_.path() / "redis.sock").string()); }
  [[nodiscard]] std::string key(const LogTag& tag, const std::string& name) const { return "dn:{" + tag + "}:" + name; }
  // What on_state and on_warning of the newest journal said last.
  bool up = false;
  std::string why_down;
  std::vector<std::string> warnings;

 private:
  ScratchDirectory directory_;
  boost::asio::io_context io_;
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<RedisJournal> journal_;
  std::unique_ptr<RedisOutbox> outbox_;
};

}  // namespace denrei::test
