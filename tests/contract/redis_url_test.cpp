// Redis URLs: what is understood, what is refused, and that no message repeats a password.
#include "denrei/adapters/redis/redis_url.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

TEST(RedisUrl, ReadsHostPortAndDatabase) {
  const auto address = parse_redis_url("redis://store.example:6380/2").value();
  EXPECT_EQ(address.transport, RedisTransport::tcp);
  EXPECT_EQ(address.host, "store.example");
  EXPECT_EQ(address.port, 6380);
  EXPECT_EQ(address.database, 2u);
  EXPECT_TRUE(address.password.empty());
}

TEST(RedisUrl, HasTheUsualPortAndDatabase) {
  for (const auto* url : {"redis://h", "redis://h/", "redis://h/0"}) {
    const auto address = parse_redis_url(url).value();
    EXPECT_EQ(address.port, 6379) << url;
    EXPECT_EQ(address.database, 0u) << url;
  }
}

TEST(RedisUrl, ReadsCredentialsWithPercentEncoding) {
  const auto address = parse_redis_url("rediss://den%3Arei:p%40ss:w%2ford@h:1").value();
  EXPECT_EQ(address.transport, RedisTransport::tls);
  EXPECT_EQ(address.user, "den:rei");
  EXPECT_EQ(address.password.reveal(), "p@ss:w/ord");
  EXPECT_EQ(parse_redis_url("redis://:only@h")->password.reveal(), "only");
}

TEST(RedisUrl, ReadsAddressesInBrackets) {
  EXPECT_EQ(parse_redis_url("redis://[::1]:7000")->host, "::1");
  EXPECT_EQ(parse_redis_url("redis://[::1]")->port, 6379);
}

TEST(RedisUrl, ReadsUnixSockets) {
  const auto address = parse_redis_url("unix:///var/run/a%20b.sock?db=4").value();
  EXPECT_EQ(address.transport, RedisTransport::unix_socket);
  EXPECT_EQ(address.host, "/var/run/a b.sock");
  EXPECT_EQ(address.database, 4u);
}

TEST(RedisUrl, RefusesWhatIsNoneWithoutRepeatingIt) {
  const std::vector<std::string> bad{"", "redis", "redis:/h", "http://:hidden@h", "redis://", "redis://:hidden@", "redis://:hidden@h:0",
      "redis://:hidden@h:65536", "redis://:hidden@h:port", "redis://:hidden@h:-1", "redis://:hidden@h/x", "redis://:hidden@h/1/2",
      "redis://:hidden@h/10000", "redis://:hidden%4@h", "redis://:hidden%zz@h", "redis://[::1", "redis://[::1]x", "redis://[]",
      "unix://relative", "unix:///a?db=x", "unix:///a?x=hidden", "unix:///a%00b", "unix:///" + std::string(107, 'x')};
  for (const auto& url : bad) {
    const auto address = parse_redis_url(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().code, FaultCode::invalid);
    EXPECT_EQ(address.error().detail.find("hidden"), std::string::npos) << address.error().detail;
  }
}

TEST(RedisUrl, IsDescribedWithoutCredentials) {
  EXPECT_EQ(describe_address(parse_redis_url("rediss://u:hidden@h:1/2").value()), "rediss://h:1");
  EXPECT_EQ(describe_address(parse_redis_url("unix:///a").value()), "unix:///a");
}

}  // namespace
}  // namespace denrei
