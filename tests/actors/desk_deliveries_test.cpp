// Lists of deliveries at the Desk, one by its id, and the audit.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskDeliveriesTest : public DeskWorld {
 protected:
  // Answers the next ListPending from these, as the Destination would.
  void list_pending(const std::vector<std::pair<std::uint32_t, DeliveryId>>& all) {
    for (const auto& order : std::exchange(voicedrive.all<ListPending>(), {})) {
      PendingListed out{order.ticket, {}, all.size()};
      for (std::size_t i = order.skip; i < all.size() && out.ids.size() < order.count; ++i) out.ids.push_back(all[i]);
      caf::anon_send(desk, std::move(out));
    }
    run();
  }
  std::vector<std::string> pending_pages(const std::string& target, const std::vector<std::pair<std::uint32_t, DeliveryId>>& all) {
    std::vector<std::string> out;
    std::string cursor;
    for (int page = 0; page < 200; ++page) {
      ask("GET", target + cursor);
      list_pending(all);
      const auto body = last_json();
      for (auto& id : ids(body)) out.push_back(std::move(id));
      if (body.at("next").is_null()) break;
      cursor = "&cursor=" + std::string(body.at("next").as_string());
    }
    return out;
  }
  void deliver(std::size_t partition, DeliveryParts parts) {
    parts.status = 200;
    put_delivered(partition, make_delivery(partition, parts));
  }
};

TEST_F(DeskDeliveriesTest, ListsThePendingOnesOfADestinationInTheOrderItGives) {
  std::vector<std::pair<std::uint32_t, DeliveryId>> all;
  std::vector<std::string> wanted;
  for (std::uint64_t seq = 1; seq <= 90; ++seq) {
    const auto p = static_cast<std::uint32_t>(seq / 3 % 2);
    const auto d = make_delivery(p, {.seq = seq, .status = 0});
    put_pending(p, d);
    all.emplace_back(p, d.head.id);
    wanted.push_back(d.head.id.text());
  }
  for (const int limit : {1, 7, 45, 89, 90, 100})
    EXPECT_EQ(pending_pages("/ops/deliveries?state=pending&destination=voicedrive&limit=" + std::to_string(limit), all), wanted) << limit;
  EXPECT_EQ(last_json().at("total"), 90);
}

TEST_F(DeskDeliveriesTest, TellsPendingFromWaitingAndLeavesOutWhatIsGone) {
  const auto fresh = make_delivery(0, {.seq = 1, .status = 0});
  auto retry = make_delivery(0, {.seq = 2});
  retry.head.due = now + 1min;
  put_pending(0, fresh);
  put_pending(0, retry);
  ask("GET", "/ops/deliveries?state=pending&destination=voicedrive");
  list_pending({{0, fresh.head.id}, {0, retry.head.id}, {1, id_of(1, {.seq = 3})}});
  EXPECT_EQ(ids(last_json()), (std::vector<std::string>{fresh.head.id.text(), retry.head.id.text()}));
  EXPECT_EQ(last_json().at("data").at(0).at("state").as_string(), "pending");
  EXPECT_EQ(last_json().at("data").at(1).at("state").as_string(), "waiting");
}

TEST_F(DeskDeliveriesTest, FiltersPendingOnesByKeyAndEvent) {
  const auto a = make_delivery(0, {.key = "E1", .seq = 1}), b = make_delivery(0, {.key = "E2", .seq = 2});
  put_pending(0, a);
  put_pending(0, b);
  const std::vector<std::pair<std::uint32_t, DeliveryId>> all{{0, a.head.id}, {0, b.head.id}};
  const std::string target = "/ops/deliveries?state=pending&destination=voicedrive&limit=1";
  EXPECT_EQ(pending_pages(target + "&key=E2", all), std::vector<std::string>{b.head.id.text()});
  EXPECT_EQ(pending_pages(target + "&event=" + a.head.event.text(), all), std::vector<std::string>{a.head.id.text()});
}

TEST_F(DeskDeliveriesTest, KnowsNoPendingOnesOfAnUnknownDestination) {
  EXPECT_EQ(get("/ops/deliveries?state=pending&destination=nobody").status, 404);
  journal.away(true);
  ask("GET", "/ops/deliveries?state=pending&destination=voicedrive");
  list_pending({{0, id_of(0, {})}});
  EXPECT_EQ(last().status, 503);
}

TEST_F(DeskDeliveriesTest, ListsDeliveredOnesNewestFirstOverAllPartitions) {
  std::vector<std::string> wanted;
  for (std::uint64_t n = 1; n <= 330; ++n) {
    now += 1s;
    const auto p = n % 7 == 0 ? 1u : 0u;  // unevenly: one is read on while the other still has some
    deliver(p, {.seq = n});
    wanted.insert(wanted.begin(), id_of(p, {.seq = n}).text());
  }
  for (const int limit : {1, 40, 100, 329, 330, 1000}) EXPECT_EQ(all_pages("/ops/deliveries?state=delivered&limit=" + std::to_string(limit)), wanted) << limit;
}

TEST_F(DeskDeliveriesTest, KeepsWhatArrivesMeanwhileOutOfLaterPages) {
  deliver(1, {.seq = 9});
  now += 1s;
  for (std::uint64_t n = 1; n <= 4; ++n) deliver(0, {.seq = n});
  get("/ops/deliveries?state=delivered&limit=2");
  now += 1s;
  const auto cursor = std::string(last_json().at("next").as_string());
  deliver(0, {.seq = 5});
  deliver(1, {.seq = 6});
  get("/ops/deliveries?state=delivered&limit=9&cursor=" + cursor);
  EXPECT_EQ(ids(last_json()), (std::vector<std::string>{id_of(0, {.seq = 2}).text(), id_of(0, {.seq = 1}).text(), id_of(1, {.seq = 9}).text()}));
}

TEST_F(DeskDeliveriesTest, FiltersDeliveredOnesWithBoundedWorkAndACursorToGoOn) {
  deliver(0, {.key = "old", .seq = 1});
  for (std::uint64_t n = 2; n <= 6'000; ++n) deliver(0, {.key = "E1", .seq = n});
  ASSERT_EQ(get("/ops/deliveries?state=delivered&key=old").status, 200);
  EXPECT_TRUE(ids(last_json()).empty());
  ASSERT_TRUE(last_json().at("next").is_string());
  EXPECT_EQ(all_pages("/ops/deliveries?state=delivered&key=old"), std::vector<std::string>{id_of(0, {.seq = 1}).text()});
  EXPECT_EQ(all_pages("/ops/deliveries?state=delivered&event=" + event_of(0, {.seq = 5'999}).text()).size(), 1u);
  EXPECT_TRUE(all_pages("/ops/deliveries?state=delivered&destination=records").empty());
}

TEST_F(DeskDeliveriesTest, TellsWhatWasLeftOutFromWhatWasDelivered) {
  deliver(0, {.seq = 1});
  put_delivered(0, make_delivery(0, {.seq = 2, .status = 0, .dead = DeadReason::superseded}));
  deliver(1, {.seq = 3});
  const auto left = id_of(0, {.seq = 2}).text();
  EXPECT_EQ(all_pages("/ops/deliveries?state=superseded"), std::vector<std::string>{left});
  EXPECT_EQ(all_pages("/ops/deliveries?state=delivered").size(), 2u);
  ASSERT_EQ(get("/ops/deliveries/" + left).status, 200);
  EXPECT_EQ(last_json().at("state").as_string(), "superseded");
  EXPECT_TRUE(std::string(last_json().at("why").as_string()).starts_with("not sent: when its turn came"));
}

TEST_F(DeskDeliveriesTest, SaysThatTheStoreIsAway) {
  journal.away(true);
  for (const auto& target : {std::string("/ops/deliveries?state=delivered"), std::string("/ops/audit"), "/ops/deliveries/" + id_of(0, {}).text()})
    EXPECT_EQ(get(target).status, 503) << target;
}

// --- one

TEST_F(DeskDeliveriesTest, FindsOneWhereverItIs) {
  const auto pending = make_delivery(1, {.seq = 1, .status = 0});
  put_pending(1, pending);
  const auto buried = bury(0, {.seq = 2});
  deliver(1, {.seq = 3});
  for (const auto& [id, state] : {std::pair(pending.head.id, "pending"), std::pair(buried, "dead"), std::pair(id_of(1, {.seq = 3}), "delivered")}) {
    ASSERT_EQ(get("/ops/deliveries/" + id.text()).status, 200) << state;
    EXPECT_EQ(last_json().at("id").as_string(), id.text());
    EXPECT_EQ(last_json().at("state").as_string(), state);
    EXPECT_TRUE(last_json().at("history").is_array());
    EXPECT_FALSE(last_json().at("why").as_string().empty());
    EXPECT_FALSE(last_json().at("whyJa").as_string().empty());
  }
}

TEST_F(DeskDeliveriesTest, LooksThroughTheWholeHistoryForOne) {
  deliver(1, {.seq = 1});
  for (std::uint64_t n = 2; n <= 2'500; ++n) deliver(1, {.seq = n});
  EXPECT_EQ(get("/ops/deliveries/" + id_of(1, {.seq = 1}).text()).status, 200);
  EXPECT_EQ(get("/ops/deliveries/" + id_of(0, {.seq = 9'999}).text()).status, 404);
  EXPECT_EQ(get("/ops/deliveries/nonsense").status, 404);
}

TEST_F(DeskDeliveriesTest, ShowsAPendingOneOfADestinationThatIsNotConfigured) {
  const auto d = make_delivery(0, {.destination = "removed"});
  put_pending(0, d);
  ASSERT_EQ(get("/ops/deliveries/" + d.head.id.text()).status, 200);
  EXPECT_EQ(last_json().at("why").as_string(), "destination removed is not configured; its deliveries are kept until it is");
}

// --- audit

TEST_F(DeskDeliveriesTest, ShowsTheAuditNewestFirstOverAllPartitions) {
  std::vector<std::string> wanted;
  for (int n = 0; n < 250; ++n) {
    now += 1s;
    journal.log(tag(n % 3 == 0 ? 1 : 0)).audit.add({R"({"action":"a)" + std::to_string(n) + R"(","timestamp":")" + format_iso8601(now) + "\"}"}, 1'000);
    wanted.insert(wanted.begin(), "a" + std::to_string(n));
  }
  for (const int limit : {1, 99, 100, 250, 1000}) EXPECT_EQ(all_pages("/ops/audit?limit=" + std::to_string(limit), "action"), wanted) << limit;
}

TEST_F(DeskDeliveriesTest, ShowsAnUnreadableAuditEntryAsText) {
  journal.log(tag(0)).audit.add({"no \"JSON\""}, 10);
  ASSERT_EQ(get("/ops/audit").status, 200);
  EXPECT_EQ(last_json().at("data").at(0).at("unreadable").as_string(), "no \"JSON\"");
}

}  // namespace
}  // namespace denrei::test
