// Keys of objects and their URLs.
#include "denrei/domain/object_key.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

Provider provider(std::string url, bool path_style = true) { return {.name = "primary", .url = std::move(url), .bucket = "backup", .path_style = path_style}; }

TEST(ObjectKey, StandsInTheUrlAsTheSignatureWantsIt) {
  EXPECT_EQ(encode_object_key("audit/2025/11/20/all-2.jsonl"), "audit/2025/11/20/all-2.jsonl");
  EXPECT_EQ(encode_object_key("a b+c=d(e):f~_é"), "a%20b%2Bc%3Dd%28e%29%3Af~_%C3%A9");
  EXPECT_EQ(encode_object_key("%41?#"), "%2541%3F%23");
}

TEST(ObjectKey, HasTheBucketInThePathOrInTheHost) {
  EXPECT_EQ(make_object_url(provider("https://s3.example.com"), "a/b c"), "https://s3.example.com/backup/a/b%20c");
  EXPECT_EQ(make_object_url(provider("http://127.0.0.1:9000/"), "k"), "http://127.0.0.1:9000/backup/k");
  EXPECT_EQ(make_object_url(provider("https://example.com/s3//"), "k"), "https://example.com/s3/backup/k");
  EXPECT_EQ(make_object_url(provider("https://s3.ap-northeast-1.amazonaws.com", false), "a/b c"), "https://backup.s3.ap-northeast-1.amazonaws.com/a/b%20c");
  EXPECT_EQ(make_object_url(provider("http://localhost:9000/", false), "k"), "http://backup.localhost:9000/k");
}

TEST(ObjectKey, IsRefusedWhereClientsWouldChangeIt) {
  for (const auto* good : {"a", "a/b", "...", "a..b/.c", "日本"}) EXPECT_TRUE(check_object_key(good)) << good;
  for (const std::string bad : {"", ".", "a/../b", "./a", "a/..", "\xff"}) EXPECT_FALSE(check_object_key(bad)) << bad;
  EXPECT_TRUE(check_object_key(std::string(object_key_bytes_max, 'k')));
  EXPECT_FALSE(check_object_key(std::string(object_key_bytes_max + 1, 'k')));
}

TEST(ObjectQuery, IsEncodedAndThenSorted) {
  EXPECT_EQ(make_sorted_query({}), "");
  EXPECT_EQ(make_sorted_query({{"prefix", "a+b/c"}, {"list-type", "2"}, {"acl", ""}}), "acl=&list-type=2&prefix=a%2Bb%2Fc");
  EXPECT_EQ(make_sorted_query({{"b", "1"}, {"a b", "2"}, {"a", "3"}}), "a=3&a%20b=2&b=1");
}

TEST(ExportKey, NamesTheDayInTokyo) {
  const auto at = parse_iso8601("2025-11-20T15:00:00Z").value();  // midnight there
  EXPECT_EQ(make_export_key({"audit", "exp_12", at}, 1), "exports/audit/2025/11/21/exp_12-1.jsonl");
  EXPECT_EQ(make_export_key({"dead-letters", "exp_12", at - Millis{1}}, 12), "exports/dead-letters/2025/11/20/exp_12-12.jsonl");
}

TEST(AuditKey, IsOneADayAndCountsFurtherObjects) {
  const auto day = tokyo_day(parse_iso8601("2024-02-29T10:00:00+09:00").value());
  EXPECT_EQ(make_audit_key(day, 1), "audit/2024/02/29/all.jsonl");
  EXPECT_EQ(make_audit_key(day, 2), "audit/2024/02/29/all-2.jsonl");
  EXPECT_EQ(tokyo_day_text(day), "2024-02-29");
  EXPECT_EQ(parse_tokyo_day("2024-02-29"), day);
  EXPECT_EQ(format_iso8601(tokyo_day_begin(day)), "2024-02-28T15:00:00.000Z");
  EXPECT_EQ(tokyo_day(tokyo_day_begin(day)), day);
  EXPECT_EQ(tokyo_day(tokyo_day_begin(day) - Millis{1}), day - 1);
  for (const auto* bad : {"", "2024-02-30", "2024-2-29", "20240229", "2024-02-29T00"}) EXPECT_FALSE(parse_tokyo_day(bad)) << bad;
}

}  // namespace
}  // namespace denrei
