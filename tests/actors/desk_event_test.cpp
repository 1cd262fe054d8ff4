// GET /api/events/{id}: the event, its deliveries, and why each is where it is.
#include "desk_world.hpp"

namespace denrei::test {
namespace {

class DeskEventTest : public DeskWorld {
 protected:
  // Accepts an event as the spine would, and gives it.
  EventPtr accept(std::size_t partition = 0, const std::string& type = "made", const std::string& key = "E1") {
    auto body = ledger_body(key, ++number_, type);
    auto json = parse_json(body).value();
    const auto event = make_event(ledger_source(), body, std::move(json), now).value();
    const AppendRecord record{event->id, now, event->body_hash, encode_event(*event)};
    journal.append(tag(partition), {record}, now, [](const Result<AppendReply>&) {});
    now += 1min;
    return event;
  }
  Delivery delivery_of(const Event& event, const std::string& destination, int status = 500) {
    auto d = make_delivery(0, {.destination = destination, .key = event.key, .status = status});
    d.head.event = event.id;
    d.head.id = make_delivery_id(event.id, d.head.destination, d.head.route);
    return d;
  }
  const Answer& get_event(const Event& event) { return get("/api/events/" + event.id.text()); }
  std::string why(std::size_t delivery) { return std::string(last_json().at("deliveries").at(delivery).at("why").as_string()); }
  std::string why() { return std::string(last_json().at("why").as_string()); }

  int number_ = 0;
};

TEST_F(DeskEventTest, ShowsTheEventWithItsPlaceAndBody) {
  accept(1);
  const auto event = accept(1);
  ASSERT_EQ(get_event(*event).status, 200);
  const auto body = last_json();
  EXPECT_EQ(body.at("id").as_string(), event->id.text());
  EXPECT_EQ(body.at("source").as_string(), "ledger");
  EXPECT_EQ(body.at("type").as_string(), "made");
  EXPECT_EQ(body.at("key").as_string(), "E1");
  EXPECT_EQ(body.at("receivedAt").as_string(), format_iso8601(event->received_at));
  EXPECT_EQ(body.at("partition"), 1);
  EXPECT_EQ(body.at("sequence"), 2);
  EXPECT_TRUE(body.at("payloadAvailable").as_bool());
  EXPECT_EQ(body.at("body").at("n"), 2);
}

TEST_F(DeskEventTest, FindsItsDeliveriesInOutboxDeadLettersAndHistory) {
  const auto event = accept();
  put_pending(0, delivery_of(*event, "records", 0));
  put(0, OutboxPart::dead, delivery_of(*event, "voicedrive"));
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_EQ(last_json().at("deliveries").at(0).at("state").as_string(), "pending");
  EXPECT_EQ(last_json().at("deliveries").at(1).at("state").as_string(), "dead");
  EXPECT_EQ(last_json().at("deliveries").at(1).at("history").as_array().size(), 1u);
  EXPECT_EQ(why(), "0 delivered, 1 pending, 1 dead");
  EXPECT_EQ(outbox.calls(OutboxCall::delivered), 0u) << "nothing is left to be found there";

  const auto other = accept();
  put_pending(0, delivery_of(*other, "records", 0));
  put_delivered(0, delivery_of(*other, "voicedrive", 200));
  ASSERT_EQ(get_event(*other).status, 200);
  EXPECT_EQ(last_json().at("deliveries").at(1).at("state").as_string(), "delivered");
  EXPECT_EQ(why(1), "delivered at attempt 1 with status 200 at " + format_iso8601(now));
}

TEST_F(DeskEventTest, SaysThatOneWasLeftOutForANewerEvent) {
  const auto event = accept();
  auto left = delivery_of(*event, "voicedrive", 0);
  left.head.dead = DeadReason::superseded;
  put_pending(0, delivery_of(*event, "records", 0));
  put_delivered(0, left);
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_EQ(last_json().at("deliveries").at(1).at("state").as_string(), "superseded");
  EXPECT_EQ(why(), "0 delivered, 1 pending, 0 dead, 1 left out for a newer event");
  EXPECT_EQ(why(1), "not sent: when its turn came at " + format_iso8601(now) +
                        ", a newer event of type made and the same key was waiting behind it, and that one is sent instead");
  EXPECT_NE(std::string(last_json().at("deliveries").at(1).at("whyJa").as_string()).find("より新しいイベント"), std::string::npos);
}

TEST_F(DeskEventTest, LooksBackThroughTheHistoryAndNoFurtherThanTheEvent) {
  for (std::uint64_t n = 1; n <= 3'000; ++n) put_delivered(0, make_delivery(0, {.seq = n, .status = 200}));
  now += 1h;
  const auto event = accept();
  put_delivered(0, delivery_of(*event, "voicedrive", 200));
  for (std::uint64_t n = 5'001; n <= 6'500; ++n) put_delivered(0, make_delivery(0, {.seq = n, .status = 200}));
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_EQ(last_json().at("deliveries").as_array().size(), 1u);
  EXPECT_EQ(outbox.calls(OutboxCall::delivered), 2u) << "the second page reaches back before the event";
  EXPECT_EQ(why(), "1 delivered, 0 pending, 0 dead; nothing is known of a delivery to records: delivered or discarded longer ago than the history "
                   "reaches, or the route is newer");
}

TEST_F(DeskEventTest, ExpectsOneDeliveryPerDestinationByTheFirstRouteThatMatches) {
  auto changed = desk_site();
  changed->routes = std::make_shared<Routes>(Routes{{.name = "all", .destination = "records"}, {.name = "again", .destination = "records", .types = {"made"}}});
  caf::anon_send(desk, SiteChanged{changed});
  const auto event = accept();
  put_pending(0, delivery_of(*event, "records", 0));
  get_event(*event);
  EXPECT_EQ(why(), "0 delivered, 1 pending, 0 dead");
}

TEST_F(DeskEventTest, TakesNoDeliveryOfAnotherEventForItsOwn) {
  const auto event = accept();
  auto other = make_delivery(0, {.seq = 70, .status = 200});
  other.head.key = std::string(event->id.raw());  // the same bytes at another place of the record
  put_delivered(0, other);
  get_event(*event);
  EXPECT_TRUE(last_json().at("deliveries").as_array().empty());
}

TEST_F(DeskEventTest, SaysThatNoRouteMatches) {
  const auto event = accept(0, "seen");
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_TRUE(last_json().at("deliveries").as_array().empty());
  EXPECT_EQ(why(), "no route matches source ledger, type seen; routes: made (source any, type made, key any) -> voicedrive, "
                   "all (source ledger, type m*, key any) -> records");
  EXPECT_FALSE(last_json().at("whyJa").as_string().empty());
}

TEST_F(DeskEventTest, SaysThatNothingIsKnownOfItsDeliveries) {
  const auto event = accept();
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_EQ(why(), "delivered or discarded longer ago than the history reaches, or the route is newer than the event");
  now = event->received_at + 1s;
  get_event(*event);
  EXPECT_NE(why().find("just been accepted"), std::string::npos) << why();
}

TEST_F(DeskEventTest, KnowsAnEventWithoutPayloadByItsDeliveries) {
  const auto event = accept();
  journal.log(tag(0)).entries.clear();
  put_delivered(0, delivery_of(*event, "voicedrive", 200));
  ASSERT_EQ(get_event(*event).status, 200);
  EXPECT_FALSE(last_json().at("payloadAvailable").as_bool());
  EXPECT_EQ(last_json().at("body"), nullptr);
  EXPECT_EQ(last_json().at("type").as_string(), "made");
  EXPECT_EQ(last_json().at("deliveries").as_array().size(), 1u);
  const auto lonely = accept();
  journal.log(tag(0)).entries.clear();
  ASSERT_EQ(get_event(*lonely).status, 200);
  EXPECT_EQ(last_json().at("type"), nullptr);
  EXPECT_EQ(last_json().at("sequence"), nullptr);
  EXPECT_NE(why().find("no longer in the log"), std::string::npos);
}

TEST_F(DeskEventTest, FindsWhatDenreiMadeItselfByItsDeliveriesInWhicheverPartition) {
  for (const std::size_t partition : {std::size_t{0}, std::size_t{1}}) {
    Event made;
    made.id = make_event_id("denrei", "stats.updated " + std::to_string(partition));
    made.source = "denrei";
    made.key = "ann-1";
    put(partition, OutboxPart::dead, delivery_of(made, "voicedrive"));
    ASSERT_EQ(get_event(made).status, 200) << partition;
    EXPECT_EQ(last_json().at("partition"), partition);
    EXPECT_EQ(last_json().at("deliveries").as_array().size(), 1u);
    EXPECT_FALSE(last_json().at("payloadAvailable").as_bool());
    put_delivered(partition, delivery_of(made, "records", 200));
    ASSERT_EQ(get_event(made).status, 200);
    EXPECT_EQ(why(), "1 delivered, 0 pending, 1 dead");
  }
}

TEST_F(DeskEventTest, SaysHowLongIdsAreRememberedWhenItKnowsNone) {
  const auto id = make_event_id("ledger", "never").text();
  EXPECT_EQ(get("/api/events/" + id).status, 404);
  EXPECT_NE(last().body.find("48 hours"), std::string::npos) << last().body;
  EXPECT_EQ(get("/api/events/nonsense").status, 404);
  outbox.fail_next(OutboxCall::find_event, {FaultCode::unavailable, "cut"}, Acted::no);
  EXPECT_EQ(get("/api/events/" + id).status, 503) << "one partition did not say whether it knows it";
  EXPECT_EQ(header_of(last(), "Retry-After"), "1");
}

TEST_F(DeskEventTest, AsksAgainWhenTheStoreFailsHalfWay) {
  const auto event = accept();
  for (const auto call : {OutboxCall::fetch, OutboxCall::delivered}) {
    outbox.fail_next(call, {FaultCode::unavailable, "cut"}, Acted::no);
    EXPECT_EQ(get_event(*event).status, 503);
  }
}

TEST_F(DeskEventTest, ExplainsAPendingDeliveryByItsDestination) {
  const auto event = accept();
  auto d = delivery_of(*event, "voicedrive");
  d.head.round_attempts = d.head.attempts = 2;
  d.head.due = now + 5min;
  put_pending(0, d);
  get_event(*event);
  EXPECT_EQ(why(0), "attempt 2 of 4 failed with 500; next at " + format_iso8601(d.head.due));
  EXPECT_EQ(last_json().at("deliveries").at(0).at("state").as_string(), "waiting");
  voicedrive_report.disabled = true;
  voicedrive_report.disabled_reason = "maintenance";
  voicedrive_report.disabled_since = now;
  get_event(*event);
  EXPECT_EQ(why(0), "destination voicedrive is disabled since " + format_iso8601(now) + " because maintenance");
}

TEST_F(DeskEventTest, GoesByTheNewRoutesAfterAReload) {
  const auto event = accept(0, "seen");
  auto changed = desk_site();
  changed->routes = std::make_shared<Routes>(Routes{{.name = "seen", .destination = "records", .types = {"seen"}}});
  caf::anon_send(desk, SiteChanged{changed});
  get_event(*event);
  EXPECT_NE(why().find("the route is newer than the event"), std::string::npos) << why();
}

}  // namespace
}  // namespace denrei::test
