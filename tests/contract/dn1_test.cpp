// dn1.lua looked at from below: arguments that break its rules write nothing, and what no port call shows yet.
#include <random>

#include "contract/journal_fixture.hpp"
#include "contract/redis_rig.hpp"
#include "denrei/base/limits.hpp"

namespace denrei::test {
namespace {

const std::vector<std::string> all_names{"m", "log", "d0", "d1", "st", "tl", "rp", "ob", "ntf", "sx", "dx", "dh", "au"};

class Dn1 : public ::testing::Test, protected JournalFixture {
 protected:
  Dn1() : JournalFixture(make_redis_rig()), redis_(static_cast<RedisRig&>(*rig_).raw()) {}

  std::vector<std::string> call(const std::string& function, const std::vector<std::string>& names, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"FCALL", function, std::to_string(names.size())};
    for (const auto& name : names) command.push_back(key(name));
    command.insert(command.end(), arguments.begin(), arguments.end());
    return redis_(command);
  }
  std::vector<std::string> call_append(const std::vector<std::string>& arguments) {
    return call("dn1_append", {"m", "log", "d0", "d1", "rp"}, arguments);
  }
  std::vector<std::string> call_commit(const std::vector<std::string>& arguments) {
    return call("dn1_commit", {"m", "log", "st", "tl", "rp", "ob", "ntf", "sx"}, arguments);
  }
  std::vector<std::string> call_settle(const std::vector<std::string>& arguments) {
    return call("dn1_settle", {"m", "ob", "dx", "dh", "au"}, arguments);
  }
  [[nodiscard]] std::string key(const std::string& name) const { return "dn:{" + tag + "}:" + name; }
  // Everything the tag holds, as one text.
  std::string dump() {
    std::string all;
    for (const auto& name : all_names) all += name + "=" + redis_.one({"DUMP", key(name)}) + ";";
    return all;
  }

  RawRedis redis_;
};

const std::string id16(16, 'i'), meta12(12, 'm');

TEST_F(Dn1, AnAppendThatBreaksTheRulesWritesNothing) {
  static_cast<void>(acquire());
  static_cast<void>(append({record("a")}));
  const auto before = dump();
  const auto one = batch({"x"});
  const std::vector<std::vector<std::string>> bad{
      {},
      {"1", "0", "1000", one},
      {"", "0", "1000", one, "", id16, meta12},
      {"1-1", "0", "1000", one, "", id16, meta12},
      {"99999999999999999999", "0", "1000", one, "", id16, meta12},
      {"1", "soon", "1000", one, "", id16, meta12},
      {"1", "0", "long", one, "", id16, meta12},
      {"1", "0", "1000", one, "", id16},
      {"1", "0", "1000", one, "", "short", meta12},
      {"1", "0", "1000", one, "", id16, "short"},
      {"1", "0", "1000", batch({"x", "y"}), "", id16, meta12},
      {"1", "0", "1000", "", "", id16, meta12},
      {"1", "0", "1000", one + "z", "", id16, meta12},
      {"1", "0", "1000", one.substr(0, one.size() - 1), "", id16, meta12},
      {"1", "0", "1000", "\xff\xff\xff\xff", "", id16, meta12},
      {"1", "0", "1000", one, "P", id16, meta12},
      {"1", "0", "1000", one, Packer().raw("P").u32(2).take(), id16, meta12},
      {"1", "0", "1000", one, Packer().raw("P").u32(0).take(), id16, meta12},
      {"1", "0", "1000", one, Packer().raw("O").u32(1).raw("short").take(), id16, meta12},
      {"1", "0", "1000", one, Packer().raw("X").u32(1).take(), id16, meta12},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_TRUE(call_append(bad[i]).front().starts_with("DNARGS")) << i << ": " << call_append(bad[i]).front();
    EXPECT_EQ(dump(), before) << i;
  }
  EXPECT_EQ(call_append({"1", "0", "1000", one, "", id16, meta12}).at(1), "2-1") << "the control: correct arguments do write";
}

TEST_F(Dn1, ACommitThatBreaksTheRulesWritesNothing) {
  const auto token = acquire()->token;
  const auto last = append({record("a")})->last;
  const auto before = dump();
  const std::vector<std::vector<std::string>> bad{
      {},
      {token, "0-0", last},
      {token, "0-0", last, "0"},
      {token, "0-0", last, "0", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "0", "0", "0", "0", "0", "0", "more"},
      {token, "0-0", last, "0", "1", "k", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "-1", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "0.5", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "1e308", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "nan", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "0", "1", "k", "v", "0", "0", "0", "0", "1", "counter", "much"},
      {token, "0-0", last, "0", "1", "k", "v", "0", "0", "0", "0", "1", "counter", "1.5"},
      {token, "0-0", last, "0", "1", "k", "v", "0", "0", "0", "1", "tomorrow", "blob", "0"},
      {token, "0-0", last, "all", "1", "k", "v", "0", "0", "0", "0", "0"},
      {token, "0-0", last, "-5", "1", "k", "v", "0", "0", "0", "0", "0"},
      {token, "here", last, "0", "1", "k", "v", "0", "0", "0", "0", "0"},
      {token, "0-0", "there", "0", "1", "k", "v", "0", "0", "0", "0", "0"},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_TRUE(call_commit(bad[i]).front().starts_with("DNARGS")) << i << ": " << call_commit(bad[i]).front();
    EXPECT_EQ(dump(), before) << i;
  }
  EXPECT_EQ(call_commit({token, "0-0", last, "0", "1", "k", "v", "0", "0", "0", "0", "0"}).front(), "OK");
}

TEST_F(Dn1, ASettleThatBreaksTheRulesWritesNothing) {
  const auto token = acquire()->token;
  const auto one = batch({"x"});
  ASSERT_EQ(call_settle({token, "9", "1", one, "9", "1", one, "B", id16, "dead"}).front(), "OK");
  const auto before = dump();
  const std::vector<std::vector<std::string>> bad{
      {},
      {token, "9", "1", one, "9", "1", one},
      {token, "", "1", one, "9", "1", one, ""},
      {token, "-1", "1", one, "9", "1", one, ""},
      {token, "1e3", "1", one, "9", "1", one, ""},
      {token, "9", "1", one, "nan", "1", one, ""},
      {token, "9", "2", one, "9", "1", one, ""},
      {token, "9", "1.0", one, "9", "1", one, ""},
      {token, "9", "1", one, "9", "0", one, ""},
      {token, "9", "1", one + "z", "9", "1", one, ""},
      {token, "9", "1", "\xff\xff\xff\xff", "9", "1", one, ""},
      {token, "9", "1", one, "9", "1", one, "X", id16},
      {token, "9", "1", one, "9", "1", one, "F"},
      {token, "9", "1", one, "9", "1", one, "F", "short"},
      {token, "9", "1", one, "9", "1", one, "F", id16, "more"},
      {token, "9", "1", one, "9", "1", one, "D", id16, id16},
      {token, "9", "1", one, "9", "1", one, "U", id16},
      {token, "9", "1", one, "9", "1", one, "U", id16, ""},
      {token, "9", "1", one, "9", "1", one, "FB", id16, id16},
      {token, "9", "1", one, "9", "1", one, "FR", id16, "short", "record"},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_TRUE(call_settle(bad[i]).front().starts_with("DNARGS")) << i << ": " << call_settle(bad[i]).front();
    EXPECT_EQ(dump(), before) << i;
  }
  EXPECT_EQ(call_settle({token, "9", "1", one, "9", "1", one, "FD", id16, id16}).front(), "OK");
  EXPECT_EQ(redis_({"HMGET", key("m"), "dhn", "aun"}), (std::vector<std::string>{"2", "2"}));
}

// Numbers that the stream has passed already cannot be written any more; nothing else may have been written then either.
TEST_F(Dn1, ASettleWhoseNumbersAreTakenWritesNothing) {
  const auto token = acquire()->token;
  redis_({"XADD", key("au"), "5-0", "d", batch({"x"}), "n", "1"});
  const auto before = dump();
  const auto one = batch({"x"});
  EXPECT_TRUE(call_settle({token, "9", "1", one, "9", "1", one, "B", id16, "dead"}).front().starts_with("DNARGS"));
  EXPECT_EQ(dump(), before);
}

TEST_F(Dn1, RandomArgumentsWriteNothing) {
  const auto token = acquire()->token;
  static_cast<void>(append({record("a")}));
  const auto before = dump();
  std::minstd_rand dice(4711);
  const std::vector<std::string> words{"", "0", "-1", "0-0", "1-1", "*", token, id16, meta12, batch({"x"}), "\xff\xff\xff\xff", "1e999", "(", "+"};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> arguments(dice() % 14);
    for (auto& argument : arguments) argument = words[dice() % words.size()];
    if (!arguments.empty()) arguments[0] = "nonce";  // never a correct append
    static_cast<void>(call_append(arguments));
    if (!arguments.empty()) arguments[0] = "not the token";
    static_cast<void>(call_commit(arguments));
    static_cast<void>(call("dn1_read", {"m", "log"}, arguments));
    static_cast<void>(call_settle(arguments));
    static_cast<void>(call("dn1_scan", {"ob"}, arguments));
    static_cast<void>(call("dn1_page", {"dh"}, arguments));
    static_cast<void>(call("dn1_find", {"m", "log", "d0", "d1"}, arguments));
    static_cast<void>(call("dn1_release", {"m"}, arguments));
  }
  EXPECT_EQ(dump(), before);
}

TEST_F(Dn1, EveryDeclaredKeyExistsOnceAPartitionIsOwned) {
  static_cast<void>(acquire());
  for (const auto& name : all_names) EXPECT_EQ(redis_.one({"EXISTS", key(name)}), "1") << name;
  EXPECT_EQ(redis_.one({"XLEN", key("log")}), "0");
}

TEST_F(Dn1, OpensAStoreOfTheTimeBeforeDeliveries) {
  redis_({"HSET", key("m"), "tok", "t", "own", "alpha", "ep", "1", "lay", "1", "cur", "0-0", "seq", "0"});
  redis_({"HSET", key("ob"), "_", ""});
  redis_({"XADD", key("dlq"), "*", "id", "1.route", "d", "old"});
  const auto token = acquire()->token;
  EXPECT_EQ(call_settle({token, "9", "1", batch({"x"}), "9", "0", "", "B", id16, "dead"}).front(), "OK");
  EXPECT_EQ(redis_.one({"XLEN", key("dlq")}), "1") << "left alone";
}

TEST_F(Dn1, APageOfLargeRecordsIsShort) {
  static_cast<void>(acquire());
  const auto large = Packer().u16(4).raw("head").raw(std::string(300'000, 'b')).take();
  for (int i = 0; i < 60; ++i) redis_({"HSET", key("ob"), std::to_string(1'000'000'000'000'000 + i), large});
  std::size_t heads = 0, pages = 0;
  for (std::string cursor = "0"; pages == 0 || cursor != "0"; ++pages) {
    const auto page = call("dn1_scan", {"ob"}, {cursor, "1000"});
    cursor = page.front();
    heads += page.size() - 1;
    EXPECT_LT(page.size(), 50u);
    for (std::size_t i = 1; i < page.size(); ++i) EXPECT_EQ(page[i], large.substr(0, 6));
  }
  EXPECT_GE(heads, 60u);
  EXPECT_GT(pages, 1u);
}

TEST_F(Dn1, RefusesToOwnATagWhoseKeysAreSomethingElse) {
  redis_({"SET", key("st"), "a text"});
  const auto refused = acquire();
  ASSERT_FALSE(refused);
  EXPECT_EQ(fault_of(refused), FaultCode::invalid);
  EXPECT_EQ(redis_.one({"EXISTS", key("m")}), "0");
}

TEST_F(Dn1, CommitWritesOutboxAndCounters) {
  const auto token = acquire()->token;
  const auto last = append({record("a")})->last;
  Commit c{.token = token, .expected = "0-0", .upto = last};
  c.outbox = {{"1.route", "delivery"}};
  c.counters = {{"applied", 2}, {"applied", 3}, {"lag", -4}};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(redis_.one({"HGET", key("ob"), "1.route"}), "delivery");
  EXPECT_EQ(redis_({"HMGET", key("sx"), "applied", "lag"}), (std::vector<std::string>{"5", "-4"}));
}

TEST_F(Dn1, ACounterThatWouldOverflowDoesNotTearTheCommit) {
  const auto token = acquire()->token;
  const auto last = append({record("a")})->last;
  redis_({"HSET", key("sx"), "full", "9223372036854775807", "text", "abc"});
  Commit c{.token = token, .expected = "0-0", .upto = last, .states = {{"k", "v"}}};
  c.counters = {{"full", 1}, {"text", 1}, {"good", 1}};
  ASSERT_TRUE(commit(c));
  EXPECT_EQ(redis_.one({"HGET", key("sx"), "good"}), "1");
  EXPECT_EQ(acquire()->cursor, last);
}

TEST_F(Dn1, ACallWithoutAnythingNewStillWritesSoThatWaitCoversIt) {
  static_cast<void>(append({record("a")}));
  const auto offset = [this] {
    const auto info = redis_.one({"INFO", "persistence"});
    const auto at = info.find("aof_current_size:");
    return std::stoull(info.substr(at + 17));
  };
  const auto before = offset();
  static_cast<void>(append({probe("b")}));
  EXPECT_GT(offset(), before);
}

TEST_F(Dn1, RotatesGenerationsWithoutLosingTheirKeys) {
  static_cast<void>(append({record("a")}, noon));
  for (int days = 4; days < 20; days += 4) static_cast<void>(append({record("day " + std::to_string(days))}, noon + std::chrono::hours(24 * days)));
  EXPECT_EQ(redis_.one({"EXISTS", key("d0")}) + redis_.one({"EXISTS", key("d1")}), "11");
  EXPECT_EQ(redis_.one({"HLEN", key("d0")}), "2") << "the placeholder and one id";
}

}  // namespace
}  // namespace denrei::test
