// The Desk before a real Dispatcher and real Destinations: what operators order is done, and what they read is so.
#include <boost/json/parse.hpp>

#include "delivery_world.hpp"
#include "denrei/actors/desk.hpp"

namespace denrei::test {
namespace {

class DeskWayOutTest : public DeliveryWorld {
 protected:
  void open_desk(std::vector<Destination> destinations) {
    for (auto& d : destinations) d.schedule = {};
    open(destinations);
    std::map<std::string, caf::actor> handles;
    for (const auto& [name, receiver] : receivers) handles[name] = caf::actor_cast<caf::actor>(receiver->actor);
    real_desk = keep(spawn_desk(stage, meter("Desk"), {.site = site_, .outbox = outbox, .chronicle = outbox, .destinations = handles, .clock = clock()}));
    caf::anon_send(real_desk, DispatchersOpened{{caf::actor_cast<caf::actor>(dispatcher)}});
  }
  const Answer& ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    const RequestParts parts{.edge = edge.actor(), .method = method, .target = target, .body = body,
                             .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + operator_token}}};
    caf::anon_send(real_desk, Serve{make_request(parts), site_});
    settle();
    // The Dispatcher was made before the Desk and tells its stand-in.
    for (const auto& fact : std::exchange(desk.all<ResendEnded>(), {})) caf::anon_send(real_desk, fact);
    settle();
    return edge.all<RepliesReady>().back().replies.front().answer;
  }
  json::value get(const std::string& target) {
    const auto& answer = ask("GET", target);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  void lose(int events) {
    for (auto& [name, receiver] : receivers) receiver->client.always([](const OutboundRequest&) { return answered(500); });
    for (int n = 1; n <= events; ++n) accept("k" + std::to_string(n), n);
    now += 1s;
  }
  void recover() {
    for (auto& [name, receiver] : receivers) receiver->client.always([](const OutboundRequest&) { return answered(200); });
  }

  Recorder<RepliesReady> edge{system};
  Desk real_desk;
};

TEST_F(DeskWayOutTest, ResendsADeadLetterAndShowsItsWholeHistory) {
  open_desk({plain_destination("d")});
  lose(1);
  const auto letter = get("/ops/dead-letters").at("data").at(0);
  const auto id = std::string(letter.at("id").as_string());
  recover();
  EXPECT_EQ(ask("POST", "/ops/dead-letters/" + id + "/resend").status, 202);
  EXPECT_TRUE(dead().empty());
  const auto delivery = get("/ops/deliveries/" + id);
  EXPECT_EQ(delivery.at("state").as_string(), "delivered");
  EXPECT_EQ(delivery.at("history").as_array().size(), 2u);
  const auto event = get("/api/events/" + std::string(letter.at("eventId").as_string()));
  EXPECT_EQ(event.at("why").as_string(), "1 delivered, 0 pending, 0 dead");
  EXPECT_EQ(get("/ops/audit").at("data").at(0).at("action").as_string(), "delivery_resent");
}

TEST_F(DeskWayOutTest, ResendsInBulkAndCountsWhatBecomesOfIt) {
  open_desk({plain_destination("d"), plain_destination("e")});
  lose(20);
  EXPECT_EQ(json::parse(ask("POST", "/ops/dead-letters/resend", R"({"all":true,"preview":true})").body).at("matching"), 40);
  client("d").always([](const OutboundRequest&) { return answered(200); });
  const auto& answer = ask("POST", "/ops/dead-letters/resend", R"({"all":true})");
  ASSERT_EQ(answer.status, 202) << answer.body;
  const auto job = get(header_of(answer, "Location"));
  EXPECT_EQ(job.at("state").as_string(), "finished");
  EXPECT_EQ(job.at("handled"), 40);
  EXPECT_EQ(job.at("delivered"), 20);
  EXPECT_EQ(job.at("failedAgain"), 20);
  EXPECT_EQ(dead().size(), 20u);
  EXPECT_EQ(client("e").sent().size(), 40u) << "once more each, and not for ever";
  const auto audit = get("/ops/audit?limit=1000").at("data").as_array();
  EXPECT_EQ(audit.front().at("action").as_string(), "dead_letters_resend_finished");
  EXPECT_EQ(std::count_if(audit.begin(), audit.end(), [](const json::value& entry) { return entry.at("action") == "delivery_resent"; }), 40);
}

TEST_F(DeskWayOutTest, DiscardsInBulk) {
  open_desk({plain_destination("d"), plain_destination("e")});
  lose(3);
  EXPECT_EQ(ask("POST", "/ops/dead-letters/discard", R"({"filter":{"destination":"e"},"reason":"closed"})").status, 202);
  EXPECT_EQ(dead().size(), 3u);
  EXPECT_EQ(get("/ops/dead-letters?destination=e").at("total"), 0);
  EXPECT_EQ(get("/ops/dead-letters?destination=d").at("total"), 3);
}

TEST_F(DeskWayOutTest, DisablesADestinationAndSaysWhyItsDeliveriesWait) {
  open_desk({plain_destination("d")});
  recover();
  EXPECT_EQ(ask("POST", "/ops/destinations/d/disable", R"({"reason":"maintenance"})").status, 200);
  const auto event = accept("k", 1);
  const auto waiting = get("/api/events/" + event->id.text()).at("deliveries").at(0);
  EXPECT_EQ(waiting.at("state").as_string(), "pending");
  EXPECT_TRUE(waiting.at("why").as_string().ends_with("because maintenance"));
  EXPECT_EQ(get("/ops/deliveries?state=pending&destination=d").at("total"), 1);
  EXPECT_EQ(ask("POST", "/ops/destinations/d/enable").status, 200);
  EXPECT_EQ(get("/ops/deliveries?state=delivered").at("data").as_array().size(), 1u);
  std::vector<std::string> actions;
  const auto audit = get("/ops/audit");
  for (const auto& entry : audit.at("data").as_array()) actions.emplace_back(entry.at("action").as_string());
  std::sort(actions.begin(), actions.end());
  EXPECT_EQ(actions, (std::vector<std::string>{"destination_disabled", "destination_enabled"})) << "one entry each";
}

}  // namespace
}  // namespace denrei::test
