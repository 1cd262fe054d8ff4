// What answers of outside services say of a job.
#include "denrei/domain/service_answer.hpp"

#include <gtest/gtest.h>

namespace denrei {
namespace {

ServiceAnswer s3(int status, std::string_view code = {}) {
  static std::string body;
  body = code.empty() ? "" : "<?xml version=\"1.0\"?><Error><Code>" + std::string(code) + "</Code><Message>Please\nwait</Message></Error>";
  return {.status = status, .body = body};
}

TEST(StorageAnswer, IsJudgedByItsStatus) {
  for (const int status : {200, 201, 204}) EXPECT_EQ(judge_storage({.status = status}).outcome, JobOutcome::done) << status;
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_EQ(judge_storage({.status = status}).outcome, JobOutcome::again) << status;
  for (const int status : {301, 307, 401, 403, 404, 405}) EXPECT_EQ(judge_storage({.status = status}).outcome, JobOutcome::refused) << status;
  for (const int status : {400, 411, 413, 422}) EXPECT_EQ(judge_storage({.status = status}).outcome, JobOutcome::bad_job) << status;
}

TEST(StorageAnswer, IsJudgedByItsCodeWhereTheStatusSaysTooLittle) {
  EXPECT_EQ(judge_storage(s3(400, "RequestTimeout")).outcome, JobOutcome::again);
  EXPECT_EQ(judge_storage(s3(409, "OperationAborted")).outcome, JobOutcome::again);
  EXPECT_EQ(judge_storage(s3(400, "AuthorizationHeaderMalformed")).outcome, JobOutcome::refused) << "the region is wrong there";
  EXPECT_EQ(judge_storage(s3(400, "EntityTooLarge")).outcome, JobOutcome::bad_job);
  EXPECT_EQ(judge_storage(s3(403, "SignatureDoesNotMatch")).outcome, JobOutcome::refused);
  EXPECT_EQ(judge_storage(s3(200, "SlowDown")).outcome, JobOutcome::done);
}

TEST(StorageAnswer, SaysWhyInOneLine) {
  EXPECT_EQ(judge_storage(s3(503, "SlowDown")).why, "HTTP 503 SlowDown: Please wait");
  EXPECT_EQ(judge_storage({.status = 500, .body = "<Code>x"}).why, "HTTP 500");
  EXPECT_EQ(judge_storage({.status = 204}).why, "");
}

TEST(ServiceAnswers, ThatNeverCameAreTriedAgainUnlessTheAddressIsForbidden) {
  for (const auto error : {AttemptError::dns, AttemptError::connect, AttemptError::tls, AttemptError::timeout, AttemptError::broken, AttemptError::crashed}) {
    const ServiceAnswer answer{.error = error, .error_text = "a reason"};
    EXPECT_EQ(judge_storage(answer).outcome, JobOutcome::again);
    EXPECT_EQ(judge_monitoring(answer).outcome, JobOutcome::again);
  }
  const ServiceAnswer blocked{.error = AttemptError::blocked, .error_text = "10.0.0.1 is not public"};
  EXPECT_EQ(judge_storage(blocked).outcome, JobOutcome::refused);
  EXPECT_EQ(judge_monitoring(blocked).why, "blocked: 10.0.0.1 is not public");
}

TEST(MonitoringAnswer, IsBadOnlyWhereThePushItselfIs) {
  EXPECT_EQ(judge_monitoring({.status = 200, .body = R"({"partialSuccess":{"rejectedSpans":"1"}})"}).outcome, JobOutcome::done);
  for (const int status : {429, 502, 503, 504}) EXPECT_EQ(judge_monitoring({.status = status}).outcome, JobOutcome::again) << status;
  for (const int status : {401, 403, 404}) EXPECT_EQ(judge_monitoring({.status = status}).outcome, JobOutcome::refused) << status;
  const auto bad = judge_monitoring({.status = 400, .body = "no such\x01 field\xe6\x97"});
  EXPECT_EQ(bad.outcome, JobOutcome::bad_job);
  EXPECT_EQ(bad.why, "HTTP 400: no such  field");
}

}  // namespace
}  // namespace denrei
