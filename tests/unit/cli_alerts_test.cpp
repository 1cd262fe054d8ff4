// denrei alerts: what operators see of alert rules, and what they order.
#include "unit/operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string alerts_url = "http://127.0.0.1:4001/ops/alerts";

std::string rule_json(const std::string& name, const std::string& state, const std::string& more = "") {
  return R"({"name":")" + name + R"(","state":")" + state + R"(","since":"2025-11-20T05:00:00.000Z","value":1,"valueText":"1",)"
         R"("acknowledgedBy":null,"silencedUntil":null,"descriptionEn":"when it is too much")" + more + "}";
}
const std::string incident = R"({"id":7,"rule":"sig","firedAt":"2025-11-19T05:00:00.000Z","resolvedAt":null,"value":"3","acknowledgedBy":"tanaka",)"
                             R"("acknowledgedAt":null,"note":"looking"})";

class Alerts : public OperatorWorld {};

TEST_F(Alerts, AreListedWithWhatWas) {
  const auto all = R"({"rules":[)" + rule_json("sig", "firing") + "," + rule_json("slow", "quiet") + R"(],"firing":[],"history":[)" + incident + "]}";
  answer("GET " + alerts_url, all);
  for (const auto& command : {std::vector<std::string>{"alerts"}, std::vector<std::string>{"alerts", "list"}}) {
    ASSERT_EQ(run(command), 0) << err();
    EXPECT_THAT(out(), StartsWith("RULE  STATE   SINCE                     VALUE  FIRES WHEN\n"
                                  "sig   firing  2025-11-20T05:00:00.000Z  1      when it is too much\n"
                                  "slow  quiet   2025-11-20T05:00:00.000Z  1      when it is too much\n\n"));
    EXPECT_THAT(out(), AllOf(HasSubstr("INCIDENT  RULE  FIRED"), HasSubstr("7         sig   2025-11-19T05:00:00.000Z  -         3      tanaka           looking")));
  }
  for (const auto& how : {std::vector<std::string>{"alerts", "--json"}, std::vector<std::string>{"alerts", "list", "-o", "json"}}) {
    ASSERT_EQ(run(how), 0);
    EXPECT_EQ(out(), all + "\n");
  }
}

TEST_F(Alerts, ShowWhoLooksAfterThemAndUntilWhenTheyAreSilenced) {
  auto rule = rule_json("sig", "firing");
  rule.replace(rule.find(R"("acknowledgedBy":null)"), 21, R"("acknowledgedBy":"sato")");
  rule.replace(rule.find(R"("silencedUntil":null)"), 20, R"("silencedUntil":"2025-11-20T07:00:00.000Z")");
  answer("GET " + alerts_url, R"({"rules":[)" + rule + R"(],"firing":[],"history":[]})");
  ASSERT_EQ(run({"alerts"}), 0);
  EXPECT_THAT(out(), HasSubstr("firing, acknowledged by sato, silenced until 2025-11-20T07:00:00.000Z"));
}

TEST_F(Alerts, OneIsShown) {
  answer("GET " + alerts_url + "/sig", rule_json("sig", "quiet", R"(,"history":[)" + incident + "]"));
  ASSERT_EQ(run({"alerts", "show", "sig"}), 0);
  EXPECT_THAT(out(), AllOf(StartsWith("name"), HasSubstr("\nstate           quiet\n"), HasSubstr("\n\nINCIDENT")));
  refuse("GET " + alerts_url + "/x", 404, "there is no alert rule x");
  EXPECT_EQ(run({"alerts", "show", "x"}), 6);
  EXPECT_EQ(err(), "denrei: there is no alert rule x\n");
}

TEST_F(Alerts, AreAcknowledgedSilencedAndUnsilenced) {
  for (const auto* what : {"acknowledge", "silence", "unsilence"}) answer("POST " + alerts_url + "/sig/" + what, rule_json("sig", "firing"));
  ASSERT_EQ(run({"alerts", "acknowledge", "sig", "--note", "調査中"}), 0) << err();
  EXPECT_EQ(requests_.at(0).body, R"({"note":"調査中"})");
  ASSERT_EQ(run({"alerts", "acknowledge", "sig"}), 0);
  EXPECT_EQ(requests_.at(0).body, "{}");
  ASSERT_EQ(run({"alerts", "silence", "sig", "--for", "2h", "--reason", "maintenance", "--json"}), 0);
  EXPECT_EQ(requests_.at(0).body, R"({"for":"2h","reason":"maintenance"})");
  EXPECT_EQ(out(), rule_json("sig", "firing") + "\n");
  ASSERT_EQ(run({"alerts", "unsilence", "sig"}), 0);
  EXPECT_THAT(lines_asked(), ElementsAre("POST " + alerts_url + "/sig/unsilence"));
}

TEST_F(Alerts, ExitByTheAnswer) {
  refuse("POST " + alerts_url + "/sig/acknowledge", 409, "rule sig is not firing");
  EXPECT_EQ(run({"alerts", "acknowledge", "sig"}), 1);
  EXPECT_EQ(err(), "denrei: rule sig is not firing\n");
  EXPECT_EQ(run({"alerts", "silence", "sig", "--for", "2h"}), 2) << "a reason is needed";
  EXPECT_EQ(run({"alerts", "silence", "sig", "--reason", "x"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
  answer("GET " + alerts_url, R"({"rules":[],"firing":[],"history":[]})");
  EXPECT_EQ(run({"alerts"}), 0);
  EXPECT_EQ(err(), "no alert rule is configured\n");
}

}  // namespace
}  // namespace denrei
