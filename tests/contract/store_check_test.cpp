// The judgement on a store: which INFO is refused, which is warned of, which is fine.
#include "denrei/adapters/redis/store_check.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

constexpr auto good = "# Server\r\nredis_version:7.0.15\r\nloading:0\r\nrole:master\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";

std::string with(std::string info, const std::string& old_line, const std::string& new_line) {
  return info.replace(info.find(old_line), old_line.size(), new_line);
}

TEST(StoreCheck, FindsNothingWrongWithAGoodStore) {
  EXPECT_TRUE(judge_store({good, "always"})->empty());
  EXPECT_TRUE(judge_store({good, std::nullopt})->empty());
}

TEST(StoreCheck, RefusesWhatCannotKeepPromises) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"redis_version:7.0.15", "redis_version:6.2.14"}, {"redis_version:7.0.15", "redis_version:"}, {"redis_version:7.0.15", "x:y"},
      {"loading:0", "loading:1"}, {"role:master", "role:slave"}, {"noeviction", "allkeys-lru"}, {"noeviction", "volatile-ttl"}};
  for (const auto& [from, to] : bad) {
    const auto judged = judge_store({with(good, from, to), "always"});
    ASSERT_FALSE(judged) << to;
    EXPECT_EQ(judged.error().code, FaultCode::unavailable);
  }
  EXPECT_FALSE(judge_store({"", "always"}));
}

TEST(StoreCheck, AcceptsNewerVersions) {
  for (const auto* version : {"7.2.4", "8.0.0", "10.1"}) EXPECT_TRUE(judge_store({with(good, "7.0.15", version), "always"})) << version;
}

TEST(StoreCheck, WarnsOfWhatMayLoseEvents) {
  EXPECT_EQ(judge_store({with(good, "aof_enabled:1", "aof_enabled:0"), "always"})->size(), 1u);
  EXPECT_EQ(judge_store({good, "everysec"})->size(), 1u);
  EXPECT_EQ(judge_store({with(good, "maxmemory_policy:noeviction\r\n", ""), "always"})->size(), 1u);
}

TEST(StoreCheck, ReadsWholeNamesOnly) {
  EXPECT_EQ(info_value("xrole:a\nrole:b", "role"), "b");
  EXPECT_EQ(info_value("role_x:a\r\n", "role"), std::nullopt);
  EXPECT_EQ(info_value("role:", "role"), "");
}

}  // namespace
}  // namespace denrei
