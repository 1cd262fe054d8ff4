// denrei check photo: what is asked for, what is shown, and the exit codes.
#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string url = "https://photos.example.com/employees/TEST-001.jpg";

class CheckPhoto : public OperatorWorld {
 protected:
  CheckPhoto() {
    exchange_ = [this](const OutboundRequest& request, const ClientPolicy& policy) {
      asked_.push_back(request);
      policy_ = policy;
      return request.method == "GET" ? photo_ : preflight_;
    };
    const std::string cors = "Access-Control-Allow-Origin: https://voicedrive.example.com\r\n";
    photo_.status = preflight_.status = 200;
    photo_.headers = "Content-Type: image/jpeg\r\nContent-Length: 5\r\nCache-Control: max-age=86400\r\n" + cors;
    photo_.body_bytes = 5;
    photo_.dns_us = 1'250;
    photo_.total_us = 120'000;
    preflight_.headers = cors + "Access-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Max-Age: 3600\r\n";
  }
  Exchange photo_, preflight_;
  std::vector<OutboundRequest> asked_;
  ClientPolicy policy_;
};

TEST_F(CheckPhoto, AsksForThePhotoAndThePreflight) {
  ASSERT_EQ(run({"check", "photo", url}), 0) << err() << out();
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_EQ(asked_[0].method + " " + asked_[0].url, "GET " + url);
  EXPECT_EQ(asked_[1].method + " " + asked_[1].url, "OPTIONS " + url);
  EXPECT_EQ(asked_[0].timeout, Millis{10'000});
  EXPECT_TRUE(policy_.allow.empty()) << "private addresses are refused";
  EXPECT_FALSE(policy_.plain_http);
  EXPECT_EQ(policy_.answer_bytes_max, 8u * 1024 * 1024);
  EXPECT_THAT(out(), AllOf(HasSubstr("VERDICT"), HasSubstr("ok       Reachable"), Not(HasSubstr("FAILED"))));
}

TEST_F(CheckPhoto, TakesItsLimitsFromTheCommandLine) {
  ASSERT_EQ(run({"check", "photo", url, "--timeout", "3s", "--max-bytes", "1000", "--allow", "10.0.0.0/8", "--allow", "127.0.0.1", "--origin",
                 "http://localhost:3001"}), 1);
  EXPECT_EQ(asked_[0].timeout, Millis{3'000});
  EXPECT_EQ(policy_.answer_bytes_max, 1'000u);
  EXPECT_EQ(policy_.allow.size(), 2u);
  EXPECT_EQ(asked_[1].headers[0].value, "http://localhost:3001");
  EXPECT_THAT(out(), HasSubstr("Access-Control-Allow-Origin: http://localhost:3001"));
}

TEST_F(CheckPhoto, ExitsOneWhenACheckFailsAndZeroWithWarningsAlone) {
  photo_.total_us = 2'000'000;
  EXPECT_EQ(run({"check", "photo", url}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("warning  Load time"), HasSubstr("\nwarning: Load time: measure again")));
  EXPECT_EQ(run({"check", "photo", url, "--slow", "3s"}), 0);
  EXPECT_THAT(out(), Not(HasSubstr("warning")));
  EXPECT_EQ(run({"check", "photo", url, "--expect-size", "6"}), 1);
  EXPECT_EQ(run({"check", "photo", url, "--expect-type", "image/png"}), 1);
  photo_.status = 404;
  EXPECT_EQ(run({"check", "photo", url}), 1);
  EXPECT_THAT(out(), HasSubstr("FAILED: Reachable: there is no photo"));
}

TEST_F(CheckPhoto, DoesNotAskForAPhotoWithoutHttps) {
  EXPECT_EQ(run({"check", "photo", "http://photos.example.com/1.jpg"}), 1);
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(out(), HasSubstr("FAILED"));
}

TEST_F(CheckPhoto, DoesNotAskTwiceWhereNobodyAnswers) {
  photo_ = {.error = AttemptError::timeout, .error_text = "nothing within 10 s"};
  EXPECT_EQ(run({"check", "photo", url}), 1);
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_THAT(out(), HasSubstr("timeout: nothing within 10 s"));
}

TEST_F(CheckPhoto, RefusesWhatCannotBeMeant) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"ftp://photos.example.com/1.jpg"}, {"photos.example.com/1.jpg"}, {""}, {url, "--timeout", "soon"}, {url, "--timeout", "0s"},
           {url, "--slow", "-1s"}, {url, "--allow", "everybody"}, {url, "--max-bytes", "0"}, {url, "--ca-file", "/nowhere.pem"}, {}}) {
    std::vector<std::string> command{"check", "photo"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    EXPECT_EQ(run(command), 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(err(), Not(IsEmpty()));
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(CheckPhoto, PrintsJson) {
  photo_.headers += "Access-Control-Allow-Credentials: true\r\n";
  ASSERT_EQ(run({"check", "photo", url, "--json"}), 1);
  const auto document = parse_json(out());
  ASSERT_TRUE(document) << out();
  const auto& root = (*document)->root();
  EXPECT_EQ(find_string(root, "/url"), url);
  EXPECT_EQ(find_string(root, "/origin"), "https://voicedrive.example.com");
  EXPECT_EQ(find_string(root, "/verdict"), "failed");
  EXPECT_EQ(find_string(root, "/checks/0/name"), "https");
  EXPECT_EQ(find_string(root, "/checks/0/verdict"), "ok");
  EXPECT_THAT(out(), HasSubstr(R"("timing":{"dnsMs":1.2,"connectMs":0.0,"tlsMs":0.0,"firstByteMs":0.0,"totalMs":120.0})"));
  EXPECT_EQ(find(root, "/checks/0/hint"), nullptr);
  const auto text = out();
  ASSERT_EQ(run({"check", "photo", url, "-o", "json"}), 1);
  EXPECT_EQ(out(), text);
}

TEST_F(CheckPhoto, SpeaksTheLanguageOfItsReader) {
  environment_["LANG"] = "ja_JP.UTF-8";
  photo_.status = 403;
  ASSERT_EQ(run({"check", "photo", url}), 1);
  EXPECT_THAT(out(), AllOf(HasSubstr("判定"), HasSubstr("不合格  到達"), HasSubstr("OAC とバケットポリシー")));
  ASSERT_EQ(run({"check", "photo", url, "--lang", "en"}), 1);
  EXPECT_THAT(out(), HasSubstr("FAILED"));
}

TEST_F(CheckPhoto, LeavesCorsAloneWithoutAnOrigin) {
  preflight_.status = 403;
  EXPECT_EQ(run({"check", "photo", url, "--origin", ""}), 0);
  EXPECT_EQ(asked_.size(), 1u);
}

}  // namespace
}  // namespace denrei
