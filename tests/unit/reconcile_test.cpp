// Reconciling a staff CSV with a receiver: missing, different and extra people, and what counts as no difference.
#include "denrei/app/cli/reconcile.hpp"

#include <numeric>

#include "bulk_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Reconcile : public BulkWorld {
 protected:
  Reconcile() {
    answer_ = [this](const Arrival& arrival) -> Result<HttpReply> {
      const auto target = arrival.request.url.substr(arrival.request.url.find("/api/"));
      const auto found = held_.find(target);
      return found == held_.end() ? HttpReply{404, R"({"status":404})"} : HttpReply{200, found->second};
    };
  }
  int reconcile(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"reconcile", csv_.string(), "--against", "http://receiver.example/"});
    return run(more);
  }
  void hold(const std::string& staff, const std::string& record) { held_["/api/employees/" + staff] = record; }
  // Everybody of write_people, as the receiver would hold them.
  void hold_people(std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i) {
      const auto n = std::to_string(i);
      hold("S-" + n, R"({"staffId":"S-)" + n + R"(","fullName":"山田太郎","email":"s)" + n + R"(@h.example","facilityId":"FAC","departmentId":"DEP"})");
    }
  }
  std::map<std::string, std::string> held_;  // by path and query
};

TEST_F(Reconcile, FindsNothingWhenBothSayTheSame) {
  write_people(3);
  hold_people(3);
  EXPECT_EQ(reconcile(), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("3 people; 3 the same, 0 missing, 0 different, extra ones not determined\n"),
                                HasSubstr("could not be determined: the receiver has no list of employees (404); give one with --known")));
  EXPECT_EQ(arrivals_.at(1).header("Authorization"), "Bearer token-of-a-reader");
}

TEST_F(Reconcile, ShowsWhoIsMissingAndWhatIsDifferent) {
  write_people(3);
  hold_people(3);
  held_.erase("/api/employees/S-2");
  hold("S-3", R"({"staffId":"S-3","fullName":"\u001b[2J山田","email":"s3@h.example","facilityId":"FAC"})");
  EXPECT_EQ(reconcile(), 1);
  EXPECT_THAT(out_.str(), StartsWith("FINDING    LINE  STAFF  FIELD         EXPECTED  FOUND\n"
                                     "missing    3     S-2    -             -         -\n"
                                     "different  4     S-3    fullName      山田太郎  ?[2J山田\n"
                                     "different  4     S-3    departmentId  DEP       -\n\n"));
  EXPECT_THAT(out_.str(), HasSubstr("3 people; 1 the same, 1 missing, 1 different,"));
}

TEST_F(Reconcile, GivesTheSameAsJson) {
  write_people(3);
  hold_people(3);
  held_.erase("/api/employees/S-2");
  hold("S-3", R"({"fullName":"x","email":"s3@h.example","facilityId":"FAC"})");
  EXPECT_EQ(reconcile({"-o", "json", "--fields", "fullName,部署ID"}), 1);
  EXPECT_EQ(out_.str(), R"({"rows":3,"same":1,"missing":[{"line":3,"staffId":"S-2"}],"different":[)"
                        R"({"line":4,"staffId":"S-3","field":"fullName","expected":"山田太郎","found":"x"},)"
                        R"({"line":4,"staffId":"S-3","field":"departmentId","expected":"DEP","found":null}],"extra":null,)"
                        R"("extraUnknownBecause":"the receiver has no list of employees (404); give one with --known"})" "\n");
}

TEST_F(Reconcile, ComparesOnlyTheFieldsThatWereNamed) {
  write_people(1);
  hold("S-1", R"({"fullName":"other","email":"s1@h.example"})");
  EXPECT_EQ(reconcile({"--fields", "email"}), 0);
  EXPECT_EQ(reconcile({"--fields", "email,fullName"}), 1);
  EXPECT_EQ(reconcile({"--fields", "emial"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean 'email'?"));
  EXPECT_EQ(reconcile({"--fields", "position"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("has no column position"));
}

TEST_F(Reconcile, FindsExtraPeopleInTheReceiversPages) {
  write_people(2);
  hold_people(2);
  held_["/api/employees?limit=1000"] = R"({"data":[{"staffId":"S-1"},{"staffId":"X-9"}],"next":"a/b"})";
  held_["/api/employees?limit=1000&cursor=a%2Fb"] = R"({"data":[{"staffId":"X-1"},{"staffId":"S-2"},{"staffId":"X-9"}],"next":null})";
  EXPECT_EQ(reconcile({"-o", "json"}), 1);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr(R"("extra":["X-1","X-9"])"), Not(HasSubstr("extraUnknownBecause"))));
  held_["/api/employees?limit=1000&cursor=a%2Fb"] = R"({"data":[{"staffId":"X-1"}],"next":"a/b"})";
  EXPECT_EQ(reconcile(), 5);
  EXPECT_THAT(err_.str(), HasSubstr("does not end"));
  EXPECT_EQ(arrivals_.size(), 2u);
  held_["/api/employees?limit=1000"] = R"({"people":[]})";
  EXPECT_EQ(reconcile(), 5);
}

TEST_F(Reconcile, FindsExtraPeopleInAListThatIsGiven) {
  write_people(2);
  hold_people(2);
  const auto known = (folder_ / "known").string();
  write(known, "S-1\r\nX-1\r\nS-2\r\n");
  EXPECT_EQ(reconcile({"--known", known}), 1);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("extra    -     X-1"), HasSubstr("0 different, 1 extra\n")));
  EXPECT_EQ(arrivals_.size(), 2u);
  write(known, "\xEF\xBB\xBF" "氏名,職員ID\nn,S-1\nn,S-2\n");
  EXPECT_EQ(reconcile({"--known", known}), 0);
  write(known, "a,b\nn,S-1\n");
  EXPECT_EQ(reconcile({"--known", known}), 2);
  write(known, "\"a");
  EXPECT_EQ(reconcile({"--known", known}), 2);
  EXPECT_EQ(reconcile({"--known", known + "-absent"}), 2);
}

class PhotoComparison : public Reconcile {
 protected:
  // What differs when the CSV says 2024-06-15T09:00Z and the receiver holds this.
  std::vector<std::string> differences(const std::string& record) {
    write(csv_, "staffId,写真URL,写真更新日時,写真MIMEタイプ,写真サイズ,権限レベル,入職日,fullName,email,facilityId,departmentId,position\n"
                "S-1,https://h/1.jpg,2024-06-15T09:00:00Z,image/jpeg,175000,03,2025-04-01T00:00:00Z,n,e,f,d,\n");
    const auto file = read_staff_file(csv_.string());
    if (!file || !file->problems.empty()) return {"wrong CSV"};
    const auto document = parse_json(record);
    if (!document) return {"wrong record"};
    std::vector<std::size_t> columns(staff_columns.size() - 1);
    std::iota(columns.begin(), columns.end(), std::size_t{1});
    std::vector<std::string> fields;
    for (const auto& difference : compare_person(*file, file->rows.at(0), (*document)->root(), columns)) fields.push_back(difference.field);
    return fields;
  }
  static constexpr const char* rest = R"("authLevel":3,"hiredAt":"2025-04-01T09:00:00.000+09:00","fullName":"n","email":"e","facilityId":"f",)"
                                      R"("departmentId":"d","position":"whatever"})";
  static constexpr const char* same = R"({"profilePhotoUrl":"https://h/1.jpg","photoMimeType":"image/jpeg","photoFileSize":175000,)";
};

TEST_F(PhotoComparison, TakesTimesAsInstantsNumbersAsNumbersAndEmptyCellsAsSilence) {
  EXPECT_THAT(differences(std::string(same) + R"("photoUpdatedAt":"2024-06-15T18:00:00+09:00",)" + rest), IsEmpty());
  EXPECT_THAT(differences(std::string(same) + R"("photoUpdatedAt":"2024-06-15T09:00:00Z","authLevel":4,"fullName":"n","email":"e",)"
                                              R"("facilityId":"f","departmentId":"d","hiredAt":"2025-04-02T00:00:00Z"})"),
              ElementsAre("authLevel", "hiredAt"));
}

TEST_F(PhotoComparison, LeavesANewerPhotoOrDeletionAlone) {
  EXPECT_THAT(differences(std::string(R"({"profilePhotoUrl":"https://h/2.jpg","photoMimeType":"image/png","photoFileSize":1,)"
                                      R"("photoUpdatedAt":"2024-06-15T09:00:00.001Z",)") + rest), IsEmpty());
  EXPECT_THAT(differences(std::string(R"({"photoDeletion":{"reason":"x","photoDeletedAt":"2025-01-01T00:00:00Z"},)") + rest), IsEmpty());
}

TEST_F(PhotoComparison, ShowsAnOlderOrAbsentPhoto) {
  EXPECT_THAT(differences(std::string(R"({"profilePhotoUrl":"https://h/0.jpg","photoMimeType":"image/jpeg","photoFileSize":175000,)"
                                      R"("photoUpdatedAt":"2024-06-15T08:59:59Z",)") + rest), ElementsAre("profilePhotoUrl", "photoUpdatedAt"));
  EXPECT_THAT(differences(std::string(R"({"profilePhotoUrl":"https://h/2.jpg","photoMimeType":"image/jpeg","photoFileSize":175000,)"
                                      R"("photoUpdatedAt":"2024-06-15T09:00:00Z",)") + rest), ElementsAre("profilePhotoUrl"));
  EXPECT_THAT(differences(std::string(R"({"photoDeletion":{"reason":"x","photoDeletedAt":"2024-01-01T00:00:00Z"},)") + rest),
              ElementsAre("profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize"));
  EXPECT_THAT(differences(std::string("{") + rest), ElementsAre("profilePhotoUrl", "photoUpdatedAt", "photoMimeType", "photoFileSize"));
}

TEST_F(Reconcile, AsksAgainWhenTheReceiverIsBusyAndThenSaysSo) {
  write_people(1);
  int asked = 0;
  const auto start = now_;
  const auto say = [&](int status, int times, Result<HttpReply> then) {
    asked = 0;
    now_ = start;
    answer_ = [&asked, status, times, then](const Arrival&) -> Result<HttpReply> {
      if (++asked <= times) return HttpReply{status, "busy", {{"Retry-After", "4"}}};
      return then;
    };
    return reconcile();
  };
  EXPECT_EQ(say(503, 2, HttpReply{404, ""}), 1);
  EXPECT_EQ(now_ - start, std::chrono::seconds{8});
  EXPECT_EQ(say(503, 3, HttpReply{404, ""}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("the receiver answers 503: busy"));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(say(0, 0, fail(FaultCode::unavailable, "connection refused")), 5);
  EXPECT_THAT(err_.str(), HasSubstr("connection refused"));
  EXPECT_EQ(now_ - start, std::chrono::seconds{3});
}

TEST_F(Reconcile, NeverCallsAnUnreadableAnswerTheSame) {
  write_people(2);
  hold_people(2);
  for (const auto* body : {"<html>", "[]", ""}) {
    hold("S-2", body);
    EXPECT_EQ(reconcile(), 5) << body;
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), HasSubstr("line 3: the receiver answers 200"));
  }
}

TEST_F(Reconcile, SaysWhatItNeeds) {
  write_people(2);
  answer_ = [](const Arrival&) { return HttpReply{403, ""}; };
  EXPECT_EQ(reconcile(), 4);
  environment_.erase("DENREI_READER_TOKEN");
  EXPECT_EQ(reconcile(), 4);
  EXPECT_THAT(err_.str(), HasSubstr("set DENREI_READER_TOKEN or DENREI_READER_TOKEN_FILE"));
  EXPECT_EQ(run({"reconcile", csv_.string()}), 2);
  EXPECT_EQ(run({"reconcile", csv_.string(), "--against", "receiver.example"}), 2);
  EXPECT_EQ(run({"reconcile", (folder_ / "absent").string(), "--against", "http://r"}), 1);
  write(csv_, "staffId,fullName\nS-1,n\n");
  EXPECT_EQ(reconcile(), 2);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("the column email"), HasSubstr("must be in order")));
}

TEST_F(Reconcile, AsksForIdsThatNeedEncoding) {
  write(csv_, "staffId,fullName,email,facilityId,departmentId\nS/1 山?,n,e,f,d\n");
  EXPECT_EQ(reconcile(), 1);
  EXPECT_EQ(arrivals_.back().request.url, "http://receiver.example/api/employees/S%2F1%20%E5%B1%B1%3F");
}

}  // namespace
}  // namespace denrei
