// Bulk orders at the Desk: previews, jobs, what they say of themselves, and what the audit says of them.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskJobsTest : public DeskWorld {
 protected:
  std::vector<DeliveryId> bury_many(std::size_t count, std::size_t partition = 0, const std::string& destination = "voicedrive") {
    std::vector<DeliveryId> out;
    for (std::size_t n = 1; n <= count; ++n) out.push_back(bury(partition, {.destination = destination, .seq = n}));
    return out;
  }
  // Starts a job, and gives its path.
  std::string start(const std::string& body = R"({"filter":{"destination":"voicedrive"}})", const std::string& what = "resend") {
    EXPECT_EQ(post("/ops/dead-letters/" + what, body).status, 202) << last().body;
    return header_of(last(), "Location");
  }
  void end_resend(const DeliveryId& id, bool delivered) { caf::anon_send(desk, ResendEnded{id, delivered}); }
  json::value job(const std::string& path) {
    get(path);
    return last_json();
  }
  std::string state(const std::string& path) { return std::string(job(path).at("state").as_string()); }
  std::vector<std::string> actions() {
    std::vector<std::string> out;
    for (const auto& entry : audit()) out.emplace_back(entry.at("action").as_string());
    return out;
  }
};

TEST_F(DeskJobsTest, PreviewsWithoutDoingAnything) {
  bury_many(11);
  bury_many(3, 1, "records");
  bury(1, {.destination = "removed", .seq = 50});
  ASSERT_EQ(post("/ops/dead-letters/resend", R"({"all":true,"preview":true})").status, 200);
  EXPECT_EQ(last().body, R"j({"matching":15,"byDestination":{"records":3,"voicedrive":11,"(not configured)":1},"estimatedSeconds":3})j");
  ASSERT_EQ(post("/ops/dead-letters/resend", R"({"filter":{"destination":"records"},"preview":true})").status, 200);
  EXPECT_EQ(last().body, R"({"matching":3,"byDestination":{"records":3},"estimatedSeconds":null})");
  ASSERT_EQ(post("/ops/dead-letters/discard", R"({"filter":{"key":"nobody"},"preview":true})").status, 200);
  EXPECT_EQ(last().body, R"({"matching":0,"byDestination":{},"estimatedSeconds":null})");
  EXPECT_TRUE(revived.empty());
  EXPECT_TRUE(audit().empty());
}

TEST_F(DeskJobsTest, RefusesOrdersThatAreNotClear) {
  for (const auto* body : {"", "{}", R"({"filter":{}})", R"({"filter":{},"all":false})", R"({"filter":{"key":"E1"},"all":true})",
                           R"({"filter":{"staff":"E1"}})", R"({"filter":"all"})", R"({"filter":{"status":"500"}})", R"({"filter":{"key":""}})",
                           R"({"all":"yes"})", R"({"all":true,"dryRun":true})", R"({"all":true,"reason":"x"})", R"({"all":true,"preview":1})"})
    EXPECT_EQ(post("/ops/dead-letters/resend", body).status, 400) << body;
  EXPECT_EQ(post("/ops/dead-letters/discard", R"({"all":true})").status, 400) << "a reason is needed";
  post("/ops/dead-letters/resend", R"({"filter":{"staff":"E1","since":"monday"},"force":true})");
  ASSERT_EQ(last_json().at("errors").as_array().size(), 3u);
  EXPECT_EQ(last_json().at("errors").at(0).at("field").as_string(), "filter.since");
  EXPECT_TRUE(listed.empty());
}

TEST_F(DeskJobsTest, BeginsNothingWhileAPartitionIsNotOpen) {
  bury_many(1);
  is_open[1] = false;
  EXPECT_EQ(post("/ops/dead-letters/resend", R"({"all":true})").status, 503);
  EXPECT_TRUE(revived.empty());
  get("/ops/jobs");
  EXPECT_TRUE(last_json().at("data").as_array().empty());
}

TEST_F(DeskJobsTest, ResendsEverythingThatMatchesInTheOrderOfTheLog) {
  auto wanted = bury_many(3);
  const auto more = bury_many(2, 1);
  wanted.insert(wanted.end(), more.begin(), more.end());
  bury_many(2, 1, "records");
  const auto path = start();
  EXPECT_EQ(revived, wanted);
  auto now_job = job(path);
  EXPECT_EQ(now_job.at("kind").as_string(), "resend");
  EXPECT_EQ(now_job.at("state").as_string(), "running");
  EXPECT_EQ(now_job.at("filter"), json::parse(R"({"destination":"voicedrive"})"));
  EXPECT_EQ(now_job.at("by").as_string(), "operator");
  EXPECT_EQ(now_job.at("matching"), 5);
  EXPECT_EQ(now_job.at("handled"), 5);
  EXPECT_EQ(now_job.at("outstanding"), 5);
  EXPECT_EQ(now_job.at("endedAt"), nullptr);
  for (std::size_t i = 0; i < wanted.size(); ++i) end_resend(wanted[i], i != 1);
  end_resend(id_of(0, {.seq = 77}), true);
  now_job = job(path);
  EXPECT_EQ(now_job.at("state").as_string(), "finished");
  EXPECT_EQ(now_job.at("delivered"), 4);
  EXPECT_EQ(now_job.at("failedAgain"), 1);
  EXPECT_EQ(now_job.at("outstanding"), 0);
  EXPECT_EQ(now_job.at("endedAt").as_string(), format_iso8601(now));
  EXPECT_EQ(now_job.at("why"), nullptr);
}

TEST_F(DeskJobsTest, WritesItsBeginningAndItsEndToTheAudit) {
  const auto ids = bury_many(2);
  const auto path = start();
  for (const auto& id : ids) end_resend(id, true);
  run();
  EXPECT_EQ(actions(), (std::vector<std::string>{"dead_letters_resend_started", "dead_letters_resend_finished"}));
  EXPECT_EQ("/ops/jobs/" + std::string(audit()[1].at("jobId").as_string()), path);
  EXPECT_EQ(audit()[1].at("delivered"), 2);
  EXPECT_EQ(audit()[1].at("by").as_string(), "operator");
  EXPECT_EQ(audit()[1].at("timestamp").as_string(), format_iso8601(now));
}

TEST_F(DeskJobsTest, NamesItselfToTheDispatcher) {
  settles = false;
  bury_many(1);
  const auto path = start();
  ASSERT_EQ(dispatchers[0].count<ReviveDead>(), 1u);
  EXPECT_EQ(dispatchers[0].all<ReviveDead>()[0].by, "operator " + path.substr(std::string("/ops/jobs/").size()));
}

TEST_F(DeskJobsTest, DiscardsWithAReasonAndIsDoneWhenNothingIsLeft) {
  bury_many(700);
  const auto path = start(R"({"filter":{"key":"E1"},"reason":"test data"})", "discard");
  EXPECT_EQ(discarded.size(), 700u);
  EXPECT_EQ(state(path), "finished");
  EXPECT_EQ(last_json().at("handled"), 700);
  EXPECT_EQ(last_json().at("reason").as_string(), "test data");
  EXPECT_EQ(actions(), (std::vector<std::string>{"dead_letters_discard_started", "dead_letters_discard_finished"}));
}

TEST_F(DeskJobsTest, KeepsOnlySoManyUnderWay) {
  const auto ids = bury_many(2'300);
  const auto path = start();
  EXPECT_GT(revived.size(), limits::job_outstanding_max / 2);
  EXPECT_LE(revived.size(), limits::job_outstanding_max);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    end_resend(ids[i], true);
    go_on();
    EXPECT_LE(revived.size(), i + 1 + limits::job_outstanding_max);
  }
  EXPECT_EQ(revived, ids);
  EXPECT_EQ(state(path), "finished");
}

TEST_F(DeskJobsTest, DoesNotTakeWhatFailsAgain) {
  const auto ids = bury_many(600);
  settles = false;
  const auto path = start();
  now += 1s;
  settles = true;
  // Every page dies again at once, behind the job's start.
  for (int round = 0; round < 5; ++round) {
    go_on();
    for (const auto& id : std::exchange(revived, {})) {
      const auto seq = static_cast<std::uint64_t>(std::find(ids.begin(), ids.end(), id) - ids.begin()) + 1;
      bury(0, {.seq = seq});
      end_resend(id, false);
    }
  }
  EXPECT_EQ(state(path), "finished");
  EXPECT_EQ(last_json().at("handled"), 600);
  EXPECT_EQ(last_json().at("failedAgain"), 600);
}

TEST_F(DeskJobsTest, StopsWhenItIsCancelled) {
  const auto ids = bury_many(1'500);
  const auto path = start();
  const auto taken = revived.size();
  ASSERT_LT(taken, ids.size());
  EXPECT_EQ(post(path + "/cancel").status, 200);
  EXPECT_EQ(last_json().at("state").as_string(), "cancelled");
  EXPECT_TRUE(last_json().at("cancelled").as_bool());
  for (const auto& id : revived) end_resend(id, true);
  go_on();
  EXPECT_EQ(revived.size(), taken);
  EXPECT_EQ(job(path).at("delivered"), taken) << "what was re-sent is still counted";
  EXPECT_EQ(post(path + "/cancel").status, 200) << "once more changes nothing";
  EXPECT_EQ(actions(), (std::vector<std::string>{"dead_letters_resend_started", "dead_letters_resend_cancelled"}));
}

TEST_F(DeskJobsTest, KnowsWhichJobsCannotBeCancelled) {
  EXPECT_EQ(post("/ops/jobs/job_0/cancel").status, 404);
  EXPECT_EQ(get("/ops/jobs/job_0").status, 404);
  const auto path = start();
  EXPECT_EQ(state(path), "finished") << "nothing matched";
  EXPECT_EQ(post(path + "/cancel").status, 409);
}

TEST_F(DeskJobsTest, RefusesASecondOneThatDoesTheSame) {
  bury_many(2);
  const auto path = start();
  EXPECT_EQ(post("/ops/dead-letters/resend", R"({"filter":{"destination":"voicedrive"}})").status, 409);
  EXPECT_NE(last().body.find(path.substr(std::string("/ops/jobs/").size())), std::string::npos);
  start(R"({"filter":{"destination":"records"}})");
  start(R"({"filter":{"destination":"voicedrive"},"reason":"x"})", "discard");
  post(path + "/cancel");
  start();
}

TEST_F(DeskJobsTest, TriesAgainWhenAPartitionCloses) {
  const auto ids = bury_many(3);
  settles = false;
  const auto path = start();
  is_open[0] = false;
  settles = true;
  go_on();
  EXPECT_EQ(state(path), "running");
  EXPECT_NE(last_json().at("why").as_string().find("partition 0"), json::string::npos);
  advance(2s);
  is_open[0] = true;
  go_on();
  advance(1s);
  go_on();
  EXPECT_EQ(revived, ids);
  EXPECT_EQ(job(path).at("why"), nullptr);
}

TEST_F(DeskJobsTest, TakesASilentStepAgain) {
  const auto ids = bury_many(1);
  settles = false;
  start();
  for (auto& d : dispatchers) d.all<ReviveDead>().clear();
  advance(40s);
  settles = true;
  go_on();
  EXPECT_EQ(revived, ids);
}

TEST_F(DeskJobsTest, FailsWhenAPartitionStaysAway) {
  bury_many(3);
  settles = false;
  const auto path = start();
  settles = true;
  is_open[0] = false;
  for (int second = 0; second < 400; ++second) {
    go_on();
    advance(1s);
  }
  EXPECT_EQ(state(path), "failed");
  EXPECT_EQ(actions().back(), "dead_letters_resend_failed");
}

TEST_F(DeskJobsTest, RemembersTheLastOnes) {
  std::vector<std::string> paths;
  for (std::size_t n = 0; n < limits::jobs_kept + 5; ++n) paths.push_back(start(R"({"filter":{"key":"K)" + std::to_string(n) + "\"}}"));
  get("/ops/jobs");
  const auto known = ids(last_json());
  ASSERT_EQ(known.size(), limits::jobs_kept);
  EXPECT_EQ("/ops/jobs/" + known.front(), paths.back()) << "the newest stands first";
  EXPECT_EQ(get(paths[4]).status, 404);
  EXPECT_EQ(get(paths[5]).status, 200);
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
}

TEST_F(DeskJobsTest, TakesNoMoreWhenAllAreRunning) {
  for (std::size_t n = 0; n < limits::jobs_kept; ++n) {
    bury(0, {.key = "K" + std::to_string(n), .seq = n + 1});
    start(R"({"filter":{"key":"K)" + std::to_string(n) + "\"}}");
  }
  EXPECT_EQ(post("/ops/dead-letters/resend", R"({"all":true})").status, 503);
  end_resend(id_of(0, {.seq = 1}), true);
  start(R"({"all":true})");
}

}  // namespace
}  // namespace denrei::test
