// What readers may ask of an inbox: its paths and methods, whose marks are meant, and what a query or a body may say.
#include <boost/json/parse.hpp>

#include "denrei/actors/archive.hpp"
#include "support/actor_world.hpp"
#include "support/fake_journal.hpp"
#include "support/sample_site.hpp"

namespace denrei::test {
namespace {

class InboxQuestionTest : public ActorWorld {
 protected:
  void SetUp() override {
    const auto as_inbox = caf::actor_cast<Inbox>(inbox.actor());
    archive = keep(spawn_archive(stage, meter("Archive"), {.shelf = journal, .inboxes = {{"level99", as_inbox}, {"acknowledgements", as_inbox}}}));
    caf::anon_send(archive, PartitionsOpened{{partition.actor()}});
  }
  void send(RequestParts parts, bool authorised = true) {
    parts.edge = edge.actor();
    if (authorised) parts.headers.emplace_back("Authorization", "Bearer " + reader_token);
    caf::anon_send(archive, Serve{make_request(parts), ledger_site()});
    run();
    for (const auto& order : std::exchange(partition.all<TellWhenApplied>(), {})) caf::anon_send(archive, AppliedNow{order.ticket, true});
    run();
  }
  // What reaches the inbox of this question; nothing when it was refused.
  std::optional<InboxQuestion> asked(RequestParts parts) {
    inbox.all<AskInbox>().clear();
    send(std::move(parts));
    EXPECT_LE(inbox.count<AskInbox>(), 1u);
    return inbox.count<AskInbox>() == 0 ? std::nullopt : std::optional(inbox.all<AskInbox>().back().question);
  }
  std::optional<InboxQuestion> get(const std::string& target, HeaderList headers = {}) {
    return asked({.method = "GET", .target = target, .headers = std::move(headers)});
  }
  std::optional<InboxQuestion> post(const std::string& target, const std::string& body = {}, HeaderList headers = {{"Content-Type", "application/json"}}) {
    return asked({.method = "POST", .target = target, .body = body, .headers = std::move(headers)});
  }
  int refused(const std::optional<InboxQuestion>& question) {
    EXPECT_FALSE(question) << "it was let through";
    const auto& answer = edge.all<RepliesReady>().back().replies.front().answer;
    EXPECT_NO_THROW(json::parse(answer.body));
    return answer.status;
  }

  FakeJournal journal;
  Recorder<RepliesReady> edge{system};
  Recorder<TellWhenApplied> partition{system};
  Recorder<AskInbox> inbox{system};
  Archive archive;
};

TEST_F(InboxQuestionTest, IsForAnInboxAndAnAct) {
  const auto is = [](const std::optional<InboxQuestion>& q, std::string_view name, InboxAct act, std::vector<std::string> ids = {}) {
    return q && q->inbox == name && q->act == act && q->ids == ids;
  };
  EXPECT_TRUE(is(get("/api/notifications"), "level99", InboxAct::list));
  EXPECT_TRUE(is(get("/api/notifications/counts"), "level99", InboxAct::counts));
  EXPECT_TRUE(is(post("/api/notifications/n%2F1/read"), "level99", InboxAct::mark, {"n/1"}));
  EXPECT_TRUE(is(post("/api/notifications/n-1/unread", "{}"), "level99", InboxAct::unmark, {"n-1"}));
  EXPECT_TRUE(is(post("/api/notifications/counts/read"), "level99", InboxAct::mark, {"counts"}));
  EXPECT_TRUE(is(post("/api/notifications/read", R"({"upto":"7"})"), "level99", InboxAct::mark_up_to));
  EXPECT_TRUE(is(get("/api/notifications/acknowledgements"), "acknowledgements", InboxAct::list));
  EXPECT_TRUE(is(get("/api/notifications/acknowledgements/counts"), "acknowledgements", InboxAct::counts));
  EXPECT_TRUE(is(post("/api/notifications/acknowledgements/NOTIF-1/confirm"), "acknowledgements", InboxAct::mark, {"NOTIF-1"}));
  EXPECT_TRUE(is(post("/api/notifications/acknowledgements/confirm", R"({"upto":"7"})"), "acknowledgements", InboxAct::mark_up_to));
  EXPECT_TRUE(is(post("/api/notifications/acknowledgements/confirm", R"({"ids":["a","7"]})"), "acknowledgements", InboxAct::mark, {"a", "7"}));
}

TEST_F(InboxQuestionTest, HasNoOtherPaths) {
  for (const auto* target : {"/api/notifications/", "/api/notifications/x", "/api/notifications//read", "/api/notifications/n-1/confirm",
                             "/api/notifications/acknowledgements/read", "/api/notifications/acknowledgements/unread",
                             "/api/notifications/acknowledgements/n-1/read", "/api/notifications/acknowledgements//confirm",
                             "/api/notifications/n-1/read/", "/api/notifications/stream"})
    for (const auto* method : {"GET", "POST"}) EXPECT_EQ(refused(asked({.method = method, .target = target})), 404) << method << ' ' << target;
}

TEST_F(InboxQuestionTest, ComesByItsOwnMethodAndWithAToken) {
  EXPECT_EQ(refused(get("/api/notifications/read")), 405);
  EXPECT_EQ(header_of(edge.all<RepliesReady>().back().replies.front().answer, "Allow"), "POST, OPTIONS");
  EXPECT_EQ(refused(post("/api/notifications")), 405);
  EXPECT_EQ(header_of(edge.all<RepliesReady>().back().replies.front().answer, "Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(refused(post("/api/notifications/counts")), 405);
  send({.target = "/api/notifications/n-1/read"}, false);
  EXPECT_EQ(edge.all<RepliesReady>().back().replies.front().answer.status, 401);
}

TEST_F(InboxQuestionTest, IsOfTheReaderWhoIsNamed) {
  EXPECT_EQ(get("/api/notifications")->reader, "default");
  for (const auto& name : {std::string("a"), std::string("Suzuki.T_1@clinic-2.example"), std::string(64, 'x')})
    EXPECT_EQ(get("/api/notifications", {{"denrei-reader", name}})->reader, name);
  for (const auto& name : {std::string(), std::string(65, 'x'), std::string("a b"), std::string("a/b"), std::string("鈴木"), std::string("a\0b", 3)})
    EXPECT_EQ(refused(get("/api/notifications", {{"Denrei-Reader", name}})), 400) << name;
}

TEST_F(InboxQuestionTest, ReadsAPage) {
  auto q = get("/api/notifications?after=5&limit=7&unread=true").value();
  EXPECT_EQ(q.after, 5u);
  EXPECT_EQ(q.limit, 7u);
  EXPECT_FALSE(q.with_marked);
  q = get("/api/notifications?after=0").value();
  EXPECT_FALSE(q.after) << "before the first: as without a cursor";
  EXPECT_EQ(q.limit, limits::page_default);
  EXPECT_TRUE(q.with_marked) << "what is read stays in sight";
  EXPECT_FALSE(get("/api/notifications/acknowledgements")->with_marked) << "what is confirmed is out of the way";
  EXPECT_TRUE(get("/api/notifications/acknowledgements?all=true")->with_marked);
  for (const auto* query : {"limit=0", "limit=1001", "limit=-1", "limit=", "limit=x", "after=", "after=-1", "after=1.0", "after=%zz",
                            "after=99999999999999999999", "unread=", "unread=1", "unread=%zz"})
    EXPECT_EQ(refused(get(std::string("/api/notifications?") + query)), 400) << query;
  EXPECT_EQ(refused(get("/api/notifications/acknowledgements?all=yes")), 400);
}

TEST_F(InboxQuestionTest, ReadsWhatIsToBeMarked) {
  EXPECT_EQ(post("/api/notifications/read", R"({"upto":"7"})")->upto, 7u);
  EXPECT_EQ(post("/api/notifications/read", R"({"upto":"0"})")->upto, 0u);
  for (const auto* body : {"", "{}", "[]", "7", R"({"upto":7})", R"({"upto":""})", R"({"upto":"-1"})", R"({"upto":"7","x":1})", R"({"upto":"7"} x)",
                           R"({"ids":[]})", R"({"ids":"a"})", R"({"ids":["a",1]})", R"({"ids":[""]})", R"({"ids":["a"],"upto":"7"})", R"({"upto":null})"})
    EXPECT_EQ(refused(post("/api/notifications/read", body)), 400) << body;
  EXPECT_EQ(refused(post("/api/notifications/n-1/read", R"({"upto":"7"})")), 400);
  std::string ids = R"({"ids":["0")";
  for (std::size_t i = 1; i <= limits::page_max; ++i) ids += ",\"" + std::to_string(i) + '"';
  EXPECT_EQ(refused(post("/api/notifications/read", ids + "]}")), 400) << "more than a page";
}

TEST_F(InboxQuestionTest, WantsJsonOfASensibleSize) {
  EXPECT_EQ(refused(post("/api/notifications/read", R"({"upto":"7"})", {{"Content-Type", "text/plain"}})), 415);
  EXPECT_EQ(refused(post("/api/notifications/read", R"({"upto":"7"})", {})), 415);
  EXPECT_TRUE(post("/api/notifications/n-1/read", "", {})) << "no body, no type";
}

}  // namespace
}  // namespace denrei::test
