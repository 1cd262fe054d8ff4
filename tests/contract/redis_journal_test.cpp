// RedisJournal beyond the ports: connecting, authentication, the store's fitness, deadlines, the library, the layout.
#include <csignal>
#include <cstdlib>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/journal_fixture.hpp"
#include "contract/redis_rig.hpp"

namespace denrei::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Test;

class RedisJournalTest : public Test, protected JournalFixture {
 protected:
  RedisJournalTest() : JournalFixture(std::make_unique<RedisRig>()), rig(static_cast<RedisRig&>(*rig_)), redis(rig.raw()) {}

  Result<unsigned> open_layout(unsigned wanted) {
    return ask<unsigned>([&](auto done) { rig.redis_journal().open_layout(wanted, std::move(done)); });
  }
  // A port that nobody uses now, and the server listening on it.
  std::string listen_on_tcp() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(probe, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(probe);
    auto port = std::to_string(ntohs(address.sin_port));
    EXPECT_EQ(redis.one({"CONFIG", "SET", "port", port}), "OK");
    return port;
  }

  RedisRig& rig;
  RawRedis redis;
};

TEST_F(RedisJournalTest, SpeaksTcpWithAPasswordAndAnotherDatabase) {
  const auto port = listen_on_tcp();
  redis({"CONFIG", "SET", "requirepass", "s3cret@:/"});
  rig.reconnect({.url = "redis://:s3cret%40%3a%2f@127.0.0.1:" + port + "/3"});
  rig.run_until([&] { return rig.up; });
  ASSERT_TRUE(append({record("a")}));
  redis({"AUTH", "s3cret@:/"});
  EXPECT_EQ(redis.one({"EXISTS", rig.key("p0", "log")}), "0");
  redis({"SELECT", "3"});
  EXPECT_EQ(redis.one({"EXISTS", rig.key("p0", "log")}), "1");
}

TEST_F(RedisJournalTest, SaysThatAPasswordIsMissingOrWrong) {
  const auto port = listen_on_tcp();
  redis({"CONFIG", "SET", "requirepass", "right"});
  rig.reconnect({.url = "redis://127.0.0.1:" + port});
  rig.run_until([&] { return rig.why_down.find("wants a password") != std::string::npos; });
  rig.reconnect({.url = "redis://:wrong@127.0.0.1:" + port});
  rig.run_until([&] { return rig.why_down.find("does not accept this user and password") != std::string::npos; });
  EXPECT_EQ(rig.why_down.find("wrong"), std::string::npos) << "a password is never shown";
  const auto refused = append({record("a")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::unavailable);
}

TEST_F(RedisJournalTest, AWrongUrlIsAStoreThatIsDown) {
  rig.reconnect({.url = "http://user:hidden@host"});
  rig.run_until([&] { return !rig.why_down.empty(); });
  EXPECT_EQ(rig.why_down.find("hidden"), std::string::npos);
  EXPECT_EQ(fault_of(append({record("a")})), FaultCode::unavailable);
}

TEST_F(RedisJournalTest, StaysAwayFromAStoreThatEvicts) {
  redis({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  rig.reconnect({});
  rig.run_until([&] { return rig.why_down.find("noeviction") != std::string::npos; });
  EXPECT_EQ(fault_of(append({record("a")})), FaultCode::unavailable);
  redis({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  rig.run_until([&] { return rig.up; });
  EXPECT_TRUE(append({record("a")}));
}

TEST_F(RedisJournalTest, WarnsOfAStoreThatMayForget) {
  EXPECT_TRUE(rig.warnings.empty()) << rig.warnings.front();
  redis({"CONFIG", "SET", "appendfsync", "everysec"});
  rig.reconnect({});
  rig.run_until([&] { return rig.up; });
  ASSERT_EQ(rig.warnings.size(), 1u);
  EXPECT_NE(rig.warnings[0].find("everysec"), std::string::npos);
}

TEST_F(RedisJournalTest, WorksWhereConfigIsForbidden) {
  redis({"ACL", "SETUSER", "denrei", "on", ">pw", "~*", "&*", "+@all", "-config"});
  const auto port = listen_on_tcp();
  rig.reconnect({.url = "redis://denrei:pw@127.0.0.1:" + port});
  rig.run_until([&] { return rig.up; });
  EXPECT_TRUE(append({record("a")}));
}

TEST_F(RedisJournalTest, GivesUpAConnectionThatDoesNotAnswerInTime) {
  rig.reconnect({.deadline = 100ms});
  rig.run_until([&] { return rig.up; });
  ::kill(rig.server().pid(), SIGSTOP);
  const auto late = append({record("a")});
  ::kill(rig.server().pid(), SIGCONT);
  ASSERT_FALSE(late);
  EXPECT_EQ(fault_of(late), FaultCode::unavailable);
  EXPECT_NE(late.error().detail.find("100 ms"), std::string::npos) << late.error().detail;
  rig.run_until([&] { return rig.up; });
  EXPECT_TRUE(append({record("b")}));
}

TEST_F(RedisJournalTest, FailsEverythingOutstandingWhenTheConnectionGoes) {
  int failed = 0;
  for (int i = 0; i < 100; ++i)
    rig.journal().append("p0", {record(std::to_string(i))}, noon, [&failed](const Result<AppendReply>& reply) { failed += !reply; });
  redis({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  rig.run_until([&] { return failed == 100; });
  rig.run_until([&] { return rig.up; });
}

TEST_F(RedisJournalTest, LoadsItsLibraryAgainWhenItIsGone) {
  redis({"FUNCTION", "FLUSH"});
  EXPECT_EQ(fault_of(append({record("a")})), FaultCode::unavailable);
  rig.run_until([&] { return rig.up; });
  EXPECT_TRUE(append({record("a")}));
}

TEST_F(RedisJournalTest, ReplacesAnotherVersionOfItsLibrary) {
  redis({"FUNCTION", "LOAD", "REPLACE", "#!lua name=dn1\nredis.register_function('dn1_append', function() return {'old'} end)"});
  rig.reconnect({});
  rig.run_until([&] { return rig.up; });
  EXPECT_TRUE(append({record("a")}));
}

TEST_F(RedisJournalTest, KeepsThePartitionsTheStoreWasCreatedWith) {
  EXPECT_EQ(open_layout(4), 4u);
  EXPECT_EQ(open_layout(64), 4u);
  EXPECT_EQ(redis.one({"HGET", "dn:{ctl}:cfg", "layout"}), "1");
}

TEST_F(RedisJournalTest, RefusesALayoutItDoesNotKnow) {
  redis({"HSET", "dn:{ctl}:cfg", "layout", "2", "partitions", "4"});
  const auto refused = open_layout(4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::invalid);
  redis({"HSET", "dn:{ctl}:cfg", "layout", "1", "partitions", "0"});
  EXPECT_FALSE(open_layout(4));
}

TEST_F(RedisJournalTest, KeepsToItsPrefix) {
  rig.reconnect({.prefix = "other"});
  rig.run_until([&] { return rig.up; });
  static_cast<void>(acquire());
  static_cast<void>(append({record("a")}));
  static_cast<void>(open_layout(4));
  ASSERT_TRUE(ask<void>([&](auto done) { rig.registers().put("jobs", "a", "1", std::move(done)); }));
  EXPECT_EQ(redis({"KEYS", "*"}).size(), redis({"KEYS", "other:{*}:*"}).size());
}

TEST_F(RedisJournalTest, RefusesMoreThanMayWait) {
  ::kill(rig.server().pid(), SIGSTOP);
  std::size_t overloaded = 0, answered = 0;
  const std::string megabyte(1024 * 1024, 'x');
  for (int i = 0; i < 80; ++i) {
    rig.journal().append("p0", {record(std::to_string(i), megabyte)}, noon, [&](const Result<AppendReply>& reply) {
      ++answered;
      overloaded += !reply && reply.error().code == FaultCode::overloaded;
    });
  }
  ::kill(rig.server().pid(), SIGCONT);
  rig.run_until([&] { return answered == 80; });
  EXPECT_GE(overloaded, 17u);  // 64 MiB hold at most 63 of them
}

TEST_F(RedisJournalTest, LeavesAnOutboxBehindThatFindsTheStoreAway) {
  auto journal = rig.connect({});
  RedisOutbox outbox(*journal);
  rig.run_until([&] { return rig.up; });
  journal.reset();
  EXPECT_EQ(fault_of(ask<OutboxPage>([&](auto done) { outbox.scan("p0", OutboxPart::dead, "0", std::move(done)); })), FaultCode::unavailable);
}

TEST_F(RedisJournalTest, MayGoWhileAnswersAreOutstanding) {
  bool answered = false;
  rig.journal().append("p0", {record("a")}, noon, [&](const Result<AppendReply>&) { answered = true; });
  rig.reconnect({});
  rig.run_until([&] { return rig.up; });
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace denrei::test
