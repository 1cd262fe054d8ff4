// denrei dead-letters and resend: filters, one order by its id, and many by a filter that is counted and asked about first.
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

const std::string base = "http://127.0.0.1:4001/ops/dead-letters";
const std::string resend_line = "POST " + base + "/resend";
const std::string discard_line = "POST " + base + "/discard";
const std::string job_line = "GET http://127.0.0.1:4001/ops/jobs/job_1";

class DeadLetters : public OperatorWorld {
 protected:
  // A preview, then the job that has begun, then the job that has ended.
  void answer_job(const std::string& line, int matching, const std::string& seconds, const std::string& kind) {
    answer(line, R"({"matching":)" + std::to_string(matching) + R"(,"byDestination":{"voicedrive":)" + std::to_string(matching) +
                     R"(},"estimatedSeconds":)" + seconds + "}");
    answer(line, HttpReply{202, R"({"id":"job_1","state":"running"})"});
    const auto n = std::to_string(matching);
    answer(job_line, R"({"id":"job_1","kind":")" + kind + R"(","state":"finished","matching":)" + n + R"(,"handled":)" + n + R"(,"delivered":)" +
                         (kind == "resend" ? n : "0") + R"(,"failedAgain":0,"outstanding":0,"why":null})");
  }
  [[nodiscard]] std::vector<std::string> bodies() const {
    std::vector<std::string> bodies;
    for (const auto& request : requests_) bodies.push_back(request.body);
    return bodies;
  }
};

TEST_F(DeadLetters, AreListedByEveryFilter) {
  answer("GET " + base + "?destination=d&key=k&type=t&reason=given_up&status=0&since=2025-11-20T03%3A00%3A00.000Z&until=2025-11-20T04%3A30%3A00.000Z"
         "&limit=2&cursor=0.1.ab", list(delivery_json(sample().head, "dead"), R"("next":"0.7.cd","total":9)"));
  const std::vector<std::string> filter{"--destination", "d", "--key", "k", "--type", "t", "--reason", "given_up", "--status", "0", "--since", "2h",
                                        "--until", "2025-11-20T13:30:00+09:00", "--limit", "2", "--cursor", "0.1.ab"};
  for (auto command : {std::vector<std::string>{"dead-letters"}, std::vector<std::string>{"dead-letters", "list"}}) {
    command.insert(command.end(), filter.begin(), filter.end());
    ASSERT_EQ(run(command), 0) << err();
    EXPECT_THAT(out(), HasSubstr("exhausted"));
    EXPECT_EQ(err(), "9 in all; more: denrei dead-letters --destination d --key k --type t --reason given_up --status 0 --since 2025-11-20T03:00:00.000Z "
                     "--until 2025-11-20T04:30:00.000Z --limit 2 --cursor 0.7.cd\n");
  }
}

TEST_F(DeadLetters, WrongFiltersAreNotAsked) {
  EXPECT_EQ(run({"dead-letters", "--since", "yesterday"}), 2);
  EXPECT_THAT(err(), HasSubstr("--since: 'yesterday' is neither a time"));
  EXPECT_EQ(run({"dead-letters", "--until", "2h3"}), 2);
  EXPECT_EQ(run({"dead-letters", "--reason", "tired"}), 2);
  EXPECT_EQ(run({"dead-letters", "--status", "x"}), 2);
  EXPECT_EQ(run({"resend", "--since", "tomorrow"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(DeadLetters, ShowTellsEverythingOfOne) {
  answer("GET " + base + "/" + id_, with(delivery_json(sample(), "dead", true), R"("why":"given up","whyJa":"断念")"));
  ASSERT_EQ(run({"dead-letters", "show", id_, "--lang", "ja"}), 0) << err();
  EXPECT_THAT(out(), AllOf(StartsWith("id           " + id_), HasSubstr("why          断念\n"), HasSubstr("\nbody\n")));
}

// --- by id

TEST_F(DeadLetters, AreReSentByTheirIds) {
  const auto other = "dlv_" + std::string(32, 'a');
  answer("POST " + base + "/" + id_ + "/resend", HttpReply{202, R"({"id":"x","state":"pending"})"});
  refuse("POST " + base + "/" + other + "/resend", 404, "no dead letter has this id");
  EXPECT_EQ(run({"resend", other, id_}), 6);
  EXPECT_EQ(out(), id_ + " pending\n");
  EXPECT_EQ(err(), "denrei: " + other + ": no dead letter has this id\n");
  EXPECT_THAT(bodies(), ElementsAre("{}", "{}"));
  EXPECT_EQ(run({"resend", id_, "-o", "json"}), 0);
  EXPECT_EQ(out(), "{\"id\":\"x\",\"state\":\"pending\"}\n");
}

TEST_F(DeadLetters, AnOrderIsNeverRepeated) {
  answer("POST " + base + "/" + id_ + "/resend", HttpReply{503, R"({"detail":"partition 1 cannot settle at the moment; ask again"})"});
  EXPECT_EQ(run({"resend", id_}), 1);
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_THAT(err(), HasSubstr("cannot settle at the moment"));
}

TEST_F(DeadLetters, NobodyAsksOnWhereNobodyAnswers) {
  const auto other = "dlv_" + std::string(32, 'a');
  answer("POST " + base + "/" + id_ + "/resend", fail(FaultCode::unavailable, "connection refused"));
  EXPECT_EQ(run({"resend", id_, other}), 5);
  EXPECT_EQ(requests_.size(), 1u);
}

TEST_F(DeadLetters, AreDiscardedByTheirIdsWithAReason) {
  answer("POST " + base + "/" + id_ + "/discard", R"({"id":"x","state":"discarded"})");
  ASSERT_EQ(run({"dead-letters", "discard", id_, "--reason", "退職済み \"x\""}), 0) << err();
  EXPECT_EQ(out(), id_ + " discarded\n");
  EXPECT_THAT(bodies(), ElementsAre(R"({"reason":"退職済み \"x\""})"));
  EXPECT_EQ(run({"dead-letters", "discard", id_}), 2);
  EXPECT_THAT(err(), HasSubstr("--reason is needed"));
}

TEST_F(DeadLetters, MustBeNamedInOneWay) {
  EXPECT_EQ(run({"resend"}), 2);
  EXPECT_THAT(err(), HasSubstr("or say --all"));
  EXPECT_EQ(run({"resend", id_, "--all"}), 2);
  EXPECT_EQ(run({"resend", "--all", "--key", "k"}), 2);
  EXPECT_EQ(run({"resend", id_, "--status", "0"}), 2);
  EXPECT_THAT(err(), HasSubstr("in one way"));
  EXPECT_EQ(run({"resend", id_, "--preview"}), 2);
  EXPECT_EQ(run({"resend", id_, "nonsense"}), 2);
  EXPECT_THAT(err(), HasSubstr("'nonsense' is no delivery id"));
  EXPECT_EQ(run({"dead-letters", "discard", "--all", "--yes"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

// --- by a filter

TEST_F(DeadLetters, ManyAreCountedAskedAboutReSentAndFollowed) {
  on_terminal_ = true;
  answer_job(resend_line, 120, "24", "resend");
  ASSERT_EQ(run({"resend", "--destination", "voicedrive", "--status", "503"}, "y\n"), 0) << err();
  EXPECT_THAT(bodies(), ElementsAre(R"({"filter":{"destination":"voicedrive","status":503},"preview":true})",
                                    R"({"filter":{"destination":"voicedrive","status":503}})", ""));
  EXPECT_THAT(err(), StartsWith("120 dead letters match\nDESTINATION  DEAD LETTERS\nvoicedrive   120\nat the destinations' rates it takes about 0:24\n"
                                "re-send 120 dead letters? [y/N] job_1 has begun; Ctrl-C"));
  EXPECT_EQ(out(), "job_1 finished: 120 of 120 re-sent, 120 delivered, 0 failed again\n");
}

TEST_F(DeadLetters, NothingIsDoneWithoutAYes) {
  on_terminal_ = true;
  answer_job(resend_line, 1, "null", "resend");
  for (const auto* said : {"n\n", "\n", "", "yet\n"}) {
    EXPECT_EQ(run({"resend", "--all"}, said), 1) << said;
    EXPECT_THAT(bodies(), ElementsAre(R"({"all":true,"preview":true})"));
    EXPECT_THAT(err(), AllOf(HasSubstr("1 dead letter matches\n"), HasSubstr("up to the receivers\n"), HasSubstr("re-send 1 dead letter? [y/N] "),
                             EndsWith("nothing was done\n")));
    answer_job(resend_line, 1, "null", "resend");
    ASSERT_EQ(run({"resend", "--all", "--yes"}), 0);
  }
}

TEST_F(DeadLetters, WithoutATerminalAYesMustBeGivenBefore) {
  answer_job(discard_line, 3, "null", "discard");
  EXPECT_EQ(run({"dead-letters", "discard", "--key", "k", "--reason", "r"}, "y\n"), 2);
  EXPECT_THAT(bodies(), ElementsAre(R"({"filter":{"key":"k"},"preview":true})"));
  EXPECT_THAT(err(), AllOf(StartsWith("3 dead letters match\n"), HasSubstr("add --yes")));
}

TEST_F(DeadLetters, ManyAreDiscardedWithAReasonThatIsNotTheFilters) {
  answer_job(discard_line, 3, "null", "discard");
  ASSERT_EQ(run({"dead-letters", "discard", "--dead-reason", "exhausted", "--reason", "退職済み", "--yes"}), 0) << err();
  EXPECT_THAT(bodies(), ElementsAre(R"({"filter":{"reason":"exhausted"},"preview":true})", R"({"filter":{"reason":"exhausted"},"reason":"退職済み"})", ""));
  EXPECT_EQ(out(), "job_1 finished: 3 of 3 discarded\n");
  EXPECT_THAT(err(), Not(HasSubstr("takes")));
}

TEST_F(DeadLetters, APreviewOnlyCounts) {
  answer_job(resend_line, 3, "1", "resend");
  ASSERT_EQ(run({"resend", "--all", "--preview"}), 0) << err();
  EXPECT_THAT(bodies(), ElementsAre(R"({"all":true,"preview":true})"));
  EXPECT_THAT(out(), StartsWith("3 dead letters match\n"));
  answer(discard_line, R"({"matching":0,"byDestination":{},"estimatedSeconds":null})");
  ASSERT_EQ(run({"dead-letters", "discard", "--key", "k", "--preview", "-o", "json"}), 0) << err();
  EXPECT_THAT(bodies(), ElementsAre(R"({"filter":{"key":"k"},"preview":true})"));
  EXPECT_THAT(out(), StartsWith("{\"matching\":0,"));
}

TEST_F(DeadLetters, NothingBeginsWhereNothingMatches) {
  answer(resend_line, R"({"matching":0,"byDestination":{},"estimatedSeconds":null})");
  EXPECT_EQ(run({"resend", "--key", "k", "--yes"}), 0);
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "0 dead letters match\n");
}

TEST_F(DeadLetters, TheJobNeedNotBeWaitedFor) {
  answer_job(resend_line, 3, "1", "resend");
  ASSERT_EQ(run({"resend", "--key", "k", "--yes", "--no-wait"}), 0) << err();
  EXPECT_EQ(out(), "job_1\n");
  EXPECT_THAT(err(), EndsWith("begun; to follow it: denrei jobs follow job_1\n"));
  EXPECT_THAT(lines_asked(), ElementsAre(resend_line, resend_line));
}

TEST_F(DeadLetters, ARefusalOfTheServerIsShown) {
  answer_job(resend_line, 3, "1", "resend");
  (void)run({"resend", "--key", "k", "--preview"});
  (void)run({"resend", "--key", "k", "--preview"});
  refuse(resend_line, 409, "job_9 does the same and is still running");
  (void)run({"resend", "--key", "k", "--preview"});
  EXPECT_EQ(run({"resend", "--key", "k", "--preview"}), 1);
  EXPECT_EQ(err(), "denrei: job_9 does the same and is still running\n");
}

}  // namespace
}  // namespace denrei
