// A bulk load at work: its rate, its retries, how it ends, and how it goes on after an interruption.
#include <numeric>
#include <set>

#include "bulk_world.hpp"
#include "denrei/app/cli/csv.hpp"
#include "denrei/domain/signature.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

HttpReply ok() { return {200, R"({"success":true})"}; }
HttpReply refusal(int status, const std::string& text, std::vector<OwnedHeader> headers = {}) {
  return {status, R"({"error":")" + text + "\"}", std::move(headers)};
}

class BulkLoadRun : public BulkWorld {
 protected:
  // The result CSV's row of a person, cell by cell.
  std::vector<std::string> result_of(const std::string& staff) {
    const auto table = parse_csv(read(result_), {.rows_max = 1'000, .cell_bytes_max = 4096});
    for (const auto& row : table.rows)
      if (row.cells.size() > 1 && row.cells[1] == staff) return row.cells;
    return {};
  }
  // Answers by person and by how often that person has come.
  void answer_by(std::function<Result<HttpReply>(const std::string& staff, int time)> answer) {
    answer_ = [this, answer](const Arrival& arrival) { return answer(arrival.staff(), ++times_[arrival.staff()]); };
  }
  std::map<std::string, int> times_;
};

TEST_F(BulkLoadRun, SendsThreeHundredRowsInAMinute) {
  write_people(300);
  answer_ = [this](const Arrival&) {
    now_ += 120ms;  // what an answer takes does not come on top
    return ok();
  };
  const auto start = now_;
  ASSERT_EQ(bulk(), 0) << err_.str();
  ASSERT_EQ(arrivals_.size(), 300u);
  EXPECT_EQ(arrivals_.back().at - start, 59'800ms);
  for (std::size_t i = 5; i < arrivals_.size(); ++i) ASSERT_GE(arrivals_[i].at - arrivals_[i - 5].at, 1s) << i;
  EXPECT_THAT(err_.str(), HasSubstr("300 rows: 300 sent, 0 failed; this run took 1:00\n"));
}

TEST_F(BulkLoadRun, SignsAsTheSourceDoes) {
  write_people(1);
  ASSERT_EQ(bulk(), 0);
  const auto& request = arrivals_.at(0).request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://receiver.example/api/webhooks/medical-system/employee");
  const auto spec = complete_signature_spec({.scheme = "hmac_timestamp_body", .signature_header = "x-webhook-signature",
                                             .timestamp_header = "x-webhook-timestamp", .timestamp_format = TimestampFormat::unix_ms});
  const HmacSha256 key(std::string(40, 'k'));
  std::vector<Header> headers;
  for (const auto& h : request.headers) headers.push_back({h.name, h.value});
  EXPECT_EQ(verify_signature(*spec, {&key, 1}, headers, request.body, now_), Credentials::valid);
  EXPECT_EQ(arrivals_[0].header("Content-Type"), "application/json");
}

TEST_F(BulkLoadRun, RepeatsAFailedRowAfterOneMinuteAndFiveWhileOthersGoOn) {
  write_people(10);
  answer_by([](const std::string& staff, int time) { return staff == "S-2" && time < 3 ? refusal(500, "busy") : ok(); });
  const auto start = now_;
  ASSERT_EQ(bulk(), 0) << err_.str();
  ASSERT_EQ(arrivals_.size(), 12u);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-1", "S-2", "S-3", "S-4", "S-5", "S-6", "S-7", "S-8", "S-9", "S-10", "S-2", "S-2"));
  EXPECT_EQ(arrivals_[10].at - start, 200ms + 1min);
  EXPECT_EQ(arrivals_[11].at - arrivals_[10].at, 5min);
  for (const auto i : {10u, 11u}) {
    EXPECT_EQ(arrivals_[i].request.body, arrivals_[1].request.body);
    EXPECT_NE(arrivals_[i].header("x-webhook-timestamp"), arrivals_[1].header("x-webhook-timestamp"));
    EXPECT_NE(arrivals_[i].header("x-webhook-signature"), arrivals_[1].header("x-webhook-signature"));
  }
  EXPECT_THAT(result_of("S-2"), ElementsAre("3", "S-2", "sent", "200", "3", "", "2025-11-20T05:06:00.200Z"));
}

TEST_F(BulkLoadRun, GivesARowUpAfterTheScheduleAndSaysWhy) {
  write_people(3);
  answer_by([](const std::string& staff, int) -> Result<HttpReply> {
    if (staff == "S-2") return fail(FaultCode::unavailable, "https://receiver.example: timed out");
    return ok();
  });
  ASSERT_EQ(bulk(), 1);
  EXPECT_EQ(arrivals_.size(), 5u);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("2 sent, 1 failed"), HasSubstr("line 3  S-2  https://receiver.example: timed out"), HasSubstr("--retry-failed")));
  EXPECT_THAT(result_of("S-2"), ElementsAre("3", "S-2", "failed", "", "3", "https://receiver.example: timed out", "2025-11-20T05:06:00.200Z"));
  EXPECT_THAT(read(result_), AllOf(::testing::StartsWith("\xEF\xBB\xBF" "line,staffId,result,status,attempts,error,at\r\n"), HasSubstr("2,S-1,sent,200,1,,")));
}

TEST_F(BulkLoadRun, RetriesWhatMayPassAndNothingElse) {
  write_people(12);
  const std::vector<std::pair<int, std::size_t>> attempts_by_status{{400, 1}, {403, 1}, {404, 1}, {422, 1}, {301, 1}, {201, 1},
                                                                    {204, 1}, {429, 2}, {500, 2}, {502, 2}, {503, 2}, {410, 1}};
  answer_ = [&](const Arrival& arrival) {
    return HttpReply{attempts_by_status.at(static_cast<std::size_t>(std::stoi(arrival.staff().substr(2))) - 1).first, ""};
  };
  ASSERT_EQ(bulk({"--schedule", "10s"}), 1);
  std::map<std::string, std::size_t> attempts;
  for (const auto& staff : staff_in_order()) ++attempts[staff];
  for (std::size_t i = 0; i < attempts_by_status.size(); ++i)
    EXPECT_EQ(attempts["S-" + std::to_string(i + 1)], attempts_by_status[i].second) << attempts_by_status[i].first;
}

TEST_F(BulkLoadRun, StopsAtTheFirst401BecauseNoOtherRowWouldDoBetter) {
  write_people(5);
  answer_by([](const std::string& staff, int) { return staff == "S-3" ? refusal(401, "Invalid signature") : ok(); });
  ASSERT_EQ(bulk({"-o", "json"}), 4);
  EXPECT_EQ(arrivals_.size(), 3u);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("401: Invalid signature"), HasSubstr("MEDICAL_WEBHOOK_SECRET"), HasSubstr("goes on from here")));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"end\":\"refused\""), HasSubstr("\"sent\":2,\"repeats\":0,\"failed\":0,\"open\":3")));
  EXPECT_EQ(result_of("S-3").at(2), "open");
  answer_ = [](const Arrival&) { return ok(); };
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-3", "S-4", "S-5"));
}

TEST_F(BulkLoadRun, WaitsLongerWhenTheReceiverAsksButNeverShorter) {
  write_people(2);
  answer_by([](const std::string& staff, int time) {
    return time > 1 ? ok() : refusal(503, "busy", {{"Retry-After", staff == "S-1" ? "300" : "1"}});
  });
  const auto start = now_;
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-1", "S-2", "S-2", "S-1"));
  EXPECT_EQ(arrivals_[2].at - start, 200ms + 1min);
  EXPECT_EQ(arrivals_[3].at - start, 5min);
}

TEST_F(BulkLoadRun, HoldsAllRowsBackWhenToldToSlowDown) {
  write_people(3);
  answer_by([](const std::string& staff, int time) { return staff == "S-1" && time == 1 ? refusal(429, "slow", {{"retry-after", "20"}}) : ok(); });
  const auto start = now_;
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-1", "S-2", "S-3", "S-1"));
  EXPECT_EQ(arrivals_[1].at - start, 20s);
  EXPECT_EQ(arrivals_[3].at - start, 1min);
}

TEST_F(BulkLoadRun, StopsAfterTheRequestUnderWayAndGoesOnLater) {
  write_people(10);
  is_interrupted_ = [this] { return arrivals_.size() >= 4; };
  ASSERT_EQ(bulk(), 130);
  EXPECT_EQ(arrivals_.size(), 4u);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("4 sent, 0 failed, 6 open"), HasSubstr("interrupted; the same command goes on from here")));
  EXPECT_EQ(result_of("S-5").at(2), "open");
  is_interrupted_ = [] { return false; };
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-5", "S-6", "S-7", "S-8", "S-9", "S-10"));
  EXPECT_THAT(err_.str(), HasSubstr("going on: 4 of 10 rows have been sent"));
}

TEST_F(BulkLoadRun, RepeatsTheSameBytesWhenNobodyKnowsWhatBecameOfARow) {
  write_people(3);
  std::string lost;
  answer_ = [&](const Arrival& arrival) -> Result<HttpReply> {
    if (arrival.staff() != "S-2") return ok();
    lost = arrival.request.body;
    throw std::runtime_error("killed");  // the process ends with the request under way
  };
  EXPECT_THROW(bulk(), std::runtime_error);
  now_ += 24h;
  answer_ = [](const Arrival& arrival) { return arrival.staff() == "S-2" ? HttpReply{200, "{}", {{"Idempotent-Replayed", "true"}}} : ok(); };
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(staff_in_order(), ElementsAre("S-2", "S-3"));
  EXPECT_EQ(arrivals_[0].request.body, lost);
  EXPECT_EQ(arrivals_[0].header("x-webhook-timestamp"), std::to_string(to_unix_ms(arrivals_[0].at)));
  EXPECT_THAT(err_.str(), HasSubstr("3 sent (1 of them the receiver knew already)"));
  EXPECT_EQ(result_of("S-2").at(2), "repeat");
}

TEST_F(BulkLoadRun, LeavesAWaitingRowDueWhenItWasDue) {
  write_people(2);
  answer_by([](const std::string& staff, int time) { return staff == "S-1" && time == 1 ? refusal(500, "x") : ok(); });
  is_interrupted_ = [this] { return arrivals_.size() >= 2; };
  const auto start = now_;
  ASSERT_EQ(bulk(), 130);
  is_interrupted_ = [] { return false; };
  now_ += 30s;
  ASSERT_EQ(bulk(), 0);
  ASSERT_THAT(staff_in_order(), ElementsAre("S-1"));
  EXPECT_EQ(arrivals_[0].at - start, 1min);
}

TEST_F(BulkLoadRun, SendsNothingTwice) {
  write_people(3);
  ASSERT_EQ(bulk(), 0);
  ASSERT_EQ(bulk(), 0);
  EXPECT_THAT(arrivals_, IsEmpty());
  EXPECT_THAT(err_.str(), HasSubstr("everything has been sent"));
}

TEST_F(BulkLoadRun, SendsGivenUpRowsAgainOnlyWhenAsked) {
  write_people(3);
  answer_by([](const std::string& staff, int time) { return staff == "S-2" && time == 1 ? refusal(400, "bad") : ok(); });
  ASSERT_EQ(bulk(), 1);
  const auto body = arrivals_.at(1).request.body;
  ASSERT_EQ(bulk(), 1);
  EXPECT_THAT(arrivals_, IsEmpty());
  ASSERT_EQ(bulk({"--retry-failed"}), 0);
  ASSERT_THAT(staff_in_order(), ElementsAre("S-2"));
  EXPECT_EQ(arrivals_[0].request.body, body);
  EXPECT_EQ(result_of("S-2").at(4), "2");
}

TEST_F(BulkLoadRun, ARowThatIsSentAgainHasItsWholeScheduleAgain) {
  write_people(1);
  answer_ = [](const Arrival&) { return refusal(500, "x"); };
  ASSERT_EQ(bulk(), 1);
  EXPECT_EQ(arrivals_.size(), 3u);
  ASSERT_EQ(bulk({"--retry-failed"}), 1);
  EXPECT_EQ(arrivals_.size(), 3u);
  EXPECT_EQ(result_of("S-1").at(4), "6");
}

TEST_F(BulkLoadRun, KeepsItsRateWithSlowAnswersWhenSeveralMayBeUnderWay) {
  write_people(50);
  latency_ = 1'500ms;
  std::size_t most = 0;
  is_interrupted_ = [&] {
    most = std::max(most, parallel_->most_at_once());
    return false;
  };
  const auto start = now_;
  ASSERT_EQ(bulk({"--concurrency", "8", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(arrivals_.back().at - start, 9'800ms);
  EXPECT_EQ(most, 8u);
  EXPECT_THAT(out_.str(), HasSubstr("\"sent\":50"));
}

TEST_F(BulkLoadRun, WaitsForWhatIsUnderWayBeforeItEnds) {
  write_people(20);
  latency_ = 2s;
  is_interrupted_ = [this] { return arrivals_.size() >= 6; };
  ASSERT_EQ(bulk({"--concurrency", "8"}), 130);
  EXPECT_EQ(arrivals_.size(), 6u);
  EXPECT_THAT(err_.str(), HasSubstr("6 sent, 0 failed, 14 open"));
}

TEST_F(BulkLoadRun, SaysWhatTheRequestCannotBe) {
  write_people(2);
  answer_ = [](const Arrival&) -> Result<HttpReply> { return fail(FaultCode::invalid, "not a URL"); };
  EXPECT_EQ(bulk(), 1);
  EXPECT_EQ(arrivals_.size(), 1u);
  EXPECT_THAT(err_.str(), HasSubstr("stopped: not a URL"));
}

TEST_F(BulkLoadRun, ShowsNothingOfTheSecretAndNothingThatSteersATerminal) {
  write_people(1);
  answer_ = [](const Arrival&) { return HttpReply{400, "\x1b[2J" + std::string(1'000, 'x') + "\nsecond"}; };
  ASSERT_EQ(bulk(), 1);
  const auto everything = out_.str() + err_.str() + read(state_) + read(result_);
  EXPECT_THAT(everything, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr(std::string(40, 'k'))), HasSubstr("…")));
  EXPECT_LT(result_of("S-1").at(5).size(), 310u);
}

TEST_F(BulkLoadRun, NeedsTheSecretToSend) {
  write_people(1);
  environment_.erase("MEDICAL_WEBHOOK_SECRET");
  EXPECT_EQ(bulk(), 2);
  EXPECT_THAT(err_.str(), HasSubstr("set MEDICAL_WEBHOOK_SECRET"));
  EXPECT_FALSE(std::filesystem::exists(state_));
  write(folder_ / "secret", std::string(40, 'k') + "\n");
  EXPECT_EQ(bulk({"--secret-file", (folder_ / "secret").string()}), 0) << err_.str();
}

}  // namespace
}  // namespace denrei
