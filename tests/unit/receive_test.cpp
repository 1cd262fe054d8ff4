// The mock receiver without its socket: modes, the order check, whom it believes, what it says and what it keeps count of.
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "denrei/app/receive/mock_receiver.hpp"
#include "denrei/app/receive/receive_text.hpp"
#include "denrei/domain/json.hpp"

namespace denrei {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const WallTime noon = from_unix_ms(1'700'000'000'000);
const Secret secret(std::string(40, 's'));

// --- order

class OrderCheckTest : public ::testing::Test {
 protected:
  void add(std::initializer_list<std::uint32_t> numbers, std::string_view key = "E1") {
    for (const auto n : numbers) check.add({"/hook", key, "dlv", n});
  }
  std::vector<std::uint32_t> violators() const {
    std::vector<std::uint32_t> out;
    for (const auto& v : check.first_violations()) out.push_back(v.sequence);
    return out;
  }
  OrderCheck check;
};

TEST_F(OrderCheckTest, HoldsWhenNumbersRiseInEachLane) {
  add({1, 2, 3});
  add({1, 2}, "E2");
  check.add({"/other", "E1", "dlv", 1});
  EXPECT_TRUE(check.held());
  EXPECT_EQ(check.missing(), 0u);
  EXPECT_EQ(check.lanes(), 3u);
}

TEST_F(OrderCheckTest, CountsGapsAsMissingAndNotAsViolations) {
  add({3, 4, 9});
  EXPECT_TRUE(check.held());
  EXPECT_EQ(check.missing(), 2u + 4u);
}

TEST_F(OrderCheckTest, NamesALateOneAndFillsItsGap) {
  add({1, 5, 3, 4, 2, 6});
  EXPECT_FALSE(check.held());
  EXPECT_EQ(check.violations(), 3u);
  EXPECT_THAT(violators(), ElementsAre(3, 4, 2));
  EXPECT_EQ(check.first_violations().front().after, 5u);
  EXPECT_FALSE(check.first_violations().front().twice);
  EXPECT_EQ(check.missing(), 0u);
}

TEST_F(OrderCheckTest, SplitsAGapAndKeepsItsRest) {
  add({10, 5, 1, 9});
  EXPECT_EQ(check.missing(), 6u);
  add({2, 3, 4, 6, 7, 8});
  EXPECT_EQ(check.missing(), 0u);
  EXPECT_EQ(check.violations(), 9u);
  add({8});
  EXPECT_TRUE(check.first_violations().back().twice);
}

TEST_F(OrderCheckTest, KnowsANumberThatCameTwice) {
  add({1, 2, 2, 1});
  EXPECT_EQ(check.violations(), 2u);
  EXPECT_TRUE(check.first_violations()[0].twice);
  EXPECT_TRUE(check.first_violations()[1].twice);
}

TEST_F(OrderCheckTest, ListsTheFirstViolationsAndCountsAll) {
  add({1'000});
  for (std::uint32_t n = 1; n < 100; ++n) add({n});
  EXPECT_EQ(check.violations(), 99u);
  EXPECT_EQ(check.first_violations().size(), 20u);
  EXPECT_EQ(check.first_violations().back().sequence, 20u);
}

// --- modes

TEST(Behaviour, IsChangedByWhatIsThereAndByNothingElse) {
  const Behaviour good;
  const auto flaky = change_behaviour(good, R"({"mode":"flaky","failRate":0.5,"status":503})").value();
  EXPECT_EQ(flaky.mode, ReceiveMode::flaky);
  EXPECT_EQ(flaky.status, 503);
  EXPECT_EQ(flaky.delay, good.delay);
  const auto slow = change_behaviour(flaky, R"({"mode":"slow","delayMs":10,"retryAfterS":7,"rate":2,"location":"http://x/","refuse":true})").value();
  EXPECT_EQ(slow.delay, Millis{10});
  EXPECT_EQ(slow.retry_after, std::chrono::seconds{7});
  EXPECT_EQ(slow.rate, 2);
  EXPECT_EQ(slow.location, "http://x/");
  EXPECT_TRUE(slow.refuse);
  EXPECT_EQ(slow.status, 503) << "kept";
}

TEST(Behaviour, RefusesWhatCannotBe) {
  for (const auto* text : {"", "[]", "{}", R"({"mode":"evil"})", R"({"mode":7})", R"({"failRate":0.5})", R"({"mode":"good","speed":1})",
                           R"({"mode":"flaky","failRate":1.1})", R"({"mode":"flaky","failRate":-0.1})", R"({"mode":"flaky","failRate":"x"})",
                           R"({"mode":"flaky","status":199})", R"({"mode":"flaky","status":600})", R"({"mode":"slow","delayMs":-1})",
                           R"({"mode":"slow","delayMs":3600001})", R"({"mode":"limited","rate":0})", R"({"mode":"limited","retryAfterS":86401})",
                           R"({"mode":"redirect","location":""})", R"({"mode":"redirect","location":"http://x/\r\nSet-Cookie: a"})",
                           R"({"mode":"dead","refuse":1})"})
    EXPECT_FALSE(change_behaviour({}, text)) << text;
}

TEST(Behaviour, HasANameForEveryModeAndReadsItBack) {
  for (const auto name : receive_mode_names) EXPECT_EQ(receive_mode_name(parse_receive_mode(name).value()), name);
  EXPECT_EQ(behaviour_json({.mode = ReceiveMode::flaky, .fail_rate = 0.5, .status = 503}), R"({"mode":"flaky","failRate":0.5,"status":503})");
}

std::string reactions(Temper& temper, int count, Millis step = Millis{0}) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + static_cast<int>(temper.react(noon + i * step)));
  return out;
}

TEST(Temper, ThrowsTheSameDiceForTheSameSeed) {
  const Behaviour flaky{.mode = ReceiveMode::flaky, .fail_rate = 0.3};
  Temper one(flaky, 7), same(flaky, 7), other(flaky, 8);
  const auto first = reactions(one, 1'000);
  EXPECT_EQ(first, reactions(same, 1'000));
  EXPECT_NE(first, reactions(other, 1'000));
  const auto failures = std::count(first.begin(), first.end(), '1');
  EXPECT_GT(failures, 240);
  EXPECT_LT(failures, 360);
  one.change(flaky);
  EXPECT_EQ(first, reactions(one, 1'000)) << "a change begins anew";
}

TEST(Temper, FailsAlwaysOrNeverAtTheEndsOfTheScale) {
  Temper never({.mode = ReceiveMode::flaky, .fail_rate = 0}, 1), always({.mode = ReceiveMode::flaky, .fail_rate = 1}, 1);
  EXPECT_EQ(reactions(never, 200), std::string(200, '0'));
  EXPECT_EQ(reactions(always, 200), std::string(200, '1'));
}

TEST(Temper, TakesAtItsRate) {
  Temper temper({.mode = ReceiveMode::limited, .rate = 2}, 1);
  EXPECT_EQ(reactions(temper, 4), "0022");
  EXPECT_EQ(static_cast<int>(temper.react(noon + Millis{499})), 2);
  EXPECT_EQ(static_cast<int>(temper.react(noon + Millis{500})), 0);
}

// --- the receiver

struct Delivery {
  std::string id = "dlv_1";
  std::string sequence = "1";
  std::string body = R"({"data":{"staffId":"E1"}})";
  bool forged = false;
  Millis age{0};
  std::string method = "POST";
  std::string target = "/hook?x=1";
  bool too_large = false;
  bool from_this_machine = true;
};

class MockReceiverTest : public ::testing::Test {
 protected:
  void start(Behaviour behaviour = {}, Dialect dialect = Dialect::employee, bool verifies = true) {
    Trust trust{.source = {.name = "employee", .key_pointer = "/data/staffId", .dialect = dialect}};
    trust.source.signature =
        complete_signature_spec({.scheme = "hmac_timestamp_body", .signature_header = "x-sig", .timestamp_header = "x-time",
                                 .timestamp_format = TimestampFormat::unix_ms}).value();
    if (verifies) trust.keys.push_back(make_signature_key(trust.source.signature, secret).value());
    spec_ = trust.source.signature;
    if (!bearer_.empty()) trust.bearer = Secret(bearer_);
    receiver_.emplace(std::move(trust), behaviour, 1, [this](const RequestNote& note) { lines_.push_back(request_json(note)); });
  }
  Reception send(const Delivery& delivery, std::vector<Header> more = {}) {
    const auto key = make_signature_key(spec_, delivery.forged ? Secret(std::string(40, 'x')) : secret).value();
    const auto proof = sign_request(spec_, key, now_ - delivery.age, delivery.id, delivery.body);
    std::vector<Header> headers{{"webhook-id", delivery.id}, {"Denrei-Sequence", delivery.sequence}};
    for (const auto& header : proof) headers.push_back({header.name, header.value});
    headers.insert(headers.end(), more.begin(), more.end());
    return receiver_->receive({delivery.method, delivery.target, headers, delivery.body, delivery.too_large, delivery.from_this_machine}, now_);
  }
  Reception numbered(int n) { return send({.id = "dlv_" + std::to_string(n), .sequence = std::to_string(n)}); }
  Reception admin(const std::string& method, const std::string& target, const std::string& body = {}) {
    return send({.body = body, .method = method, .target = target});
  }
  ReceiveReport report() const { return receiver_->report(); }
  json::value last_line() const { return json::parse(lines_.back()); }

  WallTime now_ = noon;
  SignatureSpec spec_;
  std::string bearer_;
  std::optional<MockReceiver> receiver_;
  std::vector<std::string> lines_;
};

TEST_F(MockReceiverTest, TakesWhatIsSignedAndSaysSoInOneLine) {
  start();
  const auto reception = send({});
  EXPECT_EQ(reception.answer.value().status, 200);
  EXPECT_EQ(reception.answer.value().body, R"({"success":true})");
  EXPECT_EQ(lines_.back(), R"({"at":"2023-11-14T22:13:20.000Z","method":"POST","path":"/hook","id":"dlv_1","sequence":1,"key":"E1",)"
                           R"("status":200,"verified":true,"repeat":false,"bodySha256":"c19e3f0b05c98ba002244b59a0cd8a4548695cf8dc291a8a2127657a0d5fbcee"})");
  EXPECT_TRUE(has_gone_well(report(), false));
}

TEST_F(MockReceiverTest, SpeaksTheDialectOfItsSource) {
  start({}, Dialect::stats);
  EXPECT_EQ(json::parse(send({}).answer.value().body).at("message").as_string(), "統計情報を正常に受信しました");
  EXPECT_EQ(json::parse(send({.forged = true}).answer.value().body).at("error").at("code").as_string(), "INVALID_SIGNATURE");
}

TEST_F(MockReceiverTest, RefusesAWrongSignatureAndKeepsItOutOfTheBook) {
  start();
  const auto reception = send({.sequence = "9", .forged = true});
  EXPECT_EQ(reception.answer.value().status, 401);
  EXPECT_EQ(reception.answer.value().body, R"({"error":"Invalid signature"})");
  EXPECT_EQ(last_line().at("verified"), false);
  EXPECT_EQ(last_line().at("refusal"), "bad_signature");
  EXPECT_EQ(report().refused_signatures(), 1u);
  EXPECT_EQ(report().book->deliveries(), 0u);
  EXPECT_FALSE(has_gone_well(report(), true));
  EXPECT_EQ(numbered(1).answer.value().status, 200);
  EXPECT_TRUE(report().book->arrivals().held());
  EXPECT_EQ(report().requests, 2u);
}

TEST_F(MockReceiverTest, TellsExpiredAndUnauthorizedApart) {
  bearer_ = "token-of-the-sender";
  start();
  EXPECT_EQ(send({}).answer.value().status, 401);
  EXPECT_EQ(last_line().at("refusal"), "unauthorized");
  EXPECT_EQ(send({.age = std::chrono::minutes{6}}, {{"Authorization", "Bearer token-of-the-sender"}}).answer.value().body,
            R"({"error":"Timestamp expired"})");
  EXPECT_EQ(last_line().at("refusal"), "expired");
  EXPECT_EQ(send({}, {{"Authorization", "Bearer token-of-the-sender"}}).answer.value().status, 200);
  EXPECT_EQ(report().refused, (std::map<std::string, std::uint64_t, std::less<>>{{"expired", 1}, {"unauthorized", 1}}));
}

TEST_F(MockReceiverTest, BelievesEveryoneWhenItVerifiesNothing) {
  start({}, Dialect::employee, false);
  EXPECT_EQ(send({.forged = true}).answer.value().body, R"({"success":true})");
  EXPECT_TRUE(last_line().at("verified").is_null());
  EXPECT_TRUE(has_gone_well(report(), false));
}

TEST_F(MockReceiverTest, KnowsARepeatAndAnswersAsTheFirstTime) {
  start({}, Dialect::stats);
  const auto first = send({}).answer.value();
  now_ += std::chrono::minutes{1};
  const auto again = send({}).answer.value();
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers, "Idempotent-Replayed: true\r\n");
  EXPECT_EQ(last_line().at("repeat"), true);
  EXPECT_EQ(report().book->deliveries(), 1u);
  EXPECT_EQ(report().book->repeats(), 1u);
  EXPECT_EQ(report().book->accepted(), 1u);
}

TEST_F(MockReceiverTest, AFirstArrivalCountsEvenWhenItFails) {
  start({.mode = ReceiveMode::flaky, .fail_rate = 1, .status = 503});
  EXPECT_EQ(numbered(1).answer.value().status, 503);
  EXPECT_EQ(report().book->accepted(), 0u);
  (void)admin("POST", "/_mode", R"({"mode":"good"})");
  EXPECT_EQ(numbered(1).answer.value().headers, "") << "a repeat, but nothing had been accepted";
  EXPECT_EQ(numbered(2).answer.value().status, 200);
  EXPECT_EQ(report().book->repeats(), 1u);
  EXPECT_EQ(report().book->accepted(), 2u);
  EXPECT_TRUE(has_gone_well(report(), false));
}

TEST_F(MockReceiverTest, SeesALaneThatDoesNotWaitForItsHead) {
  start({.mode = ReceiveMode::gone});
  EXPECT_EQ(numbered(1).answer.value().status, 410);
  (void)admin("POST", "/_mode", R"({"mode":"good"})");
  (void)numbered(2);
  (void)numbered(1);
  EXPECT_TRUE(report().book->arrivals().held());
  EXPECT_FALSE(report().book->acceptances().held());
  EXPECT_FALSE(has_gone_well(report(), false));
  EXPECT_TRUE(has_gone_well(report(), true)) << "a dead letter that was sent again";
}

TEST_F(MockReceiverTest, LeavesOutOfTheOrderWhatHasNoNumberOrNoId) {
  start();
  for (const auto* sequence : {"", "0", "-1", "x", "99999999999"}) (void)send({.id = std::string("dlv_") + sequence, .sequence = sequence});
  (void)send({.id = "", .sequence = "7"});
  (void)send({.id = "", .sequence = "7"});
  EXPECT_EQ(report().book->unnumbered(), 5u);
  EXPECT_EQ(report().book->without_id(), 2u);
  EXPECT_EQ(report().book->deliveries(), 7u);
  EXPECT_EQ(report().book->repeats(), 0u);
  EXPECT_EQ(report().book->arrivals().lanes(), 0u);
}

TEST_F(MockReceiverTest, GroupsByPathWhereItKnowsNoKey) {
  start();
  (void)send({.id = "a", .sequence = "1", .body = "no json"});
  (void)send({.id = "b", .sequence = "2", .body = R"({"data":{}})"});
  (void)send({.id = "c", .sequence = "1", .body = "no json", .target = "/other"});
  EXPECT_EQ(report().book->arrivals().lanes(), 2u);
  EXPECT_TRUE(report().book->arrivals().held());
  (void)send({.id = "d", .sequence = "1", .body = R"({"data":{"staffId":7}})"});
  EXPECT_EQ(last_line().at("key"), "7");
  EXPECT_EQ(report().book->arrivals().lanes(), 3u);
}

TEST_F(MockReceiverTest, FailsInEachModeInItsOwnWay) {
  start({.mode = ReceiveMode::flaky, .fail_rate = 1, .status = 429, .retry_after = std::chrono::seconds{9}});
  EXPECT_EQ(send({}).answer.value().status, 429);
  EXPECT_EQ(send({}).answer.value().headers, "Retry-After: 9\r\n");
  start({.mode = ReceiveMode::limited, .rate = 1});
  EXPECT_EQ(numbered(1).answer.value().status, 200);
  const auto limited = numbered(2).answer.value();
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(limited.headers, HasSubstr("Retry-After: 3\r\n"));
  start({.mode = ReceiveMode::redirect, .location = "http://elsewhere/"});
  EXPECT_EQ(send({}).answer.value().status, 302);
  EXPECT_EQ(send({}).answer.value().headers, "Location: http://elsewhere/\r\n");
  start({.mode = ReceiveMode::slow, .delay = Millis{70}});
  EXPECT_EQ(send({}).delay, Millis{70});
  EXPECT_EQ(send({.forged = true}).delay, Millis{0}) << "a refusal is not held back";
}

TEST_F(MockReceiverTest, AnswersNothingWhileItIsDeadExceptToItsAdmin) {
  start({.mode = ReceiveMode::dead});
  EXPECT_FALSE(send({}).answer);
  EXPECT_FALSE(send({.forged = true}).answer);
  EXPECT_FALSE(send({.method = "GET"}).hang_up);
  EXPECT_EQ(last_line().at("status"), 0);
  EXPECT_EQ(report().refused_signatures(), 1u);
  EXPECT_EQ(admin("POST", "/_mode", R"({"mode":"dead","refuse":true})").answer.value().status, 200);
  EXPECT_TRUE(send({}).hang_up);
  EXPECT_EQ(report().by_status, (std::map<int, std::uint64_t>{{0, 4}}));
}

TEST_F(MockReceiverTest, TakesPostOfABearableSizeOnly) {
  start();
  const auto got = send({.method = "GET"}).answer.value();
  EXPECT_EQ(got.status, 405);
  EXPECT_THAT(got.headers, HasSubstr("Allow: POST"));
  EXPECT_EQ(send({.too_large = true}).answer.value().status, 413);
  EXPECT_EQ(report().book->deliveries(), 0u);
  EXPECT_EQ(report().refused_signatures(), 0u) << "nobody looked at the signature";
}

TEST_F(MockReceiverTest, LetsOnlyThisMachineChangeItsMode) {
  start();
  const auto stranger = send({.body = R"({"mode":"gone"})", .target = "/_mode", .from_this_machine = false});
  EXPECT_EQ(stranger.answer.value().status, 403);
  EXPECT_EQ(send({.method = "GET", .target = "/_report", .from_this_machine = false}).answer.value().status, 403);
  EXPECT_EQ(receiver_->mode(), ReceiveMode::good);
  EXPECT_EQ(admin("POST", "/_mode", R"({"mode":"evil"})").answer.value().status, 400);
  EXPECT_EQ(admin("PUT", "/_mode", R"({"mode":"gone"})").answer.value().status, 405);
  EXPECT_EQ(admin("POST", "/_report").answer.value().status, 405);
  EXPECT_FALSE(admin("POST", "/_mode", R"({"mode":"gone"})").certificate_changed);
  EXPECT_TRUE(admin("POST", "/_mode", R"({"mode":"wrong-certificate"})").certificate_changed);
  EXPECT_EQ(admin("GET", "/_mode").answer.value().body, R"({"mode":"wrong-certificate"})");
  EXPECT_EQ(report().requests, 0u) << "the admin is not counted";
  EXPECT_TRUE(lines_.empty());
}

TEST_F(MockReceiverTest, ReportsTheSameToPeopleAndToPrograms) {
  start();
  for (const int n : {1, 3, 2, 2}) (void)numbered(n);
  (void)send({.forged = true});
  receiver_->note_failed_handshake();
  const auto parsed = json::parse(admin("GET", "/_report").answer.value().body);
  EXPECT_EQ(parsed, json::parse(R"({"mode":"good","requests":5,"deliveries":3,"accepted":3,"repeats":1,"refusedSignatures":1,
      "refused":{"bad_signature":1},"byStatus":{"200":4,"401":1},"failedHandshakes":1,"withoutId":0,"unnumbered":0,
      "order":{"held":false,"lanes":1,"violations":1,"missing":0,
               "first":[{"path":"/hook","key":"E1","id":"dlv_2","sequence":2,"after":3,"twice":false}]},
      "acceptedOrder":{"held":false,"lanes":1,"violations":1,"missing":0,
               "first":[{"path":"/hook","key":"E1","id":"dlv_2","sequence":2,"after":3,"twice":false}]},
      "complete":true})"));
  const auto text = report_text(report());
  EXPECT_THAT(text, HasSubstr("5 requests, 3 distinct deliveries (3 accepted), 1 repeats, 1 refused signatures\n"));
  EXPECT_THAT(text, HasSubstr("order of first arrivals: NOT held; 1 lanes, 1 violations, 0 missing so far\n"
                              "  /hook key=E1 sequence=2 after 3 id=dlv_2\n"));
}

TEST(RequestText, IsOneHarmlessLine) {
  const RequestNote note{.at = noon, .method = "POST", .path = "/hook", .verified = true, .id = "dlv_1", .sequence = 3, .key = "山田 \x1b[2J\n",
                         .status = 200, .repeat = true};
  EXPECT_EQ(request_text(note), "2023-11-14T22:13:20.000Z POST /hook verified=yes id=dlv_1 sequence=3 key=\"山田 ?[2J?\" status=200 repeat");
  EXPECT_EQ(request_text({.at = noon, .method = "GET", .path = "/"}),
            "2023-11-14T22:13:20.000Z GET / verified=- id=- sequence=- key=- status=0");
}

}  // namespace
}  // namespace denrei
