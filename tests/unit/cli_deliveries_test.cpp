// denrei deliveries, attempts and why: what is asked, what is shown, and in which language.
#include "operator_world.hpp"

namespace denrei {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string why = R"("why":"given up","whyJa":"断念しました")";

class Deliveries : public OperatorWorld {
 protected:
  void answer_delivery(const Delivery& delivery, const std::string& path = "/ops/deliveries/") {
    answer("GET " + std::string(ops) + path + id_, with(delivery_json(delivery, "dead", true), why));
  }
};

TEST_F(Deliveries, AreATableWhoseColumnsLineUp) {
  const std::string line = std::string("GET ") + ops + "/ops/deliveries?state=dead&key=%E8%81%B7%E5%93%A1%201&limit=100";
  auto other = sample().head;
  other.key = "EMP-1";
  answer(line, list(delivery_json(sample().head, "dead") + "," + delivery_json(other, "dead")));
  ASSERT_EQ(run({"deliveries", "--state", "dead", "--key", "職員 1"}), 0) << err();
  EXPECT_EQ(requests_.at(0).headers.at(0).value, "Bearer token-of-an-operator");
  const auto pad = std::string(id_.size() - 8, ' ');
  const auto event = sample().head.event.text();
  EXPECT_EQ(out(), "DELIVERY" + pad + "  DESTINATION          TYPE              KEY     STATE  REASON     ATTEMPTS  LAST  RECEIVED                  DUE/ENDED                 EVENT\n" +
                       id_ + "  voicedrive-employee  employee.created  職員 1  dead   exhausted  2         503   2025-11-20T03:20:00.000Z  2025-11-20T03:20:00.007Z  " + event + "\n" +
                       id_ + "  voicedrive-employee  employee.created  EMP-1   dead   exhausted  2         503   2025-11-20T03:20:00.000Z  2025-11-20T03:20:00.007Z  " + event + "\n");
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(Deliveries, NameTheNextPageAsACommandForAShell) {
  answer("GET http://h:1/ops/deliveries?state=pending&destination=voice%20drive&event=evt_1&key=it%27s&limit=7&cursor=0.1",
         list(delivery_json(sample().head, "pending"), R"("next":"0.8","total":30)"));
  ASSERT_EQ(run({"deliveries", "--destination", "voice drive", "--event", "evt_1", "--key", "it's", "--limit", "7", "--cursor", "0.1", "--ops-url", "http://h:1/"}), 0)
      << err();
  EXPECT_EQ(err(), "30 in all; more: denrei deliveries --state pending --destination 'voice drive' --event evt_1 --key 'it'\\''s' --ops-url http://h:1/ "
                   "--limit 7 --cursor 0.8\n");
}

TEST_F(Deliveries, SayThatThereAreNone) {
  const auto line = "GET " + std::string(ops) + "/ops/deliveries?state=delivered&limit=100";
  answer(line, list(""));
  EXPECT_EQ(run({"deliveries", "--state", "delivered"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "no delivered delivery\n");
  answer(line, list("", R"("next":"5.0")"));
  EXPECT_EQ(run({"deliveries", "--state", "delivered"}), 0);
  EXPECT_EQ(run({"deliveries", "--state", "delivered", "-o", "json"}), 0);
  EXPECT_EQ(out(), "{\"data\":[],\"next\":\"5.0\"}\n");
  EXPECT_THAT(err(), StartsWith("no delivered delivery on this page\nmore: denrei deliveries --state delivered --limit 100 --cursor 5.0"));
}

TEST_F(Deliveries, PendingOnesNeedADestination) {
  EXPECT_EQ(run({"deliveries"}), 2);
  EXPECT_THAT(err(), HasSubstr("add --destination NAME"));
  EXPECT_EQ(run({"deliveries", "--state", "lost"}), 2);
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(Deliveries, ShowTellsEverythingOfOne) {
  answer_delivery(sample());
  ASSERT_EQ(run({"deliveries", "show", id_}), 0) << err();
  EXPECT_THAT(out(), AllOf(StartsWith("id           " + id_ + "\n"), HasSubstr("\nkey          職員 1\n"), HasSubstr("\nblocksLane   yes\n"),
                           HasSubstr("\nwhy          given up\n\n#  STARTED "), HasSubstr("no answer within 30000 ms\n\nbody\n"),
                           EndsWith("{\"data\":{\"staffId\":\"EMP-1\"}}\n"), Not(HasSubstr("whyJa")), Not(HasSubstr("history"))));
  ASSERT_EQ(run({"deliveries", "show", id_, "-o", "json"}), 0);
  EXPECT_EQ(out(), with(delivery_json(sample(), "dead", true), why) + "\n");
}

TEST_F(Deliveries, ShowNeverSteersTheTerminal) {
  auto delivery = sample();
  delivery.head.key = "\x1b[2J\xe2\x80\xae";
  delivery.body = "not JSON \x1b]0;x\x07";
  delivery.attempts.back().error_text = "\x1b[31m";
  answer_delivery(delivery);
  ASSERT_EQ(run({"deliveries", "show", id_}), 0) << err();
  EXPECT_THAT(out(), AllOf(Not(HasSubstr("\x1b")), HasSubstr("?[2J?\n"), HasSubstr("not JSON ?]0;x?\n")));
}

TEST_F(Deliveries, ABodyOfTheGreatestDepthCanBeShown) {
  auto delivery = sample();
  delivery.body = std::string(32, '[') + std::string(32, ']');
  answer_delivery(delivery);
  ASSERT_EQ(run({"deliveries", "show", id_}), 0) << err();
  EXPECT_THAT(out(), EndsWith("\n" + delivery.body + "\n"));
}

TEST_F(Deliveries, ShowSpeaksTheLanguageThatIsWanted) {
  answer_delivery(sample());
  const auto speaks_japanese = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"deliveries", "show", id_});
    EXPECT_EQ(run(more), 0) << err();
    return out().find("why          断念しました\n") != std::string::npos;
  };
  EXPECT_FALSE(speaks_japanese());
  EXPECT_TRUE(speaks_japanese({"--lang", "ja"}));
  environment_["LANG"] = "ja_JP.UTF-8";
  EXPECT_TRUE(speaks_japanese());
  EXPECT_FALSE(speaks_japanese({"--lang", "en"}));
  environment_["LC_ALL"] = "C";
  EXPECT_FALSE(speaks_japanese());
  environment_["LC_ALL"] = "";
  EXPECT_TRUE(speaks_japanese());
  EXPECT_EQ(run({"deliveries", "show", id_, "--lang", "fr"}), 2);
}

TEST_F(Deliveries, ShowExitsByTheAnswer) {
  refuse("GET " + std::string(ops) + "/ops/deliveries/" + id_, 404, "no such delivery is pending, dead or in the history");
  EXPECT_EQ(run({"deliveries", "show", id_}), 6);
  EXPECT_EQ(err(), "denrei: no such delivery is pending, dead or in the history\n");
  EXPECT_EQ(run({"deliveries", "show", "dlv_12"}), 2);
  EXPECT_THAT(err(), HasSubstr("'dlv_12' is no delivery id"));
  EXPECT_EQ(run({"deliveries", "show"}), 2);
}

TEST_F(Deliveries, AttemptsSplitTheirTimeIntoPhases) {
  answer_delivery(sample());
  ASSERT_EQ(run({"attempts", id_}), 0) << err();
  EXPECT_EQ(out(), "#  STARTED                   RESULT   DNS ms  CONNECT ms  TLS ms  WAIT ms  TOTAL ms  NEXT                      ERROR\n"
                   "8  2025-11-20T03:20:08.000Z  500      1.2     1.1         4.7     24.0     31.1      2025-11-20T03:21:00.000Z  -\n"
                   "9  2025-11-20T03:21:30.000Z  timeout  -       -           -       -        30000.1   -                         no answer within 30000 ms\n");
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(Deliveries, AttemptsShowWhatWasAnsweredWhenAsked) {
  answer_delivery(sample());
  ASSERT_EQ(run({"attempts", id_, "--bodies"}), 0) << err();
  EXPECT_THAT(out(), EndsWith("\nattempt 8: 500 from 192.0.2.7\nContent-Type: application/json\nServer: x\n\n{\"error\":\"二\"}\n\nattempt 9: timeout\n"));
  ASSERT_EQ(run({"attempts", id_, "-o", "json"}), 0);
  const auto document = parse_json(out());
  ASSERT_TRUE(document) << out();
  EXPECT_EQ(find_string((*document)->root(), "/1/error"), "timeout");
}

TEST_F(Deliveries, AttemptsSayWhatIsNotThere) {
  auto delivery = sample();
  delivery.attempts.clear();
  delivery.head.attempts = 0;
  answer_delivery(delivery);
  ASSERT_EQ(run({"attempts", id_}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "no attempt has been made\n");
  answer_delivery(samples::full_delivery());
  (void)run({"attempts", id_});
  ASSERT_EQ(run({"attempts", id_}), 0);
  EXPECT_EQ(err(), "of 9 attempts the newest 2 are kept\n");
  EXPECT_EQ(run({"attempts", "evt_1"}), 2);
}

class WhyCommand : public Deliveries {
 protected:
  const std::string event_ = sample().head.event.text();
  const std::string path_ = "/api/events/" + event_;
  [[nodiscard]] std::string event_json(const std::string& deliveries) const {
    return R"({"id":")" + event_ + R"(","source":"employee","type":"employee.created","key":"職員 1","receivedAt":"2025-11-20T03:20:00.000Z",)"
           R"("partition":2,"sequence":77,"payloadAvailable":true,"body":{"data":{}},"deliveries":[)" + deliveries +
           R"(],"why":"0 delivered, 0 pending, 1 dead","whyJa":"配信不能 1 件"})";
  }
};

TEST_F(WhyCommand, TellsTheEventItsDeliveriesAndTheirAttemptsOnOneScreen) {
  answer("GET http://127.0.0.1:4000" + path_, event_json(with(delivery_json(sample(), "dead", false), why)));
  ASSERT_EQ(run({"why", event_}), 0) << err();
  EXPECT_EQ(out(), "id          " + event_ + "\n"
                   "source      employee\n"
                   "type        employee.created\n"
                   "key         職員 1\n"
                   "receivedAt  2025-11-20T03:20:00.000Z\n"
                   "partition   2\n"
                   "sequence    77\n"
                   "why         0 delivered, 0 pending, 1 dead\n"
                   "\n"
                   "voicedrive-employee  dead  " + id_ + "\n"
                   "  given up\n"
                   "  #  STARTED                   RESULT   TOTAL ms  NEXT\n"
                   "  8  2025-11-20T03:20:08.000Z  500      31.1      2025-11-20T03:21:00.000Z\n"
                   "  9  2025-11-20T03:21:30.000Z  timeout  30000.1   -\n");
  EXPECT_EQ(requests_.at(0).headers.at(0).value, "Bearer token-of-an-operator");
}

TEST_F(WhyCommand, SpeaksJapanese) {
  answer("GET http://h:1" + path_, event_json(with(delivery_json(sample(), "dead", false), why)));
  ASSERT_EQ(run({"why", event_, "--lang", "ja", "--url", "http://h:1"}), 0) << err();
  EXPECT_THAT(out(), AllOf(HasSubstr("why         配信不能 1 件\n"), HasSubstr("\n  断念しました\n"), Not(HasSubstr("given up"))));
}

TEST_F(WhyCommand, ExitsByTheAnswer) {
  EXPECT_EQ(run({"why", "evt_xyz"}), 2);
  EXPECT_THAT(err(), HasSubstr("'evt_xyz' is no event id"));
  refuse("GET http://127.0.0.1:4000" + path_, 404, "no event with this id has been accepted lately");
  EXPECT_EQ(run({"why", event_}), 6);
  EXPECT_THAT(err(), HasSubstr("accepted lately"));
  answer("GET http://h:1" + path_, event_json(""));
  ASSERT_EQ(run({"why", event_, "--url", "http://h:1", "-o", "json"}), 0);
  EXPECT_EQ(out(), event_json("") + "\n");
}

}  // namespace
}  // namespace denrei
