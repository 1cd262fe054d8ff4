// A bulk load before it sends: every mistake is found first, and a dry run says what would happen.
#include "bulk_world.hpp"
#include "denrei/app/cli/bulk_events.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class BulkCheck : public BulkWorld {
 protected:
  static constexpr const char* full_header =
      "staffId,fullName,email,facilityId,departmentId,position,authLevel,employmentStatus,hiredAt,profilePhotoUrl,photoUpdatedAt,"
      "photoMimeType,photoFileSize\n";
  static constexpr const char* photo = "https://d2k8x5j9m1n4p7.cloudfront.net/e/1.jpg,2024-06-15T09:00:00Z,image/jpeg,175000";

  // What is said about the file, without its name.
  std::string complaints(const std::string& text) {
    write(csv_, text);
    EXPECT_EQ(bulk(), 2) << out_.str();
    EXPECT_THAT(arrivals_, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(state_));
    auto all = err_.str();
    for (auto at = all.find(csv_.string()); at != std::string::npos; at = all.find(csv_.string())) all.erase(at, csv_.string().size() + 1);
    return all;
  }
};

TEST_F(BulkCheck, NamesEveryMistakeWithLineAndColumnAndSendsNothing) {
  const auto said = complaints(std::string(full_header) +
                               "S-1,山田,a@b,F,D,看護師,3,active,2025-04-01T00:00:00Z," + photo + "\n" +
                               "S-2,,a@b,F,D,看護師,three,active,2025/4/1," + photo + "\n" +
                               "S-3,n,a@b,F,D,,,,,http://h/x.jpg,yesterday,text/plain,0\n" +
                               "S-1,n,a@b,F,D,,,,,,,,\n");
  EXPECT_THAT(said, AllOf(StartsWith("3: column 2 (fullName): is required\n"), HasSubstr("3: column 7 (authLevel): must be an integer, is 'three'\n"),
                          HasSubstr("3: column 9 (hiredAt): must be "), HasSubstr(", is '2025/4/1'\n"),
                          HasSubstr("4: column 10 (profilePhotoUrl): must be "), HasSubstr("4: column 11 (photoUpdatedAt): must be ")));
  EXPECT_THAT(said, AllOf(HasSubstr("4: column 12 (photoMimeType): must be "), HasSubstr("4: column 13 (photoFileSize): must be "),
                          HasSubstr("5: column 1 (staffId): 'S-1' stands in line 2 already\n"), HasSubstr("nothing was sent; mistakes: 8")));
}

TEST_F(BulkCheck, WantsAllOfAPhotoOrNothing) {
  EXPECT_THAT(complaints(std::string(full_header) + "S-1,n,a@b,F,D,,,,,https://h/x.jpg,,,1\n"),
              AllOf(HasSubstr("2: column 11 (photoUpdatedAt): is required when"), HasSubstr("2: column 12 (photoMimeType): is required when"),
                    HasSubstr("mistakes: 2")));
  EXPECT_THAT(complaints("staffId,fullName,email,facilityId,departmentId,写真URL\nS-1,n,a@b,F,D,https://h/x.jpg\n"),
              HasSubstr("2: photoUpdatedAt is required when profilePhotoUrl is given\n"));
}

TEST_F(BulkCheck, ChecksTheRowsUnderAWrongHeaderToo) {
  EXPECT_EQ(complaints("staffId,fullName,emial,facilityId,departmentId\nS-1,,a@b,F,D\nS-1,n,a@b,F\n"),
            "1: the column email (メールアドレス) is missing\n"
            "1: column 3 (emial): is not a column of the staff file; did you mean 'email'?\n"
            "2: column 2 (fullName): is required\n"
            "3: has 4 cells, the header has 5\n"
            "3: column 1 (staffId): 'S-1' stands in line 2 already\n"
            "denrei:  nothing was sent; mistakes: 5\n");
}

TEST_F(BulkCheck, RefusesIdsThatOnlyLookAlike) {
  EXPECT_THAT(complaints("staffId,fullName,email,facilityId,departmentId\nS-1 ,n,a@b,F,D\nS-2,n,a@b,　F,D\n"),
              AllOf(HasSubstr("2: column 1 (staffId): must not begin or end with a blank, is 'S-1 '"), HasSubstr("3: column 4 (facilityId): must not"),
                    HasSubstr("mistakes: 2")));
}

TEST_F(BulkCheck, KnowsTheReceiversBoundOnKeys) {
  // 100 characters that the schema allows, but 300 bytes that no key may have
  std::string id;
  for (int i = 0; i < 100; ++i) id += "山";
  EXPECT_THAT(complaints("staffId,fullName,email,facilityId,departmentId\n" + id + ",n,a@b,F,D\n"),
              HasSubstr("2: column 1 (staffId): must have at most 256 characters"));
}

TEST_F(BulkCheck, HoldsPhotosToTheConfiguredHosts) {
  auto config = read(DENREI_ROOT "/config/denrei.toml");
  const std::string open = "photo_hosts      = []";
  ASSERT_NE(config.find(open), std::string::npos);
  config.replace(config.find(open), open.size(), "photo_hosts = [\"photos.example\"]");
  write(folder_ / "denrei.toml", config);
  write(csv_, std::string(full_header) + "S-1,n,a@b,F,D,,,,," + photo + "\n");
  EXPECT_EQ(run({"send", "bulk", csv_.string(), "--url", "https://r", "--config", (folder_ / "denrei.toml").string()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("column 10 (profilePhotoUrl): must be a URL on one of these hosts: photos.example"));
}

TEST_F(BulkCheck, GivesMistakesAsJsonToo) {
  write(csv_, "staffId,fullName,email,facilityId,departmentId\nS-1,n,,F,D\n");
  EXPECT_EQ(bulk({"-o", "json", "--dry-run"}), 2);
  EXPECT_EQ(out_.str(), "{\"problems\":[{\"line\":2,\"column\":3,\"name\":\"email\",\"text\":\"is required\"}],\"unlisted\":0}\n");
}

TEST_F(BulkCheck, DryRunSaysHowLongItTakesAndNeedsNoSecret) {
  write_people(300);
  environment_.clear();
  ASSERT_EQ(bulk({"--dry-run"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(StartsWith("300 rows (UTF-8) are in order; at 5/s sending them to "
                                           "https://receiver.example/api/webhooks/medical-system/employee takes 1:00\n"),
                                HasSubstr("\"staffId\":\"S-1\""), HasSubstr("nothing was sent\n")));
  EXPECT_THAT(arrivals_, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(state_) || std::filesystem::exists(result_));
  ASSERT_EQ(bulk({"--dry-run", "-o", "json", "--rate", "10"}), 0);
  const auto document = parse_json(out_.str());
  ASSERT_TRUE(document);
  EXPECT_EQ(find((*document)->root(), "/wouldTakeMs")->get_int64(), 30'000);
}

TEST_F(BulkCheck, SaysWhatIsWrongWithTheOptions) {
  write_people(1);
  EXPECT_EQ(bulk({"--rate", "0"}), 2);
  EXPECT_EQ(bulk({"--concurrency", "0"}), 2);
  EXPECT_EQ(bulk({"--schedule", "1m,soon"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--schedule: "));
  EXPECT_EQ(bulk({"--schedule", "25h"}), 2);
  EXPECT_EQ(bulk({"--source", "stats"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("takes no employee events"));
  EXPECT_EQ(bulk({"--source", "employe"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean 'employee'?"));
  EXPECT_EQ(bulk({"--state", csv_.string()}), 2);
  EXPECT_EQ(bulk({"--result", csv_.string()}), 2);
  EXPECT_EQ(bulk({"--state", "x", "--result", "x"}), 2);
  EXPECT_EQ(run({"send", "bulk", csv_.string()}), 2);
  EXPECT_EQ(run({"send", "bulk", csv_.string(), "--url", "ftp://x"}), 2);
  EXPECT_EQ(run({"send", "bulk", "-", "--url", "https://x"}), 2);
  EXPECT_EQ(run({"send", "bulk", (folder_ / "absent.csv").string(), "--url", "https://x"}), 1);
  EXPECT_THAT(arrivals_, IsEmpty());
}

TEST_F(BulkCheck, WarnsWhenAnybodyCanReadWhatIsSent) {
  write_people(1);
  const auto warns = [&](const std::string& url) {
    EXPECT_EQ(run({"send", "bulk", csv_.string(), "--url", url, "--dry-run"}), 0);
    return err_.str().find("without https") != std::string::npos;
  };
  EXPECT_TRUE(warns("http://receiver.example"));
  EXPECT_FALSE(warns("http://127.0.0.1:4000"));
  EXPECT_FALSE(warns("http://localhost:4000"));
  EXPECT_FALSE(warns("https://receiver.example"));
}

TEST_F(BulkCheck, MakesTheSameBytesFromTheSameRowAndTime) {
  write(csv_, std::string(full_header) + "S-1,\"山田 \"\"太\"\"郎\",a@b,F,D,看護師,03,,2025-04-01," + photo + "\n");
  const auto file = read_staff_file(csv_.string());
  ASSERT_TRUE(file);
  EXPECT_EQ(make_created_body(*file, file->rows.at(0), now_),
            R"({"eventType":"employee.created","timestamp":"2025-11-20T05:00:00.000Z","data":{"staffId":"S-1","fullName":"山田 \"太\"郎",)"
            R"("email":"a@b","facilityId":"F","departmentId":"D","position":"看護師","authLevel":3,"hiredAt":"2025-04-01",)"
            R"("profilePhotoUrl":"https://d2k8x5j9m1n4p7.cloudfront.net/e/1.jpg","photoUpdatedAt":"2024-06-15T09:00:00Z",)"
            R"("photoMimeType":"image/jpeg","photoFileSize":175000}})");
}

}  // namespace
}  // namespace denrei
