// The readers of an Inbox: what they have marked is theirs, is in the store before they are told so, and outlives the process.
#include "actors/inbox_world.hpp"

namespace denrei::test {
namespace {

class InboxReadersTest : public InboxWorld {
 protected:
  void SetUp() override {
    inbox = spawn();
    up();
    relay(numbers(1, 6));
    settle();
  }
  void act_as_acknowledgements(int count) {
    inbox_name = "acknowledgements";
    restart(inbox_name);
    relay(numbers(1, count));
    settle();
  }
  std::size_t puts() { return registers.calls(OutboxCall::put); }
};

TEST_F(InboxReadersTest, AreToldOfAMarkWhenTheStoreHasIt) {
  ask(marking(InboxAct::mark, {"note-2"}));
  EXPECT_EQ(answers(), 0u);
  settle();
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 200);
  EXPECT_EQ(last().body, R"({"unread":5})");
  EXPECT_EQ(registers.registers("read.level99").count("suzuki"), 1u);
  EXPECT_EQ(unmarked(), (std::vector<int>{1, 3, 4, 5, 6}));
}

TEST_F(InboxReadersTest, SeeWhatTheyHaveRead) {
  answer_to(marking(InboxAct::mark, {"note-6"}));
  answer_to(question());
  EXPECT_TRUE(last().body.starts_with(R"([{"cursor":"1","isRead":false,"notificationId":"note-1",)")) << last().body;
  EXPECT_NE(last().body.find(R"({"cursor":"6","isRead":true,"notificationId":"note-6",)"), std::string::npos) << last().body;
}

TEST_F(InboxReadersTest, KeepTheirMarksOverARestart) {
  answer_to(marking_up_to(3));
  answer_to(marking(InboxAct::mark, {"note-5"}));
  answer_to(marking(InboxAct::unmark, {"note-2"}));
  restart();
  EXPECT_EQ(unmarked(), (std::vector<int>{2, 4, 6}));
  EXPECT_EQ(unmarked("tanaka"), numbers(1, 6)) << "another account has read nothing";
}

TEST_F(InboxReadersTest, NameANotificationByItsIdOrItsCursor) {
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"4", "note-1", "note-1"})).body, R"({"unread":4})");
  EXPECT_EQ(unmarked(), (std::vector<int>{2, 3, 5, 6}));
  EXPECT_EQ(answer_to(marking(InboxAct::unmark, {"4"})).body, R"({"unread":5})");
}

TEST_F(InboxReadersTest, MarkNothingWhenOneOfTheIdsIsUnknown) {
  for (const auto* id : {"note-7", "7", "0", "note", "\xff", "99999999999999999999"}) {
    EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1", id})).status, 404) << id;
    EXPECT_NO_THROW(last_json());
  }
  EXPECT_EQ(answer_to(marking_up_to(7)).status, 404) << "a cursor of a feed that is no more";
  EXPECT_EQ(answer_to(marking_up_to(0)).body, R"({"unread":6})");
  EXPECT_EQ(unmarked(), numbers(1, 6));
  EXPECT_EQ(puts(), 0u);
}

TEST_F(InboxReadersTest, MarkAllThatHaveTheSameId) {
  auto twin = pend(7);
  twin.second.json = note(2).json;  // its sender used the number again, long after
  caf::anon_send(inbox, Relay{"p0", {std::move(twin)}});
  settle();
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-2"})).body, R"({"unread":5})");
}

TEST_F(InboxReadersTest, AreAnsweredAtOnceWhenNothingChanges) {
  answer_to(marking(InboxAct::mark, {"note-1"}));
  const auto before = puts();
  ask(marking(InboxAct::mark, {"note-1"}));
  EXPECT_EQ(last().body, R"({"unread":5})");
  EXPECT_EQ(puts(), before);
}

TEST_F(InboxReadersTest, WriteWhatComesMeanwhileTogether) {
  ask(marking(InboxAct::mark, {"note-1"}));
  ask(marking(InboxAct::mark, {"note-2"}));
  ask(marking(InboxAct::mark, {"note-2"}));
  ask(marking(InboxAct::mark, {"note-3"}));
  ask(marking(InboxAct::mark, {"note-1"}, "tanaka"));
  EXPECT_EQ(puts(), 2u) << "one under way for each reader";
  EXPECT_EQ(answers(), 0u);
  settle();
  EXPECT_EQ(puts(), 3u);
  EXPECT_EQ(answers(), 5u);
  EXPECT_EQ(unmarked(), numbers(4, 6));
  EXPECT_EQ(unmarked("tanaka"), numbers(2, 6));
}

TEST_F(InboxReadersTest, LearnThatNobodyKnowsWhetherAMarkWasStored) {
  for (const auto acted : {Acted::no, Acted::yes}) {
    SCOPED_TRACE(acted == Acted::yes ? "after acting" : "before acting");
    registers.fail_next(OutboxCall::put, {FaultCode::unavailable, "planned"}, acted);
    const auto before = answers();
    ask(marking(InboxAct::mark, {"note-2"}));
    ask(marking(InboxAct::mark, {"note-6"}));
    settle();
    EXPECT_EQ(answers(), before + 2);
    EXPECT_EQ(last().status, 503);
    ask(question());
    EXPECT_EQ(answers(), before + 2) << "first the marks are read again";
    advance(1s);
    settle();
    EXPECT_EQ(last().status, 200);
    EXPECT_EQ(unmarked(), acted == Acted::yes ? (std::vector<int>{1, 3, 4, 5, 6}) : numbers(1, 6)) << "as the store has it";
  }
}

TEST_F(InboxReadersTest, AreRefusedWhileTheStoreIsFullAndMayTryAgain) {
  journal.full(true);
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1"})).status, 503);
  journal.full(false);
  advance(1s);
  settle();
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1"})).status, 200);
}

TEST_F(InboxReadersTest, DoNotHangWhenTheStoreGoesUnderAMark) {
  ask(marking(InboxAct::mark, {"note-1"}));
  store(false);
  journal.lose_connection();
  run();
  ASSERT_EQ(answers(), 1u);
  EXPECT_EQ(last().status, 503);
  up();
  advance(1s);
  settle();
  EXPECT_EQ(unmarked(), numbers(2, 6)) << "it had been written";
}

TEST_F(InboxReadersTest, WaitForTheMarksAtTheStart) {
  answer_to(marking_up_to(4));
  end(caf::actor_cast<caf::actor>(inbox));
  run();
  registers.fail_next(OutboxCall::all, {FaultCode::unavailable, "planned"});
  inbox = spawn();
  up();
  const auto before = answers();
  ask(question());
  settle();
  EXPECT_EQ(answers(), before);
  advance(1s);
  settle();
  EXPECT_EQ(answers(), before + 1);
  EXPECT_EQ(unmarked(), (std::vector<int>{5, 6}));
}

TEST_F(InboxReadersTest, CountByTypeAndPriority) {
  answer_to(marking(InboxAct::mark, {"note-3", "note-1"}));
  EXPECT_EQ(json::parse(answer_to(question(InboxAct::counts)).body),
            json::parse(R"({"total":6,"unread":4,"highPriorityUnread":1,"newest":"6",)"
                        R"("byType":{"error":{"total":2,"unread":1},"info":{"total":4,"unread":3}}})"));
}

TEST_F(InboxReadersTest, GetNothingTwiceThatTheyHave) {
  const auto etag = [&](InboxQuestion q, HeaderList headers = {}) {
    answer_to(std::move(q), std::move(headers));
    return header_of(last(), "ETag");
  };
  auto unread = question();
  unread.with_marked = false;
  for (const auto& q : {question(), question(InboxAct::counts), unread}) {
    const auto first = etag(q);
    for (const auto& known : {first, "\"other\", " + first, std::string("*")}) {
      EXPECT_EQ(etag(q, {{"If-None-Match", known}}), first);
      EXPECT_EQ(last().status, 304);
      EXPECT_EQ(last().body, "");
    }
  }
  std::set<std::string> tags{etag(question()), etag(question(InboxAct::counts)), etag(unread)};
  answer_to(marking(InboxAct::mark, {"note-1"}));
  tags.insert(etag(question()));
  answer_to(marking(InboxAct::mark, {"note-2"}));
  tags.insert(etag(question()));
  relay({7});
  settle();
  tags.insert(etag(question()));
  EXPECT_EQ(tags.size(), 6u) << "each says something else";
  const auto now_known = etag(question());
  restart();
  EXPECT_EQ(etag(question(), {{"If-None-Match", now_known}}), now_known);
  EXPECT_EQ(last().status, 304) << "also of the process before";
}

TEST_F(InboxReadersTest, WorkThroughWhatWaitsForThemOldestFirst) {
  act_as_acknowledgements(7);
  EXPECT_EQ(unmarked("suzuki", 3), numbers(1, 3));
  EXPECT_EQ(last().body.find("isConfirmed"), std::string::npos);
  EXPECT_EQ(answer_to(marking_up_to(3)).body, R"({"unconfirmed":4})");
  EXPECT_EQ(unmarked("suzuki", 3), numbers(4, 6));
  answer_to(marking(InboxAct::mark, {"note-5"}));
  EXPECT_EQ(unmarked(), (std::vector<int>{4, 6, 7}));
  auto all = question();
  all.limit = 3;
  EXPECT_EQ(numbers_in(answer_to(all)), numbers(5, 7)) << "all of them: the newest, as on a screen";
  EXPECT_TRUE(last().body.starts_with(R"([{"cursor":"5","isConfirmed":true,)")) << last().body;
  EXPECT_EQ(answer_to(question(InboxAct::counts)).body, R"({"total":7,"unconfirmed":3,"newest":"7"})");
  auto behind = question();
  behind.with_marked = false;
  behind.after = 4;
  EXPECT_EQ(numbers_in(answer_to(behind)), numbers(6, 7));
}

TEST_F(InboxReadersTest, SeeTheNewestOfWhatIsUnread) {
  answer_to(marking(InboxAct::mark, {"note-5"}));
  EXPECT_EQ(unmarked("suzuki", 3), (std::vector<int>{3, 4, 6}));
  EXPECT_EQ(unmarked("suzuki", 4), (std::vector<int>{2, 3, 4, 6}));
  EXPECT_EQ(unmarked("suzuki", 5), (std::vector<int>{1, 2, 3, 4, 6}));
}

TEST_F(InboxReadersTest, MayNotMarkInTooManyPieces) {
  const auto pieces = static_cast<int>(limits::mark_stretches_max);
  fill_feed(2 * pieces + 10);
  std::vector<std::string> ids;
  for (int i = 1; i <= pieces; ++i) ids.push_back("note-" + std::to_string(2 * i));
  EXPECT_EQ(answer_to(marking(InboxAct::mark, ids)).status, 200);
  const auto one_more = marking(InboxAct::mark, {"note-" + std::to_string(2 * pieces + 2)});
  EXPECT_EQ(answer_to(one_more).status, 409);
  EXPECT_NE(last().body.find("upto"), std::string::npos) << last().body;
  EXPECT_EQ(answer_to(marking_up_to(100)).status, 200);
  EXPECT_EQ(answer_to(one_more).status, 200);
}

TEST_F(InboxReadersTest, AreNotMoreThanAnInboxCanKeep) {
  for (std::size_t i = 0; i < limits::mark_readers_max; ++i) registers.registers("read.level99")["r" + std::to_string(i)] = "";
  for (auto& [name, value] : registers.registers("read.level99")) {
    ReadMarks marks;
    marks.mark({6, 6});
    value = encode_marks(marks);
  }
  restart();
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1"})).status, 409);
  EXPECT_NE(last().body.find("Denrei-Reader"), std::string::npos) << last().body;
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1"}, "r7")).status, 200) << "who is there already";
  EXPECT_EQ(answer_to(marking(InboxAct::unmark, {"note-6"}, "r8")).status, 200);
  EXPECT_EQ(registers.registers("read.level99").count("r8"), 0u) << "who has marked nothing takes no room";
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-1"})).status, 200);
}

TEST_F(InboxReadersTest, MakeRoomWhenAllThatTheyMarkedIsGone) {
  fill_feed(static_cast<int>(limits::inbox_tail_max) + 6);  // the first six are no longer shown
  for (const auto* id : {"note-6", "6"}) EXPECT_EQ(answer_to(marking(InboxAct::mark, {id})).status, 404) << id;
  auto& stored = registers.registers("read.level99");
  ReadMarks old, kept;
  old.mark({1, 6});
  kept.mark({1, 7});
  for (std::size_t i = 0; i < limits::mark_readers_max; ++i) stored["r" + std::to_string(i)] = encode_marks(i % 2 == 0 ? old : kept);
  restart();
  EXPECT_EQ(answer_to(marking(InboxAct::mark, {"note-8"})).status, 200);
  EXPECT_EQ(stored.size(), limits::mark_readers_max / 2 + 1);
}

TEST_F(InboxReadersTest, HaveNotReadWhatTookThePlaceOfSomethingLost) {
  answer_to(marking(InboxAct::mark, {"note-2", "note-6"}));
  for (const auto n : {7, 8}) {
    relay({n});
    settle();
  }
  answer_to(marking(InboxAct::mark, {"note-8"}));
  journal.log("f.level99").drop_tail(2);  // as a failover may
  restart();
  EXPECT_EQ(unmarked(), (std::vector<int>{1, 3, 4, 5}));
  relay({18, 19});
  settle();
  EXPECT_EQ(unmarked(), (std::vector<int>{1, 3, 4, 5, 18, 19}));
  restart();
  EXPECT_EQ(unmarked(), (std::vector<int>{1, 3, 4, 5, 18, 19})) << "nor after the next start";
}

TEST_F(InboxReadersTest, LetABrowserOfAKnownOriginReadTheAnswer) {
  auto with_origin = std::make_shared<Site>(*ledger_site());
  with_origin->cors_origins = {"https://voicedrive.example.com"};
  site = with_origin;
  answer_to(question(), {{"Origin", "https://voicedrive.example.com"}});
  EXPECT_EQ(header_of(last(), "Access-Control-Allow-Origin"), "https://voicedrive.example.com");
  EXPECT_EQ(header_of(last(), "Vary"), "Origin, Denrei-Reader") << "each reader has its own answer";
}

}  // namespace
}  // namespace denrei::test
