// The schemas that Denrei ships, against the samples of the source documents and against what those forbid.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <sstream>

#include "denrei/domain/schema.hpp"

namespace denrei {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Schema shipped_schema(const std::string& name) {
  std::ifstream file{std::string(DENREI_ROOT) + "/config/schemas/" + name};
  std::stringstream text;
  text << file.rdbuf();
  auto schema = compile_schema(text.str(), {{"photo_hosts", {"d2k8x5j9m1n4p7.cloudfront.net"}}});
  if (!schema) throw std::runtime_error(name + ": " + schema.error().detail);
  return *schema;
}

// A valid body that each test bends in one place.
class Body {
 public:
  explicit Body(std::string_view text) : value_(json::parse({text.data(), text.size()})) {}
  Body with(const std::string& pointer, std::string_view json_text) const {
    auto copy = *this;
    const auto slash = pointer.rfind('/');
    copy.object(pointer.substr(0, slash))[pointer.substr(slash + 1)] = json::parse({json_text.data(), json_text.size()});
    return copy;
  }
  Body without(const std::string& parent, const std::string& member) const {
    auto copy = *this;
    copy.object(parent).erase(member);
    return copy;
  }
  const json::value& value() const { return value_; }

 private:
  json::object& object(const std::string& pointer) {
    boost::system::error_code ec;
    return value_.find_pointer(pointer, ec)->as_object();
  }
  json::value value_;
};

const Body created{R"({"eventType":"employee.created","timestamp":"2025-04-01T09:00:00Z","data":{"staffId":"EMP-2025-001",
  "fullName":"山田太郎","email":"yamada@hospital.example.com","facilityId":"obara-hospital","departmentId":"nursing-dept-05",
  "position":"看護師","authLevel":3,"profilePhotoUrl":"https://d2k8x5j9m1n4p7.cloudfront.net/employees/EMP-2025-001.jpg",
  "photoUpdatedAt":"2025-04-01T09:00:00Z","photoMimeType":"image/jpeg","photoFileSize":180000,"employmentStatus":"active",
  "hiredAt":"2025-04-01T00:00:00Z"}})"};
const Body photo_updated{R"({"eventType":"employee.photo.updated","timestamp":"2025-10-21T10:00:00Z","data":{"staffId":"EMP-2025-001",
  "profilePhotoUrl":"https://d2k8x5j9m1n4p7.cloudfront.net/employees/EMP-2025-001.jpg","photoUpdatedAt":"2025-10-21T10:00:00Z",
  "photoMimeType":"image/jpeg","photoFileSize":185000,"updateReason":"annual_update"}})"};
const Body photo_deleted{R"({"eventType":"employee.photo.deleted","timestamp":"2025-10-21T10:00:00Z","data":{"staffId":"EMP-2025-001",
  "deletionReason":"user_request","photoDeletedAt":"2025-10-21T10:00:00Z"}})"};
const Body acknowledgement{R"({"reportId":"VD-2025-1234","caseNumber":"MED-2025-0001","timestamp":"2025-10-03T10:30:00Z","severity":"high"})"};
const Body success{R"({"type":"success","title":"✅ 職員カルテ分析データ送信完了","message":"期間: 2025-09-30 〜 2025-10-07\n総投稿数: 342件",
  "details":{"period":{"startDate":"2025-09-30","endDate":"2025-10-07"},"summary":{"totalPosts":342,"totalUsers":89,"participationRate":"74.2%"},
  "sentiment":{"positive":172,"neutral":126,"negative":39,"confidence":0.85},"topics":{"topKeywords":"業務改善, シフト調整","emergingTopicsCount":1},
  "performance":{"processingTime":"0.07秒","rateLimit":{"remaining":97,"limit":100}}},
  "timestamp":1728450000,"source":"medical-staff-system","accountLevel":99,"notificationId":"analytics-1728450000-abc123xyz"})"};
const Body failure{R"({"type":"error","title":"❌ 職員カルテ分析データ送信失敗","message":"エラーが発生しました。",
  "details":{"error":{"message":"接続できません","stack":"Error: connect ECONNREFUSED\n    at ...","timestamp":"2025-10-07T14:19:13.950Z"},
  "performance":{"processingTime":"0.05秒","failedAt":"2025-10-07T14:19:13.950Z"},"actionRequired":"管理者による対応が必要です。"},
  "timestamp":1728450000,"source":"medical-staff-system","accountLevel":99,"notificationId":"analytics-1728450000-def456uvw"})"};
const Body statistics{R"({"event":"stats.updated","timestamp":"2025-10-07T10:30:45.123Z","announcement":{"id":"ann_20251007_001",
  "title":"【アンケート】職場環境改善","category":"survey","priority":"medium","publishedAt":"2025-10-07T09:00:00.000Z"},
  "stats":{"delivered":450,"actions":235,"completions":189,"details":{"viewCount":380,"uniqueViewers":320,"averageReadTime":45,
  "actionsByDepartment":{"看護部":120,"医局":50}}},"metadata":{"source":"voicedrive","version":"1.0.0","environment":"production"}})"};

std::string quoted(std::size_t count, const std::string& character) {
  std::string out = "\"";
  for (std::size_t i = 0; i < count; ++i) out += character;
  return out + "\"";
}

class EmployeeSchema : public testing::Test {
 protected:
  std::vector<Violation> check(const Body& body) const { return schema_.check(body.value()); }
  Schema schema_ = shipped_schema("employee.json");
};

TEST_F(EmployeeSchema, AcceptsTheSamplesOfTheSeed) {
  for (const auto* body : {&created, &photo_updated, &photo_deleted}) EXPECT_THAT(check(*body), IsEmpty());
}

TEST_F(EmployeeSchema, WantsTheMembersOfEachEventType) {
  for (const auto* name : {"staffId", "fullName", "email", "facilityId", "departmentId"}) {
    const auto field = "data." + std::string(name);
    EXPECT_THAT(check(created.without("/data", name)), ElementsAre(Violation{field, Rule::required, ""}));
    EXPECT_THAT(check(created.with("/data/" + std::string(name), "\"\"")), ElementsAre(Violation{field, Rule::not_empty, ""}));
  }
  for (const auto* name : {"staffId", "profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize"})
    EXPECT_THAT(check(photo_updated.without("/data", name)), ElementsAre(Violation{"data." + std::string(name), Rule::required, ""}));
  for (const auto* name : {"staffId", "deletionReason", "photoDeletedAt"})
    EXPECT_THAT(check(photo_deleted.without("/data", name)), ElementsAre(Violation{"data." + std::string(name), Rule::required, ""}));
}

TEST_F(EmployeeSchema, LetsOptionalMembersBeAbsent) {
  auto small = created;
  for (const auto* name : {"position", "authLevel", "employmentStatus", "hiredAt", "profilePhotoUrl", "photoUpdatedAt", "photoMimeType",
                           "photoFileSize"})
    small = small.without("/data", name);
  EXPECT_THAT(check(small), IsEmpty());
  EXPECT_THAT(check(photo_updated.without("/data", "updateReason")), IsEmpty());
}

TEST_F(EmployeeSchema, WantsThePhotoGroupWholeOrNotAtAll) {
  for (const auto* name : {"profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize"}) {
    const auto list = check(created.without("/data", name));
    ASSERT_THAT(list, SizeIs(1));
    EXPECT_EQ(list[0].field, "data." + std::string(name));
    EXPECT_EQ(list[0].rule, Rule::incomplete_group);
  }
}

TEST_F(EmployeeSchema, ListsTheNamesOfTheEventTypesWithoutFollowingAnyBranch) {
  EXPECT_THAT(check(Body{R"({"eventType":"employee.fired","timestamp":"2025-10-21T10:00:00Z","data":{"staffId":"E"}})"}),
              ElementsAre(Violation{"eventType", Rule::one_of, "employee.created, employee.photo.updated, employee.photo.deleted"}));
  EXPECT_THAT(check(Body{"{}"}), ElementsAre(Violation{"eventType", Rule::required, ""}, Violation{"timestamp", Rule::required, ""},
                                            Violation{"data", Rule::required, ""}));
}

TEST_F(EmployeeSchema, GuardsThePhoto) {
  const auto rule_for = [&](std::string_view member, std::string_view text) {
    const auto list = check(photo_updated.with("/data/" + std::string(member), text));
    return list.size() == 1 && list[0].field == "data." + std::string(member) ? list[0].rule : Rule::constant;
  };
  EXPECT_EQ(rule_for("profilePhotoUrl", "\"http://d2k8x5j9m1n4p7.cloudfront.net/a.jpg\""), Rule::predicate);
  EXPECT_EQ(rule_for("profilePhotoUrl", "\"https://evil.example/a.jpg\""), Rule::host);
  EXPECT_EQ(rule_for("photoMimeType", "\"text/html\""), Rule::predicate);
  EXPECT_EQ(rule_for("photoFileSize", "0"), Rule::too_small);
  EXPECT_EQ(rule_for("photoFileSize", "-1"), Rule::too_small);
  EXPECT_EQ(rule_for("photoFileSize", "1.5"), Rule::type);
  EXPECT_EQ(rule_for("photoFileSize", "\"180000\""), Rule::type);
  EXPECT_EQ(rule_for("photoUpdatedAt", "\"yesterday\""), Rule::predicate);
}

TEST_F(EmployeeSchema, GuardsTheEmployee) {
  EXPECT_THAT(check(created.with("/data/authLevel", "\"3\"")), ElementsAre(Violation{"data.authLevel", Rule::type, "integer"}));
  EXPECT_THAT(check(created.with("/data/staffId", quoted(257, "x"))), ElementsAre(Violation{"data.staffId", Rule::too_long, "256"}));
  EXPECT_THAT(check(created.with("/data/hiredAt", "\"2025-04-01\"")), IsEmpty());
  EXPECT_THAT(check(created.with("/data", "null")), ElementsAre(Violation{"data", Rule::type, "object"}));
  EXPECT_THAT(check(created.with("/timestamp", "1728450000")), ElementsAre(Violation{"timestamp", Rule::type, "string"}));
}

TEST(AcknowledgementSchema, KeepsTheNumbersOfBothSystems) {
  const auto schema = shipped_schema("acknowledgement.json");
  EXPECT_THAT(schema.check(acknowledgement.value()), IsEmpty());
  EXPECT_THAT(schema.check(json::object{}), ElementsAre(Violation{"reportId", Rule::required, ""}, Violation{"caseNumber", Rule::required, ""},
                                                        Violation{"timestamp", Rule::required, ""}));
  EXPECT_THAT(schema.check(acknowledgement.with("/reportId", "\"MED-1\"").value()),
              ElementsAre(Violation{"reportId", Rule::predicate, "starts_with:VD-"}));
  EXPECT_THAT(schema.check(acknowledgement.with("/caseNumber", "\"MED-\"").value()), ElementsAre(Violation{"caseNumber", Rule::too_short, "5"}));
  EXPECT_THAT(schema.check(acknowledgement.with("/timestamp", "\"2025-10-03\"").value()),
              ElementsAre(Violation{"timestamp", Rule::predicate, "iso8601"}));
}

class AnalyticsSchema : public testing::Test {
 protected:
  std::vector<Violation> check(const Body& body) const { return schema_.check(body.value()); }
  Schema schema_ = shipped_schema("analytics.json");
};

TEST_F(AnalyticsSchema, AcceptsTheSamplesOfTheSeed) {
  EXPECT_THAT(check(success), IsEmpty());
  EXPECT_THAT(check(failure), IsEmpty());
}

TEST_F(AnalyticsSchema, CountsCharactersAndNotBytes) {
  EXPECT_THAT(check(success.with("/title", quoted(100, "職"))), IsEmpty());
  EXPECT_THAT(check(success.with("/title", quoted(101, "a"))), ElementsAre(Violation{"title", Rule::too_long, "100"}));
  EXPECT_THAT(check(success.with("/message", quoted(500, "😀"))), IsEmpty());
  EXPECT_THAT(check(success.with("/message", quoted(501, "😀"))), ElementsAre(Violation{"message", Rule::too_long, "500"}));
}

TEST_F(AnalyticsSchema, LeavesThePermissionToTheRequirement) {
  EXPECT_THAT(check(success.with("/accountLevel", "1")), IsEmpty());
  EXPECT_THAT(check(success.with("/accountLevel", "\"99\"")), ElementsAre(Violation{"accountLevel", Rule::type, "integer"}));
}

TEST_F(AnalyticsSchema, LetsEveryDetailBeAbsentButNotOfAnotherType) {
  EXPECT_THAT(check(success.without("", "details")), IsEmpty());
  EXPECT_THAT(check(success.with("/details", "{}")), IsEmpty());
  EXPECT_THAT(check(failure.with("/details", R"({"error":{}})")), IsEmpty());
  EXPECT_THAT(check(success.with("/details", "[]")), ElementsAre(Violation{"details", Rule::type, "object"}));
  EXPECT_THAT(check(success.with("/details/summary/totalPosts", "\"342\"")),
              ElementsAre(Violation{"details.summary.totalPosts", Rule::type, "number"}));
  EXPECT_THAT(check(success.with("/details/performance/rateLimit", "100")),
              ElementsAre(Violation{"details.performance.rateLimit", Rule::type, "object"}));
  EXPECT_THAT(check(success.with("/details/sentiment/confidence", "1.5")),
              ElementsAre(Violation{"details.sentiment.confidence", Rule::too_large, "1.0"}));
  EXPECT_THAT(check(failure.with("/details/error/stack", "[]")), ElementsAre(Violation{"details.error.stack", Rule::type, "string"}));
}

TEST_F(AnalyticsSchema, LeavesTheDetailsOfWarningsFree) {
  EXPECT_THAT(check(success.with("/type", "\"warning\"").with("/details/summary", "\"anything\"")), IsEmpty());
}

TEST_F(AnalyticsSchema, WantsItsFixedValues) {
  EXPECT_THAT(check(success.with("/type", "\"fatal\"")), ElementsAre(Violation{"type", Rule::one_of, "success, error, warning, info"}));
  EXPECT_THAT(check(success.with("/source", "\"elsewhere\"")), ElementsAre(Violation{"source", Rule::constant, "medical-staff-system"}));
  EXPECT_THAT(check(success.with("/notificationId", "\"\"")), ElementsAre(Violation{"notificationId", Rule::not_empty, ""}));
  EXPECT_THAT(check(success.with("/timestamp", "\"1728450000\"")), ElementsAre(Violation{"timestamp", Rule::type, "integer"}));
  EXPECT_THAT(check(success.with("/timestamp", "-1")), ElementsAre(Violation{"timestamp", Rule::too_small, "0"}));
}

class StatsSchema : public testing::Test {
 protected:
  std::vector<Violation> check(const Body& body) const { return schema_.check(body.value()); }
  Schema schema_ = shipped_schema("announcement-stats.json");
};

TEST_F(StatsSchema, AcceptsTheSamplesOfTheSeed) {
  EXPECT_THAT(check(statistics), IsEmpty());
  EXPECT_THAT(check(statistics.without("/stats", "details").with("/event", "\"stats.daily\"")), IsEmpty());
}

TEST_F(StatsSchema, ListsEveryViolation) {
  const auto body = statistics.without("/stats", "delivered")
                        .with("/stats/actions", "-1")
                        .with("/stats/completions", "1.5")
                        .with("/announcement/priority", "\"urgent\"")
                        .with("/stats/details/actionsByDepartment/医局", "\"50\"")
                        .without("/metadata", "source");
  EXPECT_THAT(check(body), ElementsAre(Violation{"announcement.priority", Rule::one_of, "low, medium, high"},
                                       Violation{"stats.delivered", Rule::required, ""}, Violation{"stats.actions", Rule::too_small, "0"},
                                       Violation{"stats.completions", Rule::type, "integer"},
                                       Violation{"stats.details.actionsByDepartment.医局", Rule::type, "integer"},
                                       Violation{"metadata.source", Rule::required, ""}));
}

TEST_F(StatsSchema, WantsItsFixedValues) {
  EXPECT_THAT(check(statistics.with("/event", "\"stats.weekly\"")), SizeIs(1));
  EXPECT_THAT(check(statistics.with("/metadata/version", "\"2.0.0\"")), ElementsAre(Violation{"metadata.version", Rule::one_of, "1.0.0"}));
  EXPECT_THAT(check(statistics.with("/metadata/environment", "\"test\"")), SizeIs(1));
  EXPECT_THAT(check(statistics.with("/metadata/source", "\"other\"")), ElementsAre(Violation{"metadata.source", Rule::constant, "voicedrive"}));
  EXPECT_THAT(check(statistics.with("/stats/details/averageReadTime", "45.5")), IsEmpty());
}

}  // namespace
}  // namespace denrei
