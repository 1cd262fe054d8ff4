// The rigs: how each store is filled, cut off, mended and made to forget.
#include "contract/journal_rig.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "contract/redis_rig.hpp"
#include "support/fake_outbox.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;  // far beyond what anything here takes; only a hang gets there
constexpr auto turn = 5ms;

class FakeRig final : public JournalRig {
 public:
  FakeRig() {
    outbox_.history_keep = rig_history_keep;
    outbox_.audit_keep = rig_audit_keep;
  }
  Journal& journal() override { return journal_; }
  Shelf& shelf() override { return journal_; }
  Outbox& outbox() override { return outbox_; }
  Chronicle& chronicle() override { return outbox_; }
  Registers& registers() override { return outbox_; }
  void run_until(const std::function<bool()>& condition) override {
    while (!condition())
      if (journal_.deliver(1) == 0) throw std::runtime_error("the fake has nothing left to answer");
  }
  void set_full(bool full) override { journal_.full(full); }
  void cut() override { journal_.away(true); }
  void mend() override { journal_.away(false); }
  void lose_newest(const LogTag& tag, std::size_t entries) override { journal_.log(tag).drop_tail(entries); }

 private:
  FakeJournal journal_{Answers::by_hand};
  FakeOutbox outbox_{journal_};
};

}  // namespace

ScratchDirectory::ScratchDirectory(const std::string& below) {
  auto pattern = (std::filesystem::temp_directory_path() / "denrei-contract-").string() + std::string(6, 'X');
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
  root_ = pattern;
  path_ = below.empty() ? root_ : root_ / below;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

RedisRig::RedisRig() {
  auto server = RedisServer::start({.data_dir = directory_.path(), .maxmemory_mb = 64});
  if (!server) throw std::runtime_error(server.error().detail);
  server_ = std::move(*server);
  reconnect({});
  run_until([this] { return up; });
}

std::unique_ptr<RedisJournal> RedisRig::connect(RedisOptions options) {
  up = false;
  why_down.clear();
  warnings.clear();
  if (options.url.empty()) options.url = server_->url();
  options.on_state = [this](bool is_up, const std::string& why) {
    up = is_up;
    why_down = why;
  };
  options.on_warning = [this](const std::string& warning) { warnings.push_back(warning); };
  return std::make_unique<RedisJournal>(io_, std::move(options));
}

void RedisRig::reconnect(RedisOptions options) {
  journal_.reset();
  journal_ = connect(std::move(options));
  outbox_ = std::make_unique<RedisOutbox>(*journal_, OutboxKeep{rig_history_keep, rig_audit_keep});
}

void RedisRig::run_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nothing happened for too long: " + why_down);
    io_.restart();
    io_.run_one_for(turn);
  }
}

void RedisRig::set_full(bool full) { raw()({"CONFIG", "SET", "maxmemory", full ? "1" : "0"}); }

void RedisRig::cut() {
  ::kill(server_->pid(), SIGKILL);
  run_until([this] { return !up; });
}

void RedisRig::mend() {
  run_until([this] { return server_->poll_restart(std::chrono::steady_clock::now()) == ServerState::restarted; });
  run_until([this] { return up; });
}

void RedisRig::lose_newest(const LogTag& tag, std::size_t entries) {
  auto redis = raw();
  for (; entries > 0; --entries) {
    const auto newest = redis.one({"XREVRANGE", key(tag, "log"), "+", "-", "COUNT", "1"});
    redis({"XDEL", key(tag, "log"), newest});
  }
  const auto left = redis.one({"XREVRANGE", key(tag, "log"), "+", "-", "COUNT", "1"});
  redis({"XSETID", key(tag, "log"), left});
  redis({"HSET", key(tag, "m"), "seq", left.substr(0, left.find('-')), "last", left});  // entries of one record in these tests
  for (const auto* generation : {"d0", "d1"}) {
    redis({"DEL", key(tag, generation)});
    redis({"HSET", key(tag, generation), "_", ""});
  }
}

std::unique_ptr<JournalRig> make_fake_rig() { return std::make_unique<FakeRig>(); }
std::unique_ptr<JournalRig> make_redis_rig() { return std::make_unique<RedisRig>(); }

}  // namespace denrei::test
