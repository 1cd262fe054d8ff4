// What the Desk says of destinations, and how it switches them.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskDestinationsTest : public DeskWorld {};

TEST_F(DeskDestinationsTest, ListsThemByName) {
  voicedrive_report.pending = 7;
  voicedrive_report.disabled = true;
  voicedrive_report.disabled_reason = "maintenance \"night\"";
  voicedrive_report.disabled_since = now;
  ASSERT_EQ(get("/ops/destinations").status, 200);
  EXPECT_EQ(ids(last_json(), "name"), (std::vector<std::string>{"records", "voicedrive"}));
  const auto one = last_json().at("data").at(1);
  EXPECT_EQ(one.at("pending"), 7);
  EXPECT_TRUE(one.at("disabled").as_bool());
  EXPECT_EQ(one.at("disabledReason").as_string(), "maintenance \"night\"");
  EXPECT_EQ(one.at("disabledSince").as_string(), format_iso8601(now));
  EXPECT_EQ(last_json().at("data").at(0).at("disabledSince"), nullptr);
}

TEST_F(DeskDestinationsTest, WaitsForEveryReport) {
  ask("GET", "/ops/destinations");
  caf::anon_send(desk, DestinationReport{.ticket = voicedrive.all<ReportDestination>().back().ticket, .name = "voicedrive"});
  run();
  EXPECT_EQ(answers(), 0u);
}

TEST_F(DeskDestinationsTest, ShowsOneAndNamesTheOthersWhenThereIsNoSuch) {
  EXPECT_EQ(get("/ops/destinations/records").status, 200);
  EXPECT_EQ(last_json().at("name").as_string(), "records");
  EXPECT_EQ(get("/ops/destinations/voicedrif").status, 404);
  EXPECT_EQ(last_json().at("detail").as_string(), "there is no destination voicedrif; there are records, voicedrive");
  EXPECT_EQ(post("/ops/destinations/voicedrif/enable").status, 404);
}

TEST_F(DeskDestinationsTest, DisablesWithAReason) {
  ask("POST", "/ops/destinations/voicedrive/disable", R"({"reason":"保守作業"})", admin_token);
  ASSERT_EQ(voicedrive.count<DirectDestination>(), 1u);
  const auto order = voicedrive.all<DirectDestination>()[0];
  EXPECT_FALSE(order.enable);
  EXPECT_EQ(order.reason, "保守作業");
  EXPECT_EQ(order.by, "admin");
  EXPECT_EQ(answers(), 0u);
  caf::anon_send(desk, DestinationReport{.ticket = order.ticket, .name = "voicedrive", .disabled = true});
  run();
  EXPECT_EQ(last().status, 200);
  EXPECT_TRUE(last_json().at("disabled").as_bool());
}

TEST_F(DeskDestinationsTest, EnablesWithOrWithoutAReason) {
  ask("POST", "/ops/destinations/voicedrive/enable");
  ask("POST", "/ops/destinations/voicedrive/enable", R"({"reason":"done"})");
  ASSERT_EQ(voicedrive.count<DirectDestination>(), 2u);
  EXPECT_TRUE(voicedrive.all<DirectDestination>()[0].enable);
  EXPECT_EQ(voicedrive.all<DirectDestination>()[0].by, "operator");
  EXPECT_EQ(voicedrive.all<DirectDestination>()[1].reason, "done");
}

TEST_F(DeskDestinationsTest, RefusesToDisableWithoutAGoodReason) {
  const std::string target = "/ops/destinations/voicedrive/disable";
  std::string characters_500, characters_501;
  for (int i = 0; i < 500; ++i) characters_500 += "あ";
  characters_501 = characters_500 + "あ";
  for (const auto& body : {std::string{}, std::string("{}"), std::string(R"({"reason":""})"), std::string(R"({"reason":5})"),
                           R"({"reason":")" + characters_501 + "\"}", std::string(R"({"reason":"x","force":true})")})
    EXPECT_EQ(post(target, body).status, 400) << body;
  EXPECT_EQ(voicedrive.count<DirectDestination>(), 0u);
  ask("POST", target, R"({"reason":")" + characters_500 + "\"}");
  EXPECT_EQ(voicedrive.count<DirectDestination>(), 1u);
}

}  // namespace
}  // namespace denrei::test
