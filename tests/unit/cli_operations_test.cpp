// denrei jobs, destinations and audit; and what holds for every command that asks a server: tokens, repeats, exit codes.
#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string jobs_url = "http://127.0.0.1:4001/ops/jobs";
const std::string destinations_url = "http://127.0.0.1:4001/ops/destinations";

std::string job_json(const std::string& state, int delivered, int failed_again, const std::string& why = "null") {
  return R"({"id":"job_1","kind":"resend","state":")" + state + R"(","filter":{"destination":"d"},"by":"operator","startedAt":"2025-11-20T05:00:00.000Z",)"
         R"("endedAt":null,"matching":20,"handled":20,"delivered":)" + std::to_string(delivered) + R"(,"failedAgain":)" + std::to_string(failed_again) +
         R"(,"outstanding":)" + std::to_string(20 - delivered - failed_again) + R"(,"cancelled":false,"why":)" + why + "}";
}

class Jobs : public OperatorWorld {};

TEST_F(Jobs, AreListedShownAndCancelled) {
  answer("GET " + jobs_url, list(job_json("running", 3, 1), R"("next":null,"total":1)"));
  for (const auto& command : {std::vector<std::string>{"jobs"}, std::vector<std::string>{"jobs", "list"}}) {
    ASSERT_EQ(run(command), 0) << err();
    EXPECT_EQ(out(), "JOB    KIND    STATE    STARTED                   ENDED  MATCHING  HANDLED  DELIVERED  FAILED  OPEN  BY        FILTER\n"
                     "job_1  resend  running  2025-11-20T05:00:00.000Z  -      20        20       3          1       16    operator  {\"destination\":\"d\"}\n");
  }
  answer("GET " + jobs_url + "/job_1", job_json("running", 3, 1));
  ASSERT_EQ(run({"jobs", "show", "job_1"}), 0);
  EXPECT_THAT(out(), AllOf(StartsWith("id           job_1\n"), HasSubstr("failedAgain  1\n")));
  answer("POST " + jobs_url + "/job_1/cancel", job_json("cancelled", 3, 1));
  ASSERT_EQ(run({"jobs", "cancel", "job_1", "-o", "json"}), 0);
  EXPECT_EQ(out(), job_json("cancelled", 3, 1) + "\n");
  EXPECT_EQ(requests_.at(0).body, "{}");
}

TEST_F(Jobs, ExitByTheAnswer) {
  answer("GET " + jobs_url, list("", R"("next":null,"total":0)"));
  EXPECT_EQ(run({"jobs"}), 0);
  EXPECT_EQ(err(), "no job since the server was started\n");
  refuse("POST " + jobs_url + "/job_1/cancel", 409, "job_1 has finished already");
  EXPECT_EQ(run({"jobs", "cancel", "job_1"}), 1);
  EXPECT_EQ(err(), "denrei: job_1 has finished already\n");
  EXPECT_EQ(run({"jobs", "show", "1"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(Jobs, AreFollowedUntilTheyHaveEnded) {
  const auto line = "GET " + jobs_url + "/job_1";
  answer(line, job_json("running", 0, 0));
  answer(line, job_json("running", 9, 1, R"("partition 2 is not open at the moment")"));
  answer(line, job_json("running", 10, 2, R"("partition 2 is not open at the moment")"));
  answer(line, job_json("finished", 17, 3));
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 1) << "three failed again";
  EXPECT_EQ(out(), "job_1 finished: 20 of 20 re-sent, 17 delivered, 3 failed again\n");
  EXPECT_THAT(err(), AllOf(StartsWith("denrei: partition 2 is not open at the moment\n10/20  1 failed"), HasSubstr("\n12/20  2 failed")));
  EXPECT_EQ(err().find("not open"), err().rfind("not open")) << "the same trouble is told once";
  EXPECT_EQ(now_, parse_iso8601("2025-11-20T05:00:02.200Z").value());
}

TEST_F(Jobs, CtrlCEndsTheFollowingAndNotTheJob) {
  answer("GET " + jobs_url + "/job_1", job_json("running", 5, 0));
  interrupted_at_ = now_ + std::chrono::seconds(1);
  on_terminal_ = true;
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 130);
  EXPECT_EQ(requests_.size(), 3u);
  for (const auto& request : requests_) EXPECT_EQ(request.method, "GET");
  EXPECT_THAT(err(), AllOf(HasSubstr("[#####---------------] 5/20"), EndsWith("the job goes on without us; to follow it: denrei jobs follow job_1\n")));
}

TEST_F(Jobs, AreFollowedThroughAShortAbsenceOfTheServer) {
  const auto line = "GET " + jobs_url + "/job_1";
  answer(line, fail(FaultCode::unavailable, "connection refused"));
  answer(line, HttpReply{503, ""});
  answer(line, job_json("finished", 20, 0));
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 0) << err();
  answer(line, fail(FaultCode::unavailable, "connection refused"));
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 0) << "the last answer is given again";
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 5);
  EXPECT_EQ(requests_.size(), 3u);
  EXPECT_THAT(err(), AllOf(HasSubstr("connection refused"), HasSubstr("the job goes on without us")));
}

TEST_F(Jobs, AJobThatIsForgottenDoesNotGoOn) {
  refuse("GET " + jobs_url + "/job_1", 404, "no job has this id");
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 6);
  EXPECT_THAT(err(), Not(HasSubstr("goes on")));
}

TEST_F(Jobs, ACancelledOneHasNotGoneWell) {
  answer("GET " + jobs_url + "/job_1", job_json("cancelled", 5, 0));
  EXPECT_EQ(run({"jobs", "follow", "job_1"}), 1);
  EXPECT_THAT(out(), HasSubstr("job_1 cancelled: 20 of 20 re-sent, 5 delivered, 0 failed again, 15 still under way\n"));
}

// --- destinations

class DestinationsCommand : public OperatorWorld {
 protected:
  const std::string report_ = R"({"name":"voicedrive","url":"https://v.example/","order":"fifo_by_key","disabled":true,"disabledSince":"2025-11-20T05:00:00.000Z",)"
                              R"("disabledReason":"保守","breaker":"closed","pending":12,"lanes":3,"blockedLanes":0,"inFlight":1,"dead":2,"delivered":99,)"
                              R"("failedAttempts":4,"givenUp":2,"nextDue":null,"lastSuccess":null,"lastFailure":null,"lastFailureText":""})";
};

TEST_F(DestinationsCommand, AreListedAndShown) {
  answer("GET " + destinations_url, list(report_));
  for (const auto& command : {std::vector<std::string>{"destinations"}, std::vector<std::string>{"destinations", "list"}}) {
    ASSERT_EQ(run(command), 0) << err();
    EXPECT_EQ(out(), "DESTINATION  DISABLED  BREAKER  PENDING  UNDER WAY  DEAD  DELIVERED  FAILED  NEXT DUE  LAST SUCCESS  LAST FAILURE  URL\n"
                     "voicedrive   yes       closed   12       1          2     99         4       -         -             -             https://v.example/\n");
  }
  answer("GET " + destinations_url + "/voice%2Fdrive", report_);
  ASSERT_EQ(run({"destinations", "show", "voice/drive"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("disabledReason   保守\n"));
  EXPECT_EQ(run({"destinations", "show", ""}), 2);
}

TEST_F(DestinationsCommand, AreSwitchedOffWithAReasonAndOnWithoutOne) {
  answer("POST " + destinations_url + "/voicedrive/disable", report_);
  answer("POST " + destinations_url + "/voicedrive/enable", report_);
  EXPECT_EQ(run({"destinations", "disable", "voicedrive"}), 2);
  ASSERT_EQ(run({"destinations", "disable", "voicedrive", "--reason", "保守"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"reason":"保守"})");
  EXPECT_THAT(out(), HasSubstr("disabled         yes\n"));
  ASSERT_EQ(run({"destinations", "enable", "voicedrive"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, "{}");
  ASSERT_EQ(run({"destinations", "enable", "voicedrive", "--reason", "done", "-o", "json"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"reason":"done"})");
  EXPECT_EQ(out(), report_ + "\n");
}

// --- audit

class AuditCommand : public OperatorWorld {};

TEST_F(AuditCommand, ShowsADestinationsOwnFieldsToo) {
  answer("GET http://127.0.0.1:4001/ops/audit?limit=2&cursor=1.2",
         list(R"({"action":"webhook_delivery_failed","destination":"ack","deliveryId":"dlv_1","reportId":"VD-1","attempts":4,"timestamp":"2025-11-20T05:00:00.000Z"},)"
              R"({"action":"dead_letters_resend_started","jobId":"job_1","filter":{"key":"k"},"by":"operator","timestamp":"2025-11-20T04:00:00.000Z"})",
              R"("next":"0.9")"));
  ASSERT_EQ(run({"audit", "--limit", "2", "--cursor", "1.2"}), 0) << err();
  EXPECT_EQ(out(), "TIME                      ACTION                       BY        DESTINATION  DELIVERY/JOB  MORE\n"
                   "2025-11-20T05:00:00.000Z  webhook_delivery_failed      -         ack          dlv_1         reportId=VD-1 attempts=4\n"
                   "2025-11-20T04:00:00.000Z  dead_letters_resend_started  operator  -            job_1         filter={\"key\":\"k\"}\n");
  EXPECT_EQ(err(), "more: denrei audit --limit 2 --cursor 0.9\n");
}

// --- every command that asks a server

class Asking : public OperatorWorld {
 protected:
  int exit_for(Result<HttpReply> reply) {
    answer("GET " + destinations_url, std::move(reply));
    if (answers_given_++ > 0) (void)run({"destinations"});  // what was answered before
    return run({"destinations"});
  }
  int answers_given_ = 0;
};

TEST_F(Asking, ExitsByTheAnswer) {
  EXPECT_EQ(exit_for(HttpReply{401, R"({"detail":"a bearer token with the role operator is needed"})"}), 4);
  EXPECT_EQ(err(), "denrei: the server refuses DENREI_OPERATOR_TOKEN (401): a bearer token with the role operator is needed\n");
  EXPECT_EQ(exit_for(HttpReply{403, ""}), 4);
  EXPECT_EQ(exit_for(HttpReply{400, R"({"detail":"limit must be a number"})"}), 2);
  EXPECT_EQ(err(), "denrei: limit must be a number\n");
  EXPECT_EQ(exit_for(HttpReply{404, R"({"success":false,"error":{"code":"NOT_FOUND"}})"}), 1) << "it is the wrong server that lacks the path";
  EXPECT_THAT(err(), HasSubstr("is it the right listener?"));
  EXPECT_EQ(exit_for(HttpReply{200, "<html>"}), 1);
  EXPECT_EQ(exit_for(HttpReply{200, "{}"}), 1);
  EXPECT_EQ(exit_for(HttpReply{200, R"({"data":[],"next":null})"}), 0);
  EXPECT_EQ(exit_for(HttpReply{302, "\x1b[2J"}), 1);
  EXPECT_EQ(err(), "denrei: the server answers 302: ?[2J\n");
}

TEST_F(Asking, RepeatsAQuestionThatABusyServerDidNotAnswer) {
  const auto before = now_;
  answer("GET " + destinations_url, HttpReply{503, R"({"detail":"x"})", {{"Retry-After", "7"}}});
  answer("GET " + destinations_url, HttpReply{429, R"({"detail":"too many"})"});
  answer("GET " + destinations_url, list(""));
  EXPECT_EQ(run({"destinations"}), 0) << err();
  EXPECT_EQ(now_ - before, std::chrono::seconds(7 + 2));
  answer("GET " + jobs_url, HttpReply{503, R"({"detail":"the store is away; ask again"})"});
  EXPECT_EQ(run({"jobs"}), 1);
  EXPECT_EQ(requests_.size(), 3u);
  EXPECT_EQ(err(), "denrei: the store is away; ask again\n");
}

TEST_F(Asking, DoesNotWaitForAServerThatIsNotThere) {
  answer("GET " + destinations_url, fail(FaultCode::unavailable, "connection refused"));
  EXPECT_EQ(run({"destinations"}), 5);
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_EQ(err(), "denrei: connection refused\n");
}

TEST_F(Asking, NeedsTheOperatorsToken) {
  environment_.clear();
  const std::vector<std::vector<std::string>> commands{{"audit"}, {"resend", "--all", "--yes"}, {"why", sample().head.event.text()}};
  for (const auto& command : commands) {
    EXPECT_EQ(run(command), 4);
    EXPECT_THAT(err(), HasSubstr("set DENREI_OPERATOR_TOKEN or DENREI_OPERATOR_TOKEN_FILE"));
  }
  EXPECT_EQ(run({"audit", "--ops-url", "ftp://x"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

}  // namespace
}  // namespace denrei
