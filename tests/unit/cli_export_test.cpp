// denrei export: what it asks for, how long it waits, and how it ends.
#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string exports_url = "http://127.0.0.1:4001/ops/exports";

std::string export_json(const std::string& state, const std::string& why = "null", const std::string& keys = "[]") {
  return R"({"id":"exp_1","what":"audit","state":")" + state + R"(","since":null,"until":null,"by":"operator","startedAt":"2025-11-20T05:00:00.000Z",)"
         R"("endedAt":null,"entries":12,"bytes":3456,"objects":2,"keys":)" + keys + R"(,"provider":"osaka","why":)" + why + "}";
}

class Exports : public OperatorWorld {};

TEST_F(Exports, AreBegunWithTheirTime) {
  answer("POST " + exports_url, HttpReply{202, export_json("running")});
  ASSERT_EQ(run({"export", "audit", "--since", "2h", "--until", "2025-11-20T04:30:00Z"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"what":"audit","since":"2025-11-20T03:00:00.000Z","until":"2025-11-20T04:30:00.000Z"})");
  EXPECT_THAT(out(), AllOf(StartsWith("id         exp_1\n"), HasSubstr("state      running\n")));
  EXPECT_EQ(err(), "the export goes on without us; to look at it: denrei export show exp_1\n");
  ASSERT_EQ(run({"export", "dead-letters", "-o", "json"}), 0);
  EXPECT_EQ(requests_.at(0).body, R"({"what":"dead-letters"})");
  EXPECT_EQ(out(), export_json("running") + "\n");
}

TEST_F(Exports, AreWaitedFor) {
  answer("POST " + exports_url, HttpReply{202, export_json("waiting")});
  answer("GET " + exports_url + "/exp_1", export_json("running"));
  answer("GET " + exports_url + "/exp_1", export_json("running"));
  answer("GET " + exports_url + "/exp_1", export_json("finished", "null", R"(["exports/a-1.jsonl","exports/a-2.jsonl"])"));
  ASSERT_EQ(run({"export", "audit", "--wait"}), 0) << err();
  EXPECT_EQ(requests_.size(), 4u);
  EXPECT_THAT(out(), EndsWith("exports/a-1.jsonl\nexports/a-2.jsonl\n"));
  EXPECT_EQ(now_, parse_iso8601("2025-11-20T05:00:01.200Z").value());
}

TEST_F(Exports, EndByWhatBecameOfThem) {
  answer("POST " + exports_url, HttpReply{202, export_json("running")});
  answer("GET " + exports_url + "/exp_1", export_json("failed", R"("osaka: HTTP 403")"));
  EXPECT_EQ(run({"export", "audit", "--wait"}), 1);
  EXPECT_THAT(err(), HasSubstr("osaka: HTTP 403"));
  EXPECT_EQ(run({"export", "employees"}), 2);
  EXPECT_EQ(run({"export"}), 2);
  EXPECT_EQ(run({"export", "audit", "--since", "monday"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(Exports, SayThatTheFunctionIsOff) {
  refuse("POST " + exports_url, 503, "Exports are off (function_off)");
  EXPECT_NE(run({"export", "audit"}), 0);
  EXPECT_THAT(err(), HasSubstr("Exports are off (function_off)"));
  EXPECT_EQ(requests_.size(), 1u) << "an order is never repeated";
}

TEST_F(Exports, GoOnWhenTheWaitingIsInterrupted) {
  interrupted_at_ = now_ + Millis{3'000};
  answer("POST " + exports_url, HttpReply{202, export_json("running")});
  answer("GET " + exports_url + "/exp_1", export_json("running"));
  EXPECT_EQ(run({"export", "audit", "--wait"}), 130);
  EXPECT_THAT(err(), HasSubstr("denrei export show exp_1"));
}

TEST_F(Exports, AreListedAndShown) {
  answer("GET " + exports_url, list(export_json("finished"), R"("next":null,"total":1)"));
  ASSERT_EQ(run({"export", "list"}), 0) << err();
  EXPECT_THAT(out(), AllOf(StartsWith("EXPORT  WHAT   STATE"), HasSubstr("exp_1   audit  finished")));
  answer("GET " + exports_url + "/exp_1", export_json("finished", "null", R"(["k"])"));
  ASSERT_EQ(run({"export", "show", "exp_1"}), 0);
  EXPECT_THAT(out(), EndsWith("\nk\n"));
  EXPECT_THAT(lines_asked(), ElementsAre("GET " + exports_url + "/exp_1"));
}

}  // namespace
}  // namespace denrei
