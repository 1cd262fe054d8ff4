// The Attempt: what it sends, what it tells its Destination, and that it tells it once whatever goes wrong.
#include "denrei/actors/attempt.hpp"

#include <fmt/format.h>
#include <limits>

#include "support/actor_world.hpp"
#include "support/fake_http_client.hpp"
#include "support/line_keeper.hpp"

namespace denrei::test {
namespace {

class AttemptTest : public ActorWorld {
 protected:
  AttemptTest() {
    live.destination.name = "voicedrive";
    live.destination.url = "https://receiver.example/hook";
    live.destination.signature = complete_signature_spec({.scheme = "hmac_timestamp_body"}).value();
    live.destination.connect_timeout = 3s;
    live.destination.timeout = 7s;
    live.secrets.emplace_back("attempt-secret-of-at-least-32-characters");
    auto& head = delivery.head;
    head.event = make_event_id("attempt-test", "1");
    head.id = {make_event_id("attempt-test", "2")};
    head.destination = live.destination.name;
    head.family = "employee";
    head.key = "EMP-2024-001";
    head.type = "employee.created";
    head.lane_sequence = 9;
    head.attempts = 2;
    delivery.body = R"({"staffId":"EMP-2024-001"})";
  }

  void start() {
    attempt = spawn_attempt(stage, attempt_meter,
                            {.destination = std::make_shared<LiveDestination>(live), .delivery = std::make_shared<Delivery>(delivery),
                             .flight = 42, .client = client, .owner = owner.actor(), .log = &log, .clock = clock(), .keys = keys});
    caf::anon_send(attempt, StartAttempt{});
    run();
  }
  void answer(Exchange exchange) {
    ASSERT_TRUE(client.answer(std::move(exchange)));
    run();
  }
  const AttemptFinished& told() { return owner.all<AttemptFinished>().back(); }
  bool hears_nothing() {
    const auto heard = attempt_meter.consumed.load();
    caf::anon_send(attempt, StartAttempt{});
    run();
    return attempt_meter.consumed.load() == heard;
  }
  // The handle is let go: what is left of the actor is what it has not given back itself.
  bool is_gone() {
    attempt = AttemptActor{};
    run();
    return attempt_meter.instances.load() == 0;
  }

  LiveDestination live;
  Delivery delivery;
  std::shared_ptr<const OutboundKeys> keys;
  FakeHttpClient client;
  LineKeeper log;
  Recorder<AttemptFinished> owner{system};
  ActorMeter& attempt_meter = meter("Attempt");
  AttemptActor attempt;
};

TEST_F(AttemptTest, PostsTheBodyOfItsDelivery) {
  start();
  ASSERT_EQ(client.sent().size(), 1u);
  const auto& request = client.sent()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://receiver.example/hook");
  EXPECT_EQ(request.body, delivery.body);
  EXPECT_EQ(request.connect_timeout, 3s);
  EXPECT_EQ(request.timeout, 7s);
  EXPECT_EQ(client.header("webhook-id"), delivery.head.id.text());
  EXPECT_EQ(client.header("User-Agent"), "denrei/" DENREI_VERSION);
}

TEST_F(AttemptTest, SignsWithTheCurrentSecretWhoeverMadeTheKey) {
  live.secrets.emplace_back("previous-secret-of-at-least-32-characters");
  start();
  const auto made_here = client.header("x-webhook-signature");
  keys = std::make_shared<OutboundKeys>(make_outbound_keys(live.destination.signature, live.secrets).value());
  start();
  EXPECT_EQ(client.header("x-webhook-signature"), made_here);
  std::swap(live.secrets.front(), live.secrets.back());
  keys = nullptr;
  start();
  EXPECT_NE(client.header("x-webhook-signature"), made_here);
}

TEST_F(AttemptTest, OfStandardWebhooksIsSignedWithThePreviousSecretToo) {
  live.destination.signature = complete_signature_spec({.scheme = "standard_webhooks"}).value();
  start();
  const auto alone = client.header("webhook-signature");
  live.secrets.insert(live.secrets.begin(), Secret{"the-next-secret-of-at-least-32-characters"});
  start();
  const auto both = client.header("webhook-signature");
  EXPECT_TRUE(both.ends_with(" " + alone)) << both;
  keys = std::make_shared<OutboundKeys>(make_outbound_keys(live.destination.signature, live.secrets).value());
  start();
  EXPECT_EQ(client.header("webhook-signature"), both) << "whoever made the keys";
}

TEST_F(AttemptTest, SendsTheBearerToken) {
  live.bearer = Secret{"token"};
  start();
  EXPECT_EQ(client.header("Authorization"), "Bearer token");
}

TEST_F(AttemptTest, TellsItsDestinationWhatCameBack) {
  start();
  const auto started = now;
  advance(250ms);
  auto exchange = answered(503, "later", "120");
  exchange.headers = "Retry-After: 120\r\n";
  answer(std::move(exchange));
  ASSERT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(told().flight, 42u);
  ASSERT_NE(told().delivery, nullptr);
  EXPECT_EQ(told().delivery->head.id, delivery.head.id);
  EXPECT_EQ(told().retry_after, "120");
  const auto& made = told().attempt;
  EXPECT_EQ(made.number, 3u) << "two were made before";
  EXPECT_EQ(made.started_at, started);
  EXPECT_EQ(made.status, 503);
  EXPECT_EQ(made.error, AttemptError::none);
  EXPECT_EQ(made.address, "192.0.2.80");
  EXPECT_EQ(made.answer_body, "later");
  EXPECT_EQ(made.answer_headers, "Retry-After: 120\r\n");
  EXPECT_EQ(made.dns_us, 1'000u);
  EXPECT_EQ(made.connect_us, 2'000u);
  EXPECT_EQ(made.tls_us, 3'000u);
  EXPECT_EQ(made.first_byte_us, 4'000u);
  EXPECT_EQ(made.total_us, 5'000u);
}

TEST_F(AttemptTest, TellsWhyThereWasNoAnswer) {
  start();
  answer(unanswered(AttemptError::connect, "connection refused"));
  EXPECT_EQ(told().attempt.status, 0);
  EXPECT_EQ(told().attempt.error, AttemptError::connect);
  EXPECT_EQ(told().attempt.error_text, "connection refused");
}

TEST_F(AttemptTest, EndsWhenItHasTold) {
  start();
  EXPECT_EQ(attempt_meter.instances.load(), 1);
  answer(answered(200));
  caf::anon_send(attempt, ExchangeEnded{answered(500)});
  run();
  EXPECT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_TRUE(hears_nothing());
  EXPECT_TRUE(is_gone());
}

TEST_F(AttemptTest, LivesWithItsExchangeWhenNobodyHoldsIt) {
  start();
  EXPECT_FALSE(is_gone());
  answer(answered(200));
  EXPECT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(attempt_meter.instances.load(), 0);
}

TEST_F(AttemptTest, StartsOnce) {
  start();
  caf::anon_send(attempt, StartAttempt{});
  run();
  EXPECT_EQ(client.sent().size(), 1u);
}

TEST_F(AttemptTest, HasFailedWhenTheClientCrashes) {
  client.crash_next();
  start();
  EXPECT_EQ(owner.count<AttemptFinished>(), 0u) << "the supervisor waits first";
  advance(1s);
  ASSERT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(told().flight, 42u);
  EXPECT_EQ(told().attempt.error, AttemptError::crashed);
  EXPECT_EQ(told().attempt.error_text, "planned crash");
  EXPECT_EQ(told().attempt.number, 3u);
  EXPECT_EQ(told().attempt.started_at, now - 1s);
  EXPECT_EQ(attempt_meter.restarts.load(), 1u);
  EXPECT_EQ(log.count(R"("error":"crashed")"), 1u);
  advance(1min);
  EXPECT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_TRUE(is_gone());
}

TEST_F(AttemptTest, TellsOnceWhenTheAnswerCrossesTheCrash) {
  client.crash_next();
  start();
  caf::anon_send(attempt, ExchangeEnded{answered(200)});
  advance(1s);
  ASSERT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(told().attempt.error, AttemptError::crashed);
  EXPECT_TRUE(is_gone());
}

TEST_F(AttemptTest, HasFailedWithoutASecretThatCanSign) {
  live.secrets.clear();
  start();
  advance(1s);
  ASSERT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(told().attempt.error, AttemptError::crashed);
  EXPECT_TRUE(client.sent().empty());
}

TEST_F(AttemptTest, KeepsItsResultWhenTheLogCrashes) {
  start();
  log.crash_next();
  answer(answered(200));
  ASSERT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_EQ(told().attempt.status, 200);
  advance(1s);
  EXPECT_EQ(owner.count<AttemptFinished>(), 1u);
  EXPECT_TRUE(hears_nothing());
}

TEST_F(AttemptTest, WritesOneLineWithEveryId) {
  start();
  EXPECT_TRUE(log.lines().empty());
  auto exchange = answered(500);
  exchange.total_us = 1'234'056;
  exchange.tls_us = 0;
  answer(std::move(exchange));
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(log.lines()[0],
            fmt::format(R"({{"timestamp":"{}","log":"attempt","deliveryId":"{}","eventId":"{}","destination":"voicedrive",)"
                        R"("type":"employee.created","keyHash":{},"sequence":9,"attempt":3,"status":500,"address":"192.0.2.80",)"
                        R"("dnsMs":1.000,"connectMs":2.000,"firstByteMs":4.000,"totalMs":1234.056}})",
                        format_iso8601(now), delivery.head.id.text(), delivery.head.event.text(),
                        partition_of("employee", "EMP-2024-001", std::numeric_limits<std::uint32_t>::max())));
}

TEST_F(AttemptTest, WritesWhyButNothingPersonal) {
  start();
  answer(unanswered(AttemptError::tls, "the certificate \"x\" has expired" + std::string(1'000, '.')));
  EXPECT_EQ(log.count(R"("error":"tls","errorText":"the certificate \"x\" has expired...)"), 1u);
  EXPECT_LT(log.lines().back().size(), 1'000u);
  EXPECT_EQ(log.count("EMP-2024-001"), 0u);
}

TEST_F(AttemptTest, SaysNothingWithoutALog) {
  attempt = spawn_attempt(stage, attempt_meter,
                          {.destination = std::make_shared<LiveDestination>(live), .delivery = std::make_shared<Delivery>(delivery),
                           .client = client, .owner = owner.actor(), .clock = clock()});
  caf::anon_send(attempt, StartAttempt{});
  run();
  answer(answered(200));
  EXPECT_EQ(owner.count<AttemptFinished>(), 1u);
}

}  // namespace
}  // namespace denrei::test
